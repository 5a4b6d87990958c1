/* See fact.h. */
#include "runtime/ledger/fact.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "runtime/time/civil.h"

#define BEGAN "clock began "
#define STOPPED "clock stopped "
#define PAUSED "not counted "
#define DURING ", during "
#define HELD "held by "
#define WITHIN ", within what it was allowed"
#define BEYOND ", beyond what it was allowed"
#define BAD "bad "
#define OUTCOME "outcome at "
#define UNMET " unmet"
#define CAUSED ", caused by "
#define UNTIL " .. "

/* --- writing --- */

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

/* What fits of it, as `put` does. */
static void put_text(text *t, const char *s)
{
    size_t n = strlen(s);
    n = n < t->size - t->n ? n : t->size - t->n - 1;
    memcpy(t->buf + t->n, s, n);
    t->n += n;
    t->buf[t->n] = 0;
}

static void put_instant(text *t, int64_t ns, const ent_zone *zone)
{
    char instant[ENT_CIVIL_TEXT_MAX];
    ent_civil_format(instant, sizeof instant, ns, zone);
    put_text(t, instant);
}

static void put_stretch(text *t, const ent_fact *f, const ent_zone *zone)
{
    put_instant(t, f->from_ns, zone);
    if (f->to_ns != f->from_ns) {
        put_text(t, UNTIL);
        put_instant(t, f->to_ns, zone);
    }
}

static void put_parties(text *t, const ent_image *p, uint64_t causes)
{
    enum { ROOM_FOR_THE_REST = 256 };
    const char *comma = "";
    for (uint64_t rest = causes; rest != 0; rest &= rest - 1) {
        size_t i = (size_t)__builtin_ctzll(rest);
        const char *name = ent_image_text(p, p->party[i].name);
        if (t->n + strlen(name) + ROOM_FOR_THE_REST > t->size) {
            put(t, "%s%d others", comma, __builtin_popcountll(causes >> i));
            return;
        }
        put_text(t, comma);
        put_text(t, name);
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
        put_text(&t, BEGAN);
        put_instant(&t, f->from_ns, zone);
        break;
    case ENT_FACT_STOPPED:
        put_text(&t, STOPPED);
        put_instant(&t, f->from_ns, zone);
        break;
    case ENT_FACT_PAUSED:
        put_text(&t, PAUSED);
        put_stretch(&t, f, zone);
        put_text(&t, DURING);
        put_text(&t, ent_image_text(p, p->span[f->span].name));
        break;
    case ENT_FACT_HELD:
    case ENT_FACT_EXCESS:
        put_text(&t, HELD);
        put_parties(&t, p, f->causes);
        put_text(&t, " ");
        put_stretch(&t, f, zone);
        put_text(&t, f->kind == ENT_FACT_HELD ? WITHIN : BEYOND);
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

/* --- reading --- */

static bool begins(ent_json_slice s, const char *with)
{
    size_t n = strlen(with);
    return s.len >= n && memcmp(s.p, with, n) == 0;
}

/* Where the text stands in the slice; s.len when it does not. */
static size_t find(ent_json_slice s, const char *wanted)
{
    size_t n = strlen(wanted);
    for (size_t i = 0; i + n <= s.len; i++) {
        if (memcmp(s.p + i, wanted, n) == 0) {
            return i;
        }
    }
    return s.len;
}

static ent_json_slice after(ent_json_slice s, size_t n)
{
    n = n < s.len ? n : s.len;
    return (ent_json_slice){s.p + n, s.len - n};
}

/* Cuts the slice before the text, which is dropped; the rest after it. */
static ent_json_slice cut(ent_json_slice *s, const char *at)
{
    size_t i = find(*s, at);
    ent_json_slice rest = i < s->len ? after(*s, i + strlen(at)) : (ent_json_slice){NULL, 0};
    s->len = i;
    return rest;
}

static void read_stretch(ent_json_slice s, ent_fact_view *out)
{
    out->to = cut(&s, UNTIL);
    out->from = s;
}

static bool read_held(ent_json_slice s, ent_fact_view *out)
{
    out->kind = find(s, BEYOND) < s.len ? ENT_FACT_EXCESS : ENT_FACT_HELD;
    (void)cut(&s, out->kind == ENT_FACT_EXCESS ? BEYOND : WITHIN);
    ent_json_slice head = s;
    (void)cut(&head, UNTIL);
    size_t i = head.len;
    while (i > 0 && head.p[i - 1] != ' ') {
        i--;
    }
    if (i == 0) {
        return false;
    }
    out->parties = (ent_json_slice){s.p, i - 1};
    read_stretch(after(s, i), out);
    return true;
}

static bool read_outage(ent_json_slice s, ent_fact_view *out)
{
    out->kind = ENT_FACT_OUTAGE;
    if (!begins(s, BAD)) {
        out->subject = s;
        s = cut(&out->subject, " " BAD);
    } else {
        s = after(s, strlen(BAD));
    }
    if (!s.p) {
        return false;
    }
    out->parties = cut(&s, CAUSED);
    out->samples = cut(&s, ", ");
    if (out->samples.p) {
        (void)cut(&out->samples, " ");
    }
    read_stretch(s, out);
    if (out->parties.p) {
        out->root = cut(&out->parties, " (");
        (void)cut(&out->root, ")");
    }
    return out->parties.p != NULL;
}

bool ent_fact_read(ent_json_slice s, ent_fact_view *out)
{
    *out = (ent_fact_view){.kind = ENT_FACT_TRIGGER};
    if (begins(s, BEGAN)) {
        out->from = after(s, strlen(BEGAN));
        return true;
    }
    if (begins(s, STOPPED)) {
        out->kind = ENT_FACT_STOPPED;
        out->from = after(s, strlen(STOPPED));
        return true;
    }
    if (begins(s, PAUSED)) {
        out->kind = ENT_FACT_PAUSED;
        s = after(s, strlen(PAUSED));
        out->span = cut(&s, DURING);
        read_stretch(s, out);
        return true;
    }
    if (begins(s, HELD)) {
        return read_held(after(s, strlen(HELD)), out);
    }
    if (begins(s, OUTCOME)) {
        out->kind = ENT_FACT_OUTCOME;
        s = after(s, strlen(OUTCOME));
        out->parties = cut(&s, CAUSED);
        (void)cut(&s, UNMET);
        out->from = s;
        return true;
    }
    return read_outage(s, out);
}
