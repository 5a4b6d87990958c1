/* What a found watermelon is told with: the clauses, the figures, and its facts as a scenario. */
#include <string.h>

#include "compiler/prove/melon.h"
#include "runtime/time/civil.h"

enum { INLINE_MAX = 24 };

/* --- rows --- */

static const ent_field_decl *service_key(const ent_feed_decl *feed)
{
    for (size_t i = 0; i < feed->n_keys; i++) {
        if (feed->keys[i]->type.kind == ENT_TYPE_SERVICE) {
            return feed->keys[i];
        }
    }
    return NULL;
}

const ent_box *ent_melon_row(const ent_melon *m, const ent_service_decl *s, bool good)
{
    const ent_fold_decl *f = m->whole.o->folds[0];
    const ent_field_decl *key = service_key(f->feed);
    if (key == NULL || f->n_select > 0) {
        return NULL;
    }
    ent_boxes boxes = ent_boxes_member(&m->x, ent_boxes_all(&m->x), key, s->index);
    if (f->member >= 0) {
        boxes = ent_boxes_member(&m->x, boxes, f->feed->event, f->member);
    }
    boxes = ent_boxes_where(&m->x, boxes, f->test, good);
    for (size_t i = 0; i < boxes.n; i++) {
        if (!boxes.v[i].vague && !ent_is_skipped(&boxes.v[i], f)) {
            return &boxes.v[i];
        }
    }
    return NULL;
}

/* A row of one of the pattern's alternatives, for the service if the span has it as its key. */
static const ent_box *pattern_row(const ent_melon *m, const ent_pattern_decl *pattern,
                                  const ent_feed_decl *feed, const ent_service_decl *s)
{
    for (size_t i = 0; i < pattern->n_alts; i++) {
        const ent_alt_decl *a = &pattern->alts[i];
        if (a->feed != feed) {
            continue;
        }
        ent_boxes boxes = ent_common_rows(&m->x, a, a);
        if (s != NULL) {
            boxes = ent_boxes_member(&m->x, boxes, a->keys[0], s->index);
        }
        const ent_box *box = ent_boxes_exact(boxes);
        if (box != NULL) {
            return box;
        }
    }
    return NULL;
}

static bool fits(const ent_melon *m, const ent_box *box, const ent_feed_decl *feed,
                 const ent_pattern_decl *pattern)
{
    ent_box copy = *box;
    bool found = false;
    for (size_t i = 0; i < pattern->n_alts && !found; i++) {
        found = pattern->alts[i].feed == feed &&
                ent_boxes_meet((ent_boxes){.v = &copy, .n = 1},
                               ent_common_rows(&m->x, &pattern->alts[i], &pattern->alts[i]));
    }
    return found;
}

/* Whether one of the two rows might begin or end another span that the objective leaves out. */
static bool disturbs(const ent_melon *m, const ent_judge *j, const ent_span_decl *span,
                     const ent_feed_decl *feed)
{
    bool found = false;
    for (size_t i = 0; i < j->o->n_excluding && !found; i++) {
        const ent_span_decl *other = j->o->excluding[i].of;
        found = other != NULL && other != span &&
                (fits(m, m->begin, feed, other->from) || fits(m, m->begin, feed, other->to) ||
                 fits(m, m->end, feed, other->from) || fits(m, m->end, feed, other->to));
    }
    return found;
}

bool ent_melon_span_rows(ent_melon *m, const ent_spanuse_decl *use, const ent_service_decl *s)
{
    const ent_span_decl *span = use->of;
    const ent_feed_decl *feed = span->from->alts[0].feed;
    const ent_service_decl *key = span->n_keys > 0 ? s : NULL;
    bool by_service = span->n_keys == 0 ||
                      (span->n_keys == 1 && span->key_types[0].kind == ENT_TYPE_SERVICE &&
                       use->n_keys == 1 && use->keys[0] == service_key(use->feed));
    if (!by_service || feed->kind != ENT_FEED_SOURCE || !ent_takes_rows(feed)) {
        return false;
    }
    m->begin = pattern_row(m, span->from, feed, key);
    m->end = pattern_row(m, span->to, feed, key);
    if (m->begin == NULL || m->end == NULL || fits(m, m->begin, feed, span->to) ||
        fits(m, m->end, feed, span->from) || disturbs(m, &m->whole, span, feed)) {
        return false;
    }
    bool fine = true;
    for (size_t i = 0; i < m->n_judges && fine; i++) {
        fine = !disturbs(m, &m->judges[i], span, feed);
    }
    return fine;
}

/* --- the scenario --- */

static const ent_feed_decl *sampled(const ent_melon *m)
{
    return m->whole.o->folds[0]->feed;
}

static size_t put_row(const ent_melon *m, ent_text *out, const ent_melon_part *part, size_t i)
{
    char time[ENT_CIVIL_TEXT_MAX];
    if (part->seen[i] == ENT_SEEN_NOT) {
        return 0;
    }
    (void)ent_civil_format(time, sizeof time, m->trial.start + (int64_t)i * m->trial.interval, NULL);
    const char *row = ent_row(&m->x, part->rows[part->seen[i]], sampled(m), time, "");
    ent_text_printf(out, "%s\n", row == NULL ? "" : row);
    return 1;
}

static size_t put_rows(const ent_melon *m, ent_text *out)
{
    size_t lines = 0;
    ent_text_printf(out, "%s\n", ent_row_names(&m->x, sampled(m)));
    for (size_t k = 0; k < m->trial.n; k++) {
        for (size_t i = 0; i < m->n && !m->own; i++) {
            lines += put_row(m, out, &m->parts[i], k);
        }
        lines += put_row(m, out, &m->service, k);
    }
    return lines;
}

static const char *of_subject(const ent_melon *m, const ent_judge *j)
{
    const char *text = j->o->subject == ENT_SUBJECT_NONE
                           ? ""
                           : ent_arena_printf(m->x.arena, " for %s", j->service->name);
    return text == NULL ? "" : text;
}

static void put_inline(ent_text *out, const char *facts)
{
    ent_text_puts(out, "\"\"\"\n");
    while (*facts != '\0') {
        size_t len = strcspn(facts, "\n");
        ent_text_puts(out, "    ");
        ent_text_add(out, facts, len);
        ent_text_putc(out, '\n');
        facts += len + (facts[len] == '\n');
    }
    ent_text_puts(out, "  \"\"\"\n");
}

static void put_span(const ent_melon *m, ent_text *out)
{
    const ent_feed_decl *feed = m->use->of->from->alts[0].feed;
    char from[ENT_CIVIL_TEXT_MAX], to[ENT_CIVIL_TEXT_MAX];
    (void)ent_civil_format(from, sizeof from, m->trial.held.from, NULL);
    (void)ent_civil_format(to, sizeof to, m->trial.held.to, NULL);
    const char *rows = ent_arena_printf(m->x.arena, "%s\n%s\n%s\n", ent_row_names(&m->x, feed),
                                        ent_row(&m->x, m->begin, feed, from, "S1"),
                                        ent_row(&m->x, m->end, feed, to, "S1"));
    ent_text_printf(out, "  given %s ", feed->name);
    put_inline(out, rows == NULL ? "" : rows);
}

static void put_using(const ent_melon *m, ent_text *out)
{
    ent_text_printf(out, "  using %s", m->whole.o->agreement->name);
    for (size_t i = 0; i < m->n_judges; i++) {
        const char *name = m->judges[i].o->agreement->name;
        bool known = false;
        for (size_t k = 0; k < i && !known; k++) {
            known = strcmp(m->judges[k].o->agreement->name, name) == 0;
        }
        if (!known) {
            ent_text_printf(out, ", %s", name);
        }
    }
    ent_text_putc(out, '\n');
}

static void put_scenario(const ent_melon *m, ent_text *out, const char *facts, const char *file)
{
    const ent_objective_decl *o = m->whole.o;
    ent_text_printf(out, "scenario \"%s.%s is missed though nobody misses a target\"\n",
                    o->agreement->name, o->name);
    put_using(m, out);
    ent_text_printf(out, "  given %s ", sampled(m)->name);
    if (file != NULL) {
        ent_text_printf(out, "\"%s\"\n", file);
    } else {
        put_inline(out, facts);
    }
    if (m->reason == ENT_MELON_SPAN) {
        put_span(m, out);
    }
    for (size_t i = 0; i < m->n_judges; i++) {
        const ent_judge *j = &m->judges[i];
        ent_text_printf(out, "  expect met of %s.%s%s\n", j->o->agreement->name, j->o->name,
                        of_subject(m, j));
        if (j->n_views > 1) {
            ent_text_printf(out, "  expect no breach of %s.%s%s\n", j->o->agreement->name,
                            j->o->name, of_subject(m, j));
        }
    }
    ent_text_printf(out, "  expect no breach of %s.%s%s\n", o->agreement->name, o->name,
                    of_subject(m, &m->whole));
}

static void show_scenario(ent_melon *m, ent_diag *d)
{
    ent_text rows = {0}, text = {0};
    size_t lines = put_rows(m, &rows);
    const char *file = lines <= INLINE_MAX
                           ? NULL
                           : ent_arena_printf(m->x.arena, "%s-%s.csv", m->whole.o->agreement->name,
                                              m->whole.o->name);
    /* rows of a file go through the feed's bind, which speaks of the source's columns */
    if (ent_takes_rows(sampled(m)) && (file == NULL || sampled(m)->bind == NULL)) {
        put_scenario(m, &text, ent_text_str(&rows), file);
        ent_diag_example(d, ent_text_str(&text));
        if (file != NULL) {
            ent_diag_example_file(d, file, ent_text_str(&rows));
            ent_diag_help(d,
                          "`entente check --counterexamples DIR` writes this scenario and its %zu "
                          "rows",
                          lines);
        }
    }
    m->p->out_of_memory = m->p->out_of_memory || rows.failed || text.failed;
    ent_text_deinit(&rows);
    ent_text_deinit(&text);
}

/* --- the diagnostic --- */

static bool leaves_out(const ent_objective_decl *o, const ent_spanuse_decl *use)
{
    for (size_t i = 0; i < o->n_excluding; i++) {
        if (o->excluding[i].of == use->of && o->excluding[i].calendar == use->calendar) {
            return true;
        }
    }
    return false;
}

static void label_exclusions(ent_diag *d, const ent_objective_decl *o,
                             const ent_objective_decl *other, const char *where)
{
    for (size_t i = 0; i < o->n_excluding; i++) {
        const ent_spanuse_decl *use = &o->excluding[i];
        const char *name = use->calendar != NULL ? use->calendar->name : use->of->name;
        if (!leaves_out(other, use)) {
            ent_diag_label(d, use->span, "`%s` is left out here, and counts %s", name, where);
        }
    }
}

static const char *silence_text(int missing)
{
    return missing == ENT_MISSING_UP ? ", silence counting as up"
           : missing == ENT_MISSING_IGNORED ? ", silence ignored"
                                            : "";
}

static void label_judge(const ent_melon *m, ent_diag *d, const ent_judge *j)
{
    const uint8_t *seen = m->service.seen;
    for (size_t i = 0; i < m->n; i++) {
        seen = m->parts[i].service == j->service ? m->parts[i].seen : seen;
    }
    ent_ruling r = ent_judge_rule(j, &m->trial, seen);
    const char *silence = m->reason == ENT_MELON_SILENCE ? silence_text(j->o->missing) : "";
    ent_span span = j->o->node->kids[1]->span;
    if (r.windows > 1) {
        ent_diag_label(d, span, "met for `%s` in each of %zu windows%s", j->service->name,
                       r.windows, silence);
    } else {
        ent_diag_label(d, span, "met for `%s` with %lld of %lld bad%s", j->service->name,
                       (long long)r.bad, (long long)r.total, silence);
    }
    label_exclusions(d, j->o, m->whole.o, "end to end");
    label_exclusions(d, m->whole.o, j->o, "below");
}

void ent_melon_report(ent_melon *m)
{
    const ent_objective_decl *o = m->whole.o;
    const ent_ruling *r = &m->ruling;
    ent_diag *d =
        ent_prove_report(m->p, ENT_DIAG_W0415, o->node->kids[1]->span,
                         "`%s.%s` can be missed for `%s` while every component meets its target",
                         o->agreement->name, o->name, m->service.service->name);
    if (d == NULL) {
        return;
    }
    ent_diag_primary_label(d, "green outside, red inside");
    for (size_t i = 0; i < m->n_judges; i++) {
        label_judge(m, d, &m->judges[i]);
    }
    bool missing = m->reason == ENT_MELON_SILENCE && o->missing == ENT_MISSING_DOWN && m->own;
    ent_diag_note(d, "%lld %s of %lld samples of `%s` are %s, and %s is promised in %s",
                  (long long)r->bad, missing ? "missing" : "bad", (long long)r->total,
                  m->service.service->name, ent_prove_percent(m->p, r->figure),
                  ent_prove_percent(m->p, o->target.q), ent_prove_title(o->title, o->name));
    show_scenario(m, d);
}
