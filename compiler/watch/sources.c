/* The sources of the command line, and the period that is looked at. */
#include "compiler/watch/internal.h"

#include <stdlib.h>
#include <string.h>

#include "runtime/time/civil.h"
#include "runtime/time/zone.h"

static int64_t find_feed(const ent_image *p, const char *name, size_t len)
{
    for (size_t i = 0; i < p->n_feed; i++) {
        const char *known = ent_image_text(p, p->feed[i].name);
        if (p->feed[i].kind == 0 && strlen(known) == len && memcmp(known, name, len) == 0) {
            return (int64_t)i;
        }
    }
    return -1;
}

static bool no_feed(ent_watch *w, const char *name, size_t len)
{
    return ent_watch_fail(w, 2, "there is no feed `%.*s`", (int)(len < 60 ? len : 60), name);
}

static ent_watch_kind kind_of(const char *spec)
{
    return strcmp(spec, "-") == 0                      ? ENT_WATCH_STDIN
           : strcmp(spec, "push") == 0                 ? ENT_WATCH_PUSH
           : strcmp(spec, "remote-write") == 0         ? ENT_WATCH_REMOTE_WRITE
           : strncmp(spec, "prometheus+http", 15) == 0 ? ENT_WATCH_PROMETHEUS
           : strncmp(spec, "scrape+http", 11) == 0     ? ENT_WATCH_SCRAPE
                                                       : ENT_WATCH_FILE;
}

static int64_t setting(const ent_watch_setting *v, size_t n, const char *name, int64_t otherwise)
{
    for (size_t i = 0; i < n; i++) {
        if (v[i].name_len == 0 ||
            (strlen(name) == v[i].name_len && memcmp(v[i].name, name, v[i].name_len) == 0)) {
            otherwise = v[i].value;
        }
    }
    return otherwise;
}

static bool add_source(ent_watch *w, const ent_watch_feed *given)
{
    const ent_watch_options *o = w->options;
    int64_t feed = find_feed(w->program, given->name, given->name_len);
    if (feed < 0) {
        return no_feed(w, given->name, given->name_len);
    }
    const char *name = ent_image_text(w->program, w->program->feed[feed].name);
    if (!w->program->feed[feed].used) {
        ent_watch_say(w, "warning: no agreement uses feed `%s`: its rows are not read", name);
        return true;
    }
    ent_watch_source *s = &w->sources[w->n_sources];
    size_t len = given->name_len + 1 + strlen(given->source);
    s->key = malloc(len + 1);
    if (!s->key) {
        return ent_watch_fail(w, 4, "out of memory");
    }
    snprintf(s->key, len + 1, "%s=%s", name, given->source);
    if (ent_watch_find_source(w, s->key, len)) {
        free(s->key);
        s->key = NULL;
        return ent_watch_fail(w, 2, "--feed %s=%s is given twice", name, given->source);
    }
    for (size_t i = 0; i < w->n_sources; i++) {
        s->index += w->sources[i].feed == feed;
    }
    w->n_sources++;
    s->spec = s->key + given->name_len + 1;
    s->feed = feed;
    s->feed_name = name;
    s->kind = kind_of(given->source);
    s->newest_ns = s->watermark_ns = s->reached_ns = INT64_MIN;
    s->lateness_ns = setting(o->lateness, o->n_lateness, name, w->program->feed[feed].lateness_ns);
    int64_t bind = w->program->feed[feed].bind;
    int64_t query = bind >= 0 ? w->program->bind[bind].query : -1;
    s->query = query >= 0 ? ent_image_text(w->program, query) : NULL;
    bool unasked = s->kind == ENT_WATCH_REMOTE_WRITE || s->kind == ENT_WATCH_SCRAPE;
    if (unasked && !ent_watch_selector_init(&s->selector, s->query)) {
        return ent_watch_fail(
            w, 2,
            "`%s` is not a mere selector, and only a Prometheus server can answer more: use "
            "--feed %s=prometheus+http://…",
            s->query, name);
    }
    s->complete = setting(o->complete, o->n_complete, name, 0) != 0;
    s->heard_ns = w->now_ns;
    return true;
}

static bool check_settings(ent_watch *w, const ent_watch_setting *v, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (v[i].name_len > 0 && find_feed(w->program, v[i].name, v[i].name_len) < 0) {
            return no_feed(w, v[i].name, v[i].name_len);
        }
    }
    return true;
}

static bool resolve_sources(ent_watch *w)
{
    const ent_watch_options *o = w->options;
    size_t inputs = 0;
    w->sources = calloc(o->n_feeds + 1, sizeof *w->sources);
    if (!w->sources) {
        return ent_watch_fail(w, 4, "out of memory");
    }
    bool ok = check_settings(w, o->lateness, o->n_lateness) &&
              check_settings(w, o->complete, o->n_complete);
    for (size_t i = 0; ok && i < o->n_feeds; i++) {
        inputs += strcmp(o->feeds[i].source, "-") == 0;
        ok = add_source(w, &o->feeds[i]);
    }
    if (ok && inputs > 1) {
        return ent_watch_fail(w, 2, "`-`, standard input, can be the source of one feed only");
    }
    if (ok && w->n_sources == 0) {
        return ent_watch_fail(w, 2, "nothing to watch: name the sources with --feed NAME=SOURCE");
    }
    return ok;
}

static bool resolve_period(ent_watch *w)
{
    const ent_image *p = w->program;
    char message[256];
    const char *name = p->n_framework ? ent_image_text(p, p->framework[0].zone) : "UTC";
    ent_zone *zone = ent_zone_load(ENT_WATCH_ZONES, name, message, sizeof message);
    if (!zone) {
        return ent_watch_fail(w, 4, "%s", message);
    }
    w->has_from = w->options->from != NULL;
    w->has_to = w->options->to != NULL;
    bool ok = (!w->has_from || ent_zone_instant(zone, w->options->from, &w->from_ns)) &&
              (!w->has_to || ent_zone_instant(zone, w->options->to, &w->to_ns));
    ent_zone_free(zone);
    if (!ok) {
        return ent_watch_fail(
            w, 2, "--from and --to are a date (2026-01-31) or an instant (2026-01-31T09:00:00Z)");
    }
    return !(w->has_from && w->has_to && w->from_ns >= w->to_ns) ||
           ent_watch_fail(w, 2, "--from is not before --to");
}

bool ent_watch_resolve(ent_watch *w)
{
    return resolve_sources(w) && resolve_period(w);
}

void ent_watch_free_sources(ent_watch *w)
{
    for (size_t i = 0; w->sources && i < w->n_sources; i++) {
        ent_watch_source *s = &w->sources[i];
        free(s->keys.v);
        free(s->keys.buckets);
        ent_watch_selector_deinit(&s->selector);
        free(s->header);
        free(s->key);
    }
    free(w->sources);
    w->sources = NULL;
}
