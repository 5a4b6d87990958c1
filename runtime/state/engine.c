/* An engine's life: set-up from the program's tables, the watermark, the end.  See engine.h and state.h. */
#include <stdlib.h>
#include <string.h>

#include "runtime/state/parts.h"
#include "runtime/vm/simd.h"

#define DEFAULT_ZONE_DIR "/usr/share/zoneinfo"

/* --- set-up --- */

static bool load_zone(ent_engine *s, int64_t name, ent_fault *error)
{
    char message[256];
    if (s->zones[name]) {
        return true;
    }
    s->zones[name] = ent_zone_load(s->options.zone_dir, ent_image_text(s->program, name), message,
                                   sizeof message);
    return s->zones[name] || ent_fail(s, error, ENT_FAULT_ENVIRONMENT, "%s", message);
}

static bool load_zones(ent_engine *s, ent_fault *error)
{
    const ent_image *p = s->program;
    s->zones = calloc(p->n_strings + 1, sizeof(ent_zone *));
    if (!s->zones) {
        return ent_no_memory(error);
    }
    bool ok = true;
    for (size_t i = 0; ok && i < p->n_agreement; i++) {
        ok = load_zone(s, p->agreement[i].zone, error);
    }
    for (size_t i = 0; ok && i < p->n_calendar; i++) {
        ok = load_zone(s, p->calendar[i].zone, error);
    }
    for (size_t i = 0; ok && i < p->n_framework; i++) {
        ok = load_zone(s, p->framework[i].zone, error);
    }
    return ok;
}

static ent_calendar *make_calendar(ent_engine *s, const ent_calendar_row *row)
{
    const ent_image *p = s->program;
    ent_calendar_rule *rules = calloc((size_t)row->n_rules + 1, sizeof *rules);
    int64_t *closed = calloc((size_t)row->n_closed + 1, sizeof *closed);
    ent_calendar *calendar = NULL;
    if (rules && closed) {
        for (int64_t i = 0; i < row->n_rules; i++) {
            const ent_rule_row *rule = &p->rule[row->first_rule + i];
            rules[i] = (ent_calendar_rule){(uint8_t)rule->days, rule->open_ns, rule->close_ns};
        }
        for (int64_t i = 0; i < row->n_closed; i++) {
            closed[i] = p->closed[row->first_closed + i].day;
        }
        calendar = ent_calendar_new(s->zones[row->zone], rules, (size_t)row->n_rules, closed,
                                    (size_t)row->n_closed);
    }
    free(rules);
    free(closed);
    return calendar;
}

/* Only calendars that some clause uses are built: a calendar is two centuries of intervals. */
static bool load_calendars(ent_engine *s, ent_fault *error)
{
    const ent_image *p = s->program;
    s->calendars = calloc(p->n_calendar + 1, sizeof(ent_calendar *));
    if (!s->calendars) {
        return ent_no_memory(error);
    }
    for (size_t i = 0; i < p->n_spanuse; i++) {
        int64_t at = p->spanuse[i].calendar;
        if (at < 0 || s->calendars[at]) {
            continue;
        }
        s->calendars[at] = make_calendar(s, &p->calendar[at]);
        if (!s->calendars[at]) {
            return ent_fail(s, error, ENT_FAULT_ENVIRONMENT,
                            "calendar %s cannot be built: a rule is not valid, or memory is out",
                            ent_image_text(p, p->calendar[at].name));
        }
    }
    return true;
}

static bool init_states(ent_engine *s, ent_fault *error)
{
    const ent_image *p = s->program;
    s->feeds = calloc(p->n_feed + 1, sizeof *s->feeds);
    s->spans = calloc(p->n_span + 1, sizeof *s->spans);
    s->duties = calloc(p->n_duty + 1, sizeof *s->duties);
    s->objectives = calloc(p->n_objective + 1, sizeof *s->objectives);
    s->pools = calloc(p->n_pool + 1, sizeof *s->pools);
    s->judge = ent_judge_new();
    s->claims = ent_claims_new();
    s->claim_hold_ns = ent_claims_hold(p);
    s->settle_at = ENT_SETTLE_AT;
    if (!s->feeds || !s->spans || !s->duties || !s->objectives || !s->pools || !s->judge || !s->claims) {
        return ent_no_memory(error);
    }
    bool ok = true;
    for (size_t i = 0; ok && i < p->n_feed; i++) {
        ok = ent_feedstate_init(s, &s->feeds[i], (int64_t)i, error);
    }
    for (size_t i = 0; ok && i < p->n_span; i++) {
        ok = ent_spanstate_init(s, &s->spans[i], (int64_t)i, error);
    }
    for (size_t i = 0; ok && i < p->n_duty; i++) {
        ok = ent_dutystate_init(s, &s->duties[i], (int64_t)i, error);
    }
    ok = ok && (ent_duties_link(s) || ent_no_memory(error));
    for (size_t i = 0; ok && i < p->n_objective; i++) {
        ok = ent_objectivestate_init(s, &s->objectives[i], (int64_t)i, error);
    }
    for (size_t i = 0; ok && i < p->n_pool; i++) {
        ok = ent_poolstate_init(s, &s->pools[i], (int64_t)i, error);
    }
    return ok;
}

ent_engine *ent_engine_new(const ent_image *program, const ent_engine_options *options,
                             ent_fault *error)
{
    *error = (ent_fault){.place = -1};
    ent_engine *s = calloc(1, sizeof *s);
    if (!s) {
        ent_no_memory(error);
        return NULL;
    }
    s->program = program;
    s->options = *options;
    if (!s->options.zone_dir) {
        s->options.zone_dir = DEFAULT_ZONE_DIR;
    }
    s->lanes_max = options->lanes_max ? options->lanes_max : ENT_LANES_MAX;
    if (s->lanes_max > ENT_LANES_MAX) {
        s->lanes_max = ENT_LANES_MAX;
    }
    s->from_set = options->has_from;
    s->from = options->from_ns;
    s->to_set = options->has_to;
    s->to = options->has_to ? options->to_ns : INT64_MAX;
    s->watermark = INT64_MIN;
    s->owns_strings = options->strings == NULL;
    s->strings = options->strings ? options->strings : ent_strings_new(program);
    char message[256] = "out of memory";
    if (s->strings) {
        s->vm = ent_vm_new(program, s->strings, s->options.zone_dir, s->lanes_max, message,
                           sizeof message);
    }
    if (!s->vm) {
        ent_fail(s, error, ENT_FAULT_ENVIRONMENT, "%s", message);
    } else if (load_zones(s, error) && load_calendars(s, error) && init_states(s, error)) {
        return s;
    }
    ent_engine_free(s);
    return NULL;
}

void ent_engine_free(ent_engine *s)
{
    if (!s) {
        return;
    }
    const ent_image *p = s->program;
    ent_parts_free(s);
    for (size_t i = 0; s->objectives && i < p->n_objective; i++) {
        if (s->objectives[i].row) {
            ent_objectivestate_deinit(s, &s->objectives[i]);
        }
    }
    for (size_t i = 0; s->pools && i < p->n_pool; i++) {
        ent_poolstate_deinit(&s->pools[i]);
    }
    for (size_t i = 0; s->duties && i < p->n_duty; i++) {
        ent_dutystate_deinit(&s->duties[i]);
    }
    for (size_t i = 0; s->spans && i < p->n_span; i++) {
        ent_spanstate_deinit(&s->spans[i]);
    }
    for (size_t i = 0; s->feeds && i < p->n_feed; i++) {
        ent_feedstate_deinit(&s->feeds[i]);
    }
    for (size_t i = 0; s->calendars && i < p->n_calendar; i++) {
        ent_calendar_free(s->calendars[i]);
    }
    for (size_t i = 0; s->zones && i < p->n_strings; i++) {
        ent_zone_free(s->zones[i]);
    }
    free(s->pools);
    free(s->objectives);
    free(s->duties);
    free(s->spans);
    free(s->feeds);
    free(s->calendars);
    free(s->zones);
    free(s->events.v);
    free(s->events.bits);
    free(s->events.dealt);
    free(s->events.ends);
    free(s->events.lanes);
    ent_intervals_deinit(&s->pauses);
    ent_blaming_free(s->blaming);
    ent_blame_free(&s->spare_blame);
    for (size_t i = 0; i < s->n_decisions; i++) {
        ent_answer_free(s->decisions[i].answer);
    }
    ent_answer_free_spare(&s->spare_answers);
    free(s->decisions);
    free(s->order);
    free(s->notices);
    free(s->budgets);
    ent_tuples_deinit(&s->tuples);
    ent_judge_free(s->judge);
    ent_claims_free(s->claims);
    ent_vm_free(s->vm);
    if (s->owns_strings) {
        ent_strings_free(s->strings);
    }
    free(s);
}

const ent_zone *ent_engine_zone(const ent_engine *s, int64_t zone_string)
{
    return s->zones[zone_string];
}

ent_interval ent_engine_heard(const ent_engine *s, int64_t feed, ent_interval stretch)
{
    if (s->options.heard && feed >= 0) {
        const ent_interval *heard = &s->options.heard[feed];
        stretch.from = heard->from > stretch.from ? heard->from : stretch.from;
        stretch.to = heard->to < stretch.to ? heard->to : stretch.to;
        stretch.to = stretch.to < stretch.from ? stretch.from : stretch.to;
    }
    return stretch;
}

/* --- rows --- */

/* A failure in the middle leaves columns of different lengths: such a session only says so from then on. */
static bool usable(const ent_engine *s, ent_fault *error)
{
    *error = (ent_fault){.place = -1};
    return !(s->failed || s->ended) ||
           ent_fail(NULL, error, ENT_FAULT_USAGE, "the session has %s",
                    s->failed ? "failed before" : "ended");
}

static bool has_failed(ent_engine *s)
{
    s->failed = true;
    return false;
}

static bool is_needed(const ent_engine *s, const ent_feedstate *f, int64_t field)
{
    return field == f->row->at || s->program->field[f->row->first_field + field].used;
}

/* Rows that come without source lines have line 0, if any row has one. */
static bool push_origins(ent_feedstate *f, const int64_t *origins, size_t begin, size_t n)
{
    ent_colbuf *c = &f->origin;
    if (!origins && c->n == 0) {
        return true;
    }
    if (!ent_colbuf_reserve(c, f->n_pending + n)) {
        return false;
    }
    int64_t *lines = c->data;
    memset(lines + c->n, 0, (f->n_pending - c->n + (origins ? 0 : n)) * sizeof *lines);
    if (origins && origins + begin != lines + f->n_pending) {
        memmove(lines + f->n_pending, origins + begin, n * sizeof *lines);
    }
    c->n = f->n_pending + n;
    return true;
}

static bool push_run(ent_engine *s, ent_feedstate *f, const ent_vector *columns, size_t begin,
                     size_t n, const int64_t *origins)
{
    for (int64_t i = 0; i < f->row->n_fields; i++) {
        if (is_needed(s, f, i) && !ent_colbuf_append(&f->pending[i], &columns[i], begin, n)) {
            return false;
        }
    }
    if (!push_origins(f, s->options.unplaced ? NULL : origins, begin, n)) {
        return false;
    }
    f->n_pending += n;
    return true;
}

static bool columns_fit(const ent_engine *s, const ent_feedstate *f, const ent_vector *columns,
                        ent_fault *error)
{
    const ent_image *p = s->program;
    for (int64_t i = 0; i < f->row->n_fields; i++) {
        const ent_field_row *field = &p->field[f->row->first_field + i];
        if (is_needed(s, f, i) &&
            (!columns[i].data || columns[i].cls != ent_type_class((unsigned)field->type))) {
            return ent_fail(NULL, error, ENT_FAULT_USAGE,
                            "the column of field `%s` is missing or of another class",
                            ent_image_text(p, field->name));
        }
    }
    return true;
}

bool ent_engine_room(ent_engine *s, int64_t feed, size_t n, void **columns, int64_t **origins)
{
    ent_feedstate *f = &s->feeds[feed];
    size_t rows = f->n_pending;
    *origins = NULL;
    for (int64_t i = 0; i < f->row->n_fields; i++) {
        ent_colbuf *c = &f->pending[i];
        bool kept = f->row->used && is_needed(s, f, i);
        if (kept && !ent_colbuf_reserve(c, rows + n)) {
            return false;
        }
        columns[i] = kept ? (char *)c->data + rows * ent_class_size(c->cls) : NULL;
    }
    if (f->row->used && !s->options.unplaced) {
        if (!ent_colbuf_reserve(&f->origin, rows + n)) {
            return false;
        }
        *origins = (int64_t *)f->origin.data + rows;
    }
    return true;
}

/* Whether the fact was not known yet as of the instant in question.  One that does not say when it was recorded was
 * known from the first. */
static bool is_unknown(const ent_engine *s, const ent_feed_row *feed, const ent_vector *columns,
                       size_t lane)
{
    if (!s->options.has_as_of || feed->recorded < 0) {
        return false;
    }
    const ent_vector *recorded = &columns[feed->recorded];
    return !(recorded->absent && recorded->absent[lane]) &&
           ((const int64_t *)recorded->data)[lane] > s->options.as_of_ns;
}

/* Least and greatest instant, and whether one stands before an earlier one. */
typedef struct order {
    int64_t least, most;
    bool descends;
} order;

ENT_VECTORS static order order_of(const int64_t *at, size_t n)
{
    uint64_t descents = 0;
    for (size_t i = 1; i < n; i++) {
        descents |= (uint64_t)(at[i] < at[i - 1]);
    }
    order o = {at[0], at[n - 1], descents != 0};
    for (size_t i = 0; o.descends && i < n; i++) {
        o.least = at[i] < o.least ? at[i] : o.least;
        o.most = at[i] > o.most ? at[i] : o.most;
    }
    return o;
}

/* Whether every row is of the period and neither late nor unknown, as almost all are; if so they are in the totals. */
static bool all_in_time(const ent_engine *s, ent_feedstate *f, const ent_vector *columns, size_t n)
{
    const int64_t *at = columns[f->row->at].data;
    if (s->options.has_as_of && f->row->recorded >= 0) {
        return false;
    }
    order o = order_of(at, n);
    int64_t least = o.least;
    int64_t most = o.most;
    if (least < s->watermark || (s->to_set && most >= s->to)) {
        return false;
    }
    f->unsorted |= o.descends || at[0] < f->last_at;
    f->last_at = most > f->last_at ? most : f->last_at;
    f->totals.first_ns = least < f->totals.first_ns ? least : f->totals.first_ns;
    f->totals.last_ns = most > f->totals.last_ns ? most : f->totals.last_ns;
    return true;
}

bool ent_engine_push(ent_engine *s, int64_t feed, const ent_vector *columns, size_t n,
                      const int64_t *origins, ent_fault *error)
{
    if (!usable(s, error)) {
        return false;
    }
    if (feed < 0 || (size_t)feed >= s->program->n_feed || s->program->feed[feed].kind != 0) {
        return ent_fail(s, error, ENT_FAULT_USAGE, "rows for a feed that takes none");
    }
    ent_feedstate *f = &s->feeds[feed];
    if (f->row->used && n > 0 && !columns_fit(s, f, columns, error)) {
        return false;
    }
    f->totals.rows += n;
    if (!f->row->used) {
        return true;
    }
    if (n > 0 && all_in_time(s, f, columns, n)) {
        return push_run(s, f, columns, 0, n, origins) || has_failed(s) || ent_no_memory(error);
    }
    const int64_t *at = columns[f->row->at].data;
    size_t begin = 0;
    for (size_t i = 0; i <= n; i++) {
        bool unknown = i < n && is_unknown(s, f->row, columns, i);
        bool late = i < n && !unknown && at[i] < s->watermark;
        bool after = i < n && s->to_set && at[i] >= s->to;
        if (i < n && !unknown && !late && !after) {
            f->unsorted |= at[i] < f->last_at;
            f->last_at = at[i] > f->last_at ? at[i] : f->last_at;
            f->totals.first_ns = at[i] < f->totals.first_ns ? at[i] : f->totals.first_ns;
            f->totals.last_ns = at[i] > f->totals.last_ns ? at[i] : f->totals.last_ns;
            continue;
        }
        f->totals.late += late;
        f->totals.unknown += unknown;
        if (i > begin && !push_run(s, f, columns, begin, i - begin, origins)) {
            ent_no_memory(error);
            return has_failed(s);
        }
        begin = i + 1;
    }
    return true;
}

/* --- time --- */

/* Without a given `from` the period begins at the earliest row, which is known when the watermark has passed
 * it: until then an earlier one may come. */
static void start(ent_engine *s, int64_t watermark)
{
    if (!s->from_set) {
        int64_t first = INT64_MAX;
        for (size_t i = 0; i < s->program->n_feed; i++) {
            const ent_feed_totals *t = &s->feeds[i].totals;
            first = t->first_ns < first ? t->first_ns : first;
        }
        if (first >= watermark) {
            return;
        }
        s->from = first;
        s->from_set = true;
    }
    for (size_t i = 0; i < s->program->n_objective; i++) {
        ent_objectivestate_start(s, &s->objectives[i]);
    }
    for (size_t i = 0; i < s->program->n_pool; i++) {
        ent_poolstate_start(s, &s->pools[i]);
    }
    s->started = true;
}

/* Pools see the objectives' decisions from number `first` on, and close their windows. */
static bool close_pools(ent_engine *s, size_t first, int64_t until, bool end, ent_fault *error)
{
    size_t last = s->n_decisions;
    bool ok = true;
    for (size_t i = 0; ok && i < s->program->n_pool; i++) {
        for (size_t k = first; ok && k < last; k++) {
            ok = ent_poolstate_observe(s, &s->pools[i], &s->decisions[k]) || ent_no_memory(error);
        }
        ok = ok && ent_poolstate_close(s, &s->pools[i], until, end, error);
    }
    return ok;
}

static void drop_closed(ent_engine *s)
{
    for (size_t i = 0; i < s->program->n_objective; i++) {
        ent_objectivestate_drop_closed(&s->objectives[i]);
    }
}

bool ent_engine_move_clocks(ent_engine *s, ent_fault *error)
{
    const ent_image *p = s->program;
    bool ok = true;
    for (size_t i = 0; ok && i < p->n_span; i++) {
        ok = ent_spanstate_slice(s, &s->spans[i]) || ent_no_memory(error);
    }
    for (size_t i = 0; ok && i < p->n_duty; i++) {
        ok = s->duties[i].leader != (int64_t)i || ent_dutystate_slice(s, &s->duties[i], error);
    }
    return ok;
}

/* Takes every row below `rows_until` through all stages, and closes the windows that end by `until`.  The latter is
 * earlier where rows of the last instant are taken, at which more may come. */
static bool step(ent_engine *s, int64_t rows_until, int64_t until, ent_fault *error)
{
    const ent_image *p = s->program;
    bool ok = true;
    s->slice++;
    for (size_t i = 0; ok && i < p->n_feed; i++) {
        ok = p->feed[i].kind != 0 || ent_feedstate_slice(s, &s->feeds[i], rows_until, error);
    }
    ok = ok && (s->parts ? ent_parts_slice(s, error) : ent_engine_move_clocks(s, error));
    for (size_t i = 0; ok && i < p->n_objective; i++) {
        ok = ent_objectivestate_slice(s, &s->objectives[i], rows_until, error);
    }
    ok = ok && (ent_claims_slice(s) || ent_no_memory(error));
    for (size_t i = 0; ok && i < p->n_feed; i++) {
        ok = ent_feedstate_drop_slice(s, &s->feeds[i]);
    }
    size_t first = s->n_decisions;
    for (size_t i = 0; ok && i < p->n_objective; i++) {
        ok = ent_objectivestate_close(s, &s->objectives[i], until, false, error);
    }
    drop_closed(s);
    return ok && close_pools(s, first, until, false, error);
}

static int64_t next_stop(const ent_engine *s)
{
    int64_t stop = INT64_MAX;
    for (size_t i = 0; i < s->program->n_objective; i++) {
        int64_t next = ent_objectivestate_next_stop(&s->objectives[i], s->watermark);
        stop = next < stop ? next : stop;
    }
    return stop;
}

/* Outcomes that no window can want any more are forgotten. */
static void forget(ent_engine *s)
{
    int64_t oldest = s->watermark;
    for (size_t i = 0; i < s->program->n_objective; i++) {
        const ent_objectivestate *o = &s->objectives[i];
        for (size_t k = 0; o->over_outcomes && k < o->n_active; k++) {
            oldest = o->active[k]->from < oldest ? o->active[k]->from : oldest;
        }
        if (o->over_outcomes && o->row->window == ENT_UNIT_ROLLING && !o->exhausted) {
            int64_t next = o->next_end - o->row->roll_ns;
            oldest = next < oldest ? next : oldest;
        }
    }
    for (size_t i = 0; i < s->program->n_duty; i++) {
        ent_dutystate_forget(&s->duties[i], oldest);
    }
}

/* After a step. */
static bool go_on(ent_engine *s, ent_fault *error)
{
    forget(s);
    bool before_claims = s->watermark < INT64_MIN + s->claim_hold_ns;
    bool ok = before_claims ? ent_engine_keep_told(s, error)
                            : ent_engine_give_enough(s, s->watermark - s->claim_hold_ns, error);
    return ok || has_failed(s);
}

bool ent_engine_pass(ent_engine *s, int64_t last, ent_fault *error)
{
    if (!usable(s, error)) {
        return false;
    }
    int64_t rows_until = ent_add_sat(last, 1);
    rows_until = rows_until < s->to ? rows_until : s->to;
    last = last < s->to ? last : s->to;
    if (!s->started) {
        start(s, rows_until);
    }
    if (s->started && !step(s, rows_until, last, error)) {
        return has_failed(s);
    }
    s->watermark = last > s->watermark ? last : s->watermark;
    return !s->started || go_on(s, error);
}

bool ent_engine_advance(ent_engine *s, int64_t watermark, ent_fault *error)
{
    if (!usable(s, error)) {
        return false;
    }
    watermark = watermark < s->to ? watermark : s->to;
    if (!s->started) {
        start(s, watermark);
        if (!s->started) {
            s->watermark = watermark > s->watermark ? watermark : s->watermark;
            return true;
        }
    }
    while (s->watermark < watermark) {
        int64_t stop = next_stop(s);
        stop = stop < watermark ? stop : watermark;
        if (!step(s, stop, stop, error)) {
            return has_failed(s);
        }
        s->watermark = stop;
    }
    return go_on(s, error);
}

bool ent_engine_settle(ent_engine *s, ent_fault *error)
{
    return usable(s, error) && (ent_engine_give_out(s, s->watermark, error) || has_failed(s));
}

bool ent_engine_finish(ent_engine *s, ent_fault *error)
{
    if (!usable(s, error)) {
        return false;
    }
    if (!s->to_set) {
        int64_t last = INT64_MIN;
        for (size_t i = 0; i < s->program->n_feed; i++) {
            const ent_feed_totals *t = &s->feeds[i].totals;
            last = t->last_ns > last ? t->last_ns : last;
        }
        s->to = last == INT64_MIN ? s->from : ent_add_sat(last, 1);
        s->to_set = last != INT64_MIN || s->from_set;
    }
    if (!ent_engine_advance(s, s->to, error)) {
        return false;
    }
    s->ended = true;
    if (!s->started) {
        return true;
    }
    for (size_t i = 0; i < s->program->n_objective; i++) {
        if (!ent_objectivestate_close(s, &s->objectives[i], s->to, true, error)) {
            return has_failed(s);
        }
    }
    drop_closed(s);
    if (!close_pools(s, s->n_decisions, s->to, true, error)) {
        return has_failed(s);
    }
    return ent_engine_finish_clocks(s, error) || has_failed(s);
}

/* --- questions --- */

size_t ent_engine_pending(const ent_engine *s)
{
    size_t n = 0;
    for (size_t i = 0; i < s->program->n_feed; i++) {
        n += s->feeds[i].n_pending;
    }
    return n;
}

ent_strings *ent_engine_strings(ent_engine *s)
{
    return s->strings;
}

const ent_image *ent_engine_program(const ent_engine *s)
{
    return s->program;
}

const ent_feed_totals *ent_engine_feed_totals(const ent_engine *s, int64_t feed)
{
    return &s->feeds[feed].totals;
}

bool ent_engine_period(const ent_engine *s, int64_t *from_ns, int64_t *to_ns)
{
    *from_ns = s->from;
    *to_ns = s->to;
    return s->started && s->to_set;
}

const ent_zone *ent_engine_agreement_zone(const ent_engine *s, int64_t agreement)
{
    return s->zones[s->program->agreement[agreement].zone];
}

uint64_t ent_engine_without_allowance(const ent_engine *s)
{
    uint64_t n = 0;
    for (size_t i = 0; i < s->program->n_duty; i++) {
        n += s->duties[i].without_allowance;
    }
    return n;
}

const ent_zone *ent_engine_framework_zone(const ent_engine *s)
{
    return s->program->n_framework ? s->zones[s->program->framework[0].zone] : NULL;
}

const ent_warning *ent_engine_notices(const ent_engine *s, size_t *n)
{
    *n = s->n_notices;
    return s->notices;
}

void ent_engine_forget_notices(ent_engine *s)
{
    s->n_notices = 0;
}
