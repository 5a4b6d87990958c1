/* See counterexample.h. */
#include "compiler/prove/counterexample.h"

#include <string.h>

#include "runtime/time/arith.h"
#include "runtime/time/civil.h"

enum { LATER_DAYS = 400 };

ent_boxes ent_common_rows(const ent_boxer *x, const ent_alt_decl *a, const ent_alt_decl *b)
{
    ent_boxes boxes = ent_boxes_all(x);
    const ent_alt_decl *both[] = {a, b};
    if (a->feed != b->feed || (a->member >= 0 && b->member >= 0 && a->member != b->member)) {
        return (ent_boxes){0};
    }
    for (size_t i = 0; i < 2; i++) {
        if (both[i]->member >= 0) {
            boxes = ent_boxes_member(x, boxes, both[i]->feed->event, both[i]->member);
        }
        for (size_t k = 0; k < both[i]->n_where; k++) {
            boxes = ent_boxes_where(x, boxes, both[i]->where[k], true);
        }
    }
    return boxes;
}

bool ent_discharged_together(const ent_boxer *x, const ent_duty_decl *a, const ent_duty_decl *b)
{
    for (size_t i = 0; i < a->discharge->n_alts; i++) {
        for (size_t k = 0; k < b->discharge->n_alts; k++) {
            if (ent_common_rows(x, &a->discharge->alts[i], &b->discharge->alts[k]).n > 0) {
                return true;
            }
        }
    }
    return false;
}

bool ent_in_force_together(const ent_agreement_decl *a, const ent_agreement_decl *b)
{
    bool versions = a != b && strcmp(a->name, b->name) == 0;
    return !versions && a->from_day <= b->to_day && b->from_day <= a->to_day;
}

int64_t ent_first_common_day(const ent_agreement_decl *a, const ent_agreement_decl *b)
{
    int64_t day = a->from_day > b->from_day ? a->from_day : b->from_day;
    return day == INT64_MIN ? ent_civil_days(2026, 1, 5) : day;
}

bool ent_is_skipped(const ent_box *box, const ent_fold_decl *f)
{
    for (size_t i = 0; i < box->n; i++) {
        for (size_t k = 0; k < f->n_absents; k++) {
            if (box->sets[i].of == f->absents[k] && !box->sets[i].present) {
                return true;
            }
        }
    }
    return false;
}

bool ent_takes_rows(const ent_feed_decl *feed)
{
    size_t n = feed->bind == NULL ? 0 : feed->bind->n_columns;
    for (size_t i = 0; i < n; i++) {
        bool named = false;
        for (size_t k = 0; k < feed->n_fields && !named; k++) {
            named = strcmp(feed->fields[k]->name, feed->bind->columns[i]->name) == 0;
        }
        if (!named) {
            return true;
        }
    }
    return feed->bind == NULL;
}

/* A field that the conditions leave open: something sensible, or absent. */
static const char *cell(const ent_boxer *x, const ent_box *box, const ent_field_decl *f,
                        const char *at, const char *key)
{
    const char *c = ent_box_cell(x, box, f);
    if (c[0] != '\0') {
        return c;
    }
    if (f == f->feed->at) {
        return at;
    }
    if (f->marks & ENT_MARK_KEY) {
        return key;
    }
    for (size_t i = 0; i < box->n; i++) {
        if (box->sets[i].of == f) {
            return c; /* it is not open: absent is what fits */
        }
    }
    return f->type.kind == ENT_TYPE_ENUM ? x->m->enumerations[f->type.param]->members[0] : "";
}

const char *ent_row(const ent_boxer *x, const ent_box *box, const ent_feed_decl *feed,
                    const char *at, const char *key)
{
    const char *text = "";
    for (size_t i = 0; i < feed->n_fields && text != NULL; i++) {
        text = ent_arena_printf(x->arena, "%s%s%s", text, i == 0 ? "" : ",",
                                cell(x, box, feed->fields[i], at, key));
    }
    return text;
}

const char *ent_row_names(const ent_boxer *x, const ent_feed_decl *feed)
{
    const char *text = "";
    for (size_t i = 0; i < feed->n_fields && text != NULL; i++) {
        text = ent_arena_printf(x->arena, "%s%s%s", text, i == 0 ? "" : ",", feed->fields[i]->name);
    }
    return text;
}

bool ent_has_free_key(const ent_box *box, const ent_feed_decl *feed)
{
    bool is_free = feed->n_keys == 1 && feed->keys[0]->type.kind == ENT_TYPE_TEXT &&
                   ent_takes_rows(feed);
    for (size_t i = 0; i < box->n && is_free; i++) {
        is_free = box->sets[i].of != feed->keys[0] && box->sets[i].of != feed->at;
    }
    return is_free;
}

const char *ent_scenario_row(const ent_boxer *x, const ent_box *box, const ent_feed_decl *feed,
                             int64_t at, const char *key)
{
    char text[ENT_CIVIL_TEXT_MAX];
    (void)ent_civil_format(text, sizeof text, at, NULL);
    const char *row = ent_row(x, box, feed, text, key);
    return row == NULL ? NULL : ent_arena_printf(x->arena, "    %s\n", row);
}

int64_t ent_much_later(int64_t at)
{
    return at + LATER_DAYS * ENT_TIME_DAY_NS;
}

const char *ent_overdue_rows(const ent_boxer *x, const ent_box *box, const ent_feed_decl *feed,
                             int64_t start)
{
    if (!ent_has_free_key(box, feed)) {
        return NULL;
    }
    const char *first = ent_scenario_row(x, box, feed, start, "T1");
    const char *last = ent_scenario_row(x, box, feed, ent_much_later(start), "T2");
    return first == NULL || last == NULL
               ? NULL
               : ent_arena_printf(x->arena, "    %s\n%s%s", ent_row_names(x, feed), first, last);
}

bool ent_may_be(const ent_boxer *x, const ent_pattern_decl *pattern, const ent_feed_decl *feed,
                   const ent_alt_decl *but, ent_boxes rows)
{
    for (size_t i = 0; pattern != NULL && i < pattern->n_alts; i++) {
        const ent_alt_decl *alt = &pattern->alts[i];
        if (alt != but && alt->feed == feed && ent_boxes_meet(ent_common_rows(x, alt, alt), rows)) {
            return true;
        }
    }
    return false;
}

bool ent_is_plain(const ent_duty_decl *d)
{
    return d->trigger != NULL && d->discharge != NULL && d->counting == NULL && d->n_excused == 0 &&
           d->n_pauses == 0 && !d->following && !d->agreement->is_framework;
}

const ent_box *ent_beginning(const ent_boxer *x, const ent_duty_decl *d, const ent_node *where)
{
    for (size_t i = 0; i < d->trigger->n_alts; i++) {
        ent_boxes rows = ent_common_rows(x, &d->trigger->alts[i], &d->trigger->alts[i]);
        if (d->excused_when != NULL) {
            rows = ent_boxes_where(x, rows, d->excused_when, false);
        }
        if (where != NULL) {
            rows = ent_boxes_where(x, rows, where, true);
        }
        const ent_box *box = ent_boxes_exact(rows);
        if (box != NULL && ent_has_free_key(box, d->feed) &&
            !ent_may_be(x, d->discharge, d->feed, NULL, rows) &&
            !ent_may_be(x, d->void_when, d->feed, NULL, rows)) {
            return box;
        }
    }
    return NULL;
}

const ent_box *ent_discharging(const ent_boxer *x, const ent_duty_decl *d)
{
    for (size_t i = 0; i < d->discharge->n_alts; i++) {
        const ent_alt_decl *alt = &d->discharge->alts[i];
        ent_boxes rows = ent_common_rows(x, alt, alt);
        const ent_box *box = alt->feed == d->feed ? ent_boxes_exact(rows) : NULL;
        if (box != NULL && ent_has_free_key(box, d->feed) &&
            !ent_may_be(x, d->void_when, d->feed, NULL, rows)) {
            return box;
        }
    }
    return NULL;
}
