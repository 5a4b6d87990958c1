/* Warnings as lines of the ledger, while something can still be done.
 *
 *     {"seq":7,"kind":"warning","at":…,"agreement":…,"clause":…,"subject":{…},"due":…}   part of
 * the time is gone
 *     {"seq":8,"kind":"run_out",…}                                                       all of it
 * is
 *     {"seq":9,"kind":"budget","at":…,…,"window":{…},"left":…,"allowed":…,"burn_rate":…,"gone":…}
 *
 * Clocks are looked at whenever the watermark passes a whole minute, budgets at whole hours.  A
 * clock that was given at the minute before has been told; so nothing needs to be remembered but
 * the last answer. */
#include "compiler/watch/internal.h"
#include "compiler/watch/keys.h"

#include <stdlib.h>
#include <string.h>

#include "runtime/state/standing.h"
#include "runtime/state/warn.h"

enum { SUBJECT = 512 };

typedef struct found {
    unsigned char id[16];
    ent_warning warning;
    char subject[SUBJECT]; /* its values, for the order of lines */
    ent_json_out text;     /* the subject as JSON */
    ent_budget budget;     /* of kind BUDGET */
    int64_t from_ns, to_ns;
} found;

typedef struct finds {
    ent_watch *w;
    found *v;
    size_t n, capacity;
    bool failed;
} finds;

static found *add(finds *f)
{
    if (f->n == f->capacity) {
        size_t capacity = f->capacity ? f->capacity * 2 : 16;
        found *grown = realloc(f->v, capacity * sizeof *grown);
        if (!grown) {
            f->failed = true;
            return NULL;
        }
        f->v = grown;
        f->capacity = capacity;
    }
    f->v[f->n] = (found){0};
    ent_json_init(&f->v[f->n].text, 0);
    return &f->v[f->n++];
}

static void free_finds(finds *f)
{
    for (size_t i = 0; i < f->n; i++) {
        ent_json_deinit(&f->v[i].text);
    }
    free(f->v);
}

/* Subject and id, which must not depend on numbers of texts. */
static bool describe(found *one, const ent_engine *engine, const ent_verdict *about,
                     int64_t since_ns)
{
    char buf[64];
    size_t at = 0;
    ent_watch_bytes id = {0};
    ent_json_begin_object(&one->text);
    for (size_t k = 0; k < ent_engine_subject_fields(engine, about); k++) {
        const char *value = ent_engine_subject_text(engine, about, k, buf, sizeof buf);
        ent_json_key_text(&one->text, ent_engine_subject_name(engine, about, k), value);
        int n = snprintf(one->subject + at, SUBJECT - at, "%s%s", k ? "," : "", value);
        at = n > 0 && at + (size_t)n < SUBJECT ? at + (size_t)n : SUBJECT - 1;
    }
    ent_json_end_object(&one->text);
    ent_watch_put_u64(&id, one->warning.kind);
    ent_watch_put_i64(&id, one->warning.clause);
    ent_watch_put_i64(&id, since_ns);
    ent_watch_put(&id, one->text.data, one->text.len);
    bool ok =
        !id.failed && ent_json_is_complete(&one->text) && ent_watch_digest(id.p, id.n, one->id);
    ent_watch_bytes_deinit(&id);
    return ok;
}

static bool on_clock(void *user, const ent_engine *engine, const ent_warning *warning,
                     int64_t trigger_ns)
{
    finds *f = user;
    found *one = add(f);
    if (!one) {
        return false;
    }
    const ent_verdict about = {.kind = ENT_VERDICT_DUTY,
                               .clause = warning->clause,
                               .subject = warning->subject,
                               .has_subject = true};
    one->warning = *warning;
    f->failed |= !describe(one, engine, &about, trigger_ns);
    return !f->failed;
}

static bool on_standing(void *user, const ent_engine *copy, const ent_standing_row *row)
{
    finds *f = user;
    const ent_verdict *d = row->decision;
    const ent_image *p = f->w->program;
    ent_q bound;
    if (d->kind != ENT_VERDICT_OBJECTIVE || p->objective[d->clause].warn < 0 ||
        row->budget.unit == ENT_BUDGET_NONE ||
        !ent_q_mul(row->budget.allowed, p->constants[p->objective[d->clause].warn].v.q, &bound) ||
        ent_q_cmp(row->budget.left, bound) >= 0) {
        return true;
    }
    found *one = add(f);
    if (!one) {
        return false;
    }
    one->warning = (ent_warning){f->w->watermark_ns, ENT_WARNING_BUDGET, d->clause, 0, INT64_MAX};
    one->budget = row->budget;
    one->from_ns = d->from_ns;
    one->to_ns = d->to_ns;
    f->failed |= !describe(one, copy, d, d->from_ns);
    return !f->failed;
}

/* --- lines --- */

static int by_time(const void *a, const void *b)
{
    const found *x = a;
    const found *y = b;
    if (x->warning.at_ns != y->warning.at_ns) {
        return x->warning.at_ns < y->warning.at_ns ? -1 : 1;
    }
    if (x->warning.clause != y->warning.clause) {
        return x->warning.clause < y->warning.clause ? -1 : 1;
    }
    int order = strcmp(x->subject, y->subject);
    return order ? order : x->warning.kind - y->warning.kind;
}

static void write_budget(ent_json_out *out, const found *one, const ent_zone *zone)
{
    ent_json_key(out, "window");
    ent_json_begin_object(out);
    ent_watch_key_instant(out, "from", one->from_ns, zone);
    ent_watch_key_instant(out, "to", one->to_ns, zone);
    ent_json_end_object(out);
    /* durations are seconds, as everywhere in the ledger */
    bool time = one->budget.unit == ENT_BUDGET_TIME;
    const ent_q scale = {1, time ? ENT_WATCH_SECOND : 1};
    static const char *const units[] = {"", "samples", "seconds", "measure"};
    ent_q left = one->budget.left;
    ent_q allowed = one->budget.allowed;
    if (ent_q_mul(left, scale, &left) && ent_q_mul(allowed, scale, &allowed)) {
        ent_watch_key_figure(out, "left", left);
        ent_watch_key_figure(out, "allowed", allowed);
        ent_json_key_text(out, "unit", units[one->budget.unit]);
    }
    if (one->budget.has_rate) {
        ent_watch_key_figure(out, "burn_rate", one->budget.burn_rate);
    }
    if (one->budget.has_gone) {
        ent_watch_key_instant(out, "gone", one->budget.gone_ns, zone);
    }
}

static bool write_line(ent_watch *w, const found *one)
{
    static const char *const kinds[] = {"warning", "run_out", "budget"};
    const ent_image *p = w->program;
    bool budget = one->warning.kind == ENT_WARNING_BUDGET;
    int64_t clause = one->warning.clause;
    int64_t agreement = budget ? p->objective[clause].agreement : p->duty[clause].agreement;
    int64_t title = budget ? p->objective[clause].title : p->duty[clause].title;
    const ent_zone *zone = ent_engine_agreement_zone(w->engine, agreement);
    ent_json_out *out = &w->ledger.line;
    ent_json_reset(out);
    ent_json_begin_object(out);
    ent_json_key_int(out, "seq", ++w->ledger.seq);
    ent_json_key_text(out, "kind", kinds[one->warning.kind]);
    ent_watch_key_instant(out, "at", one->warning.at_ns, zone);
    ent_json_key_text(out, "agreement", ent_image_text(p, p->agreement[agreement].name));
    ent_json_key_int(out, "version", p->agreement[agreement].version);
    ent_json_key_text(out, "clause",
                      ent_image_text(p, budget ? p->objective[clause].name : p->duty[clause].name));
    if (title >= 0) {
        ent_json_key_text(out, "title", ent_image_text(p, title));
    }
    if (one->subject[0]) {
        ent_json_key(out, "subject");
        ent_json_raw(out, one->text.data, one->text.len);
    }
    if (budget) {
        write_budget(out, one, zone);
    }
    ent_watch_key_instant(out, "due", one->warning.due_ns, zone);
    ent_clause_source(out, p, budget ? p->objective[clause].place : p->duty[clause].place);
    return ent_ledger_finish_line(&w->ledger) && ent_watch_add_line(w);
}

static int by_id(const void *a, const void *b)
{
    return memcmp(a, b, 16);
}

/* Tells what was not among the last answer, and remembers this one in its place. */
static bool tell(ent_watch *w, finds *f, ent_watch_told *told)
{
    ent_watch_told now = {calloc(f->n + 1, sizeof *now.v), f->n};
    bool ok = now.v && !f->failed;
    if (ok && f->n > 1) {
        qsort(f->v, f->n, sizeof *f->v, by_time);
    }
    for (size_t i = 0; ok && i < f->n; i++) {
        memcpy(now.v[i], f->v[i].id, sizeof now.v[i]);
        bool known = told->n > 0 && bsearch(f->v[i].id, told->v, told->n, sizeof *told->v, by_id);
        ok = known || write_line(w, &f->v[i]);
    }
    if (!ok) {
        free(now.v);
        return w->status != 0 || ent_watch_fail(w, 4, "out of memory");
    }
    if (now.n > 1) {
        qsort(now.v, now.n, sizeof *now.v, by_id);
    }
    free(told->v);
    *told = now;
    return true;
}

static bool any_budget(const ent_image *p)
{
    bool any = false;
    for (size_t i = 0; i < p->n_objective; i++) {
        any |= p->objective[i].warn >= 0;
    }
    return any;
}

bool ent_watch_warn(ent_watch *w)
{
    finds clocks = {.w = w};
    finds budgets = {.w = w};
    ent_fault fault;
    bool ok = ent_engine_warnings(w->engine, on_clock, &clocks, &fault);
    bool hour = w->watermark_ns % (60 * ENT_WATCH_GRAIN) == 0 && any_budget(w->program);
    ok = ok &&
         (!hour || ent_engine_standing(w->engine, w->watermark_ns, on_standing, &budgets, &fault));
    if (!ok) {
        ent_watch_fail(w, 4, "%s", fault.message);
    }
    ok = ok && tell(w, &clocks, &w->told_clocks) && (!hour || tell(w, &budgets, &w->told_budgets));
    free_finds(&clocks);
    free_finds(&budgets);
    return ok;
}
