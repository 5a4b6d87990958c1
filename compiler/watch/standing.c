/* GET /standing and /healthz: the club now. */
#include "compiler/watch/keys.h"
#include "compiler/watch/server.h"

#include <stdlib.h>
#include <string.h>

#include "runtime/time/civil.h"

/* --- sources --- */

static void show_source(const ent_watch *w, const ent_watch_source *s, ent_json_out *out)
{
    static const char *const kinds[] = {"stdin",        "file",       "push",
                                        "remote-write", "prometheus", "scrape"};
    ent_json_begin_object(out);
    ent_json_key_text(out, "feed", s->feed_name);
    ent_json_key_text(out, "source", s->spec);
    ent_json_key_text(out, "kind", kinds[s->kind]);
    ent_watch_key_instant(out, "watermark", s->watermark_ns, NULL);
    ent_watch_key_instant(out, "newest", s->newest_ns, NULL);
    ent_watch_key_instant(out, "heard", s->heard_ns, NULL);
    ent_watch_key_seconds(out, "lateness", s->lateness_ns);
    ent_json_key_bool(out, "complete", s->complete);
    ent_json_key_bool(out, "ended", s->ended);
    ent_json_key_bool(out, "stalled", s->stalled);
    ent_json_key_bool(out, "holds_back", w->n_sources > 1 && s == ent_watch_slowest(w));
    if (s->trouble[0]) {
        ent_json_key_text(out, "trouble", s->trouble);
    }
    ent_json_key_int(out, "rows", (int64_t)s->totals.rows);
    ent_json_key_int(out, "bad", (int64_t)s->totals.bad);
    ent_json_key_int(out, "late", (int64_t)s->totals.late);
    ent_json_key_int(out, "skipped", (int64_t)s->totals.skipped);
    ent_json_key_int(out, "repeated", (int64_t)s->totals.repeated);
    ent_json_end_object(out);
}

/* --- agreements --- */

typedef struct lines {
    char *buf;
    size_t capacity;
} lines;

static void key_line(const ent_watch *w, lines *l, const char *key, uint64_t n, ent_json_out *out)
{
    size_t len = ent_watch_line_read(w, n, &l->buf, &l->capacity);
    if (len > 1) {
        ent_json_key(out, key);
        ent_json_raw(out, l->buf, len - 1);
    }
}

/* How the clause's open windows and clocks stand: of clocks those at risk, and how many run. */
static void show_open(const ent_watch *w, uint8_t kind, int64_t clause, ent_json_out *out)
{
    const ent_watch_standing *s = &w->standing;
    int64_t running = 0;
    ent_json_key(out, "standing");
    ent_json_begin_array(out);
    for (size_t i = 0; i < s->n; i++) {
        if (s->v[i].kind != kind || s->v[i].clause != clause) {
            continue;
        }
        running++;
        if (kind == ENT_VERDICT_OBJECTIVE || s->v[i].at_risk) {
            ent_json_raw(out, s->v[i].json.data, s->v[i].json.len);
        }
    }
    ent_json_end_array(out);
    if (kind == ENT_VERDICT_DUTY) {
        ent_json_key_int(out, "running", running);
    }
}

static void show_risks(const ent_watch *w, ent_json_out *out)
{
    ent_json_key(out, "at_risk");
    ent_json_begin_array(out);
    for (size_t i = 0; i < w->standing.n; i++) {
        if (w->standing.v[i].at_risk) {
            ent_json_raw(out, w->standing.v[i].json.data, w->standing.v[i].json.len);
        }
    }
    ent_json_end_array(out);
}

static void show_clause(const ent_watch *w, lines *l, const ent_watch_clause *c, uint8_t kind,
                        int64_t clause, int64_t name, int64_t title, ent_json_out *out)
{
    static const char *const kinds[] = {"objective", "duty", "pool"};
    ent_json_begin_object(out);
    ent_watch_key_string(out, w->program, "clause", name);
    ent_watch_key_string(out, w->program, "title", title);
    ent_json_key_text(out, "kind", kinds[kind]);
    ent_json_key(out, "counts");
    ent_json_begin_object(out);
    for (int i = 0; i < ENT_STATUS_COUNT; i++) {
        if (c->by_status[i] > 0) {
            ent_json_key_int(out, ent_status_name(i), (int64_t)c->by_status[i]);
        }
    }
    ent_json_end_object(out);
    ent_json_key_int(out, "warnings", (int64_t)c->warnings);
    show_open(w, kind, clause, out);
    key_line(w, l, "last", c->last_line, out);
    if (c->last_breach != c->last_line) {
        key_line(w, l, "last_breach", c->last_breach, out);
    }
    ent_json_end_object(out);
}

static void show_clauses(const ent_watch *w, lines *l, int64_t agreement, ent_json_out *out)
{
    const ent_image *p = w->program;
    ent_json_key(out, "clauses");
    ent_json_begin_array(out);
    for (size_t i = 0; i < p->n_objective; i++) {
        if (p->objective[i].agreement == agreement) {
            show_clause(w, l, &w->objectives[i], ENT_VERDICT_OBJECTIVE, (int64_t)i,
                        p->objective[i].name, p->objective[i].title, out);
        }
    }
    for (size_t i = 0; i < p->n_duty; i++) {
        if (p->duty[i].agreement == agreement) {
            show_clause(w, l, &w->duties[i], ENT_VERDICT_DUTY, (int64_t)i, p->duty[i].name,
                        p->duty[i].title, out);
        }
    }
    for (size_t i = 0; i < p->n_pool; i++) {
        if (p->pool[i].agreement == agreement) {
            show_clause(w, l, &w->pools[i], ENT_VERDICT_POOL, (int64_t)i, p->pool[i].name,
                        p->pool[i].title, out);
        }
    }
    ent_json_end_array(out);
}

static void key_day(ent_json_out *out, const char *key, int64_t day)
{
    char text[ENT_CIVIL_TEXT_MAX];
    if (day != INT64_MIN && day != INT64_MAX && ent_civil_format_date(text, sizeof text, day)) {
        ent_json_key_text(out, key, text);
    }
}

static void show_agreement(const ent_watch *w, lines *l, int64_t index, ent_json_out *out)
{
    static const char *const kinds[] = {"sla", "ola", "framework"};
    const ent_image *p = w->program;
    const ent_agreement_row *a = &p->agreement[index];
    ent_json_begin_object(out);
    ent_watch_key_string(out, p, "name", a->name);
    ent_watch_key_string(out, p, "title", a->title);
    ent_json_key_text(out, "kind", kinds[a->kind]);
    ent_json_key_int(out, "version", a->version);
    ent_watch_key_string(out, p, "supplier", p->party[a->supplier].name);
    ent_watch_key_string(out, p, "customer", p->party[a->customer].name);
    key_day(out, "from", a->from_day);
    key_day(out, "to", a->to_day);
    if (w->not_in_force && w->not_in_force[index]) {
        ent_json_key_bool(out, "not_in_force", true);
    }
    show_clauses(w, l, index, out);
    ent_json_end_object(out);
}

static void show_parties(const ent_watch *w, ent_json_out *out)
{
    static const char *const roles[] = {"client", "integrator", "provider"};
    const ent_image *p = w->program;
    ent_json_key(out, "parties");
    ent_json_begin_array(out);
    for (size_t i = 0; i < p->n_party; i++) {
        if (p->party[i].role < ENT_PARTY_NOBODY) {
            ent_json_begin_object(out);
            ent_watch_key_string(out, p, "name", p->party[i].name);
            ent_watch_key_string(out, p, "title", p->party[i].title);
            ent_json_key_text(out, "role", roles[p->party[i].role]);
            ent_json_end_object(out);
        }
    }
    ent_json_end_array(out);
}

static void write_answer(ent_watch *w, ent_json_out *out)
{
    const ent_image *p = w->program;
    lines l = {0};
    ent_json_deinit(out);
    ent_json_init(out, 0);
    ent_json_begin_object(out);
    ent_watch_key_instant(out, "now", w->now_ns, NULL);
    ent_watch_key_instant(out, "since", w->begun_ns, NULL);
    ent_watch_key_instant(out, "watermark", ent_watch_reached(w), NULL);
    ent_json_key_text(out, "program", p->digest);
    ent_json_key_bool(out, "finished", w->finished);
    ent_json_key_int(out, "pending", (int64_t)ent_watch_pending(w));
    ent_json_key_int(out, "decisions", w->n_lines > 0 ? (int64_t)w->n_lines - 1 : 0);
    if (w->disk_trouble[0]) {
        ent_json_key_text(out, "trouble", w->disk_trouble);
    }
    if (p->n_framework > 0) {
        ent_json_key(out, "framework");
        ent_json_begin_object(out);
        ent_watch_key_string(out, p, "name", p->framework[0].name);
        ent_watch_key_string(out, p, "title", p->framework[0].title);
        ent_json_end_object(out);
    }
    (void)ent_watch_standing_now(w);
    show_risks(w, out);
    show_parties(w, out);
    ent_json_key(out, "sources");
    ent_json_begin_array(out);
    for (size_t i = 0; i < w->n_sources; i++) {
        show_source(w, &w->sources[i], out);
    }
    ent_json_end_array(out);
    ent_json_key(out, "agreements");
    ent_json_begin_array(out);
    for (size_t i = 0; i < p->n_agreement; i++) {
        show_agreement(w, &l, (int64_t)i, out);
    }
    ent_json_end_array(out);
    ent_json_end_object(out);
    ent_json_end_line(out);
    free(l.buf);
}

/* However many ask in one turn, it is written once, unless something changes among their requests. */
const ent_json_out *ent_watch_show_standing(ent_watch *w)
{
    ent_watch_standing *s = &w->standing;
    if (!s->answer.data || s->answer_ns != w->now_ns || s->answer_changes != w->changes) {
        write_answer(w, &s->answer);
        s->answer_ns = w->now_ns;
        s->answer_changes = w->changes;
    }
    return &s->answer;
}

/* Healthy is a watch that writes what it decides; a silent source is told, but mends itself. */
void ent_watch_show_health(ent_watch *w, ent_watch_reply *reply)
{
    ent_json_out *out = &reply->out;
    bool stalled = false;
    for (size_t i = 0; i < w->n_sources; i++) {
        stalled |= w->sources[i].stalled;
    }
    reply->status = w->disk_trouble[0] ? 503 : 200;
    ent_json_begin_object(out);
    ent_json_key_text(out, "status", w->disk_trouble[0] ? "failing" : stalled ? "stalled" : "ok");
    if (w->disk_trouble[0]) {
        ent_json_key_text(out, "reason", w->disk_trouble);
    }
    ent_json_end_object(out);
    ent_json_end_line(out);
}
