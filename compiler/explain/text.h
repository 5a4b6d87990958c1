/* The parts of the page, and the sentences that page and tree share. */
#ifndef ENT_EXPLAIN_TEXT_H
#define ENT_EXPLAIN_TEXT_H

#include "compiler/explain/page.h"

/* The rule under the first line; what is wrong with the ledger; the clause's text. */
void ent_text_rule(const ent_page *page);
void ent_text_chain(const ent_page *page, const ent_xledger *ledger);
void ent_text_clause(const ent_page *page, const ent_explanation *x);
void ent_text_facts(const ent_page *page, const ent_explanation *x);
void ent_text_arithmetic(const ent_page *page, const ent_explanation *x);
void ent_text_answers(const ent_page *page, const ent_explanation *x);
void ent_text_credit(const ent_page *page, const ent_explanation *x);
void ent_text_others(const ent_page *page, const ent_explanation *x);

bool ent_x_is(const char *text, const char *word);
/* "MET", "BREACH", "NOT PAID" … */
const char *ent_x_verdict(const ent_xdecision *d);
/* What a status means where that is not plain; NULL: it is. */
const char *ent_x_meaning(const ent_xdecision *d);
/* "4.3 Restoration of service", or the clause's name */
const char *ent_x_label(const ent_xdecision *d);
/* Whether what stands of the text can be trusted, as a sentence. */
const char *ent_x_program_note(const ent_xclause *c);
/* "Had NetCo kept within what it was allowed, …: met."  NULL: nothing can be said. */
const char *ent_x_counterfactual(ent_arena *arena, const ent_explanation *x,
                                 const ent_xparty *party);
/* The steps from counts or instants to the figure and the distance from the target. */
enum { ENT_X_STEPS_MAX = 8 };
size_t ent_x_steps(ent_arena *arena, const ent_explanation *x, const char **steps);
/* The files of a figure's bad rows, each once and at most `most`: what it is worked out from stands in them.  Their
 * number; 0 where the ledger names no rows. */
enum { ENT_X_FILES_MAX = 8 };
size_t ent_x_files(const ent_xdecision *d, const char **files, size_t most);
/* What the decision came to in figures: "3h30m of 2h", "99.95%, target at least 99.9%". */
const char *ent_x_figures(ent_arena *arena, const ent_xdecision *d);
/* Who is bound to whom: "NetCo to HostCo", or NULL. */
const char *ent_x_between(ent_arena *arena, const ent_xother *o);
/* The figure of a replay: net time, or a percentage. */
const char *ent_x_replay_figure(ent_arena *arena, const ent_xdecision *d, const ent_xreplay *r);
const char *ent_x_replay_left(ent_arena *arena, const ent_xdecision *d, const ent_xreplay *r);
const char *ent_x_players(ent_arena *arena, const ent_xreckoning *r, uint32_t set);
/* The gap as people write it. */
const char *ent_x_gap(ent_arena *arena, const ent_explanation *x);
/* A responsible party's share as a percentage; "" where there is none. */
const char *ent_x_share(ent_arena *arena, const ent_xparty *party);
#endif
