/* Claims of credits (`credits on claim within D`): kept by what they name, asked when a breach is priced.
 *
 * A credit of a decision that became final at F and is about [B, F) is claimed when, within [F, F + D], a claim comes
 * that names its agreement and, where it says so, its clause and subject.  A claim that says what it is `about` is
 * meant for the decisions about that instant, and may come before F.  So that this is known when the decision is given
 * out, decisions wait until the watermark is past the time for claims (ent_engine.claim_hold_ns).
 * Claims are kept for each list of names in order of time: a question is two binary searches for each of the few
 * combinations of names that can mean a decision.
 * Tested by tests/golden/run/claims and tests/unit/test_claim.c. */
#include <stdlib.h>
#include <string.h>

#include "runtime/judge/clause.h"
#include "runtime/state/claim.h"

struct ent_claims *ent_claims_new(void)
{
    return calloc(1, sizeof(struct ent_claims));
}

void ent_claims_free(struct ent_claims *c)
{
    if (!c) {
        return;
    }
    for (size_t i = 0; i < c->n; i++) {
        free(c->v[i].v);
    }
    free(c->v);
    ent_map_deinit(&c->lists);
    ent_tuples_deinit(&c->names);
    free(c);
}

int64_t ent_claims_hold(const ent_image *p)
{
    int64_t longest = 0;
    for (size_t i = 0; i < p->n_agreement; i++) {
        const ent_agreement_row *a = &p->agreement[i];
        longest = a->claims >= 0 && a->claim_ns > longest ? a->claim_ns : longest;
    }
    return longest;
}

/* --- what comes in --- */

static int64_t value_at(const ent_feedstate *f, int64_t field, size_t lane, int64_t otherwise)
{
    if (field < 0) {
        return otherwise;
    }
    const ent_colbuf *column = &f->pending[field];
    bool none = column->n <= lane || (column->absent && column->absent[lane]);
    return none ? otherwise : ((const int64_t *)column->data)[lane];
}

static ent_claim_list *list_of(struct ent_claims *c, const int64_t *names)
{
    int64_t id = ent_tuples_intern(&c->names, names, ENT_CLAIM_NAMES);
    uint32_t *place = id < 0 ? NULL : ent_map_at(&c->lists, id);
    if (!place) {
        return NULL;
    }
    if (*place == ENT_MAP_NONE) {
        if (!ent_reserve((void **)&c->v, &c->capacity, c->n + 1, sizeof *c->v)) {
            return NULL;
        }
        *place = (uint32_t)c->n++;
        c->v[*place] = (ent_claim_list){0};
    }
    return &c->v[*place];
}

static bool take_feed(ent_engine *s, int64_t index)
{
    const ent_claim_row *row = &s->program->claim[index];
    const ent_feedstate *f = &s->feeds[row->feed];
    for (size_t i = 0; i < f->n; i++) {
        int64_t names[ENT_CLAIM_NAMES] = {index, value_at(f, row->agreement, i, ENT_CLAIM_NOT_NAMED),
                            value_at(f, row->clause, i, ENT_CLAIM_NOT_NAMED),
                            value_at(f, row->subject, i, ENT_CLAIM_NOT_NAMED)};
        ent_claim_list *list = list_of(s->claims, names);
        if (!list || !ent_reserve((void **)&list->v, &list->capacity, list->n + 1, sizeof *list->v)) {
            return false;
        }
        list->v[list->n++] = (ent_claim){ent_feedstate_at(f)[i],
                                     value_at(f, row->about, i, ENT_CLAIM_ABOUT_ANYTHING), false};
    }
    return true;
}

bool ent_claims_slice(ent_engine *s)
{
    bool ok = true;
    for (size_t i = 0; ok && i < s->program->n_claim; i++) {
        ok = take_feed(s, (int64_t)i);
    }
    return ok;
}

/* --- what is asked --- */

typedef struct question {
    int64_t begins, final, until;
    int64_t at; /* of the first claim that answers, or INT64_MAX */
} question;

static size_t first_not_before(const ent_claim_list *list, int64_t at)
{
    size_t low = 0;
    size_t high = list->n;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (list->v[middle].at < at) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

static void ask_list(ent_claim_list *list, question *q)
{
    for (size_t i = first_not_before(list, q->begins); i < list->n && list->v[i].at <= q->until; i++) {
        ent_claim *c = &list->v[i];
        bool fits = c->about == ENT_CLAIM_ABOUT_ANYTHING ? c->at >= q->final
                                               : c->about >= q->begins && c->about < q->final;
        if (fits) {
            c->matched = true;
            q->at = c->at < q->at ? c->at : q->at;
        }
    }
}

/* Asks for the names, with and without the clause. */
static void ask(const ent_engine *s, int64_t *names, int64_t clause, question *q)
{
    for (int named = 0; named < 2; named++) {
        names[2] = named ? clause : ENT_CLAIM_NOT_NAMED;
        int64_t id = ent_tuples_find(&s->claims->names, names, ENT_CLAIM_NAMES);
        uint32_t place = id < 0 ? ENT_MAP_NONE : ent_map_get(&s->claims->lists, id);
        if (place != ENT_MAP_NONE) {
            ask_list(&s->claims->v[place], q);
        }
    }
}

void ent_claims_ask(const ent_engine *s, ent_verdict *d)
{
    const ent_clause clause = ent_verdict_clause(s->program, d);
    const ent_agreement_row *a = &s->program->agreement[clause.agreement];
    if (a->claims < 0) {
        return;
    }
    question q = {.begins = d->kind == ENT_VERDICT_DUTY ? d->at_ns : d->from_ns,
                  .final = d->final_ns,
                  .until = ent_add_sat(d->final_ns, a->claim_ns),
                  .at = INT64_MAX};
    int64_t names[ENT_CLAIM_NAMES] = {a->claims, a->name, ENT_CLAIM_NOT_NAMED, ENT_CLAIM_NOT_NAMED};
    ask(s, names, clause.name, &q);
    size_t fields = ent_engine_subject_fields(s, d);
    for (size_t i = 0; i < fields; i++) {
        char buf[ENT_Q_TEXT_SIZE];
        const char *text = ent_engine_subject_text(s, d, i, buf, sizeof buf);
        names[3] = ent_strings_find(s->strings, text, strlen(text));
        if (names[3] >= 0) {
            ask(s, names, clause.name, &q);
        }
    }
    d->claim_until_ns = q.until;
    d->claim_ns = q.at;
    d->claim = q.at != INT64_MAX ? ENT_CLAIM_MADE
               : q.until < s->watermark ? ENT_CLAIM_LAPSED
                                        : ENT_CLAIM_OPEN;
}

uint64_t ent_engine_claims_unanswered(const ent_engine *s)
{
    uint64_t n = 0;
    for (size_t i = 0; i < s->claims->n; i++) {
        for (size_t k = 0; k < s->claims->v[i].n; k++) {
            n += !s->claims->v[i].v[k].matched;
        }
    }
    return n;
}
