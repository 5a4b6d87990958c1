/* Whose doing an objective's bad samples are.
 *
 * A bad sample of service s at t is caused by the parties of the spans `caused by` that it lies in, else by
 * the roots of s at t along the dependencies, else by the provider of s. A dependency is bad at t when its
 * latest sample is bad and not silent, or when its next one, less than an interval later, is: so roots are
 * only known an interval after t, and until then a bad sample waits as a suspect. Only services that others
 * depend on keep marks of their samples, and only as far back as some suspect may ask.
 *
 *     rows -> marks (of dependencies)      bad rows -> suspects -> roots -> charged: a fold per set of causes
 *
 * Of a stretch of a time share it is asked at its first instant which dependencies are bad, and again whenever
 * the state of one changes. Not where a span `caused by` somebody begins or ends: a bad sample that has come
 * within reach by then would let the span say who answers for other time than its own.
 * Oracle: tests/oracle/accountability.py. */
#include <stdlib.h>
#include <string.h>

#include "runtime/state/objective.h"

#define NO_PARTY UINT64_C(0)
#define SEVERAL INT64_C(-1) /* roots, or none that is known */

/* --- set-up --- */

static bool has_values(int64_t kind)
{
    return kind == ENT_AGG_AVERAGE || kind == ENT_AGG_MINIMUM || kind == ENT_AGG_MAXIMUM ||
           kind == ENT_AGG_MEDIAN || kind == ENT_AGG_PERCENTILE;
}

static bool is_upper(int64_t compare)
{
    return compare == ENT_CMP_AT_MOST || compare == ENT_CMP_BELOW;
}

/* Whether the objective's bad samples are told apart at all. */
static bool tells_samples(const ent_image *p, const ent_objective_row *row)
{
    const ent_fold_row *fold = &p->fold[row->first_fold];
    if (!row->single || fold->feed < 0 || p->feed[fold->feed].kind != 0) {
        return false;
    }
    bool totals = fold->kind == ENT_AGG_COUNT || fold->kind == ENT_AGG_SUM;
    return fold->kind == ENT_AGG_SHARE || fold->kind == ENT_AGG_TIME_SHARE ||
           has_values(fold->kind) || (totals && is_upper(row->compare));
}

/* The target in the values' own class; integers are scaled by the decimals of their type. */
static bool set_limit(const ent_image *p, const ent_objective_row *row, ent_causes *c)
{
    const ent_fold_row *fold = &p->fold[row->first_fold];
    const ent_constant *target = &p->constants[row->target];
    c->low_is_bad = !is_upper(row->compare);
    c->equal_is_bad = row->compare == ENT_CMP_ABOVE || row->compare == ENT_CMP_BELOW;
    if (ent_type_class((unsigned)fold->value_type) == ENT_CLASS_F) {
        c->limit_f = target->cls == ENT_CLASS_F ? target->v.f : ent_q_to_double(target->v.q);
        return true;
    }
    c->limit_q = target->v.q;
    if (target->cls == ENT_CLASS_F && !ent_q_from_double(target->v.f, &c->limit_q)) {
        return false;
    }
    ent_q scaled = c->limit_q;
    for (int64_t i = 0; fold->value_type == ENT_TYPE_DECIMAL && i < fold->param; i++) {
        if (!ent_q_mul(scaled, ent_q_from_i64(10), &scaled)) {
            return false;
        }
    }
    /* v > T is v > floor(T) for integers, v < T is v < ceil(T); where T itself is bad, the other way round */
    bool whole = scaled.den == 1;
    ent_i128 limit = c->low_is_bad ? ent_q_ceil(scaled) : ent_q_floor(scaled);
    c->equal_is_bad = c->equal_is_bad && whole;
    c->limit_beyond = c->low_is_bad ? limit <= INT64_MIN : limit >= INT64_MAX;
    c->limit_i = limit > INT64_MAX ? INT64_MAX : limit < INT64_MIN ? INT64_MIN : (int64_t)limit;
    return true;
}

static bool service_is_key(const ent_image *p, const ent_fold_row *fold)
{
    const ent_feed_row *feed = &p->feed[fold->feed];
    for (int64_t i = 0; i < feed->n_keys; i++) {
        if (p->keyfield[feed->first_key + i].field == fold->service) {
            return true;
        }
    }
    return false;
}

/* An objective before this one whose samples are marked alike, as where a hundred agreements hold one feed to
 * their targets. Stretches may ask further back than samples, so each keeps marks of its own. */
static ent_causes *lender(const ent_engine *s, const ent_objectivestate *o)
{
    const ent_image *p = s->program;
    const ent_causes *c = o->causes;
    const ent_fold_row *fold = &p->fold[o->row->first_fold];
    for (int64_t i = 0; i < o->index && !c->stretches && fold->value < 0; i++) {
        ent_causes *other = s->objectives[i].causes;
        const ent_fold_row *same = &p->fold[p->objective[i].first_fold];
        if (other && other->seeks && !other->borrows && !other->stretches &&
            same->feed == fold->feed && same->service == fold->service &&
            same->sense == fold->sense && same->test == fold->test &&
            same->absent == fold->absent && same->value < 0 &&
            other->counts_all == c->counts_all && other->inverted == c->inverted) {
            return other;
        }
    }
    return NULL;
}

static bool init_marks(const ent_engine *s, const ent_objectivestate *o, ent_causes *c)
{
    const ent_image *p = s->program;
    const ent_causes *from = lender(s, o);
    c->borrows = from != NULL;
    c->settled_until = INT64_MIN;
    c->marks = from ? from->marks : calloc(p->n_service + 1, sizeof *c->marks);
    c->visited = calloc(p->n_service + 1, sizeof *c->visited);
    c->is_dependency = calloc(p->n_service + 1, 1);
    if (!c->marks || !c->visited || !c->is_dependency) {
        return false;
    }
    for (size_t i = 0; i < p->n_dependency; i++) {
        c->is_dependency[p->dependency[i].service] = 1;
    }
    return true;
}

bool ent_causes_init(ent_engine *s, ent_objectivestate *o, ent_fault *error)
{
    const ent_image *p = s->program;
    const ent_fold_row *fold = &p->fold[o->row->first_fold];
    if (o->row->single && fold->kind == ENT_AGG_SHARE && fold->feed >= 0 &&
        p->feed[fold->feed].kind == 1) {
        o->replays_outcomes = true;
    }
    if (!tells_samples(p, o->row)) {
        return true;
    }
    ent_causes *c = o->causes = calloc(1, sizeof *c);
    if (!c) {
        return ent_no_memory(error);
    }
    c->counts_all = fold->kind == ENT_AGG_COUNT || fold->kind == ENT_AGG_SUM;
    c->inverted = is_upper(o->row->compare);
    c->stretches = fold->kind == ENT_AGG_TIME_SHARE;
    c->interval = p->feed[fold->feed].interval_ns;
    c->seeks = p->n_framework > 0 && p->framework[0].outages == 1 && p->n_dependency > 0 &&
               fold->service >= 0 && service_is_key(p, fold);
    if (c->seeks && !init_marks(s, o, c)) {
        return ent_no_memory(error);
    }
    return !has_values(fold->kind) || set_limit(p, o->row, c) ||
           ent_fail(s, error, ENT_FAULT_DATA, "a target does not fit its values");
}

void ent_causes_free(ent_engine *s, ent_causes *c)
{
    if (!c) {
        return;
    }
    for (size_t i = 0; c->marks && !c->borrows && i < s->program->n_service; i++) {
        free(c->marks[i].v);
    }
    if (!c->borrows) {
        free(c->marks);
    }
    free(c->visited);
    free(c->is_dependency);
    free(c->suspects);
    free(c);
}

void ent_group_deinit_causes(ent_group *g)
{
    for (size_t i = 0; i < g->n_charged; i++) {
        ent_fold_deinit(&g->charged[i].fold);
    }
    for (size_t i = 0; i < g->n_unmet; i++) {
        free(g->unmet[i].excess);
    }
    free(g->charged);
    free(g->unmet);
    free(g->facts);
}

/* --- badness --- */

static bool value_is_bad(const ent_causes *c, const ent_colbuf *values, size_t lane)
{
    int order;
    if (values->cls == ENT_CLASS_F) {
        double v = ((const double *)values->data)[lane];
        order = v < c->limit_f ? -1 : v > c->limit_f;
    } else if (values->cls == ENT_CLASS_Q) {
        order = ent_q_cmp(((const ent_q *)values->data)[lane], c->limit_q);
    } else {
        int64_t v = ((const int64_t *)values->data)[lane];
        order = v < c->limit_i ? -1 : v > c->limit_i;
        if (c->limit_beyond) {
            return false;
        }
    }
    return order == 0 ? c->equal_is_bad : (order < 0) == c->low_is_bad;
}

bool ent_sample_is_bad(const ent_causes *c, const ent_fold_row *fold, const uint8_t *test,
                       const ent_colbuf *values, size_t lane)
{
    if (c->counts_all) {
        return true;
    }
    if (fold->kind == ENT_AGG_SHARE || fold->kind == ENT_AGG_TIME_SHARE) {
        return (test ? test[lane] != 0 : true) == c->inverted;
    }
    return value_is_bad(c, values, lane);
}

/* --- marks --- */

static bool add_mark(ent_marks *m, int64_t at, bool bad)
{
    if (m->n > 0 && m->v[m->n - 1].at == at) {
        m->n--; /* of several samples at one instant the last is the latest */
    }
    if (!ent_reserve((void **)&m->v, &m->capacity, m->n + 1, sizeof *m->v)) {
        return false;
    }
    bool goes_on = m->n > 0 && m->v[m->n - 1].bad;
    m->v[m->n] = (ent_mark){at, bad && goes_on ? m->v[m->n - 1].run_from : at, bad};
    m->n++;
    return true;
}

bool ent_causes_slice(ent_engine *s, ent_objectivestate *o)
{
    const ent_fold_row *fold = &s->program->fold[o->row->first_fold];
    ent_feedstate *f = &s->feeds[fold->feed];
    ent_causes *c = o->causes;
    if (!c->seeks || c->borrows) {
        return true;
    }
    const uint8_t *sense = ent_slot_bool(f, fold->sense);
    const uint8_t *unread = ent_slot_bool(f, fold->absent);
    const uint8_t *test = ent_slot_bool(f, fold->test);
    const ent_colbuf *values = fold->value < 0 ? NULL : &f->slots[fold->value];
    const ent_colbuf *services = &f->pending[fold->service];
    const int64_t *service = services->data;
    const int64_t *at = ent_feedstate_at(f);
    for (size_t i = 0; i < f->n; i++) {
        if ((services->absent && services->absent[i]) || !c->is_dependency[service[i]]) {
            continue;
        }
        /* a row that the condition leaves out, or cannot tell of, is a sample that is not bad */
        bool counts = (!sense || sense[i]) && !(unread && unread[i]);
        bool bad = counts && ent_sample_is_bad(c, fold, test, values, i);
        if (!add_mark(&c->marks[service[i]], at[i], bad)) {
            return false;
        }
    }
    return true;
}

/* Index of the last mark at or before t, or SIZE_MAX. */
static size_t mark_at(const ent_marks *m, int64_t t)
{
    size_t low = 0;
    size_t high = m->n;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (m->v[middle].at <= t) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low - 1;
}

/* The first instant at which the service is silent again. A sample that is two intervals old still tells; a
 * state holds for two intervals and not beyond. */
static int64_t silent_from(const ent_causes *c, const ent_mark *m)
{
    if (c->interval == 0) {
        return INT64_MAX;
    }
    int64_t two = ent_add_sat(c->interval, c->interval);
    return ent_add_sat(m->at, c->stretches ? two : ent_add_sat(two, 1));
}

/* The mark that makes the service bad at t, or NULL. It was asked at `asked`, and no state has changed since: a
 * sample that came in between was the next one then, and no bad one. */
static const ent_mark *bad_at(const ent_causes *c, int64_t service, int64_t asked, int64_t t, int64_t limit)
{
    const ent_marks *m = &c->marks[service];
    size_t at = mark_at(m, t);
    const ent_mark *latest = at == SIZE_MAX ? NULL : &m->v[at];
    if (latest && latest->bad && t < silent_from(c, latest)) {
        return latest;
    }
    const ent_mark *next = at + 1 < m->n ? &m->v[at + 1] : NULL;
    bool is_next = next && !(latest && latest->at > asked);
    bool soon = is_next && c->interval > 0 && next->at < ent_add_sat(asked, c->interval) && next->at < limit;
    return soon && next->bad ? next : NULL;
}

/* --- roots --- */

static uint64_t bit_of(int64_t party)
{
    return UINT64_C(1) << party;
}

/* The parties of the spans in which the key is at t. keys: one a cause of the fold, INT64_MIN none. */
static uint64_t span_causes(ent_engine *s, const ent_fold_row *fold, const int64_t *keys,
                            int64_t t)
{
    uint64_t set = NO_PARTY;
    for (int64_t i = 0; i < fold->n_causes; i++) {
        const ent_spanuse_row *use = &s->program->spanuse[fold->first_cause + i];
        if (keys[i] != INT64_MIN && ent_use_contains(s, use, keys[i], t)) {
            set |= bit_of(s->program->span[use->span].cause);
        }
    }
    return set;
}

/* Whether the span is kept per service or without a key, so that a service's name is all that it asks for. */
static bool names_service(const ent_engine *s, const ent_fold_row *fold, const ent_spanuse_row *use, int64_t service,
                          int64_t *key)
{
    bool by_service = use->n_keys == 1 && s->program->keyfield[use->first_key].field == fold->service;
    *key = by_service ? service : 0;
    return by_service || use->n_keys == 0;
}

/* The same for a service that is only known by its name. */
static uint64_t service_causes(ent_engine *s, const ent_fold_row *fold, int64_t service, int64_t t)
{
    uint64_t set = NO_PARTY;
    for (int64_t i = 0; i < fold->n_causes; i++) {
        const ent_spanuse_row *use = &s->program->spanuse[fold->first_cause + i];
        int64_t key;
        if (names_service(s, fold, use, service, &key) && ent_use_contains(s, use, key, t)) {
            set |= bit_of(s->program->span[use->span].cause);
        }
    }
    return set;
}

typedef struct search {
    ent_engine *s;
    const ent_objectivestate *o;
    const ent_fold_row *fold;
    int64_t asked, t, limit;
    uint64_t found;
    int64_t earliest; /* of the roots found, when only the first in time count */
    bool first_only;
    int64_t root; /* the only one so far, SEVERAL of them */
} search;

static void add_root(search *x, int64_t service, uint64_t causes, int64_t run_from)
{
    if (x->first_only && run_from < x->earliest) {
        x->found = NO_PARTY;
        x->earliest = run_from;
    }
    if (!x->first_only || run_from == x->earliest) {
        x->root = x->found == NO_PARTY ? service : SEVERAL;
        x->found |= causes;
    }
}

static void seek(search *x, int64_t service, int64_t run_from)
{
    const ent_image *p = x->s->program;
    ent_causes *c = x->o->causes;
    const ent_service_row *row = &p->service[service];
    bool deeper = false;
    c->visited[service] = c->stamp;
    for (int64_t i = 0; i < row->n_dependencies; i++) {
        int64_t d = p->dependency[row->first_dependency + i].service;
        const ent_mark *bad = bad_at(c, d, x->asked, x->t, x->limit);
        deeper |= bad != NULL;
        if (!bad || c->visited[d] == c->stamp) {
            continue;
        }
        uint64_t spans = service_causes(x->s, x->fold, d, x->t);
        if (spans) {
            c->visited[d] = c->stamp;
            add_root(x, d, spans, bad->run_from);
        } else {
            seek(x, d, bad->run_from);
        }
    }
    if (!deeper) {
        add_root(x, service, bit_of(row->provider), run_from);
    }
}

/* The parties at the roots of the service at t, by what was bad at `asked`. *root: where there is one root, it. */
static uint64_t roots_of(ent_engine *s, const ent_objectivestate *o, int64_t service, int64_t asked, int64_t t,
                         int64_t limit, int64_t *root)
{
    ent_causes *c = o->causes;
    search x = {.s = s,
                .o = o,
                .fold = &s->program->fold[o->row->first_fold],
                .asked = asked,
                .t = t,
                .limit = limit,
                .earliest = INT64_MAX,
                .first_only = s->program->framework[0].joint == ENT_JOINT_FIRST};
    c->stamp++;
    seek(&x, service, asked);
    *root = x.found ? x.root : SEVERAL;
    return x.found ? x.found : bit_of(s->program->service[service].provider);
}

/* --- charging --- */

static ent_fold_state *charged_at(ent_group *g, uint64_t causes)
{
    for (size_t i = 0; i < g->n_charged; i++) {
        if (g->charged[i].causes == causes) {
            return &g->charged[i].fold;
        }
    }
    if (!ent_reserve((void **)&g->charged, &g->charged_capacity, g->n_charged + 1,
                     sizeof *g->charged)) {
        return NULL;
    }
    g->charged[g->n_charged] = (ent_charged){.causes = causes};
    return &g->charged[g->n_charged++].fold;
}

static bool charge_sample(ent_engine *s, const ent_objectivestate *o, ent_group *g,
                          ent_suspect *x, uint64_t causes)
{
    const ent_fold_row *fold = &s->program->fold[o->row->first_fold];
    ent_fold_state *state = charged_at(g, causes);
    if (!state || !ent_group_note(g, o->causes->interval, x, causes)) {
        return false;
    }
    state->n++;
    if (fold->value < 0) {
        return true;
    }
    ent_colbuf one = {.cls = ent_type_class((unsigned)fold->value_type), .data = &x->value, .n = 1};
    return ent_fold_value(fold, state, &one, 0);
}

/* Who answers where no dependency is looked at. */
static uint64_t owner_of(const ent_engine *s, const ent_objectivestate *o, int64_t service)
{
    const ent_image *p = s->program;
    return bit_of(service >= 0 ? p->service[service].provider
                               : p->agreement[o->row->agreement].supplier);
}

static bool depends(const ent_engine *s, const ent_causes *c, int64_t service)
{
    return c->seeks && service >= 0 && s->program->service[service].n_dependencies > 0;
}

static bool add_suspect(ent_causes *c, const ent_suspect *x)
{
    if (!ent_reserve((void **)&c->suspects, &c->suspects_capacity, c->n_suspects + 1,
                     sizeof *c->suspects)) {
        return false;
    }
    c->suspects[c->n_suspects++] = *x;
    return true;
}

static bool lane_keys(ent_engine *s, ent_feedstate *f, const ent_fold_row *fold, size_t lane,
                      int64_t *keys)
{
    for (int64_t i = 0; i < fold->n_causes; i++) {
        const ent_spanuse_row *use = &s->program->spanuse[fold->first_cause + i];
        const uint8_t *absent;
        const int64_t *column =
            ent_feedstate_keys(s, f, use->first_key, use->n_keys, &absent);
        if (!column) {
            return false;
        }
        keys[i] = absent && absent[lane] ? INT64_MIN : column[lane];
    }
    return true;
}

static bool spans_of_lane(ent_engine *s, ent_feedstate *f, const ent_fold_row *fold, size_t lane,
                          uint64_t *out)
{
    *out = NO_PARTY;
    if (fold->n_causes == 0) {
        return true;
    }
    int64_t *keys = malloc((size_t)fold->n_causes * sizeof *keys);
    bool ok = keys && lane_keys(s, f, fold, lane, keys);
    if (ok) {
        *out = span_causes(s, fold, keys, ent_feedstate_at(f)[lane]);
    }
    free(keys);
    return ok;
}

static int64_t service_of_lane(const ent_feedstate *f, const ent_fold_row *fold, size_t lane)
{
    if (fold->service < 0) {
        return -1;
    }
    const ent_colbuf *services = &f->pending[fold->service];
    bool absent = services->absent && services->absent[lane];
    return absent ? -1 : ((const int64_t *)services->data)[lane];
}

bool ent_causes_sample(ent_engine *s, ent_objectivestate *o, ent_window_state *w, ent_group *g,
                       ent_feedstate *f, size_t lane)
{
    const ent_fold_row *fold = &s->program->fold[o->row->first_fold];
    ent_causes *c = o->causes;
    int64_t at = ent_feedstate_at(f)[lane];
    ent_suspect x = {.from = at,
                     .to = at,
                     .service = service_of_lane(f, fold, lane),
                     .root = SEVERAL,
                     .window = w,
                     .group = (uint32_t)(g - w->groups),
                     .origin = ent_feedstate_origin(f, lane)};
    x.until_origin = x.origin;
    if (fold->value >= 0) {
        const ent_colbuf *values = &f->slots[fold->value];
        size_t size = ent_class_size(values->cls);
        memcpy(&x.value, (const char *)values->data + lane * size, size);
    }
    uint64_t spans;
    if (!spans_of_lane(s, f, fold, lane, &spans)) {
        return false;
    }
    if (spans || !depends(s, c, x.service)) {
        return charge_sample(s, o, g, &x, spans ? spans : owner_of(s, o, x.service));
    }
    return add_suspect(c, &x);
}

bool ent_causes_missing(ent_engine *s, ent_objectivestate *o, ent_group *g, int64_t service,
                        int64_t n, int64_t ns)
{
    if (n == 0 && ns == 0) {
        return true;
    }
    ent_fold_state *state = charged_at(g, owner_of(s, o, service));
    if (state) {
        state->n += n;
        state->bad_ns += ns;
    }
    return state != NULL;
}

/* --- stretches of a time share --- */

bool ent_causes_stretch(ent_engine *s, ent_objectivestate *o, ent_window_state *w, ent_group *g,
                        size_t tracker, int64_t from, int64_t to)
{
    (void)s;
    const ent_tracker *t = &o->trackers[0].v[tracker];
    int64_t first = t->bad_since > w->lo ? t->bad_since : w->lo;
    return add_suspect(o->causes, &(ent_suspect){.from = from,
                                                 .to = to,
                                                 .key = t->key,
                                                 .origin = t->origin,
                                                 .until_origin = to == t->row_at ? t->row_origin : 0,
                                                 .service = t->service,
                                                 .root = SEVERAL,
                                                 .window = w,
                                                 .group = (uint32_t)(g - w->groups),
                                                 .tracker = (uint32_t)tracker,
                                                 .first = first});
}

static int64_t *carried_at(ent_window_state *w, int64_t key)
{
    uint32_t *place = ent_map_at(&w->carries, key);
    if (!place) {
        return NULL;
    }
    if (*place == ENT_MAP_NONE) {
        if (!ent_reserve((void **)&w->carried, &w->carried_capacity, w->n_carried + 1,
                         sizeof *w->carried)) {
            return NULL;
        }
        *place = (uint32_t)w->n_carried++;
        w->carried[*place] = INT64_MIN;
    }
    return &w->carried[*place];
}

/* The first instant in [from, to) at which a span begins or ends for the key; `to` if there is none. */
static int64_t next_edge(ent_engine *s, const ent_spanuse_row *use, int64_t key, int64_t from, int64_t to, bool *ok)
{
    ent_intervals in = {0};
    *ok = *ok && ent_use_collect(s, use, key, from - 1, to, &in);
    if (*ok && in.n > 0) {
        int64_t edge = in.v[0].from >= from ? in.v[0].from : in.v[0].to;
        to = edge < to ? edge : to;
    }
    ent_intervals_deinit(&in);
    return to;
}

/* Where a span `caused by` of the service begins or ends in [from, to); else `to`. */
static int64_t next_edge_of_service(ent_engine *s, const ent_fold_row *fold, int64_t service, int64_t from, int64_t to,
                                    bool *ok)
{
    for (int64_t i = 0; i < fold->n_causes; i++) {
        const ent_spanuse_row *use = &s->program->spanuse[fold->first_cause + i];
        int64_t key;
        if (names_service(s, fold, use, service, &key)) {
            to = next_edge(s, use, key, from, to, ok);
        }
    }
    return to;
}

/* The first instant in [from, to) at which the service turns bad, good or silent; `to` if there is none. */
static int64_t next_change(const ent_causes *c, int64_t service, int64_t from, int64_t to)
{
    const ent_marks *m = &c->marks[service];
    size_t at = mark_at(m, from - 1);
    for (size_t k = at == SIZE_MAX ? 0 : at; k < m->n && m->v[k].at < to; k++) {
        const ent_mark *before = k > 0 ? &m->v[k - 1] : NULL;
        bool fresh = !before || m->v[k].at >= silent_from(c, before);
        if (m->v[k].at >= from && (fresh || before->bad != m->v[k].bad)) {
            return m->v[k].at;
        }
        int64_t silent = silent_from(c, &m->v[k]);
        if (silent >= from && silent < to && (k + 1 == m->n || silent <= m->v[k + 1].at)) {
            return silent;
        }
    }
    return to;
}

/* What is next beneath a service; for each the end of what was looked at, if there is none. */
typedef struct outlook {
    int64_t change; /* of the state of a service that it depends on, directly or not */
    int64_t edge;   /* where a span `caused by` of one begins or ends */
} outlook;

static void look_beneath(ent_engine *s, const ent_fold_row *fold, ent_causes *c, int64_t service, int64_t from,
                         outlook *next, bool *ok)
{
    const ent_image *p = s->program;
    const ent_service_row *row = &p->service[service];
    c->visited[service] = c->stamp;
    for (int64_t i = 0; i < row->n_dependencies; i++) {
        int64_t d = p->dependency[row->first_dependency + i].service;
        if (c->visited[d] != c->stamp) {
            next->change = next_change(c, d, from, next->change);
            next->edge = next_edge_of_service(s, fold, d, from, next->edge, ok);
            look_beneath(s, fold, c, d, from, next, ok);
        }
    }
}

static outlook look_ahead(ent_engine *s, const ent_fold_row *fold, ent_causes *c, int64_t service, int64_t from,
                          int64_t to, bool *ok)
{
    outlook next = {to, to};
    c->stamp++;
    look_beneath(s, fold, c, service, from, &next, ok);
    return next;
}

/* Where a span `caused by` of the tracker's key begins or ends in (from, to); else `to`. */
static int64_t next_span_edge(ent_engine *s, const ent_fold_row *fold, const int64_t *keys,
                              int64_t from, int64_t to, bool *ok)
{
    for (int64_t i = 0; *ok && i < fold->n_causes; i++) {
        if (keys[i] != INT64_MIN) {
            to = next_edge(s, &s->program->spanuse[fold->first_cause + i], keys[i], from + 1, to, ok);
        }
    }
    return to;
}

static bool charge_stretch(ent_engine *s, ent_objectivestate *o, ent_group *g,
                           const ent_suspect *x, const ent_intervals *excluded, int64_t from,
                           int64_t to, uint64_t causes)
{
    (void)s;
    int64_t net = to - from - ent_intervals_measure(excluded, from, to);
    ent_fold_state *state = charged_at(g, causes);
    if (!state) {
        return false;
    }
    state->bad_ns += net;
    ent_suspect part = *x;
    part.from = from;
    part.to = to;
    return net == 0 || ent_group_note(g, o->causes->interval, &part, causes);
}

static bool settle_stretch(ent_engine *s, ent_objectivestate *o, ent_group *g,
                           const ent_suspect *x)
{
    const ent_fold_row *fold = &s->program->fold[o->row->first_fold];
    ent_causes *c = o->causes;
    const int64_t *keys = o->trackers[0].v[x->tracker].use_keys;
    int64_t *carried = carried_at(x->window, x->key);
    ent_intervals excluded = {0};
    bool ok = carried && ent_excluded_set(s, o, x->window, fold->feed, keys, x->to, &excluded);
    bool seeks = depends(s, c, x->service);
    /* a stretch that is accounted in pieces goes on with what was asked in the last one */
    int64_t asked = ok && *carried >= x->first ? *carried : x->from;
    int64_t from = x->from;
    while (ok && from < x->to) {
        int64_t to = next_span_edge(s, fold, keys + o->n_uses, from, x->to, &ok);
        uint64_t causes = span_causes(s, fold, keys + o->n_uses, from);
        if (seeks) {
            bool changes = look_ahead(s, fold, c, x->service, from, from + 1, &ok).change == from;
            asked = changes ? from : asked;
            outlook next = look_ahead(s, fold, c, x->service, from + 1, to, &ok);
            to = next.change < next.edge ? next.change : next.edge;
        }
        if (!causes && seeks) {
            int64_t root;
            causes = roots_of(s, o, x->service, asked, from, x->window->to, &root);
        } else if (!causes) {
            causes = owner_of(s, o, x->service);
        }
        ok = ok && charge_stretch(s, o, g, x, &excluded, from, to, causes);
        from = to;
    }
    if (ok) {
        *carried = asked;
    }
    ent_intervals_deinit(&excluded);
    return ok;
}

/* --- settling --- */

static bool settle_one(ent_engine *s, ent_objectivestate *o, ent_suspect *x)
{
    ent_group *g = &x->window->groups[x->group];
    if (x->from == x->to) {
        uint64_t causes = roots_of(s, o, x->service, x->from, x->from, x->window->to, &x->root);
        return charge_sample(s, o, g, x, causes);
    }
    return settle_stretch(s, o, g, x);
}

/* Marks before the last one at or before `since` cannot be asked for any more. */
static void drop_marks(const ent_engine *s, ent_causes *c, int64_t since)
{
    for (size_t i = 0; i < s->program->n_service; i++) {
        ent_marks *m = &c->marks[i];
        size_t at = m->n < 64 ? SIZE_MAX : mark_at(m, since);
        if (at != SIZE_MAX && at > 1) {
            size_t kept = m->n - (at - 1);
            memmove(m->v, m->v + at - 1, kept * sizeof *m->v);
            m->n = kept;
        }
    }
}

bool ent_causes_settle(ent_engine *s, ent_objectivestate *o, int64_t until,
                       const ent_window_state *window)
{
    ent_causes *c = o->causes;
    int64_t since = until;
    size_t kept = 0;
    for (size_t i = 0; i < c->n_suspects; i++) {
        ent_suspect *x = &c->suspects[i];
        bool ready = window ? x->window == window : ent_add_sat(x->to, c->interval) <= until;
        if (ready && !settle_one(s, o, x)) {
            return false;
        }
        if (!ready) {
            since = x->from < since ? x->from : since;
            c->suspects[kept++] = *x;
        }
    }
    c->n_suspects = kept;
    if (!window && c->seeks && !c->borrows) {
        int64_t asked = c->settled_until > INT64_MIN + c->interval ? c->settled_until - c->interval
                                                                   : INT64_MIN;
        drop_marks(s, c, asked < since ? asked : since);
        c->settled_until = until;
    }
    return true;
}
