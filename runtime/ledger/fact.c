/* See fact.h. */
#include "runtime/ledger/fact.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "runtime/time/civil.h"

#define BEGAN "clock began "
#define HELD "held by "
#define WITHIN ", within what it was allowed"
#define BEYOND ", beyond what it was allowed"
#define BAD "bad "
#define OUTCOME "outcome at "
#define UNMET " unmet"
#define CAUSED ", caused by "
#define UNTIL " .. "

typedef struct text {
    char *buf;
    size_t n, size;
} text;

static void put(text *t, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void put(text *t, const char *format, ...)
{
    va_list list;
    va_start(list, format);
    int n = vsnprintf(t->buf + t->n, t->size - t->n, format, list);
    va_end(list);
    if (n > 0) {
        t->n = (size_t)n < t->size - t->n ? t->n + (size_t)n : t->size - 1;
    }
}

static void put_instant(text *t, int64_t ns, const ent_zone *zone)
{
    char instant[ENT_CIVIL_TEXT_MAX];
    ent_civil_format(instant, sizeof instant, ns, zone);
    put(t, "%s", instant);
}

static void put_stretch(text *t, const ent_fact *f, const ent_zone *zone)
{
    put_instant(t, f->from_ns, zone);
    if (f->to_ns != f->from_ns) {
        put(t, UNTIL);
        put_instant(t, f->to_ns, zone);
    }
}

static void put_parties(text *t, const ent_image *p, uint64_t causes)
{
    enum { ROOM_FOR_THE_REST = 256 };
    const char *comma = "";
    for (size_t i = 0; i < p->n_party && i < ENT_ANSWER_PARTIES_MAX; i++) {
        if (!((causes >> i) & 1)) {
            continue;
        }
        const char *name = ent_image_text(p, p->party[i].name);
        if (t->n + strlen(name) + ROOM_FOR_THE_REST > t->size) {
            put(t, "%s%d others", comma, __builtin_popcountll(causes >> i));
            return;
        }
        put(t, "%s%s", comma, name);
        comma = ", ";
    }
}

static void put_outage(text *t, const ent_image *p, const ent_fact *f, const ent_zone *zone)
{
    if (f->subject >= 0) {
        put(t, "%s ", ent_image_text(p, p->service[f->subject].name));
    }
    put(t, BAD);
    put_stretch(t, f, zone);
    if (f->count > 0) {
        put(t, ", %u sample%s", f->count, f->count == 1 ? "" : "s");
    }
    put(t, CAUSED);
    put_parties(t, p, f->causes);
    if (f->root >= 0 && f->root != f->subject) {
        put(t, " (%s)", ent_image_text(p, p->service[f->root].name));
    }
}

size_t ent_fact_text(const ent_image *p, const ent_zone *zone, const ent_fact *f, char *buf,
                     size_t size)
{
    text t = {.buf = buf, .size = size};
    buf[0] = 0;
    switch ((ent_fact_kind)f->kind) {
    case ENT_FACT_TRIGGER:
        put(&t, BEGAN);
        put_instant(&t, f->from_ns, zone);
        break;
    case ENT_FACT_HELD:
    case ENT_FACT_EXCESS:
        put(&t, HELD);
        put_parties(&t, p, f->causes);
        put(&t, " ");
        put_stretch(&t, f, zone);
        put(&t, "%s", f->kind == ENT_FACT_HELD ? WITHIN : BEYOND);
        break;
    case ENT_FACT_OUTAGE:
        put_outage(&t, p, f, zone);
        break;
    case ENT_FACT_OUTCOME:
        put(&t, OUTCOME);
        put_instant(&t, f->from_ns, zone);
        put(&t, UNMET);
        if (f->causes) {
            put(&t, CAUSED);
            put_parties(&t, p, f->causes);
        }
        break;
    }
    return t.n;
}
