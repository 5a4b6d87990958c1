/* Writes the facts of the retail club: probe.csv, ticket.csv and change.csv.
 *
 *   generate [--seed N] [--days N] [--tickets PER_DAY] [--from YYYY-MM-DD] [--out DIRECTORY]
 *
 * The same seed gives the same bytes everywhere.  The world behind the facts:
 *   - the network fails now and then; when it does, hosting and checkout are down with it, and when
 * hosting fails, checkout is: that is what `outages follow dependencies` has to find out;
 *   - every second Sunday at 02:00 a planned change is carried out on hosting or on the network,
 * and the service and what stands on it are down for part of it;
 *   - the monitor itself is silent at times (rows are missing, not down);
 *   - latency rises by day and during bursts of load;
 *   - tickets open at a provider's desk, wander between desks, wait for the client, come back.
 * Rows are ordered by time.  No figure here was measured anywhere: the club is invented.
 *
 * Tested by: tests/examples.sh, which runs the example over the default output.
 */
#include "../gen/seeded.h"

enum { NETWORK, HOSTING, CHECKOUT, SERVICES };

static const char *const service_name[SERVICES] = {"network", "hosting", "checkout"};
static const char *const provider_name[SERVICES] = {"NetCo", "HostCo", "AppCo"};

typedef struct {
    int64_t down_until[SERVICES]; /* by a failure of its own */
    int64_t busy_until;           /* a burst of load */
    int64_t silent_until;         /* the monitor says nothing */
    int64_t change_from, change_to;
    int change_service;
} world;

static void begin_change(world *w, FILE *out, seeded_random *r, int64_t now, int64_t number)
{
    w->change_service = number % 2 ? HOSTING : NETWORK;
    w->change_from = now;
    w->change_to = now + 45 + seeded_below(r, 60);
    const char *service = service_name[w->change_service];
    int64_t at[4] = {now - 5 * SEEDED_DAY_MINUTES, now - 2 * SEEDED_DAY_MINUTES, now, w->change_to};
    static const char *const event[4] = {"requested", "approved", "started", "finished"};
    for (int i = 0; i < 4; i++) {
        seeded_print_instant(out, at[i]);
        fprintf(out, ",CHG%04" PRId64 ",%s,planned,%s\n", number, event[i], service);
    }
}

/* Failures per service, in a million per minute, and how long they last at most. */
static void let_fail(world *w, seeded_random *r, int64_t now)
{
    static const int64_t chance[SERVICES] = {12, 25, 40};
    static const int64_t longest[SERVICES] = {25, 60, 70};
    for (int s = 0; s < SERVICES; s++)
        if (now >= w->down_until[s] && seeded_chance(r, chance[s]))
            w->down_until[s] = now + 1 + seeded_below(r, longest[s]);
    if (now >= w->busy_until && seeded_chance(r, 300))
        w->busy_until = now + 10 + seeded_below(r, 110);
    if (now >= w->silent_until && seeded_chance(r, 30))
        w->silent_until = now + 1 + seeded_below(r, 8);
}

static int is_down(const world *w, int service, int64_t now)
{
    int in_change = now >= w->change_from && now < w->change_to && service >= w->change_service;
    for (int s = 0; s <= service; s++)
        if (now < w->down_until[s])
            return 1;
    return in_change && (now - w->change_from) % 30 < 20;
}

static void print_probes(FILE *out, seeded_random *r, const world *w, int64_t now)
{
    static const int64_t base[SERVICES] = {8, 140, 210};
    seeded_civil c = seeded_date(now);
    for (int s = 0; s < SERVICES; s++) {
        if (now < w->silent_until || seeded_chance(r, 40))
            continue;
        seeded_print_instant(out, now);
        if (is_down(w, s, now)) {
            fprintf(out, ",%s,down,\n", service_name[s]);
            continue;
        }
        int64_t ms = base[s] + seeded_below(r, base[s]);
        if (c.hour >= 8 && c.hour < 20)
            ms += base[s] / 4;
        if (now < w->busy_until && s != NETWORK)
            ms += seeded_below(r, 500);
        fprintf(out, ",%s,up,%" PRId64 "ms\n", service_name[s], ms);
    }
}

typedef struct {
    int64_t at, order;
    int64_t number;
    const char *event, *party;
    int priority, service;
} ticket_row;

typedef struct {
    ticket_row *row;
    size_t n, cap;
} ticket_rows;

static void add(ticket_rows *rows, ticket_row row)
{
    if (rows->n == rows->cap) {
        rows->cap = rows->cap ? rows->cap * 2 : 1024;
        rows->row = realloc(rows->row, rows->cap * sizeof *rows->row);
        if (!rows->row) {
            fputs("out of memory\n", stderr);
            exit(4);
        }
    }
    row.order = (int64_t)rows->n;
    rows->row[rows->n++] = row;
}

static int by_time(const void *a, const void *b)
{
    const ticket_row *x = a, *y = b;
    if (x->at != y->at)
        return x->at < y->at ? -1 : 1;
    return (x->order > y->order) - (x->order < y->order);
}

/* One event of the ticket `t`, `minutes` after its last. */
static void happen(ticket_rows *rows, ticket_row *t, int64_t minutes, const char *event)
{
    t->at += minutes;
    t->event = event;
    add(rows, *t);
}

/* The life of a ticket, from opening to closing. */
static void live(ticket_rows *rows, seeded_random *r, int64_t opened, int64_t number)
{
    static const int32_t priority_weight[4] = {6, 14, 55, 25};
    static const int32_t service_weight[SERVICES] = {20, 45, 35};
    static const int64_t pace[4] = {45, 100, 500, 1500};
    ticket_row t = {.at = opened, .number = number};
    t.priority = (int)seeded_pick(r, priority_weight, 4) + 1;
    t.service = (int)seeded_pick(r, service_weight, SERVICES);
    t.party = provider_name[t.service];
    int64_t step = pace[t.priority - 1];
    happen(rows, &t, 0, "opened");
    happen(rows, &t, 1 + seeded_below(r, 20), "acknowledged");
    int desk = t.service;
    while (seeded_chance(r, 350000)) {
        desk = (int)seeded_below(r, desk + 1);
        t.party = seeded_chance(r, 60000) ? "Hermes" : provider_name[desk];
        happen(rows, &t, 1 + seeded_below(r, step), "assigned");
    }
    if (t.priority > 1 && seeded_chance(r, 60000)) {
        t.priority--;
        happen(rows, &t, 1 + seeded_below(r, step / 2), "acknowledged");
    }
    if (seeded_chance(r, 300000)) {
        happen(rows, &t, 1 + seeded_below(r, step), "pended");
        if (seeded_chance(r, 800000))
            happen(rows, &t, 30 + seeded_below(r, 2 * SEEDED_DAY_MINUTES), "resumed");
    }
    happen(rows, &t, 1 + seeded_below(r, 2 * step), "resolved");
    if (seeded_chance(r, 60000)) {
        happen(rows, &t, 30 + seeded_below(r, SEEDED_DAY_MINUTES), "reopened");
        happen(rows, &t, 1 + seeded_below(r, step), "resolved");
    }
    happen(rows, &t, SEEDED_DAY_MINUTES + seeded_below(r, 3 * SEEDED_DAY_MINUTES), "closed");
}

static void print_tickets(FILE *out, seeded_random *r, int64_t from, int64_t days, int64_t a_day)
{
    static const int32_t hour_weight[24] = {2,  1,  1,  1,  1,  2, 4, 9, 16, 18, 18, 16,
                                            13, 14, 15, 14, 12, 9, 6, 5, 4,  4,  3,  2};
    ticket_rows rows = {0};
    int64_t number = 0;
    for (int64_t day = 0; day < days; day++) {
        int64_t midnight = from + day * SEEDED_DAY_MINUTES;
        int64_t n = seeded_weekday(midnight) < 5 ? a_day : a_day / 4;
        n = n / 2 + seeded_below(r, n + 1);
        for (int64_t i = 0; i < n; i++) {
            int64_t hour = (int64_t)seeded_pick(r, hour_weight, 24);
            live(&rows, r, midnight + hour * 60 + seeded_below(r, 60), ++number);
        }
    }
    if (rows.n)
        qsort(rows.row, rows.n, sizeof *rows.row, by_time);
    fputs("at,id,event,priority,service,party\n", out);
    for (size_t i = 0; i < rows.n; i++) {
        const ticket_row *t = &rows.row[i];
        seeded_print_instant(out, t->at);
        fprintf(out, ",INC%06" PRId64 ",%s,P%d,%s,%s\n", t->number, t->event, t->priority,
                service_name[t->service], t->party);
    }
    free(rows.row);
}

int main(int argc, char **argv)
{
    seeded_random r = {(uint64_t)seeded_number(argc, argv, "--seed", 1, 0, INT64_MAX)};
    int64_t days = seeded_number(argc, argv, "--days", 90, 1, 3650);
    int64_t tickets = seeded_number(argc, argv, "--tickets", 24, 0, 100000);
    const char *directory = seeded_option(argc, argv, "--out");
    const char *date = seeded_option(argc, argv, "--from");
    int year = 2026, month = 1, day = 1;
    char end;
    if (date && (sscanf(date, "%4d-%2d-%2d%c", &year, &month, &day, &end) != 3 || month < 1 ||
                 month > 12 || day < 1 || day > 31)) {
        fprintf(stderr, "--from: expected a date such as 2026-01-01, found `%s`\n", date);
        return 2;
    }
    if (!directory)
        directory = ".";
    int64_t from = seeded_days(year, month, day) * SEEDED_DAY_MINUTES;

    FILE *probe = seeded_create(directory, "probe.csv");
    FILE *change = seeded_create(directory, "change.csv");
    fputs("at,service,up,latency\n", probe);
    fputs("at,id,event,kind,service\n", change);
    world w = {0};
    int64_t sundays = 0, changes = 0;
    for (int64_t now = from; now < from + days * SEEDED_DAY_MINUTES; now++) {
        int two_on_sunday = seeded_weekday(now) == 6 && now % SEEDED_DAY_MINUTES == 120;
        if (two_on_sunday && sundays++ % 2 == 0)
            begin_change(&w, change, &r, now, ++changes);
        let_fail(&w, &r, now);
        print_probes(probe, &r, &w, now);
    }
    seeded_close(probe, "probe.csv");
    seeded_close(change, "change.csv");

    FILE *ticket = seeded_create(directory, "ticket.csv");
    print_tickets(ticket, &r, from, days, tickets);
    seeded_close(ticket, "ticket.csv");
    return 0;
}
