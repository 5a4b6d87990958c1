/* Closed days from iCalendar; what counts is told in ics.h.
 *
 * Occurrences are taken as civil dates with a time of day, never as instants: a holiday has no
 * zone. libical hands out the dates of a rule in order, and the loop stops at the last year asked
 * for, so an endless rule ends; OCCURRENCES_MAX bounds a rule by the second.
 * Tested by tests/unit/test_ics.c. */
#include "ics.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "compiler/check/ical.h"
#include "runtime/time/civil.h"

enum {
    OCCURRENCES_MAX = 200000, /* of one rule: 547 years of days */
    DAYS_OF_EVENT_MAX = 36600,
    CLOSED_MAX = 1000000,
    DAY_S = 86400
};

typedef struct closed_day {
    int64_t day;
    size_t order; /* of discovery: the first event to close a day names it */
    char *name;
} closed_day;

typedef struct collector {
    const ent_ical *ical;
    closed_day *v;
    size_t n, cap;
    int64_t first, last; /* days asked for, both included */
    const char *why;     /* what went wrong, a constant text; NULL while all is well */
} collector;

/* A growing list of dates, each with the UID that it belongs to where that matters. */
typedef struct date_list {
    struct dated {
        struct icaltimetype time;
        const char *uid; /* in the parsed calendar */
    } *v;
    size_t n, cap;
} date_list;

/* One event: an occurrence that begins on a day closes `length` days from `skip` days after it.
 * The properties are copied out first, because libical keeps one reading position for a whole
 * component and every nested search would move it. */
typedef struct event {
    const ent_ical *ical;
    icalcomponent *component;
    struct icaltimetype start;
    int64_t skip, length;
    const char *summary;
    date_list added, taken_out;
} event;

/* ---- the list of days --------------------------------------------------------------------- */

static bool add_day(collector *out, int64_t day, const char *name)
{
    if (day < out->first || day > out->last) {
        return true;
    }
    if (out->n == out->cap) {
        size_t cap = out->cap ? out->cap * 2 : 64;
        closed_day *v = cap <= CLOSED_MAX ? realloc(out->v, cap * sizeof *v) : NULL;
        if (!v) {
            out->why = cap <= CLOSED_MAX ? "out of memory" : "it closes more than a million days";
            return false;
        }
        out->v = v;
        out->cap = cap;
    }
    char *copy = strdup(name);
    if (!copy) {
        out->why = "out of memory";
        return false;
    }
    out->v[out->n] = (closed_day){day, out->n, copy};
    out->n++;
    return true;
}

static int compare_closed(const void *a, const void *b)
{
    const closed_day *x = a, *y = b;
    if (x->day != y->day) {
        return x->day < y->day ? -1 : 1;
    }
    return (x->order > y->order) - (x->order < y->order);
}

static void sort_and_merge(collector *out)
{
    if (out->n == 0) {
        return;
    }
    qsort(out->v, out->n, sizeof *out->v, compare_closed);
    size_t kept = 0;
    for (size_t i = 1; i < out->n; i++) {
        if (out->v[i].day == out->v[kept].day) {
            free(out->v[i].name);
        } else {
            out->v[++kept] = out->v[i];
        }
    }
    out->n = kept + 1;
}

/* ---- dates -------------------------------------------------------------------------------- */

static int64_t day_of(struct icaltimetype t)
{
    return ent_civil_days(t.year, t.month, t.day);
}

static int64_t second_of(struct icaltimetype t)
{
    return t.is_date ? 0 : (int64_t)t.hour * 3600 + (int64_t)t.minute * 60 + t.second;
}

static bool add_date(date_list *list, struct icaltimetype time, const char *uid)
{
    if (list->n == list->cap) {
        size_t cap = list->cap ? list->cap * 2 : 8;
        struct dated *v = realloc(list->v, cap * sizeof *v);
        if (!v) {
            return false;
        }
        list->v = v;
        list->cap = cap;
    }
    list->v[list->n++] = (struct dated){time, uid};
    return true;
}

/* A date takes out every occurrence of that day, a date with a time only the one at that time. */
static bool is_taken_out(const event *e, struct icaltimetype occurrence)
{
    for (size_t i = 0; i < e->taken_out.n; i++) {
        struct icaltimetype t = e->taken_out.v[i].time;
        if (day_of(t) == day_of(occurrence) &&
            (t.is_date || occurrence.is_date || second_of(t) == second_of(occurrence))) {
            return true;
        }
    }
    return false;
}

/* ---- one event ---------------------------------------------------------------------------- */

/* Days that the stretch from second `begin` of a day for `seconds` covers whole. */
static void whole_days(int64_t begin, int64_t seconds, int64_t *skip, int64_t *length)
{
    *skip = begin > 0 ? 1 : 0;
    int64_t end_day = (begin + seconds) / DAY_S;
    *length = seconds > 0 && end_day > *skip ? end_day - *skip : 0;
}

/* Fills skip and length from DTEND or DURATION; NULL, or what is wrong. */
static const char *measure_event(event *e)
{
    const ent_ical *ical = e->ical;
    icalproperty *end = ical->component_get_first_property(e->component, ICAL_DTEND_PROPERTY);
    icalproperty *duration =
        ical->component_get_first_property(e->component, ICAL_DURATION_PROPERTY);
    int64_t seconds = e->start.is_date ? DAY_S : 0;
    if (end) {
        struct icaltimetype t = ical->property_get_dtend(end);
        if (ical->time_is_null_time(t) || !ical->time_is_valid_time(t)) {
            return "has an end that is no date";
        }
        seconds = (day_of(t) - day_of(e->start)) * DAY_S + second_of(t) - second_of(e->start);
        if (e->start.is_date && seconds == 0) {
            seconds = DAY_S; /* DTEND = DTSTART is forbidden and common: it means that day */
        }
    } else if (duration) {
        struct icaldurationtype d = ical->property_get_duration(duration);
        if (ical->durationtype_is_bad_duration(d)) {
            return "has a duration that is none";
        }
        seconds = ((int64_t)d.weeks * 7 + d.days) * DAY_S + (int64_t)d.hours * 3600 +
                  (int64_t)d.minutes * 60 + d.seconds;
        seconds = d.is_neg ? -seconds : seconds;
    }
    if (seconds < 0) {
        return "ends before it begins";
    }
    whole_days(second_of(e->start), seconds, &e->skip, &e->length);
    return e->length > DAYS_OF_EVENT_MAX ? "is longer than a hundred years" : NULL;
}

static bool close_from(collector *out, const event *e, struct icaltimetype occurrence)
{
    if (e->length == 0 || is_taken_out(e, occurrence)) {
        return true;
    }
    int64_t first = day_of(occurrence) + e->skip;
    for (int64_t i = 0; i < e->length; i++) {
        if (!add_day(out, first + i, e->summary)) {
            return false;
        }
    }
    return true;
}

static bool expand_rule(collector *out, const event *e, struct icalrecurrencetype rule)
{
    const ent_ical *ical = e->ical;
    icalrecur_iterator *it = ical->recur_iterator_new(rule, e->start);
    if (!it) {
        out->why = "an event's RRULE cannot be followed";
        return false;
    }
    bool ok = true;
    for (int i = 0; ok; i++) {
        struct icaltimetype t = ical->recur_iterator_next(it);
        if (ical->time_is_null_time(t) || day_of(t) > out->last) {
            break;
        }
        if (i == OCCURRENCES_MAX) {
            out->why = "an event repeats more than 200000 times";
            ok = false;
        } else {
            ok = close_from(out, e, t);
        }
    }
    ical->recur_iterator_free(it);
    return ok;
}

static bool expand_event(collector *out, const event *e)
{
    const ent_ical *ical = e->ical;
    bool ok = close_from(out, e, e->start);
    for (size_t i = 0; ok && i < e->added.n; i++) {
        ok = close_from(out, e, e->added.v[i].time);
    }
    icalproperty *p = ical->component_get_first_property(e->component, ICAL_RRULE_PROPERTY);
    for (; ok && p; p = ical->component_get_next_property(e->component, ICAL_RRULE_PROPERTY)) {
        ok = expand_rule(out, e, ical->property_get_rrule(p));
    }
    return ok;
}

/* Copies RDATE, EXDATE, and occurrences that other events replace. NULL, or what is wrong. */
static const char *collect_dates(event *e, const date_list *replaced)
{
    const ent_ical *ical = e->ical;
    bool ok = true;
    icalproperty *p = ical->component_get_first_property(e->component, ICAL_RDATE_PROPERTY);
    for (; p; p = ical->component_get_next_property(e->component, ICAL_RDATE_PROPERTY)) {
        struct icaldatetimeperiodtype r = ical->property_get_rdate(p);
        struct icaltimetype t = ical->time_is_null_time(r.time) ? r.period.start : r.time;
        if (ical->time_is_null_time(t)) {
            return "has an RDATE that is no date";
        }
        ok = ok && add_date(&e->added, t, NULL);
    }
    p = ical->component_get_first_property(e->component, ICAL_EXDATE_PROPERTY);
    for (; p; p = ical->component_get_next_property(e->component, ICAL_EXDATE_PROPERTY)) {
        struct icaltimetype t = ical->property_get_exdate(p);
        if (ical->time_is_null_time(t)) {
            return "has an EXDATE that is no date";
        }
        ok = ok && add_date(&e->taken_out, t, NULL);
    }
    p = ical->component_get_first_property(e->component, ICAL_UID_PROPERTY);
    const char *uid = p ? ical->property_get_uid(p) : NULL;
    if (uid && !ical->component_get_first_property(e->component, ICAL_RECURRENCEID_PROPERTY)) {
        for (size_t i = 0; i < replaced->n; i++) {
            if (strcmp(replaced->v[i].uid, uid) == 0) {
                ok = ok && add_date(&e->taken_out, replaced->v[i].time, NULL);
            }
        }
    }
    return ok ? NULL : "out of memory";
}

/* A date or rule that libical could not read is dropped and leaves a note; since a day would then
 * be missing without a word, it is an error. Notes on other properties do not matter here. */
static const char *unreadable_property(const ent_ical *ical, icalcomponent *component)
{
    static const char *const kinds[][2] = {
        {"DTSTART", "has a DTSTART that is no date"},
        {"DTEND", "has a DTEND that is no date"},
        {"DURATION", "has a DURATION that is none"},
        {"RRULE", "has an RRULE that cannot be read"},
        {"RDATE", "has an RDATE that is no date"},
        {"EXDATE", "has an EXDATE that is no date"},
        {"RECUR", "has an RRULE that cannot be read"},
    };
    icalproperty *p = ical->component_get_first_property(component, ICAL_XLICERROR_PROPERTY);
    for (; p; p = ical->component_get_next_property(component, ICAL_XLICERROR_PROPERTY)) {
        const char *text = ical->property_get_xlicerror(p);
        for (size_t i = 0; text && i < sizeof kinds / sizeof *kinds; i++) {
            if (strstr(text, kinds[i][0])) {
                return kinds[i][1];
            }
        }
    }
    return NULL;
}

/* NULL, or what is wrong with the event; *closes is false for one that is cancelled. */
static const char *load_event(event *e, const date_list *replaced, bool *closes)
{
    const ent_ical *ical = e->ical;
    icalproperty *p = ical->component_get_first_property(e->component, ICAL_SUMMARY_PROPERTY);
    const char *summary = p ? ical->property_get_summary(p) : NULL;
    e->summary = summary ? summary : "";
    p = ical->component_get_first_property(e->component, ICAL_STATUS_PROPERTY);
    *closes = !p || ical->property_get_status(p) != ICAL_STATUS_CANCELLED;
    if (!*closes) {
        return NULL;
    }
    const char *why = unreadable_property(ical, e->component);
    if (why) {
        return why;
    }
    p = ical->component_get_first_property(e->component, ICAL_DTSTART_PROPERTY);
    if (!p) {
        return "has no DTSTART";
    }
    e->start = ical->property_get_dtstart(p);
    if (ical->time_is_null_time(e->start) || !ical->time_is_valid_time(e->start) ||
        e->start.month < 1 || e->start.month > 12 || e->start.day < 1 ||
        e->start.day > ent_civil_month_days(e->start.year, e->start.month)) {
        return "has a DTSTART that is no date";
    }
    /* The rules are followed by the clock as written; a zone could only bring in its offsets. */
    e->start.zone = NULL;
    why = measure_event(e);
    return why ? why : collect_dates(e, replaced);
}

/* ---- the file ----------------------------------------------------------------------------- */

static bool collect_event(collector *out, icalcomponent *component, const date_list *replaced,
                          char *text, size_t text_size)
{
    event e = {.ical = out->ical, .component = component};
    bool closes = false;
    const char *why = load_event(&e, replaced, &closes);
    if (why) {
        snprintf(text, text_size, "the event `%.60s` %s", e.summary, why);
        out->why = text;
    }
    bool ok = !why && (!closes || expand_event(out, &e));
    free(e.added.v);
    free(e.taken_out.v);
    return ok;
}

static bool collect_replaced(const ent_ical *ical, date_list *replaced, icalcomponent *calendar)
{
    icalcompiter it = ical->component_begin_component(calendar, ICAL_VEVENT_COMPONENT);
    for (icalcomponent *c = ical->compiter_deref(&it); c; c = ical->compiter_next(&it)) {
        icalproperty *id = ical->component_get_first_property(c, ICAL_RECURRENCEID_PROPERTY);
        icalproperty *uid = ical->component_get_first_property(c, ICAL_UID_PROPERTY);
        const char *name = uid ? ical->property_get_uid(uid) : NULL;
        if (id && name && !add_date(replaced, ical->property_get_recurrenceid(id), name)) {
            return false;
        }
    }
    return true;
}

static bool collect_calendar(collector *out, icalcomponent *calendar, char *text, size_t text_size)
{
    const ent_ical *ical = out->ical;
    date_list replaced = {0};
    bool ok = collect_replaced(ical, &replaced, calendar);
    if (!ok) {
        out->why = "out of memory";
    }
    icalcompiter it = ical->component_begin_component(calendar, ICAL_VEVENT_COMPONENT);
    for (icalcomponent *c = ical->compiter_deref(&it); ok && c; c = ical->compiter_next(&it)) {
        ok = collect_event(out, c, &replaced, text, text_size);
    }
    free(replaced.v);
    return ok;
}

/* A file is one VCALENDAR, or several that libical puts into one root. */
static void collect_file(collector *out, const char *bytes, size_t n, char *text, size_t text_size)
{
    const ent_ical *ical = out->ical;
    if (memchr(bytes, '\0', n)) {
        out->why = "it is no iCalendar file: it holds a NUL byte";
        return;
    }
    char *copy = malloc(n + 1);
    if (!copy) {
        out->why = "out of memory";
        return;
    }
    memcpy(copy, bytes, n);
    copy[n] = '\0';
    icalcomponent *root = ical->parser_parse_string(copy);
    free(copy);
    if (!root) {
        out->why = "it is no iCalendar file";
        return;
    }
    if (ical->component_isa(root) == ICAL_VCALENDAR_COMPONENT) {
        collect_calendar(out, root, text, text_size);
    } else {
        icalcompiter it = ical->component_begin_component(root, ICAL_VCALENDAR_COMPONENT);
        icalcomponent *calendar = ical->compiter_deref(&it);
        out->why = calendar ? NULL : "it holds no VCALENDAR";
        for (; calendar && !out->why; calendar = ical->compiter_next(&it)) {
            collect_calendar(out, calendar, text, text_size);
        }
    }
    ical->component_free(root);
}

static bool hand_over(collector *out, int64_t **days, char ***names)
{
    *days = calloc(out->n + 1, sizeof **days);
    *names = calloc(out->n + 1, sizeof **names);
    if (!*days || !*names) {
        free(*days);
        free(*names);
        *days = NULL;
        *names = NULL;
        return false;
    }
    for (size_t i = 0; i < out->n; i++) {
        (*days)[i] = out->v[i].day;
        (*names)[i] = out->v[i].name;
    }
    return true;
}

int ent_ics_closed_days(const char *bytes, size_t n, int year_from, int year_to, int64_t **days,
                        char ***names, size_t *count, char *err, size_t errlen)
{
    char text[160];
    ent_ical ical;
    collector out = {.ical = &ical,
                     .first = ent_civil_days(year_from, 1, 1),
                     .last = ent_civil_days(year_to, 12, 31)};
    *days = NULL;
    *names = NULL;
    *count = 0;
    if (ent_ical_load(&ical)) {
        collect_file(&out, bytes, n, text, sizeof text);
    } else {
        out.why = "libical, which reads calendar files, cannot be loaded: install the package libical3";
    }
    sort_and_merge(&out);
    if (!out.why && !hand_over(&out, days, names)) {
        out.why = "out of memory";
    }
    if (out.why) {
        for (size_t i = 0; i < out.n; i++) {
            free(out.v[i].name);
        }
        if (errlen > 0) {
            snprintf(err, errlen, "%s", out.why);
        }
    } else {
        *count = out.n;
    }
    free(out.v);
    return out.why ? -1 : 0;
}

void ent_ics_free(int64_t *days, char **names, size_t count)
{
    for (size_t i = 0; names && i < count; i++) {
        free(names[i]);
    }
    free(names);
    free(days);
}
