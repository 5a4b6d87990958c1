/* libical, loaded when the first calendar file is read: it brings ICU along, which takes longer to load than a small
 * run takes in all, and few agreements name such a file.
 * Tested by tests/unit/test_ics.c and tests/golden/run/run.sh. */
#ifndef ENT_CHECK_ICAL_H
#define ENT_CHECK_ICAL_H

#include <libical/ical.h>
#include <stdbool.h>

#define ENT_ICAL_FUNCTIONS(X) \
    X(compiter_deref) \
    X(compiter_next) \
    X(component_begin_component) \
    X(component_free) \
    X(component_get_first_property) \
    X(component_get_next_property) \
    X(component_isa) \
    X(durationtype_is_bad_duration) \
    X(parser_parse_string) \
    X(property_get_dtend) \
    X(property_get_dtstart) \
    X(property_get_duration) \
    X(property_get_exdate) \
    X(property_get_rdate) \
    X(property_get_recurrenceid) \
    X(property_get_rrule) \
    X(property_get_status) \
    X(property_get_summary) \
    X(property_get_uid) \
    X(property_get_xlicerror) \
    X(recur_iterator_free) \
    X(recur_iterator_new) \
    X(recur_iterator_next) \
    X(time_is_null_time) \
    X(time_is_valid_time)

/* The library's functions, by their own names (without `ical`) and types. */
typedef struct ent_ical {
#define ENT_ICAL_MEMBER(f) __typeof__(ical##f) *f;
    ENT_ICAL_FUNCTIONS(ENT_ICAL_MEMBER)
#undef ENT_ICAL_MEMBER
} ent_ical;

/* The library of the version whose header this was compiled with.  It stays loaded, since it keeps memory of its own
 * for the whole process; to load it again costs a lookup.  May be called by several threads.  false: it is not there,
 * or lacks a function. */
bool ent_ical_load(ent_ical *ical);

#endif
