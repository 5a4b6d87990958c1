/* What a decision is about, as names and texts: the key fields of a duty's feed, or what an objective's
 * measure is `per`. */
#include <stdio.h>
#include <string.h>

#include "runtime/state/state.h"
#include "runtime/time/civil.h"

typedef struct key_list {
    const ent_feed_row *feed; /* NULL: the objective's own subject field */
    int64_t first, n;
} key_list;

static key_list keys_of(const ent_engine *s, const ent_verdict *d)
{
    const ent_image *p = s->program;
    if (d->kind == ENT_VERDICT_DUTY) {
        const ent_feed_row *feed = &p->feed[p->duty[d->clause].feed];
        return (key_list){feed, feed->first_key, feed->n_keys};
    }
    if (d->kind == ENT_VERDICT_POOL) {
        return (key_list){NULL, 0, 0};
    }
    const ent_objective_row *row = &p->objective[d->clause];
    const ent_fold_row *fold = &p->fold[row->first_fold];
    if (row->n_folds > 0 && fold->feed >= 0 && fold->n_groups > 0) {
        return (key_list){&p->feed[fold->feed], fold->first_group, fold->n_groups};
    }
    return (key_list){NULL, 0, 1};
}

size_t ent_engine_subject_fields(const ent_engine *s, const ent_verdict *d)
{
    return d->has_subject ? (size_t)keys_of(s, d).n : 0;
}

const char *ent_engine_subject_name(const ent_engine *s, const ent_verdict *d, size_t index)
{
    const ent_image *p = s->program;
    key_list keys = keys_of(s, d);
    if (!keys.feed) {
        return ent_image_text(p, p->objective[d->clause].subject_field);
    }
    int64_t field = p->keyfield[keys.first + (int64_t)index].field;
    return ent_image_text(p, p->field[keys.feed->first_field + field].name);
}

static const char *value_text(const ent_engine *s, int64_t type, int64_t param, int64_t value,
                              char *buf, size_t size)
{
    const ent_image *p = s->program;
    switch (type) {
    case ENT_TYPE_TEXT:
        return ent_strings_get(s->strings, value, NULL);
    case ENT_TYPE_PARTY:
        return ent_image_text(p, p->party[value].name);
    case ENT_TYPE_SERVICE:
        return ent_image_text(p, p->service[value].name);
    case ENT_TYPE_ENUM:
        return ent_image_text(p, p->member[p->enumeration[param].first_member + value].name);
    case ENT_TYPE_BOOL:
        return value ? "true" : "false";
    case ENT_TYPE_DURATION:
        ent_format_seconds(value, buf, size);
        return buf;
    case ENT_TYPE_INSTANT:
        ent_civil_format(buf, size, value, NULL);
        return buf;
    case ENT_TYPE_TIME:
        ent_civil_format_clock(buf, size, value);
        return buf;
    case ENT_TYPE_DECIMAL: {
        ent_q q;
        ent_i128 scale = 1;
        for (int64_t i = 0; i < param; i++) {
            scale *= 10;
        }
        if (ent_q_make(value, scale, &q)) {
            ent_q_format_decimal(q, buf, size);
            return buf;
        }
        break;
    }
    case ENT_TYPE_NUMBER: {
        double number;
        memcpy(&number, &value, sizeof number);
        if (size >= ENT_DOUBLE_TEXT_SIZE) {
            ent_format_double(number, buf);
        }
        return buf;
    }
    default:
        break;
    }
    snprintf(buf, size, "%lld", (long long)value);
    return buf;
}

const char *ent_engine_subject_text(const ent_engine *s, const ent_verdict *d, size_t index,
                                     char *buf, size_t size)
{
    const ent_image *p = s->program;
    key_list keys = keys_of(s, d);
    if (!keys.feed) {
        const ent_objective_row *row = &p->objective[d->clause];
        return value_text(s, row->subject_type, row->subject_param, d->subject, buf, size);
    }
    int64_t at = p->keyfield[keys.first + (int64_t)index].field;
    const ent_field_row *field = &p->field[keys.feed->first_field + at];
    int64_t value = d->subject;
    if (keys.n > 1) {
        value = s->tuples.values[s->tuples.offsets[d->subject] + index];
    }
    return value_text(s, field->type, field->param, value, buf, size);
}

const char *ent_subject_lasting(const ent_engine *s, const ent_verdict *d)
{
    char buf[64];
    const char *text = ent_engine_subject_fields(s, d) > 0 ? ent_engine_subject_text(s, d, 0, buf, sizeof buf) : buf;
    return text == buf ? NULL : text;
}

/* The number of the text that is all of the subject, or -1. */
static int64_t only_text(const ent_engine *s, const ent_verdict *d)
{
    const ent_image *p = s->program;
    if (d->kind != ENT_VERDICT_DUTY || !d->has_subject) {
        return -1;
    }
    key_list keys = keys_of(s, d);
    int64_t field = keys.n == 1 ? p->keyfield[keys.first].field : -1;
    return field >= 0 && p->field[keys.feed->first_field + field].type == ENT_TYPE_TEXT ? d->subject : -1;
}

/* Texts lie in the order in which they came first, and not in that of decisions. */
void ent_subject_look_ahead(const ent_engine *s, ent_verdict *const *decisions, size_t n)
{
    enum { PLACE = 16, BYTES = 8 };
    if (!s->options.subjects) {
        return;
    }
    if (n > PLACE) {
        ent_strings_prefetch(s->strings, only_text(s, decisions[PLACE]));
    }
    if (n > BYTES) {
        ent_strings_prefetch_bytes(s->strings, only_text(s, decisions[BYTES]));
    }
}

int ent_subject_compare(const ent_engine *s, const ent_verdict *a, const ent_verdict *b)
{
    if (a->has_subject != b->has_subject) {
        return a->has_subject ? 1 : -1;
    }
    size_t n = ent_engine_subject_fields(s, a);
    for (size_t i = 0; i < n; i++) {
        char x[64];
        char y[64];
        int order = strcmp(ent_engine_subject_text(s, a, i, x, sizeof x),
                           ent_engine_subject_text(s, b, i, y, sizeof y));
        if (order != 0) {
            return order;
        }
    }
    return 0;
}
