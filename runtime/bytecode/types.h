/* Types of values and the small enumerations that compiler and runtime share.
 *
 * A static type (`ent_type`) is what the author's units mean; a storage class is how a lane holds
 * it.  Money is exact: a rational amount in major units with its currency in the type.  Decimal(k)
 * is a scaled integer.  Durations and instants are nanoseconds. */
#ifndef ENT_BYTECODE_TYPES_H
#define ENT_BYTECODE_TYPES_H

#include <stdint.h>

typedef enum ent_type_kind {
    ENT_TYPE_NONE = 0,
    ENT_TYPE_BOOL = 1,
    ENT_TYPE_INT = 2,
    ENT_TYPE_NUMBER = 3,
    ENT_TYPE_DECIMAL = 4,  /* param: digits after the point, 0..18 */
    ENT_TYPE_RATIO = 5,
    ENT_TYPE_MONEY = 6,    /* param: string index of the currency (runtime), see `currency` */
    ENT_TYPE_DURATION = 7,
    ENT_TYPE_INSTANT = 8,
    ENT_TYPE_TIME = 9,     /* ns from midnight */
    ENT_TYPE_TEXT = 10,    /* interned text id */
    ENT_TYPE_ENUM = 11,    /* param: index of the enumeration; value: index of the member in it */
    ENT_TYPE_PARTY = 12,   /* value: index of the party */
    ENT_TYPE_SERVICE = 13, /* value: index of the service */
    ENT_TYPE_CALENDAR = 14,
    /* compile-time only */
    ENT_TYPE_DATE = 15,
    ENT_TYPE_EVENT = 16,
    ENT_TYPE_ROWS = 17,    /* a feed or the outcomes of a duty */
    ENT_TYPE_SPAN = 18,
    ENT_TYPE_COLLECTION = 19,
    ENT_TYPE_AGREEMENT = 20,
    ENT_TYPE_DEPENDENCY = 21,
    ENT_TYPE_DUTY = 22,
    ENT_TYPE_OBJECTIVE = 23,
    ENT_TYPE_PROMISE = 25,
    ENT_TYPE_ERROR = 24    /* already reported: fits everything, so that one mistake is one error */
} ent_type_kind;

typedef struct ent_type {
    uint8_t kind;
    int32_t param;
    const char *currency; /* compile time only: interned ISO code of money */
} ent_type;

/* How a lane is stored. */
typedef enum ent_class {
    ENT_CLASS_B = 0, /* uint8_t 0 or 1 */
    ENT_CLASS_I = 1, /* int64_t */
    ENT_CLASS_F = 2, /* double */
    ENT_CLASS_Q = 3  /* ent_q, a normalised rational of two 128-bit integers */
} ent_class;

static inline ent_class ent_type_class(unsigned kind)
{
    switch (kind) {
    case ENT_TYPE_BOOL:
        return ENT_CLASS_B;
    case ENT_TYPE_NUMBER:
        return ENT_CLASS_F;
    case ENT_TYPE_RATIO:
    case ENT_TYPE_MONEY:
        return ENT_CLASS_Q;
    default:
        return ENT_CLASS_I;
    }
}

typedef enum ent_unit {
    ENT_UNIT_NONE = 0,
    ENT_UNIT_DAY = 1,
    ENT_UNIT_WEEK = 2,
    ENT_UNIT_MONTH = 3,
    ENT_UNIT_QUARTER = 4,
    ENT_UNIT_YEAR = 5,
    ENT_UNIT_ROLLING = 6
} ent_unit;

typedef enum ent_compare {
    ENT_CMP_OTHERWISE = 0,
    ENT_CMP_AT_LEAST = 1,
    ENT_CMP_AT_MOST = 2,
    ENT_CMP_ABOVE = 3,
    ENT_CMP_BELOW = 4
} ent_compare;

typedef enum ent_undo {
    ENT_UNDO_NONE = 0,
    ENT_UNDO_RESTART = 1,
    ENT_UNDO_IGNORE = 2,
    ENT_UNDO_RESUME = 3
} ent_undo;

typedef enum ent_party_role {
    ENT_PARTY_CLIENT = 0,
    ENT_PARTY_INTEGRATOR = 1,
    ENT_PARTY_PROVIDER = 2,
    ENT_PARTY_NOBODY = 3 /* force majeure: causes, and is no party to anything */
} ent_party_role;

typedef enum ent_agreement_kind {
    ENT_AGREEMENT_SLA = 0,
    ENT_AGREEMENT_OLA = 1
} ent_agreement_kind;

/* Whose the time of a duty's clock is. */
typedef enum ent_ticket_time {
    ENT_TIME_OWNER = 0,
    ENT_TIME_HOLDER = 1,     /* whom the last row names, or else the owner's */
    ENT_TIME_LAST_HOLDER = 2 /* whom the rows named last */
} ent_ticket_time;

/* Several causes, each enough by itself: how the agreement settles them. */
typedef enum ent_joint {
    ENT_JOINT_SHARED = 0,
    ENT_JOINT_BY_CHARGE = 1,
    ENT_JOINT_FIRST = 2,
    ENT_JOINT_JOINTLY = 3
} ent_joint;

typedef enum ent_missing {
    ENT_MISSING_UNSAID = 0,
    ENT_MISSING_DOWN = 1,
    ENT_MISSING_UP = 2,
    ENT_MISSING_IGNORED = 3
} ent_missing;

typedef enum ent_nodata {
    ENT_NODATA_UNSAID = 0,
    ENT_NODATA_BREACH = 1,
    ENT_NODATA_MET = 2
} ent_nodata;

typedef enum ent_agg {
    ENT_AGG_NONE = 0,
    ENT_AGG_SHARE = 1,
    ENT_AGG_COUNT = 2,
    ENT_AGG_SUM = 3,
    ENT_AGG_AVERAGE = 4,
    ENT_AGG_MINIMUM = 5,
    ENT_AGG_MAXIMUM = 6,
    ENT_AGG_MEDIAN = 7,
    ENT_AGG_PERCENTILE = 8,
    ENT_AGG_TIME_SHARE = 9,
    ENT_AGG_LONGEST = 10,
    ENT_AGG_FIRST = 11,
    ENT_AGG_LAST = 12,
    ENT_AGG_TIME_IN = 13,     /* length of the union of a span over all keys */
    ENT_AGG_TIME_OUTSIDE = 14 /* share of the window's net time outside of that union */
} ent_agg;

/* what a pool is paid for: NOT takes one operand, AND and OR take two */
enum { ENT_TERM_MET = 0, ENT_TERM_AND = 1, ENT_TERM_OR = 2, ENT_TERM_NOT = 3 };

/* kinds of kernels and of their inputs; see the tables `kernel` and `input` in tables.def */
enum { ENT_KERNEL_ROW = 0, ENT_KERNEL_BIND = 1, ENT_KERNEL_DECISION = 2, ENT_KERNEL_RULE = 3 };

enum {
    ENT_INPUT_FIELD = 0,
    ENT_INPUT_PREVIOUS = 1,
    ENT_INPUT_COLUMN = 2,
    ENT_INPUT_FOLD = 3,
    ENT_INPUT_CHARGE = 4,
    ENT_INPUT_MEASURE = 5,
    ENT_INPUT_ELEMENT = 6,
    ENT_INPUT_PARAM = 7
};
#endif
