/* The canonical form of an agreement: what its parties consent to, whatever it looks like on the page.
 *
 * It is a text, made from the parsed tree: the version's head, its members, and every shared declaration that
 * one of them names, directly or not: feeds with their binds, calendars with the digests of their
 * holiday files, spans, measures, functions, services, parties; and the framework's policies.
 * Comments, doc comments, layout, redundant parentheses, the spelling of figures (99.9% or 99.90%), the order of
 * header clauses and the files in which things stand are not in it.  Where a name could mean two
 * things both are in it: a form that depends on too much only asks for a signature again.
 * The form is described in docs/consent.md.  Tested in tests/golden/run/consent_digest. */
#ifndef ENT_CONSENT_CANONICAL_H
#define ENT_CONSENT_CANONICAL_H

#include "compiler/check/model.h"
#include "compiler/syntax/text.h"
#include "runtime/ledger/hash.h"

/* Appends the form.  Look at out->failed. */
void ent_canonical_agreement(const ent_model *model, const ent_agreement_decl *agreement,
                             ent_text *out);
/* The form of one node and what is in it: equal forms mean the same. */
void ent_canonical_node(const ent_model *model, const ent_node *node, ent_text *out);
/* The BLAKE2b-256 of the form; false when memory has run out. */
bool ent_canonical_digest(const ent_model *model, const ent_agreement_decl *agreement,
                          char digest[ENT_HASH_TEXT_SIZE]);
#endif
