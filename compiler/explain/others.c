/* What else the ledger decided that bears on a decision: the parties' own agreements about the same
 * ticket or in the same window, the tickets behind a share of outcomes, the objectives that a pool
 * is paid for.  See explain.h.
 *
 * A ledger may have millions of lines: each is looked at as it stands, and read only if it bears.
 */
#include "compiler/explain/explain.h"

#include <string.h>

enum { OTHERS_MAX = 24 };

/* --- who the parties of an agreement are --- */

static const char *name_of(const ent_image *p, int64_t party)
{
    return ent_image_text(p, p->party[party].name);
}

static bool is_named(const ent_image *p, int64_t string, const char *name)
{
    return strcmp(ent_image_text(p, string), name) == 0;
}

static int64_t agreement_of(const ent_image *p, const ent_xdecision *d)
{
    for (size_t i = 0; p && i < p->n_agreement; i++) {
        if (is_named(p, p->agreement[i].name, d->agreement) &&
            p->agreement[i].version == d->version) {
            return (int64_t)i;
        }
    }
    return -1;
}

/* By the program, or else as far as the line itself says. */
static void find_parties(const ent_image *p, const ent_xdecision *d, const char **supplier,
                         const char **customer, const char **obliged)
{
    int64_t agreement = agreement_of(p, d);
    *supplier = d->accountable;
    *customer = d->accountable_to;
    *obliged = NULL;
    if (agreement < 0) {
        return;
    }
    *supplier = name_of(p, p->agreement[agreement].supplier);
    *customer = name_of(p, p->agreement[agreement].customer);
    for (size_t i = 0; d->has_clock && i < p->n_duty; i++) {
        if (p->duty[i].agreement == agreement && is_named(p, p->duty[i].name, d->clause)) {
            *obliged = name_of(p, p->duty[i].party);
        }
    }
}

static bool takes_part(const ent_xdecision *d, const char *name)
{
    for (size_t i = 0; name && i < d->n_parties; i++) {
        if (strcmp(d->parties[i].name, name) == 0) {
            return true;
        }
    }
    for (size_t i = 0; name && i < d->n_facts; i++) {
        for (size_t k = 0; k < d->facts[i].n_parties; k++) {
            if (strcmp(d->facts[i].parties[k], name) == 0) {
                return true;
            }
        }
    }
    return false;
}

/* --- which lines bear --- */

static bool same_clause(const ent_xdecision *a, const ent_xdecision *b)
{
    return strcmp(a->agreement, b->agreement) == 0 && strcmp(a->clause, b->clause) == 0;
}

static int64_t end_of(const ent_xdecision *d)
{
    return d->done.read ? d->done.ns : d->due.read ? d->due.ns : INT64_MAX;
}

static bool about_the_ticket(const ent_explanation *x, const ent_xother *o)
{
    const ent_xdecision *d = &x->d;
    bool meets = o->d.at.read && d->at.read && o->d.at.ns <= end_of(d) && end_of(&o->d) >= d->at.ns;
    bool another = strcmp(o->d.agreement, d->agreement) != 0 ||
                   (o->obliged && x->obliged && strcmp(o->obliged, x->obliged) != 0);
    return meets && another && !same_clause(&o->d, d);
}

static bool about_the_window(const ent_explanation *x, const ent_xother *o)
{
    const ent_xdecision *d = &x->d;
    return o->d.from.read && d->from.read && o->d.to.read && d->to.read &&
           o->d.from.ns < d->to.ns && d->from.ns < o->d.to.ns &&
           strcmp(o->d.agreement, d->agreement) != 0 && takes_part(d, o->supplier);
}

/* Which of the decision's facts the clock is, as an outcome: by the row that began it, or else by
 * when it ran out. */
static int64_t outcome_place(const ent_xdecision *d, const ent_xdecision *clock)
{
    for (size_t i = 0; i < d->n_facts; i++) {
        const ent_xfact *f = &d->facts[i];
        const ent_xrow *row = clock->n_facts > 0 ? &clock->facts[0].source : NULL;
        if (!f->read || f->kind != ENT_FACT_OUTCOME) {
            continue;
        }
        bool named = f->source.line > 0 && f->source.file && row && row->file;
        bool same = named ? f->source.line == row->line && strcmp(f->source.file, row->file) == 0
                          : clock->due.read && clock->due.ns == f->from.ns;
        if (same) {
            return (int64_t)i;
        }
    }
    return -1;
}

static bool is_word(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

static bool names(const char *text, const char *word)
{
    size_t n = strlen(word);
    for (const char *p = text ? strstr(text, word) : NULL; p; p = strstr(p + 1, word)) {
        if ((p == text || !is_word(p[-1])) && !is_word(p[n])) {
            return true;
        }
    }
    return false;
}

/* Cheap: whether the line may bear, before it is read. */
static bool may_bear(const ent_explanation *x, ent_json_slice line, bool outcomes)
{
    ent_json_slice adjusts = ent_json_member(line, "adjusts");
    ent_json_slice kind = ent_json_member(adjusts.p ? adjusts : line, "kind");
    if (line.p == x->d.line.p || !ent_json_member(line, "seq").p) {
        return false;
    }
    if (x->d.has_clock) {
        return ent_json_same(ent_json_member(line, "subject"), x->d.subject_json);
    }
    return ent_json_is(kind, "\"objective\"") ||
           (outcomes && ent_json_is(kind, "\"duty\"") &&
            ent_json_is(ent_json_member(line, "status"), "\"breach\""));
}

static bool bears(const ent_explanation *x, ent_xother *o)
{
    const ent_xdecision *d = &x->d;
    if (d->has_clock) {
        return o->d.has_clock && about_the_ticket(x, o);
    }
    if (o->d.has_clock) {
        o->outcome = strcmp(o->d.agreement, d->agreement) == 0 ? outcome_place(d, &o->d) : -1;
        return o->outcome >= 0;
    }
    if (strcmp(d->kind, "pool") == 0) {
        return o->d.from.read && o->d.from.ns == d->from.ns && o->d.to.ns == d->to.ns &&
               names(x->clause.text, o->d.clause);
    }
    return about_the_window(x, o);
}

void ent_explain_others(ent_arena *arena, ent_explanation *x)
{
    ent_json_slice line;
    bool outcomes = false;
    for (size_t i = 0; i < x->d.n_facts; i++) {
        outcomes |= x->d.facts[i].read && x->d.facts[i].kind == ENT_FACT_OUTCOME;
    }
    find_parties(x->clause.image, &x->d, &x->supplier, &x->customer, &x->obliged);
    x->others = ent_arena_alloc_array(arena, OTHERS_MAX, sizeof *x->others);
    for (size_t at = 0; x->others && ent_explain_next_line(x->ledger, &at, &line);) {
        ent_xother o = {.outcome = -1};
        if (!may_bear(x, line, outcomes) || !ent_explain_read(arena, line, &o.d)) {
            continue;
        }
        find_parties(x->clause.image, &o.d, &o.supplier, &o.customer, &o.obliged);
        if (!bears(x, &o)) {
            continue;
        }
        if (x->n_others == OTHERS_MAX) {
            x->others_cut = true;
            return;
        }
        x->others[x->n_others++] = o;
    }
}
