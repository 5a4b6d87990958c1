/* Answers the queries of time_oracle.py: one line in, one line out, so that the oracle can ask
 * tens of thousands of things of the time module in one process. Not a program for people. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../runtime/time/calendar.h"
#include "../../runtime/time/civil.h"
#include "../../runtime/time/clock.h"
#include "../../runtime/time/window.h"
#include "../../runtime/time/zone.h"

typedef struct state {
    ent_zone *zone;
    ent_calendar *calendar;
    ent_intervals pauses;
} state;

static int64_t next_number(char **at)
{
    return strtoll(*at, at, 10);
}

static void load_zone(state *s, const char *name)
{
    char err[200] = "";
    ent_zone *zone = ent_zone_load(NULL, name, err, sizeof err);
    if (zone) {
        ent_zone_free(s->zone);
        s->zone = zone;
    }
    puts(zone ? "ok" : err);
}

/* rule count, then (weekdays open close) each; closed count, then days */
static void make_calendar(state *s, char *at)
{
    ent_calendar_rule rules[ENT_CALENDAR_RULES_MAX];
    int64_t closed[64];
    size_t n = (size_t)next_number(&at);
    for (size_t i = 0; i < n; i++) {
        rules[i].weekdays = (uint8_t)next_number(&at);
        rules[i].open_ns = next_number(&at);
        rules[i].close_ns = next_number(&at);
    }
    size_t m = (size_t)next_number(&at);
    for (size_t i = 0; i < m; i++) {
        closed[i] = next_number(&at);
    }
    ent_calendar_free(s->calendar);
    s->calendar = ent_calendar_new(s->zone, rules, n, closed, m);
    puts(s->calendar ? "ok" : "none");
}

static void set_pauses(state *s, char *at)
{
    ent_intervals_clear(&s->pauses);
    size_t n = (size_t)next_number(&at);
    bool ok = true;
    for (size_t i = 0; i < n; i++) {
        int64_t from = next_number(&at), to = next_number(&at);
        ok = ok && ent_intervals_add(&s->pauses, from, to);
    }
    puts(ok ? "ok" : "none");
}

/* A pointer, because the value is written while the other argument is evaluated. */
static void put(bool ok, const int64_t *value)
{
    if (ok) {
        printf("%" PRId64 "\n", *value);
    } else {
        puts("none");
    }
}

static void show(int64_t value)
{
    put(true, &value);
}

/* E use_calendar start at | U use_calendar start allowed | R likewise */
static void ask_clock(state *s, char kind, char *at)
{
    const ent_calendar *calendar = next_number(&at) ? s->calendar : NULL;
    int64_t start = next_number(&at), other = next_number(&at), t = 0;
    if (kind == 'E') {
        show(ent_clock_elapsed(calendar, &s->pauses, start, other));
    } else if (kind == 'U') {
        put(ent_clock_due(calendar, &s->pauses, start, other, &t), &t);
    } else {
        put(ent_clock_runout(calendar, &s->pauses, start, other, &t), &t);
    }
}

static void ask_window(state *s, char *at)
{
    ent_window_unit unit = (ent_window_unit)next_number(&at);
    ent_interval w, next;
    ent_window_containing(s->zone, unit, next_number(&at), &w);
    next = w;
    ent_window_next(s->zone, unit, &next);
    printf("%" PRId64 " %" PRId64 " %" PRId64 " %" PRId64 "\n", w.from, w.to, next.from, next.to);
}

static void ask_format(char *at)
{
    char *text = strchr(at, '\t');
    int64_t local = 0, offset = 0;
    bool has_offset = false;
    *text++ = '\0';
    if (ent_civil_parse_format(text, strlen(text), at, &local, &has_offset, &offset)) {
        printf("%" PRId64 " %d %" PRId64 "\n", local, has_offset, offset);
    } else {
        puts("none");
    }
}

static void answer(state *s, char *line)
{
    char *at = line + 1, text[ENT_CIVIL_TEXT_MAX];
    int64_t t = 0;
    ent_rolling roll;
    ent_interval open;
    switch (line[0]) {
    case 'z': load_zone(s, line + 2); break;
    case 'c': make_calendar(s, at); break;
    case 'p': set_pauses(s, at); break;
    case 'o': show(ent_zone_offset_ns(s->zone, next_number(&at))); break;
    case 'u': show(ent_zone_to_utc(s->zone, next_number(&at))); break;
    case 'm': show(ent_zone_midnight(s->zone, next_number(&at))); break;
    case 'd': show(ent_zone_day(s->zone, next_number(&at))); break;
    case 'w': ask_window(s, at); break;
    case 'r':
        roll.duration_ns = 1;
        roll.every_days = next_number(&at);
        roll.every_ns = next_number(&at);
        put(ent_rolling_next_end(s->zone, &roll, next_number(&at), &t), &t);
        break;
    case 'O': show(ent_calendar_contains(s->calendar, next_number(&at))); break;
    case 'N':
        t = next_number(&at);
        if (ent_calendar_next_open(s->calendar, t, &open)) {
            printf("%" PRId64 " %" PRId64 "\n", open.from, open.to);
        } else {
            puts("none");
        }
        break;
    case 'E':
    case 'U':
    case 'R': ask_clock(s, line[0], at); break;
    case 'P': put(ent_civil_parse_instant(line + 2, strlen(line + 2), &t), &t); break;
    case 'X':
        t = next_number(&at);
        puts(ent_civil_format(text, sizeof text, t, s->zone) ? text : "none");
        break;
    case 'F': ask_format(line + 2); break;
    default: puts("what?"); break;
    }
}

int main(void)
{
    state s = {0};
    static char line[1 << 16];
    while (fgets(line, sizeof line, stdin)) {
        line[strcspn(line, "\n")] = '\0';
        answer(&s, line);
    }
    ent_zone_free(s.zone);
    ent_calendar_free(s.calendar);
    ent_intervals_deinit(&s.pauses);
    return 0;
}
