/* `credits on claim within D`: credits that lapse unless the customer asks for them in time.
 *
 * Any feed can carry claims that says, as a text in its field `agreement`, of which agreement a credit is claimed; the
 * fields `clause` and `subject` (texts) and `about` (an instant) narrow a claim down, where the feed has them.
 * The module std.claims declares such a feed. */
#include "compiler/check/checker.h"

static ent_field_decl *field_of(ent_checker *ck, const ent_feed_decl *feed, const char *name,
                                ent_type_kind type, const ent_node *clause)
{
    for (size_t i = 0; i < feed->n_fields; i++) {
        ent_field_decl *field = feed->fields[i];
        if (!ent_same(field->name, name))
            continue;
        if (field->type.kind == type)
            return field;
        ent_diag *d = ent_diag_add(ck->diags, ENT_DIAG_E0463, field->span,
                                   "the field `%s` of a claim must be %s", name,
                                   ent_ty_phrase(ck, ent_ty(type)));
        ent_diag_primary_label(d, "this is %s", ent_ty_phrase(ck, field->type));
        ent_diag_label(d, clause->span, "the feed carries claims here");
        return NULL;
    }
    return NULL;
}

static bool has_field(const ent_feed_decl *feed, const char *name)
{
    for (size_t i = 0; i < feed->n_fields; i++)
        if (ent_same(feed->fields[i]->name, name))
            return true;
    return false;
}

static void check_claim(ent_checker *ck, ent_scope *scope, const ent_node *n)
{
    const ent_node *name = ent_kid(n, 0);
    const ent_node *within = ent_kid(n, 1);
    ent_feed_decl *feed =
        name == NULL ? NULL : ent_resolve_feed(ck, scope, name->name, name->span, false);
    ent_claim_decl *c = ent_check_alloc(ck, sizeof *c);
    if (feed == NULL || within == NULL || c == NULL)
        return;
    feed->used = true;
    *c = (ent_claim_decl){.feed = feed, .within_ns = within->i, .within = within, .span = n->span};
    c->agreement = field_of(ck, feed, "agreement", ENT_TYPE_TEXT, n);
    c->clause = field_of(ck, feed, "clause", ENT_TYPE_TEXT, n);
    c->subject = field_of(ck, feed, "subject", ENT_TYPE_TEXT, n);
    c->about = field_of(ck, feed, "about", ENT_TYPE_INSTANT, n);
    if (c->agreement == NULL && !has_field(feed, "agreement")) {
        ent_diag *d = ent_diag_add(ck->diags, ENT_DIAG_E0463, name->span,
                                   "the feed `%s` cannot carry claims", feed->name);
        ent_diag_primary_label(d, "its rows do not say of which agreement a credit is claimed");
        ent_diag_label(d, feed->node->name_span, "it has no field `agreement`");
        ent_diag_help(d, "declare `agreement text` in it, or take the feed of `use std.claims`");
    }
    if (c->within_ns <= 0) {
        ent_diag *d = ent_diag_add(ck->diags, ENT_DIAG_E0443, within->span,
                                   "nobody can claim within no time");
        ent_diag_primary_label(d, "a time such as 30d");
    }
    scope->agreement->claims = c;
}

void ent_check_claims(ent_checker *ck, ent_scope *scope, const ent_node *node)
{
    ent_agreement_decl *a = scope->agreement;
    for (size_t i = 0; i < node->n_kids; i++) {
        const ent_node *k = node->kids[i];
        if (k->kind == ENT_NODE_REMOVE && k->op == ENT_NODE_ON_CLAIM) {
            if (a->claims == NULL) {
                ent_diag *d = ent_diag_add(ck->diags, ENT_DIAG_E0432, k->span,
                                           "the credits of `%s` are on no claim", a->name);
                ent_diag_primary_label(d, "there is nothing to remove");
            }
            a->claims = NULL;
            continue;
        }
        if (k->kind == ENT_NODE_REPLACE || k->kind == ENT_NODE_ADD)
            k = ent_kid(k, 0);
        if (k != NULL && k->kind == ENT_NODE_ON_CLAIM)
            check_claim(ck, scope, k);
    }
}
