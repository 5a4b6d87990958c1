/* See parts.h. */
#include "runtime/state/parts.h"

#include <stdlib.h>
#include <string.h>

enum { PARTS_MAX = 64 };

/* --- what rows mean --- */

bool ent_meaning_init(ent_meaning *m, const ent_image *p, size_t n_parts)
{
    m->n_lists = p->n_span + p->n_duty;
    m->n_parts = n_parts;
    m->lists = calloc(m->n_lists + 1, sizeof *m->lists);
    m->ends = calloc(m->n_lists * n_parts + 1, sizeof *m->ends);
    m->told = calloc(n_parts, sizeof *m->told);
    return m->lists && m->ends && m->told;
}

void ent_meaning_deinit(ent_meaning *m)
{
    for (size_t i = 0; m->lists && i < m->n_lists; i++) {
        free(m->lists[i].v);
    }
    for (size_t i = 0; m->told && i < m->n_parts; i++) {
        for (size_t k = 0; k < m->told[i].n; k++) {
            ent_answer_free(m->told[i].v[k].answer);
        }
        free(m->told[i].v);
        free(m->told[i].final_ns);
    }
    free(m->lists);
    free(m->ends);
    free(m->told);
    *m = (ent_meaning){0};
}

static bool deal(ent_meaning *m, size_t list, ent_events *scratch)
{
    ent_events *events = &m->lists[list];
    size_t *ends = m->ends + list * m->n_parts;
    size_t begin = 0;
    if (!ent_reserve((void **)&scratch->v, &scratch->capacity, events->n, sizeof *scratch->v)) {
        return false;
    }
    memset(ends, 0, m->n_parts * sizeof *ends);
    for (size_t i = 0; i < events->n; i++) {
        ends[ent_part_of(events->v[i].key, m->n_parts)]++;
    }
    for (size_t i = 0; i < m->n_parts; i++) {
        size_t n = ends[i];
        ends[i] = begin;
        begin += n;
    }
    for (size_t i = 0; i < events->n; i++) {
        scratch->v[ends[ent_part_of(events->v[i].key, m->n_parts)]++] = events->v[i];
    }
    ent_event *v = events->v;
    size_t capacity = events->capacity;
    events->v = scratch->v;
    events->capacity = scratch->capacity;
    scratch->v = v;
    scratch->capacity = capacity;
    return true;
}

/* The only watch of a list whose events are nobody else's, or NULL. */
static const ent_watch *only_watch(const ent_engine *s, size_t list)
{
    size_t n_spans = s->program->n_span;
    const ent_dutystate *d = list < n_spans ? NULL : &s->duties[list - n_spans];
    const ent_watches *w = d ? &d->watches : &s->spans[list].watches;
    return w->n == 1 && (!d || d->n_members == 1) ? &w->v[0] : NULL;
}

static bool find_list(ent_engine *s, ent_meaning *m, size_t list)
{
    size_t n_spans = s->program->n_span;
    const ent_dutystate *d = list < n_spans ? NULL : &s->duties[list - n_spans];
    const ent_watch *only = m->n_parts > 1 ? only_watch(s, list) : NULL;
    bool ok = true;
    ent_events_exchange(&s->events, &m->lists[list]); /* each list has memory of its own, as large as it needs */
    if (only) {
        ok = ent_watch_deal(s, only, m->n_parts, m->ends + list * m->n_parts);
    } else {
        ok = d ? ent_dutystate_find(s, d) : ent_spanstate_find(s, &s->spans[list]);
    }
    ent_events_exchange(&s->events, &m->lists[list]);
    return ok && (only || m->n_parts == 1 || deal(m, list, &s->events));
}

bool ent_meaning_find(ent_engine *s, ent_meaning *m)
{
    bool ok = true;
    size_t n_spans = s->program->n_span;
    for (size_t i = 0; ok && i < m->n_lists; i++) {
        if (i < n_spans || s->duties[i - n_spans].leader == (int64_t)(i - n_spans)) {
            ok = find_list(s, m, i);
        }
    }
    return ok;
}

/* --- division --- */

/* Whether rows of the feed mean something to it by the feed's own key. */
static bool is_by_key(const ent_image *p, const ent_watches *w, int64_t feed)
{
    const ent_feed_row *row = &p->feed[feed];
    bool own = true;
    for (size_t i = 0; own && i < w->n; i++) {
        const ent_watch *watch = &w->v[i];
        own = watch->feed != feed ||
              (watch->n_keys == 1 && p->keyfield[watch->first_key].field == p->keyfield[row->first_key].field);
    }
    return own;
}

bool ent_engine_divides(const ent_engine *s, int64_t feed)
{
    const ent_image *p = s->program;
    bool fit = ent_ahead_fits(s, feed) && p->feed[feed].n_keys == 1 && !s->options.notices;
    for (size_t i = 0; fit && i < p->n_span; i++) {
        fit = is_by_key(p, &s->spans[i].watches, feed);
    }
    for (size_t i = 0; fit && i < p->n_duty; i++) {
        fit = is_by_key(p, &s->duties[i].watches, feed) && s->duties[i].n_keys == 0 && p->duty[i].outcome_feed < 0;
    }
    for (size_t i = 0; fit && i < p->n_fold; i++) {
        fit = p->fold[i].span < 0;
    }
    for (size_t i = 0; fit && i < p->n_spanuse; i++) {
        fit = p->spanuse[i].calendar >= 0 || s->spans[p->spanuse[i].span].clocks >= 0;
    }
    return fit;
}

static void free_part(ent_engine *part)
{
    const ent_image *p = part->program;
    for (size_t i = 0; part->duties && i < p->n_duty; i++) {
        ent_dutystate_deinit(&part->duties[i]);
    }
    for (size_t i = 0; part->spans && i < p->n_span; i++) {
        ent_spanstate_deinit(&part->spans[i]);
    }
    for (size_t i = 0; i < part->n_decisions; i++) {
        ent_answer_free(part->decisions[i].answer);
    }
    ent_answer_free_spare(&part->spare_answers);
    ent_answer_free_spare(&part->returned_answers);
    free(part->decisions);
    free(part->duties);
    free(part->spans);
    free(part->feeds);
    ent_intervals_deinit(&part->pauses);
    ent_blaming_free(part->blaming);
    ent_blame_free(&part->spare_blame);
}

/* Each part has one of so many keys. */
static void thin_out(ent_engine *part, uint32_t n_parts)
{
    for (size_t i = 0; i < part->program->n_span; i++) {
        part->spans[i].keys.n_parts = n_parts;
    }
    for (size_t i = 0; i < part->program->n_duty; i++) {
        ent_dutystate *d = &part->duties[i];
        ent_map *const maps[] = {&d->running, &d->discharged, &d->counted, &d->covered, &d->held};
        for (size_t k = 0; k < sizeof maps / sizeof *maps; k++) {
            maps[k]->n_parts = n_parts;
        }
    }
}

static bool init_part(const ent_engine *s, ent_engine *part, size_t number, size_t n_parts)
{
    const ent_image *p = s->program;
    ent_fault error = {0};
    part->program = p;
    part->options = s->options;
    part->strings = s->strings;
    part->lanes_max = s->lanes_max;
    part->zones = s->zones;
    part->calendars = s->calendars;
    part->is_part = true;
    part->number = number;
    /* what is decided before the period is not told; where it begins with the first row, nothing is */
    part->from = s->from_set ? s->from : INT64_MIN;
    part->to = s->to;
    part->feeds = calloc(p->n_feed + 1, sizeof *part->feeds);
    part->spans = calloc(p->n_span + 1, sizeof *part->spans);
    part->duties = calloc(p->n_duty + 1, sizeof *part->duties);
    bool ok = part->feeds && part->spans && part->duties;
    for (size_t i = 0; ok && i < p->n_feed; i++) {
        part->feeds[i] = (ent_feedstate){.row = &p->feed[i], .index = (int64_t)i};
    }
    for (size_t i = 0; ok && i < p->n_span; i++) {
        ok = ent_spanstate_init(part, &part->spans[i], (int64_t)i, &error);
    }
    for (size_t i = 0; ok && i < p->n_duty; i++) {
        ok = ent_dutystate_init(part, &part->duties[i], (int64_t)i, &error);
    }
    if (!ok || !ent_duties_link(part)) {
        return false;
    }
    thin_out(part, (uint32_t)n_parts);
    return true;
}

bool ent_engine_divide(ent_engine *s, size_t at_least)
{
    size_t n = 2;
    while (n < at_least && n < PARTS_MAX) {
        n *= 2;
    }
    ent_parts *parts = calloc(1, sizeof *parts);
    bool ok = parts && (parts->v = calloc(n, sizeof *parts->v)) && ent_meaning_init(&parts->rest, s->program, n);
    for (size_t i = 0; ok && i < n; i++) {
        parts->n++;
        ok = init_part(s, &parts->v[i], i, n);
    }
    s->parts = parts;
    if (!ok) {
        ent_parts_free(s);
    }
    return ok;
}

void ent_parts_free(ent_engine *s)
{
    if (!s->parts) {
        return;
    }
    for (size_t i = 0; i < s->parts->n; i++) {
        free_part(&s->parts->v[i]);
    }
    ent_meaning_deinit(&s->parts->rest);
    free(s->parts->v);
    free(s->parts);
    s->parts = NULL;
}

size_t ent_engine_n_parts(const ent_engine *s)
{
    return s->parts ? s->parts->n : 0;
}

/* --- slices --- */

/* Beside the decisions, which are large. */
static bool list_instants(ent_verdicts *told)
{
    if (!ent_reserve((void **)&told->final_ns, &told->instants_capacity, told->n, sizeof *told->final_ns)) {
        return false;
    }
    for (size_t i = 0; i < told->n; i++) {
        told->final_ns[i] = told->v[i].final_ns;
    }
    return true;
}

/* The part's share of what rows of the feeds mean; its columns are only read. */
static bool take_share(ent_engine *part, ent_meaning *m, ent_fault *error)
{
    ent_verdicts *told = &m->told[part->number];
    if (!part->spare_answers) {
        part->spare_answers = __atomic_exchange_n(&part->returned_answers, NULL, __ATOMIC_ACQUIRE);
    }
    part->meaning = m;
    bool ok = ent_engine_move_clocks(part, error);
    part->meaning = NULL;
    part->events = (ent_events){0}; /* which were the slice's */
    ent_verdicts before = *told;
    told->v = part->decisions;
    told->n = part->n_decisions;
    told->capacity = part->decisions_capacity;
    part->decisions = before.v;
    part->decisions_capacity = before.capacity;
    part->n_decisions = 0;
    return ok && (list_instants(told) || ent_no_memory(error));
}

bool ent_engine_take_part(ent_engine *s, size_t i, ent_ready *r, ent_fault *error)
{
    ent_engine *part = &s->parts->v[i];
    *error = (ent_fault){.place = -1};
    part->feeds[r->index] = r->feed;
    return take_share(part, &r->meaning, error);
}

bool ent_parts_slice(ent_engine *s, ent_fault *error)
{
    ent_parts *parts = s->parts;
    if (s->ready) {
        return true; /* they have had it */
    }
    bool ok = ent_meaning_find(s, &parts->rest) || ent_no_memory(error);
    for (size_t i = 0; ok && i < parts->n; i++) {
        memcpy(parts->v[i].feeds, s->feeds, s->program->n_feed * sizeof *s->feeds);
        ok = take_share(&parts->v[i], &parts->rest, error);
    }
    return ok && (ent_parts_keep(s, &parts->rest, INT64_MIN) || ent_no_memory(error));
}

/* --- what they decided --- */

size_t ent_parts_told(const ent_meaning *m)
{
    size_t n = 0;
    for (size_t i = 0; i < m->n_parts; i++) {
        n += m->told[i].n;
    }
    return n;
}

/* Where the part's next decision is that is final before then. */
static size_t next_final(const ent_verdicts *told, size_t at, int64_t before)
{
    while (at < told->n && told->final_ns[at] >= before) {
        at++;
    }
    return at;
}

size_t ent_parts_list(ent_meaning *m, int64_t before, ent_verdict **list, size_t n)
{
    size_t at[PARTS_MAX];
    int64_t next[PARTS_MAX]; /* when the part's next one became final; INT64_MAX: it has none */
    for (size_t i = 0; i < m->n_parts; i++) {
        at[i] = next_final(&m->told[i], 0, before);
        next[i] = at[i] < m->told[i].n ? m->told[i].final_ns[at[i]] : INT64_MAX;
    }
    for (;;) {
        size_t first = 0;
        int64_t least = next[0];
        for (size_t i = 1; i < m->n_parts; i++) {
            first = next[i] < least ? i : first;
            least = next[i] < least ? next[i] : least;
        }
        ent_verdicts *told = &m->told[first];
        if (least == INT64_MAX) {
            return n; /* nothing is final before then that becomes so at the end of time */
        }
        list[n++] = &told->v[at[first]];
        at[first] = next_final(told, at[first] + 1, before);
        next[first] = at[first] < told->n ? told->final_ns[at[first]] : INT64_MAX;
    }
}

/* Gives the memory of answers back to the part, which may be at work. */
static void return_answers(ent_engine *part, ent_answer *list)
{
    ent_answer *last = list;
    while (last && last->next) {
        last = last->next;
    }
    if (last) {
        last->next = __atomic_load_n(&part->returned_answers, __ATOMIC_RELAXED);
        while (!__atomic_compare_exchange_n(&part->returned_answers, &last->next, list, false, __ATOMIC_RELEASE,
                                            __ATOMIC_RELAXED)) {
        }
    }
}

bool ent_parts_keep(ent_engine *s, ent_meaning *m, int64_t before)
{
    bool ok = true;
    for (size_t i = 0; i < m->n_parts; i++) {
        ent_verdicts *told = &m->told[i];
        ent_answer *answers = NULL;
        for (size_t k = 0; k < told->n; k++) {
            ent_verdict *d = &told->v[k];
            bool kept = ok && d->final_ns >= before;
            if (kept && !ent_verdicts_add(s, d, 1)) {
                kept = ok = false;
            }
            if (!kept) {
                ent_answer_spare(&answers, d->answer);
            }
        }
        told->n = 0;
        return_answers(&s->parts->v[i], answers);
    }
    return ok;
}

/* --- the end --- */

void ent_parts_end(ent_engine *s)
{
    for (size_t i = 0; s->parts && i < s->parts->n; i++) {
        s->parts->v[i].from = s->from;
        s->parts->v[i].to = s->to;
    }
}

bool ent_parts_collect(ent_engine *s, ent_engine *part)
{
    if (part == s) {
        return true;
    }
    bool ok = ent_verdicts_add(s, part->decisions, part->n_decisions);
    part->n_decisions = ok ? 0 : part->n_decisions;
    return ok;
}

static void add_whose(ent_dutystate *into, ent_dutystate *from, size_t n)
{
    for (size_t i = 0; into->whose && i < n; i++) {
        ent_whose_time *to = &into->whose->times[i];
        ent_whose_time *t = &from->whose->times[i];
        to->clocks += t->clocks;
        to->breaches += t->breaches;
        to->longest += t->longest;
        to->net_ns += t->net_ns;
        *t = (ent_whose_time){0};
    }
}

void ent_parts_add_up(ent_engine *s)
{
    for (size_t i = 0; s->parts && i < s->parts->n; i++) {
        for (size_t k = 0; k < s->program->n_duty; k++) {
            ent_dutystate *d = &s->duties[k];
            ent_dutystate *of_part = &s->parts->v[i].duties[k];
            d->without_allowance += of_part->without_allowance;
            of_part->without_allowance = 0;
            add_whose(d, of_part, (size_t)d->row->n_allows * s->program->n_party);
        }
    }
}
