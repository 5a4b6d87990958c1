/* The saved state of pools, of what caps, earning back and claims remember, and of decisions and
 * warnings that have not been given out.  See save_io.h. */
#include <stdlib.h>
#include <string.h>

#include "runtime/judge/judge_private.h"
#include "runtime/state/claim.h"
#include "runtime/state/save_io.h"

/* Shares of all sets of twelve parties over different totals stay below this, and what is longer
 * only takes time. */
enum { LIMBS_MAX = 16384, TALLY_MARKS = 7 };

/* --- pools --- */

static bool io_tally(ent_io *x, const ent_poolstate *pool, ent_pool_tally *t)
{
    if (x->reading && !(t->marks = calloc((size_t)pool->row->n_terms + 1, 1))) {
        return ent_io_no_memory(x);
    }
    if (!ent_io_i64(x, &t->from)) {
        return false;
    }
    for (int64_t i = 0; i < pool->row->n_terms; i++) {
        if (!ent_io_u8(x, &t->marks[i]) ||
            !ent_io_check(x, t->marks[i] <= TALLY_MARKS, "an unknown mark")) {
            return false;
        }
    }
    return true;
}

static bool io_pool(ent_io *x, ent_poolstate *pool)
{
    size_t n = pool->n_tallies;
    if (!ent_io_bool(x, &pool->exhausted) || !ent_io_i64(x, &pool->next.from) ||
        !ent_io_i64(x, &pool->next.to) ||
        !ent_io_check(x, !x->s->started || pool->next.from < pool->next.to,
                      "a window that is none") ||
        !ent_io_count(x, &n, 8)) {
        return false;
    }
    for (size_t i = 0; i < n; i++) {
        if (x->reading && !ent_io_grow(x, (void **)&pool->tallies, &pool->tallies_capacity,
                                       pool->n_tallies++, sizeof *pool->tallies)) {
            return false;
        }
        if (!io_tally(x, pool, &pool->tallies[i])) {
            return false;
        }
    }
    return true;
}

bool ent_save_pools(ent_io *x)
{
    for (size_t i = 0; i < x->s->program->n_pool; i++) {
        if (!io_pool(x, &x->s->pools[i])) {
            return false;
        }
    }
    return true;
}

/* --- caps and earning back --- */

/* The words of key number `id`; when reading, they are filled in by the caller. */
static const int64_t *words_of(const ent_io *x, int64_t id)
{
    const ent_tuples *t = &x->s->judge->keys;
    return x->reading ? NULL : t->values + t->offsets[id];
}

static bool put_words(ent_io *x, ent_map *map, const int64_t *words, size_t width, size_t value)
{
    if (!x->reading) {
        return true;
    }
    int64_t id = ent_tuples_intern(&x->s->judge->keys, words, width);
    return id < 0 ? ent_io_no_memory(x) : ent_io_map_put(x, map, id, value);
}

/* A cap's key: the agreement's name, unit and weighted, and the window's beginning. */
static bool io_caps(ent_io *x)
{
    struct ent_judge *j = x->s->judge;
    size_t n = j->n_used;
    if (!ent_io_count(x, &n, 64)) {
        return false;
    }
    int64_t *ids = ent_io_map_keys(x, &j->caps, n);
    bool ok = ids != NULL;
    for (size_t i = 0; ok && i < n; i++) {
        int64_t words[4] = {0};
        for (size_t k = 0; ok && k < 4; k++) {
            words[k] = x->reading ? 0 : words_of(x, ids[i])[k];
            ok = ent_io_i64(x, &words[k]);
        }
        if (ok && x->reading) {
            ok = ent_io_grow(x, (void **)&j->used, &j->used_capacity, i, sizeof *j->used);
            j->n_used = ok ? i + 1 : j->n_used;
        }
        ok = ok && ent_io_q(x, &j->used[i]) && put_words(x, &j->caps, words, 4, i);
    }
    free(ids);
    return ok;
}

static int64_t find_objective(const ent_image *p, int64_t agreement, int64_t name)
{
    for (size_t i = 0; i < p->n_objective; i++) {
        if (p->objective[i].name == name &&
            p->agreement[p->objective[i].agreement].name == agreement) {
            return (int64_t)i;
        }
    }
    return -1;
}

/* The names of agreement and objective, and the subject if there is one. */
static bool io_earning_key(ent_io *x, int64_t *words)
{
    const ent_image *p = x->s->program;
    bool some = words[2] != -1;
    if (!ent_io_i64(x, &words[0]) || !ent_io_i64(x, &words[1]) || !ent_io_bool(x, &some)) {
        return false;
    }
    int64_t objective = find_objective(p, words[0], words[1]);
    if (objective < 0) {
        return ent_io_bad(x, "an unknown objective");
    }
    ent_key_shape shape = ent_key_shape_of_objective(p, objective);
    words[2] = some ? words[2] : -1;
    return !some || ent_io_key(x, &shape, &words[2]);
}

static bool io_earning(ent_io *x, ent_earning *e)
{
    size_t n = e->n;
    if (!ent_io_index(x, &e->met_run, 0, ENT_IO_COUNT_MAX) || !ent_io_count(x, &n, 16)) {
        return false;
    }
    for (size_t i = 0; i < n; i++) {
        if (x->reading &&
            !ent_io_grow(x, (void **)&e->credits, &e->capacity, e->n++, sizeof *e->credits)) {
            return false;
        }
        if (!ent_io_i128(x, &e->credits[i])) {
            return false;
        }
    }
    return true;
}

static bool io_earnings(ent_io *x)
{
    struct ent_judge *j = x->s->judge;
    size_t n = j->n_earned;
    if (!ent_io_count(x, &n, 33)) {
        return false;
    }
    int64_t *ids = ent_io_map_keys(x, &j->earnings, n);
    bool ok = ids != NULL;
    for (size_t i = 0; ok && i < n; i++) {
        int64_t words[3] = {0};
        for (size_t k = 0; !x->reading && k < 3; k++) {
            words[k] = words_of(x, ids[i])[k];
        }
        ok = io_earning_key(x, words);
        if (ok && x->reading) {
            ok = ent_io_grow(x, (void **)&j->earned, &j->earned_capacity, i, sizeof *j->earned);
            j->n_earned = ok ? i + 1 : j->n_earned;
        }
        ok = ok && io_earning(x, &j->earned[i]) && put_words(x, &j->earnings, words, 3, i);
    }
    free(ids);
    return ok;
}

/* --- claims of credits --- */

/* The row of the program's table, and the names of agreement, clause and subject as far as they
 * are given. */
static bool io_claim_names(ent_io *x, int64_t *names)
{
    if (!ent_io_index(x, &names[0], 0, (int64_t)x->s->program->n_claim)) {
        return false;
    }
    for (size_t i = 1; i < ENT_CLAIM_NAMES; i++) {
        bool some = names[i] != ENT_CLAIM_NOT_NAMED;
        if (!ent_io_bool(x, &some) || (some && !ent_io_text(x, &names[i]))) {
            return false;
        }
        names[i] = some ? names[i] : ENT_CLAIM_NOT_NAMED;
    }
    return true;
}

static bool io_claim_list(ent_io *x, ent_claim_list *list)
{
    size_t n = list->n;
    if (!ent_io_count(x, &n, 17)) {
        return false;
    }
    for (size_t i = 0; i < n; i++) {
        if (x->reading && !ent_io_grow(x, (void **)&list->v, &list->capacity, list->n++,
                                       sizeof *list->v)) {
            return false;
        }
        ent_claim *c = &list->v[i];
        if (!ent_io_i64(x, &c->at) || !ent_io_i64(x, &c->about) || !ent_io_bool(x, &c->matched) ||
            !ent_io_check(x, i == 0 || list->v[i - 1].at <= c->at, "claims in disorder")) {
            return false;
        }
    }
    return true;
}

static bool io_claims(ent_io *x)
{
    struct ent_claims *c = x->s->claims;
    size_t n = c->n;
    if (!ent_io_count(x, &n, 19)) {
        return false;
    }
    int64_t *ids = ent_io_map_keys(x, &c->lists, n);
    bool ok = ids != NULL;
    for (size_t i = 0; ok && i < n; i++) {
        int64_t names[ENT_CLAIM_NAMES] = {0};
        if (!x->reading) {
            memcpy(names, c->names.values + c->names.offsets[ids[i]], sizeof names);
        }
        ok = io_claim_names(x, names);
        if (ok && x->reading) {
            int64_t id = ent_tuples_intern(&c->names, names, ENT_CLAIM_NAMES);
            ok = (id >= 0 || ent_io_no_memory(x)) && ent_io_map_put(x, &c->lists, id, i) &&
                 ent_io_grow(x, (void **)&c->v, &c->capacity, i, sizeof *c->v);
            c->n = ok ? i + 1 : c->n;
        }
        ok = ok && io_claim_list(x, &c->v[i]);
    }
    free(ids);
    return ok;
}

bool ent_save_money(ent_io *x)
{
    return io_caps(x) && io_earnings(x) && io_claims(x);
}

/* --- answers, not yet sealed --- */

static bool io_big(ent_io *x, ent_big_pool *pool, ent_big *v)
{
    bool negative = v->negative;
    size_t n = v->n;
    if (!ent_io_bool(x, &negative) || !ent_io_count(x, &n, 8) ||
        !ent_io_check(x, n <= LIMBS_MAX && (n > 0 || !negative),
                      "an integer that is none of ours")) {
        return false;
    }
    uint64_t *limbs = x->reading ? malloc((n + 1) * sizeof *limbs) : NULL;
    bool ok = !x->reading || limbs || ent_io_no_memory(x);
    for (size_t i = 0; ok && i < n; i++) {
        uint64_t limb = x->reading ? 0 : v->limbs[i];
        ok = ent_io_u64(x, &limb);
        if (x->reading) {
            limbs[i] = limb;
        }
    }
    if (ok && x->reading && n > 0 && limbs[n - 1] == 0) {
        ok = ent_io_bad(x, "an integer that is none of ours");
    }
    if (ok && x->reading) {
        *v = ent_big_from_limbs(pool, limbs, n, negative);
        ok = !pool->failed || ent_io_no_memory(x);
    }
    free(limbs);
    return ok;
}

static bool io_bigq(ent_io *x, ent_big_pool *pool, ent_bigq *v)
{
    return io_big(x, pool, &v->num) && io_big(x, pool, &v->den) &&
           ent_io_check(x, v->den.n > 0 && !v->den.negative, "a fraction over nothing");
}

static bool io_part(ent_io *x, ent_answer *a, ent_part *part)
{
    bool ok = ent_io_bool(x, &part->but_for) && ent_io_bool(x, &part->has_share) &&
              ent_io_bool(x, &part->has_times) && ent_io_bool(x, &part->has_without) &&
              ent_io_bool(x, &part->without_is_number) && ent_io_u32(x, &part->degree) &&
              ent_io_f64(x, &part->error);
    if (ok && part->has_times) {
        ok = ent_io_i64(x, &part->held_ns) && ent_io_i64(x, &part->excess_ns);
    }
    if (ok && part->has_share) {
        ok = io_bigq(x, &a->pool, &part->share) && io_bigq(x, &a->pool, &part->weight);
    }
    if (ok && part->has_without) {
        ok = part->without_is_number ? ent_io_f64(x, &part->without_f)
                                     : ent_io_q(x, &part->without);
    }
    return ok;
}

static bool io_parts(ent_io *x, ent_answer *a, size_t n)
{
    int64_t before = -1;
    for (size_t i = 0; i < n; i++) {
        int64_t party = x->reading ? 0 : a->parts[i].party;
        if (!ent_io_index(x, &party, before + 1, (int64_t)x->s->program->n_party)) {
            return false;
        }
        ent_part *part = x->reading ? ent_answer_part(a, party) : &a->parts[i];
        if (!part) {
            return ent_io_no_memory(x);
        }
        if (!io_part(x, a, part)) {
            return false;
        }
        before = party;
    }
    return true;
}

static bool io_answer_facts(ent_io *x, ent_answer *a)
{
    size_t n = a->n_facts;
    uint64_t left_out = a->facts_left_out;
    if (!ent_io_count(x, &n, 45) || !ent_io_check(x, n <= ENT_FACTS_MAX, "too many facts")) {
        return false;
    }
    for (size_t i = 0; i < n; i++) {
        ent_fact f = x->reading ? (ent_fact){0} : a->facts[i];
        if (!ent_save_fact(x, &f)) {
            return false;
        }
        if (x->reading && !ent_answer_fact(a, f)) {
            return ent_io_no_memory(x);
        }
    }
    if (!ent_io_u64(x, &left_out)) {
        return false;
    }
    a->facts_left_out = (size_t)left_out;
    return true;
}

static bool io_answer(ent_io *x, ent_answer **out)
{
    bool some = *out != NULL;
    size_t n = some ? (*out)->n_parts : 0;
    if (!ent_io_bool(x, &some) || !some) {
        return !x->failed;
    }
    if (x->reading && !(*out = ent_answer_new(0))) {
        return ent_io_no_memory(x);
    }
    ent_answer *a = *out;
    return ent_io_bool(x, &a->has_shares) && ent_io_bool(x, &a->sampled) &&
           ent_io_count(x, &n, 16) && io_parts(x, a, n) && io_answer_facts(x, a) &&
           io_bigq(x, &a->pool, &a->none) &&
           io_bigq(x, &a->pool, &a->all) && io_bigq(x, &a->pool, &a->gap_weight);
}

/* --- decisions --- */

static int64_t clauses_of(const ent_image *p, unsigned kind)
{
    return (int64_t)(kind == ENT_VERDICT_DUTY   ? p->n_duty
                     : kind == ENT_VERDICT_POOL ? p->n_pool
                                                : p->n_objective);
}

static bool io_subject(ent_io *x, unsigned kind, int64_t clause, int64_t *subject)
{
    const ent_image *p = x->s->program;
    if (kind == ENT_VERDICT_POOL) {
        return true;
    }
    ent_key_shape shape = kind == ENT_VERDICT_DUTY ? ent_key_shape_of_feed(p, p->duty[clause].feed)
                                                   : ent_key_shape_of_objective(p, clause);
    return ent_io_key(x, &shape, subject);
}

/* A measure is compared as the class that its kernel gives. */
static bool fits_clause(const ent_image *p, const ent_verdict *d)
{
    if (d->kind != ENT_VERDICT_OBJECTIVE) {
        return !d->has_measure && !d->measure_is_number;
    }
    const ent_objective_row *row = &p->objective[d->clause];
    bool number = ent_type_class((unsigned)row->type) == ENT_CLASS_F;
    return (!d->has_measure || d->measure_is_number == number) &&
           d->has_subject == (row->subject != 0 && row->subject_field >= 0);
}

static bool io_figures(ent_io *x, ent_verdict *d)
{
    int64_t *const counts[] = {&d->counts.samples, &d->counts.bad,      &d->counts.missing,
                               &d->counts.absent,  &d->counts.excluded, &d->counts.late};
    for (size_t i = 0; i < sizeof counts / sizeof *counts; i++) {
        if (!ent_io_i64(x, counts[i])) {
            return false;
        }
    }
    return ent_io_q(x, &d->measure) && ent_io_f64(x, &d->measure_f) &&
           ent_io_q(x, &d->credit_fraction) && ent_io_q(x, &d->budget_left) &&
           ent_io_q(x, &d->burn_rate) && ent_io_i128(x, &d->credit_minor) &&
           ent_io_i128(x, &d->fund_minor);
}

/* What a pool's parties put in and got out goes with its decision: of those that were given out
 * it is not asked any more. */
static bool io_pool_parts(ent_io *x, ent_verdict *d)
{
    ent_poolstate *pool = &x->s->pools[d->clause];
    size_t n = (size_t)d->n_parts;
    if (!ent_io_count(x, &n, 40)) {
        return false;
    }
    if (x->reading) {
        d->first_part = (int64_t)pool->n_parts;
        d->n_parts = 0;
    }
    for (size_t i = 0; i < n; i++) {
        if (x->reading) {
            if (!ent_io_grow(x, (void **)&pool->parts, &pool->parts_capacity, pool->n_parts,
                             sizeof *pool->parts)) {
                return false;
            }
            pool->n_parts++;
            d->n_parts++;
        }
        ent_pool_part *part = &pool->parts[(size_t)d->first_part + i];
        if (!ent_io_index(x, &part->party, 0, (int64_t)x->s->program->n_party) ||
            !ent_io_i128(x, &part->in) || !ent_io_i128(x, &part->out)) {
            return false;
        }
    }
    return true;
}

static bool io_flags(ent_io *x, ent_verdict *d)
{
    bool *const flags[] = {&d->has_measure, &d->measure_is_number, &d->has_due,
                           &d->has_done,    &d->open,              &d->has_credit,
                           &d->final,       &d->has_budget,        &d->has_subject,
                           &d->expected_met, &d->credit_earned};
    for (size_t i = 0; i < sizeof flags / sizeof *flags; i++) {
        if (!ent_io_bool(x, flags[i])) {
            return false;
        }
    }
    return true;
}

static bool io_times(ent_io *x, ent_verdict *d)
{
    int64_t *const times[] = {&d->from_ns, &d->to_ns,      &d->at_ns,      &d->due_ns,
                              &d->done_ns, &d->elapsed_ns, &d->allowed_ns, &d->cause_origin};
    for (size_t i = 0; i < sizeof times / sizeof *times; i++) {
        if (!ent_io_i64(x, times[i])) {
            return false;
        }
    }
    /* the instant before it is looked at, and windows around that one */
    return ent_io_index(x, &d->final_ns, INT64_MIN + 1, INT64_MAX) &&
           ent_io_index(x, &d->credit_rule, -1, (int64_t)x->s->program->n_strings);
}

static bool io_done(ent_io *x, ent_verdict *d)
{
    ent_rowref done = {d->done_origin, d->done_feed};
    bool ok = ent_io_row(x, &done);
    d->done_origin = done.origin;
    d->done_feed = done.feed;
    return ok;
}

/* What pricing will say (credit, caps, claims) is not known of one that waits. */
static bool io_decision(ent_io *x, ent_verdict *d)
{
    const ent_image *p = x->s->program;
    return ent_io_u8(x, &d->kind) &&
           ent_io_check(x, d->kind <= ENT_VERDICT_POOL, "a decision of no kind") &&
           ent_io_u8(x, &d->status) &&
           ent_io_check(x, d->status < ENT_STATUS_COUNT, "a decision without a status") &&
           ent_io_index(x, &d->clause, 0, clauses_of(p, d->kind)) && io_flags(x, d) &&
           ent_io_check(x, fits_clause(p, d), "a measure that is none of its clause") &&
           io_subject(x, d->kind, d->clause, &d->subject) && io_times(x, d) &&
           io_done(x, d) && io_figures(x, d) &&
           io_answer(x, &d->answer) &&
           ent_io_check(x, !d->answer || d->kind != ENT_VERDICT_POOL, "an answer for a pool") &&
           (d->kind != ENT_VERDICT_POOL || io_pool_parts(x, d));
}

bool ent_save_decisions(ent_io *x)
{
    ent_engine *s = x->s;
    size_t n = s->n_decisions;
    if (!ent_io_count(x, &n, 200)) {
        return false;
    }
    for (size_t i = 0; i < n; i++) {
        if (x->reading && !ent_engine_decision(s)) {
            return ent_io_no_memory(x);
        }
        if (!io_decision(x, &s->decisions[i])) {
            return false;
        }
    }
    return true;
}

bool ent_save_warnings(ent_io *x)
{
    ent_engine *s = x->s;
    size_t n = s->n_notices;
    if (!ent_io_count(x, &n, 25)) {
        return false;
    }
    for (size_t i = 0; i < n; i++) {
        if (x->reading && !ent_io_grow(x, (void **)&s->notices, &s->notices_capacity,
                                       s->n_notices++, sizeof *s->notices)) {
            return false;
        }
        ent_warning *v = &s->notices[i];
        if (!ent_io_i64(x, &v->at_ns) || !ent_io_u8(x, &v->kind) ||
            !ent_io_check(x, v->kind <= ENT_WARNING_BUDGET, "a warning of no kind")) {
            return false;
        }
        unsigned kind = v->kind == ENT_WARNING_BUDGET ? ENT_VERDICT_OBJECTIVE : ENT_VERDICT_DUTY;
        if (!ent_io_index(x, &v->clause, 0, clauses_of(x->s->program, kind)) ||
            !io_subject(x, kind, v->clause, &v->subject) || !ent_io_i64(x, &v->due_ns)) {
            return false;
        }
    }
    return true;
}
