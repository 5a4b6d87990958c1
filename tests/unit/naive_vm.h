/* The naive interpreter that tests/unit/test_vm.c holds the vector interpreter against: one lane at
 * a time, plain control flow, and arithmetic written out anew (128-bit integers for 64-bit ones).
 */
#ifndef ENT_TEST_NAIVE_VM_H
#define ENT_TEST_NAIVE_VM_H

#include <math.h>
#include <string.h>

#include "runtime/bytecode/opcodes.h"
#include "runtime/time/civil.h"
#include "runtime/vm/read.h"
#include "runtime/vm/strings.h"

typedef struct naive_value {
    bool absent;
    union {
        uint8_t b;
        int64_t i;
        double f;
        ent_q q;
    } v;
} naive_value;

typedef enum outcome { OK, ABSENT, FAILS } outcome;

typedef struct machine {
    const ent_image *p;
    ent_strings *strings;
    naive_value regs[4096];
    bool failed;
    uint32_t place;
    uint16_t op;
} machine;

static inline outcome fits_i(ent_i128 wide, naive_value *d)
{
    d->v.i = (int64_t)wide;
    return wide == d->v.i ? OK : FAILS;
}

static inline outcome finite_result(double value, naive_value *d)
{
    d->v.f = value;
    return isfinite(value) ? OK : FAILS;
}

static inline outcome named(const machine *m, const char *text, naive_value *d, bool party)
{
    size_t n = party ? m->p->n_party : m->p->n_service;
    for (int pass = 0; pass < 2; pass++) {
        for (size_t i = 0; i < n; i++) {
            int64_t name = party ? m->p->party[i].name : m->p->service[i].name;
            int64_t title = party ? m->p->party[i].title : m->p->service[i].title;
            bool alias = party && i == 1 && strcmp(text, "Group 12") == 0;
            if ((pass == 0 && strcmp(ent_image_text(m->p, name), text) == 0) ||
                (pass == 1 &&
                 ((title >= 0 && strcmp(ent_image_text(m->p, title), text) == 0) || alias))) {
                d->v.i = (int64_t)i;
                return OK;
            }
        }
    }
    return FAILS;
}

static inline outcome read_text(machine *m, const ent_instruction *i, const naive_value *a,
                                naive_value *d)
{
    static const ent_type_kind types[] = {ENT_TYPE_BOOL,     ENT_TYPE_INT,    ENT_TYPE_NUMBER,
                                          ENT_TYPE_DECIMAL,  ENT_TYPE_RATIO,  ENT_TYPE_MONEY,
                                          ENT_TYPE_DURATION, ENT_TYPE_INSTANT};
    size_t len = 0;
    const char *text = ent_strings_get(m->strings, a->v.i, &len);
    char buffer[300];
    if (i->op <= ENT_BC_PARSE_INSTANT || i->op == ENT_BC_PARSE_CLOCK) {
        ent_type_kind type =
            i->op == ENT_BC_PARSE_CLOCK ? ENT_TYPE_TIME : types[i->op - ENT_BC_PARSE_BOOL];
        ent_read_value v = {.q = {0, 1}};
        const char *currency = type == ENT_TYPE_MONEY ? m->p->strings[i->k].p : NULL;
        if (!ent_read(type, (int)i->k, currency, text, len, &v)) {
            return FAILS;
        }
        memcpy(&d->v, &v, sizeof d->v < sizeof v ? sizeof d->v : sizeof v);
        return OK;
    }
    int64_t offset = 0;
    bool has_offset = false;
    switch (i->op) {
    case ENT_BC_PARSE_TIME:
        return ent_civil_parse_format(text, len, "%d/%m/%Y %H:%M", &d->v.i, &has_offset, &offset)
                   ? OK
                   : FAILS;
    case ENT_BC_PARSE_ENUM:
        d->v.i = strcmp(text, "resolved") == 0;
        return strcmp(text, "opened") == 0 || d->v.i ? OK : FAILS;
    case ENT_BC_PARSE_PARTY:
        return named(m, text, d, true);
    case ENT_BC_PARSE_SERVICE:
        return named(m, text, d, false);
    case ENT_BC_LOWER:
        for (size_t c = 0; c <= len; c++) {
            buffer[c] = text[c] >= 'A' && text[c] <= 'Z' ? (char)(text[c] + 32) : text[c];
        }
        break;
    default: /* TRIM */
        while (len > 0 && strchr(" \t\r\n", text[len - 1]) != NULL) {
            len--;
        }
        while (len > 0 && strchr(" \t\r\n", *text) != NULL) {
            text++;
            len--;
        }
        memcpy(buffer, text, len);
        break;
    }
    d->v.i = ent_strings_intern(m->strings, buffer, len);
    return OK;
}

static inline outcome evaluate_q(const ent_instruction *i, const naive_value *a,
                                 const naive_value *b, naive_value *d)
{
    switch (i->op) {
    case ENT_BC_ADD_Q:
        return ent_q_add(a->v.q, b->v.q, &d->v.q) ? OK : FAILS;
    case ENT_BC_SUB_Q:
        return ent_q_sub(a->v.q, b->v.q, &d->v.q) ? OK : FAILS;
    case ENT_BC_MUL_Q:
        return ent_q_mul(a->v.q, b->v.q, &d->v.q) ? OK : FAILS;
    case ENT_BC_DIV_Q:
        return b->v.q.num == 0 ? ABSENT : ent_q_div(a->v.q, b->v.q, &d->v.q) ? OK : FAILS;
    case ENT_BC_NEG_Q:
        d->v.q = ent_q_neg(a->v.q);
        return OK;
    case ENT_BC_ABS_Q:
        d->v.q = a->v.q.num < 0 ? ent_q_neg(a->v.q) : a->v.q;
        return OK;
    case ENT_BC_MIN_Q:
        d->v.q = ent_q_cmp(a->v.q, b->v.q) < 0 ? a->v.q : b->v.q;
        return OK;
    default:
        d->v.q = ent_q_cmp(a->v.q, b->v.q) > 0 ? a->v.q : b->v.q;
        return OK;
    }
}

static inline outcome convert(const ent_instruction *i, const naive_value *a, const naive_value *b,
                              naive_value *d)
{
    ent_i128 wide = 1;
    ent_q product;
    switch (i->op) {
    case ENT_BC_DIV_I:
        return b->v.i == 0 ? ABSENT : ent_q_make(a->v.i, b->v.i, &d->v.q) ? OK : FAILS;
    case ENT_BC_SCALE_I:
        return ent_q_mul(ent_q_from_i64(a->v.i), b->v.q, &product) &&
                       ent_q_round(product, 0, ENT_ROUND_HALF_EVEN, &wide)
                   ? fits_i(wide, d)
                   : FAILS;
    case ENT_BC_I_TO_Q:
        for (uint32_t s = 0; s < i->k; s++) {
            wide *= 10;
        }
        return ent_q_make(a->v.i, wide, &d->v.q) ? OK : FAILS;
    case ENT_BC_I_TO_F:
        d->v.f = (double)a->v.i;
        return OK;
    case ENT_BC_Q_TO_F:
        d->v.f = ent_q_to_double(a->v.q);
        return OK;
    case ENT_BC_Q_TO_I:
        return ent_q_round(a->v.q, (int)i->k, ENT_ROUND_HALF_EVEN, &wide) ? fits_i(wide, d) : FAILS;
    case ENT_BC_F_TO_Q:
        return ent_q_from_double(a->v.f, &d->v.q) ? OK : FAILS;
    case ENT_BC_Q_FLOOR:
        return fits_i(ent_q_floor(a->v.q), d);
    default:
        return fits_i(ent_q_ceil(a->v.q), d);
    }
}

static inline int order(const ent_instruction *i, const naive_value *a, const naive_value *b)
{
    if (i->op >= ENT_BC_EQ_Q) {
        return ent_q_cmp(a->v.q, b->v.q);
    }
    if (i->op >= ENT_BC_EQ_F) {
        return (a->v.f > b->v.f) - (a->v.f < b->v.f);
    }
    if (i->op >= ENT_BC_EQ_I) {
        return (a->v.i > b->v.i) - (a->v.i < b->v.i);
    }
    return a->v.b - b->v.b;
}

static inline bool compares(const ent_instruction *i, const naive_value *a, const naive_value *b)
{
    int sign = order(i, a, b);
    switch (i->op) {
    case ENT_BC_EQ_B:
    case ENT_BC_EQ_I:
    case ENT_BC_EQ_F:
    case ENT_BC_EQ_Q:
        return sign == 0;
    case ENT_BC_NE_B:
    case ENT_BC_NE_I:
    case ENT_BC_NE_F:
    case ENT_BC_NE_Q:
        return sign != 0;
    case ENT_BC_LT_I:
    case ENT_BC_LT_F:
    case ENT_BC_LT_Q:
        return sign < 0;
    default:
        return sign <= 0;
    }
}

static inline outcome arithmetic(machine *m, const ent_instruction *i, const naive_value *a,
                                 const naive_value *b, naive_value *d)
{
    ent_i128 x = a->v.i;
    ent_i128 y = b->v.i;
    switch (i->op) {
    case ENT_BC_ADD_I:
        return fits_i(x + y, d);
    case ENT_BC_SUB_I:
        return fits_i(x - y, d);
    case ENT_BC_MUL_I:
        return fits_i(x * y, d);
    case ENT_BC_NEG_I:
        return fits_i(-x, d);
    case ENT_BC_ABS_I:
        return fits_i(x < 0 ? -x : x, d);
    case ENT_BC_MIN_I:
        return fits_i(x < y ? x : y, d);
    case ENT_BC_MAX_I:
        return fits_i(x > y ? x : y, d);
    case ENT_BC_ADD_F:
        return finite_result(a->v.f + b->v.f, d);
    case ENT_BC_SUB_F:
        return finite_result(a->v.f - b->v.f, d);
    case ENT_BC_MUL_F:
        return finite_result(a->v.f * b->v.f, d);
    case ENT_BC_DIV_F:
        return b->v.f == 0 ? ABSENT : finite_result(a->v.f / b->v.f, d);
    case ENT_BC_NEG_F:
        return finite_result(-a->v.f, d);
    case ENT_BC_ABS_F:
        return finite_result(fabs(a->v.f), d);
    case ENT_BC_MIN_F:
        return finite_result(a->v.f < b->v.f ? a->v.f : b->v.f, d);
    case ENT_BC_MAX_F:
        return finite_result(a->v.f > b->v.f ? a->v.f : b->v.f, d);
    default:
        break;
    }
    if (i->op >= ENT_BC_PARSE_BOOL) {
        return read_text(m, i, a, d);
    }
    return i->op >= ENT_BC_ADD_Q && i->op <= ENT_BC_MAX_Q ? evaluate_q(i, a, b, d)
                                                          : convert(i, a, b, d);
}

static inline bool text_test_holds(const machine *m, unsigned op, int64_t text, int64_t part)
{
    size_t n = 0;
    size_t n_part = 0;
    const char *p = ent_strings_get(m->strings, text, &n);
    const char *q = ent_strings_get(m->strings, part, &n_part);
    const char *found = strstr(p, q);
    if (op == ENT_BC_STARTS_WITH) {
        return found == p;
    }
    return op == ENT_BC_ENDS_WITH ? n >= n_part && strcmp(p + n - n_part, q) == 0 : found != NULL;
}

/* Instructions that give a value; false and no effect for control. */
static inline void evaluate(machine *m, const ent_instruction *i)
{
    const ent_opcode_info *info = ent_opcode_describe(i->op);
    naive_value *a = &m->regs[i->a];
    naive_value *b = &m->regs[i->b];
    naive_value d = {.absent = false, .v.q = {0, 0}};
    if (i->op == ENT_BC_AND || i->op == ENT_BC_OR) {
        bool x = !a->absent && a->v.b;
        bool y = !b->absent && b->v.b;
        d.v.b = i->op == ENT_BC_AND ? x && y : x || y;
    } else if (i->op == ENT_BC_NOT) {
        d.v.b = a->absent || !a->v.b;
    } else if (i->op == ENT_BC_IS_ABSENT) {
        d.v.b = a->absent;
    } else if (i->op == ENT_BC_SELECT) {
        d = !a->absent && a->v.b ? *b : m->regs[i->c];
    } else if (i->op == ENT_BC_MOVE) {
        d = *a;
    } else if (i->op >= ENT_BC_EQ_B && i->op <= ENT_BC_LE_Q) {
        d.v.b = !a->absent && !b->absent && compares(i, a, b);
    } else if (i->op >= ENT_BC_STARTS_WITH && i->op <= ENT_BC_CONTAINS) {
        d.v.b = !a->absent && !b->absent && text_test_holds(m, i->op, a->v.i, b->v.i);
    } else if (a->absent || (ent_format_sources((ent_format)info->format) > 1 && b->absent)) {
        d.absent = true;
    } else {
        outcome result = arithmetic(m, i, a, b, &d);
        d.absent = result != OK;
        if (result == FAILS && !m->failed) {
            m->failed = true;
            m->place = i->place;
            m->op = i->op;
        }
    }
    m->regs[i->d] = d;
}

static inline void naive_run(machine *m, int64_t kernel, const naive_value *inputs)
{
    const ent_kernel_row *row = &m->p->kernel[kernel];
    const ent_instruction *code = m->p->instructions + row->first_instruction;
    m->failed = false;
    for (int64_t pc = 0; pc < row->n_instructions; pc++) {
        const ent_instruction *i = &code[pc];
        naive_value *d = &m->regs[i->d];
        if (i->op >= ENT_BC_CONST_B && i->op <= ENT_BC_CONST_Q) {
            *d = (naive_value){.absent = false};
            memcpy(&d->v, &m->p->constants[i->k].v, sizeof d->v);
        } else if (i->op >= ENT_BC_ABSENT_B && i->op <= ENT_BC_ABSENT_Q) {
            *d = (naive_value){.absent = true};
        } else if (i->op >= ENT_BC_INPUT_B && i->op <= ENT_BC_INPUT_Q) {
            *d = inputs[i->k];
        } else if (i->op == ENT_BC_IF) {
            if (m->regs[i->a].absent || !m->regs[i->a].v.b) {
                pc = i->k; /* and on: past the ELSE or END */
            }
        } else if (i->op == ENT_BC_ELSE) {
            pc = i->k;
        } else if (i->op == ENT_BC_FAIL) {
            if (!m->failed) {
                m->failed = true;
                m->place = i->place;
                m->op = i->op;
            }
        } else if (i->op != ENT_BC_END) {
            evaluate(m, i);
        }
    }
}
#endif
