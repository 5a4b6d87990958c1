/* GET /metrics: Prometheus' text format, version 0.0.4.  The names are those of metrics.def. */
#include "compiler/watch/clients.h"
#include "compiler/watch/server.h"

#include <stdarg.h>
#include <string.h>
#include <unistd.h>

typedef enum metric {
#define METRIC(name, type, help) M_##name,
#include "compiler/watch/metrics.def"
#undef METRIC
    METRICS
} metric;

static const struct {
    const char *name, *type, *help;
} metrics[METRICS] = {
#define METRIC(name, type, help) {#name, #type, help},
#include "compiler/watch/metrics.def"
#undef METRIC
};

typedef struct page {
    ent_watch_bytes *out;
    int open; /* the metric whose head was written last, -1: none */
} page;

__attribute__((format(printf, 2, 3))) static void put(ent_watch_bytes *out, const char *format, ...)
{
    char text[512];
    va_list args;
    va_start(args, format);
    int n = vsnprintf(text, sizeof text, format, args);
    va_end(args);
    ent_watch_put(out, text, n > 0 ? ((size_t)n < sizeof text ? (size_t)n : sizeof text - 1) : 0);
}

/* Label values escape a backslash, a quote and a newline. */
static void put_label(ent_watch_bytes *out, const char *name, const char *value, bool first)
{
    put(out, "%s%s=\"", first ? "{" : ",", name);
    for (const char *p = value; *p; p++) {
        const char *escaped = *p == '\\' ? "\\\\" : *p == '"' ? "\\\"" : *p == '\n' ? "\\n" : NULL;
        ent_watch_put(out, escaped ? escaped : p, escaped ? 2 : 1);
    }
    ent_watch_put(out, "\"", 1);
}

static void begin(page *g, metric m)
{
    if (g->open != (int)m) {
        put(g->out, "# HELP entente_%s %s\n# TYPE entente_%s %s\n", metrics[m].name,
            metrics[m].help, metrics[m].name, metrics[m].type);
        g->open = (int)m;
    }
    put(g->out, "entente_%s", metrics[m].name);
}

static void put_count(page *g, metric m, uint64_t value)
{
    begin(g, m);
    put(g->out, " %llu\n", (unsigned long long)value);
}

static void put_instant(page *g, int64_t ns)
{
    int64_t rest = ns % ENT_WATCH_SECOND;
    int64_t seconds = ns / ENT_WATCH_SECOND - (rest < 0);
    put(g->out, " %lld.%09lld\n", (long long)seconds,
        (long long)(rest < 0 ? rest + ENT_WATCH_SECOND : rest));
}

static void put_time(page *g, metric m, int64_t ns)
{
    begin(g, m);
    put_instant(g, ns == INT64_MIN ? 0 : ns);
}

static void put_source(page *g, metric m, const ent_watch_source *s)
{
    begin(g, m);
    put_label(g->out, "feed", s->feed_name, true);
    put_label(g->out, "source", s->spec, false);
    ent_watch_put(g->out, "}", 1);
}

static void put_sources(page *g, const ent_watch *w)
{
    static const metric counts[] = {M_source_rows_total, M_source_bad_rows_total,
                                    M_source_late_rows_total, M_source_skipped_rows_total,
                                    M_source_repeated_total};
    for (size_t m = 0; m < sizeof counts / sizeof *counts; m++) {
        for (size_t i = 0; i < w->n_sources; i++) {
            const ent_watch_totals *t = &w->sources[i].totals;
            const uint64_t values[] = {t->rows, t->bad, t->late, t->skipped, t->repeated};
            put_source(g, counts[m], &w->sources[i]);
            put(g->out, " %llu\n", (unsigned long long)values[m]);
        }
    }
    for (size_t i = 0; i < w->n_sources; i++) {
        if (w->sources[i].watermark_ns != INT64_MIN) {
            put_source(g, M_source_watermark_seconds, &w->sources[i]);
            put_instant(g, w->sources[i].watermark_ns);
        }
    }
    for (size_t i = 0; i < w->n_sources; i++) {
        put_source(g, M_source_heard_seconds, &w->sources[i]);
        put_instant(g, w->sources[i].heard_ns);
    }
    for (size_t i = 0; i < w->n_sources; i++) {
        put_source(g, M_source_stalled, &w->sources[i]);
        put(g->out, " %d\n", w->sources[i].stalled);
    }
    for (size_t i = 0; i < w->n_sources; i++) {
        put_source(g, M_source_up, &w->sources[i]);
        put(g->out, " %d\n", !w->sources[i].trouble[0]);
    }
}

/* --- clauses --- */

typedef void (*each_clause)(page *g, const ent_watch *w, const ent_watch_clause *c,
                            int64_t agreement, int64_t name);

static void put_clause(page *g, const ent_watch *w, metric m, int64_t agreement, int64_t name)
{
    const ent_image *p = w->program;
    char version[24];
    snprintf(version, sizeof version, "%lld", (long long)p->agreement[agreement].version);
    begin(g, m);
    put_label(g->out, "agreement", ent_image_text(p, p->agreement[agreement].name), true);
    put_label(g->out, "version", version, false);
    put_label(g->out, "clause", ent_image_text(p, name), false);
}

static void put_statuses(page *g, const ent_watch *w, const ent_watch_clause *c, int64_t agreement,
                         int64_t name)
{
    for (int i = 0; i < ENT_STATUS_COUNT; i++) {
        if (c->by_status[i] > 0 || i == ENT_STATUS_MET || i == ENT_STATUS_BREACH) {
            put_clause(g, w, M_decisions_total, agreement, name);
            put_label(g->out, "status", ent_status_name(i), false);
            put(g->out, "} %llu\n", (unsigned long long)c->by_status[i]);
        }
    }
}

static void put_warnings(page *g, const ent_watch *w, const ent_watch_clause *c, int64_t agreement,
                         int64_t name)
{
    put_clause(g, w, M_warnings_total, agreement, name);
    put(g->out, "} %llu\n", (unsigned long long)c->warnings);
}

static void put_clauses(page *g, const ent_watch *w, each_clause each)
{
    const ent_image *p = w->program;
    for (size_t i = 0; i < p->n_objective; i++) {
        each(g, w, &w->objectives[i], p->objective[i].agreement, p->objective[i].name);
    }
    for (size_t i = 0; i < p->n_duty; i++) {
        each(g, w, &w->duties[i], p->duty[i].agreement, p->duty[i].name);
    }
    for (size_t i = 0; i < p->n_pool; i++) {
        each(g, w, &w->pools[i], p->pool[i].agreement, p->pool[i].name);
    }
}

static uint64_t resident_bytes(void)
{
    unsigned long long total = 0;
    unsigned long long resident = 0;
    FILE *file = fopen("/proc/self/statm", "re");
    if (file) {
        if (fscanf(file, "%llu %llu", &total, &resident) != 2) {
            resident = 0;
        }
        fclose(file);
    }
    return resident * (uint64_t)sysconf(_SC_PAGESIZE);
}

static void put_hooks(page *g, const ent_watch *w)
{
    static const metric names[] = {M_webhook_backlog_lines, M_webhook_delivered_total,
                                   M_webhook_failed_total};
    for (size_t m = 0; m < sizeof names / sizeof *names; m++) {
        for (size_t i = 0; i < ent_watch_hooks_count(w); i++) {
            ent_watch_hook_totals t = ent_watch_hooks_totals(w, i);
            const uint64_t values[] = {t.backlog, t.delivered, t.failed};
            begin(g, names[m]);
            put_label(g->out, "url", t.url, true);
            put(g->out, "} %llu\n", (unsigned long long)values[m]);
        }
    }
}

static void put_server(page *g, const ent_watch *w)
{
    const uint64_t *counts = ent_watch_server_counts(w);
    for (int status = 0; counts && status < ENT_WATCH_STATUSES; status++) {
        if (counts[status] > 0) {
            begin(g, M_http_requests_total);
            put(g->out, "{status=\"%d\"} %llu\n", status, (unsigned long long)counts[status]);
        }
    }
    put_count(g, M_http_streams, ent_watch_server_streams(w));
}

void ent_watch_show_metrics(ent_watch *w, ent_watch_bytes *out)
{
    page g = {out, -1};
    begin(&g, M_build_info);
    put_label(out, "version", ENT_VERSION_TEXT, true);
    put_label(out, "program", w->program->digest, false);
    put(out, "} 1\n");
    put_time(&g, M_watermark_seconds, ent_watch_reached(w));
    put_count(&g, M_pending_rows, ent_watch_pending(w));
    put_count(&g, M_pending_rows_max, w->options->pending_max);
    put_count(&g, M_ledger_lines, w->n_lines);
    put_count(&g, M_ledger_bytes, w->ledger_file.at);
    put_count(&g, M_ledger_replaced_total, w->ledger_file.replaced);
    put_count(&g, M_journal_bytes, w->store.size);
    put_time(&g, M_checkpoint_seconds, w->checkpoint_ns);
    put_count(&g, M_checkpoint_bytes, w->checkpoint_bytes);
    begin(&g, M_checkpoint_duration_seconds);
    put_instant(&g, w->checkpoint_took_ns);
    put_count(&g, M_checkpoints_total, w->checkpoints);
    put_count(&g, M_checkpoints_failed_total, w->checkpoints_failed);
    put_count(&g, M_disk_trouble, w->disk_trouble[0] != 0);
    put_count(&g, M_takeovers_total, w->takeovers);
    put_count(&g, M_takeovers_refused_total, w->takeovers_refused);
    put_count(&g, M_standing_total, w->standing.copies);
    put_sources(&g, w);
    put_clauses(&g, w, put_statuses);
    put_clauses(&g, w, put_warnings);
    put_hooks(&g, w);
    put_server(&g, w);
    put_count(&g, M_process_resident_bytes, resident_bytes());
}
