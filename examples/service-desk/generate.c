/* Writes a log of the same shape as the real service desk's `incident_event_log.csv`, oddities
 * included, for readers who do not have that file.
 *
 *   generate [--seed N] [--incidents N] [--out FILE]        (5,000 incidents, standard output)
 *
 * The same seed gives the same bytes everywhere.  Counted on the real log (24,918 incidents,
 * 141,712 rows, opened from 29 February 2016 to 16 February 2017) were
 *   - arrivals by weekday, hour and month, by `opened_at`;
 *   - how often each state is the first, and how often one follows another in consecutive rows of
 *     an incident, repeats included: an incident is a walk over these counts;
 *   - the time between two rows, by the quantiles of each step (0, 5, 10, 25, 50, 75, 90, 95, 99
 *     and 99.99 per cent);
 *   - priorities, the part of each that missed its target, groups by rows, how often a row that is
 *     not yet resolved moves the incident to another group (33 %, one in seven of these to none),
 *     the parts of rows or incidents with a resolver, problem, vendor, symptom and the like.
 *
 * Set by hand, to come near the whole: the last quantile where it is a round number (a straight
 * line up to the real one would give far too many waits of months), the move of long waits into
 * working hours, the gaps in sys_mod_count, the probability to draw a move (some draw the group
 * they are in) and a change of priority.  Callers, locations and the rest are drawn evenly.
 *
 * Where it differs: the waits of one incident are drawn independently of each other, so the median
 * time from the first row to Resolved or Closed is 42 h, not the real log's 13.6 h, and more clocks
 * run out than there.
 *
 * Oddities kept: `?` for what is missing, d/m/yyyy without padding, resolved_at, closed_at,
 * closed_code and resolved_by back-filled on every row, updates that repeat the state,
 * sys_mod_count with gaps, incidents that begin as Active or Resolved, made_sla turning false on
 * the last row only (in the real log mostly there), priority changing inside an incident.  Rarer
 * than a small log would show, and therefore planted once in each 5,000 incidents: the raw code
 * -100 and a sys_mod_count that goes backwards; once in each 20,000: rows out of time order.
 *
 * Tested by: tests/examples.sh, which runs the example over it.
 */
#include "../gen/seeded.h"

#define ROWS_MAX 64
#define COUNT(a) (sizeof(a) / sizeof *(a))

enum { NEW, ACTIVE, USER, VENDOR, PROBLEM, EVIDENCE, RAW, RESOLVED, CLOSED, STATES };

static const char *const state_name[STATES] = {"New",
                                               "Active",
                                               "Awaiting User Info",
                                               "Awaiting Vendor",
                                               "Awaiting Problem",
                                               "Awaiting Evidence",
                                               "-100",
                                               "Resolved",
                                               "Closed"};

/* How often each state was the first. */
static const int32_t first_state[STATES] = {16397, 6503, 193, 0, 6, 0, 0, 1819, 0};

/* step[a][b]: how often a row in state a was followed by one in state b.  The raw code is set by
 * hand. */
static const int32_t step[STATES][STATES] = {
    [NEW] = {20010, 7936, 1944, 81, 75, 2, 0, 6347, 11},
    [ACTIVE] = {0, 22728, 3629, 160, 146, 3, 0, 12048, 1},
    [USER] = {0, 1140, 8790, 21, 25, 8, 0, 4657, 1},
    [VENDOR] = {0, 42, 26, 438, 0, 9, 0, 191, 0},
    [PROBLEM] = {0, 36, 57, 3, 208, 2, 0, 155, 0},
    [EVIDENCE] = {0, 2, 1, 4, 0, 14, 0, 17, 0},
    [RAW] = {0, 0, 0, 0, 0, 0, 0, 1, 0},
    [RESOLVED] = {0, 317, 2, 0, 0, 0, 0, 515, 24917},
    [CLOSED] = {0, 12, 0, 0, 0, 0, 0, 0, 55},
};
static const int32_t closed_ends = 24918;

/* Minutes between two rows, at these parts per ten thousand. */
static const int32_t gap_at[10] = {0, 500, 1000, 2500, 5000, 7500, 9000, 9500, 9900, 10000};
typedef struct {
    int from, to; /* -1: any state that no line above names */
    int64_t value[10];
} gap;
static const gap gaps[] = {
    {RESOLVED, CLOSED, {0, 7202, 7205, 7216, 7233, 7251, 10721, 19943, 25033, 30000}},
    {RESOLVED, ACTIVE, {0, 4, 7, 23, 167, 1337, 4118, 5584, 10074, 11933}},
    {RESOLVED, -1, {0, 0, 0, 1, 65, 3935, 33213, 34684, 36275, 38908}},
    {NEW, NEW, {0, 0, 0, 2, 36, 509, 2835, 5851, 20283, 90000}},
    {NEW, ACTIVE, {0, 0, 0, 4, 53, 911, 4355, 9569, 21509, 90000}},
    {NEW, RESOLVED, {0, 0, 0, 4, 20, 329, 3556, 9036, 50458, 90000}},
    {NEW, USER, {0, 0, 0, 0, 7, 342, 2705, 5909, 12448, 49849}},
    {NEW, -1, {0, 0, 0, 0, 42, 2373, 73524, 118221, 171274, 172765}},
    {ACTIVE, ACTIVE, {0, 0, 0, 4, 96, 1120, 4562, 9670, 41815, 90000}},
    {ACTIVE, RESOLVED, {0, 0, 0, 1, 9, 148, 2728, 8365, 41855, 90000}},
    {ACTIVE, USER, {0, 0, 0, 0, 3, 236, 2982, 7112, 24938, 90000}},
    {ACTIVE, -1, {0, 0, 0, 1, 51, 1303, 18542, 89773, 167128, 208796}},
    {USER, USER, {0, 0, 1, 56, 1182, 4359, 9772, 15926, 51452, 90000}},
    {USER, RESOLVED, {0, 0, 0, 1, 852, 5487, 14183, 30625, 88285, 120000}},
    {USER, -1, {0, 0, 0, 1, 250, 1747, 7239, 10197, 33272, 90000}},
    {VENDOR, -1, {0, 0, 0, 45, 4607, 37372, 62164, 102541, 168780, 212090}},
    {PROBLEM, -1, {0, 0, 0, 28, 1445, 9666, 37337, 70556, 101100, 120000}},
    {-1, -1, {0, 0, 1, 61, 2688, 15679, 45003, 82057, 120000, 120000}},
};

/* Arrivals: Monday to Sunday; by hour; days from opening of the log to the month's end. */
static const int32_t weekday_weight[7] = {5947, 4951, 4884, 4105, 3829, 639, 563};
static const int32_t hour_weight[24] = {269,  222,  149,  123,  128,  132,  320,  573,
                                        2547, 3014, 2893, 2469, 1342, 1645, 2255, 2131,
                                        1867, 1075, 466,  296,  226,  359,  245,  172};
static const int32_t update_hour_weight[24] = {1002,  1211,  885,   595,   580,  484,  794,   1660,
                                               10234, 14597, 15197, 14925, 9128, 8408, 13121, 13349,
                                               12442, 8865,  6174,  3164,  1310, 1409, 1263,  915};
/* 98.9 % of the incidents were opened in the first 93 days, the rest in the 261 days after. */
#define MAIN_DAYS 93
#define TAIL_DAYS 261
#define TAIL_PER_MILLION 11000

static const int32_t delay_at[7] = {0, 1000, 2500, 5000, 7500, 9000, 10000};
static const int64_t delay_value[7] = {0, 0, 0, 1, 6, 13, 60};

static const char *const priority_name[4] = {"1 - Critical", "2 - High", "3 - Moderate", "4 - Low"};
static const int32_t priority_weight[4] = {185, 311, 23681, 741};
/* Incidents of each priority whose made_sla ended as false, in a million. */
static const int32_t missed_per_million[4] = {981481, 995098, 354598, 158915};

typedef struct {
    int group;
    int32_t rows;
} group_rows;
static const group_rows groups[] = {
    {70, 43474}, {25, 7679}, {24, 6752}, {20, 6170}, {39, 4728}, {23, 4228}, {27, 3817}, {28, 3638},
    {73, 3304},  {65, 2852}, {55, 2400}, {64, 2245}, {72, 2220}, {54, 2162}, {66, 2119}, {57, 2026},
    {10, 2010},  {29, 1902}, {6, 1718},  {9, 1646},  {22, 1544}, {30, 1198}, {76, 1164}, {33, 1155},
    {31, 1129},  {56, 1076}, {5, 998},   {69, 959},  {37, 950},  {46, 808},  {58, 738},  {48, 669},
    {74, 587},   {12, 573},  {49, 558},  {3, 511},   {50, 489},  {51, 446},  {75, 432},  {53, 413},
    {62, 334},   {15, 331},  {21, 311},  {47, 298},  {19, 292},  {34, 248},  {59, 212},  {61, 200},
    {68, 185},   {26, 183},  {60, 168},  {35, 158},  {13, 148},  {67, 126},  {45, 99},   {81, 89},
    {44, 82},    {17, 81},   {14, 76},   {77, 74},   {63, 58},   {82, 47},   {43, 46},   {2, 45},
    {32, 33},    {78, 22},   {80, 12},   {36, 11},   {79, 9},    {71, 9},    {18, 6},    {7, 6},
    {8, 5},      {41, 3},    {38, 2},    {11, 1},    {4, 1},     {16, 1}};

/* Of 24,918 incidents 12,791 began with group 70 and 906 with none; the rest draw by rows, group 70
 * included, so that this part stands only for what that draw does not give. */
#define FIRST_GROUP_70 279000
#define FIRST_GROUP_NONE 36359
#define MOVE_PER_MILLION 380000
#define TO_NONE_PER_MILLION 140000

typedef struct {
    int64_t at, modified;
    int state, priority, group; /* group -1: none */
    int reassigned, reopened, resolver;
} row;

typedef struct {
    int64_t opened, created, resolved, closed; /* -1: unknown */
    int64_t caller, opened_by, created_by, location, category, subcategory, symptom, code,
        resolved_by;
    int missed, knowledge, confirmed, self_service, vendor, problem;
    row rows[ROWS_MAX];
    size_t n;
} incident;

static int64_t draw_gap(seeded_random *r, int from, int to)
{
    size_t i = 0;
    while (i + 1 < COUNT(gaps) && !((gaps[i].from == from || gaps[i].from == -1) &&
                                    (gaps[i].to == to || gaps[i].to == -1)))
        i++;
    return seeded_quantile(r, gap_at, gaps[i].value, 10);
}

/* People work by day: a long wait mostly ends in working hours. */
static int64_t into_working_hours(seeded_random *r, int64_t at, int64_t waited)
{
    if (waited < 120 || seeded_chance(r, 60000))
        return at;
    while (seeded_weekday(at) >= 5 && seeded_chance(r, 930000))
        at += SEEDED_DAY_MINUTES;
    int64_t hour = (int64_t)seeded_pick(r, update_hour_weight, 24);
    int64_t moved = at - at % SEEDED_DAY_MINUTES + hour * 60 + seeded_below(r, 60);
    return moved < at - waited ? at : moved;
}

static int draw_group(seeded_random *r)
{
    int64_t sum = 0;
    for (size_t i = 0; i < COUNT(groups); i++)
        sum += groups[i].rows;
    int64_t at = seeded_below(r, sum);
    size_t i = 0;
    while (i + 1 < COUNT(groups) && at >= groups[i].rows)
        at -= groups[i++].rows;
    return groups[i].group;
}

static int draw_first_group(seeded_random *r)
{
    int64_t x = seeded_below(r, 1000000);
    if (x < FIRST_GROUP_70)
        return 70;
    return x < FIRST_GROUP_70 + FIRST_GROUP_NONE ? -1 : draw_group(r);
}

/* A reassignment counts when the incident reaches another group, not when it loses its group. */
static void move(seeded_random *r, row *next, int *last_group)
{
    if (next->state >= RESOLVED || !seeded_chance(r, MOVE_PER_MILLION))
        return;
    next->group = seeded_chance(r, TO_NONE_PER_MILLION) ? -1 : draw_group(r);
    if (next->group >= 0 && next->group != *last_group) {
        next->reassigned++;
        *last_group = next->group;
    }
}

/* The next state, or -1 at the end. */
static int draw_state(seeded_random *r, const row *last, size_t n)
{
    if (n + 3 >= ROWS_MAX)
        return last->state == CLOSED ? -1 : last->state == RESOLVED ? CLOSED : RESOLVED;
    if (last->state == CLOSED && seeded_below(r, closed_ends + 67) < closed_ends)
        return -1;
    return (int)seeded_pick(r, step[last->state], STATES);
}

static void live(seeded_random *r, incident *in, int raw_code)
{
    row first = {.at = in->opened + seeded_quantile(r, delay_at, delay_value, 7)};
    first.state = raw_code ? NEW : (int)seeded_pick(r, first_state, STATES);
    first.priority = (int)seeded_pick(r, priority_weight, 4);
    first.group = draw_first_group(r);
    first.resolver = seeded_chance(r, 713000) ? (int)seeded_below(r, 234) + 1 : 0;
    int last_group = first.group;
    in->rows[0] = first;
    in->n = 1;
    for (;;) {
        row *last = &in->rows[in->n - 1];
        row next = *last;
        next.state = raw_code && in->n == 2 ? RAW : draw_state(r, last, in->n);
        if (next.state < 0)
            break;
        int64_t waited = draw_gap(r, last->state, next.state);
        next.at = last->at + waited;
        if (last->state != RESOLVED)
            next.at = into_working_hours(r, next.at, waited);
        if (next.at < last->at)
            next.at = last->at;
        next.modified += seeded_chance(r, 870000) ? 1 : 2 + seeded_below(r, 6);
        if (last->state >= RESOLVED && next.state < RESOLVED)
            next.reopened++;
        if (seeded_chance(r, 5000))
            next.priority = (int)seeded_below(r, 4);
        if (!next.resolver && seeded_chance(r, 326000))
            next.resolver = (int)seeded_below(r, 234) + 1;
        move(r, &next, &last_group);
        in->rows[in->n++] = next;
    }
}

/* What stands on every row, the future included. */
static void fill(seeded_random *r, incident *in)
{
    in->created = seeded_chance(r, 461000) ? -1 : in->rows[0].at;
    in->resolved = in->closed = -1;
    for (size_t i = 0; i < in->n; i++) {
        if (in->rows[i].state == RESOLVED)
            in->resolved = in->rows[i].at;
        if (in->rows[i].state == CLOSED)
            in->closed = in->rows[i].at;
    }
    if (seeded_chance(r, 62400))
        in->resolved = -1;
    in->missed = seeded_chance(r, missed_per_million[in->rows[in->n - 1].priority]);
    in->caller = seeded_below(r, 5245) + 1;
    in->opened_by = seeded_below(r, 208) + 1;
    in->created_by = seeded_below(r, 185) + 1;
    in->location = seeded_below(r, 225) + 1;
    in->category = seeded_below(r, 59) + 1;
    in->subcategory = seeded_below(r, 255) + 1;
    in->symptom = seeded_chance(r, 232000) ? -1 : seeded_below(r, 526) + 1;
    in->code = seeded_chance(r, 611000) ? 6 : seeded_below(r, 17) + 1;
    in->resolved_by = seeded_below(r, 216) + 1;
    in->knowledge = seeded_chance(r, 179000);
    in->confirmed = seeded_chance(r, 289000);
    in->self_service = seeded_chance(r, 9000);
    in->vendor = seeded_chance(r, 1700);
    in->problem = seeded_chance(r, 16200);
}

static void print_date(FILE *out, int64_t minutes)
{
    if (minutes < 0) {
        fputs("?,", out);
        return;
    }
    seeded_civil c = seeded_date(minutes);
    fprintf(out, "%d/%d/%" PRId64 " %02d:%02d,", c.day, c.month, c.year, c.hour, c.minute);
}

/* `LABEL 12`, or `?` where there is none. */
static void print_label(FILE *out, const char *label, int64_t number)
{
    if (number < 0)
        fputs("?,", out);
    else
        fprintf(out, "%s%" PRId64 ",", label, number);
}

static void print_row(FILE *out, const incident *in, size_t i, int64_t number)
{
    static const char *const level[4] = {"1 - High", "1 - High", "2 - Medium", "3 - Low"};
    const row *now = &in->rows[i];
    int last = i + 1 == in->n;
    fprintf(out, "INC%07" PRId64 ",%s,%s,%d,%d,%" PRId64 ",%s,", number, state_name[now->state],
            now->state == CLOSED ? "false" : "true", now->reassigned, now->reopened, now->modified,
            last && in->missed ? "false" : "true");
    print_label(out, "Caller ", in->caller);
    print_label(out, "Opened by  ", in->opened_by);
    print_date(out, in->opened);
    print_label(out, "Created by ", in->created < 0 ? -1 : in->created_by);
    print_date(out, in->created);
    print_label(out, "Updated by ", (in->opened_by * 31 + (int64_t)i * 7) % 846 + 1);
    print_date(out, now->at);
    fputs(in->self_service ? "Self service," : "Phone,", out);
    print_label(out, "Location ", in->location);
    print_label(out, "Category ", in->category);
    print_label(out, "Subcategory ", in->subcategory);
    print_label(out, "Symptom ", in->symptom);
    fprintf(out, "?,%s,%s,%s,", level[now->priority], level[now->priority],
            priority_name[now->priority]);
    print_label(out, "Group ", now->group);
    print_label(out, "Resolver ", now->resolver ? now->resolver : -1);
    fprintf(out, "%s,%s,Do Not Notify,", in->knowledge ? "true" : "false",
            in->confirmed ? "true" : "false");
    print_label(out, "Problem ID  ", in->problem ? in->category * 4 : -1);
    fprintf(out, "?,%s,?,", in->vendor ? "Vendor 1" : "?");
    print_label(out, "code ", in->code);
    print_label(out, "Resolved by ", in->resolved_by);
    print_date(out, in->resolved);
    seeded_civil c = seeded_date(in->closed);
    fprintf(out, "%d/%d/%" PRId64 " %02d:%02d\n", c.day, c.month, c.year, c.hour, c.minute);
}

static int ascending(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

/* When the incidents were opened, in order. */
static int64_t *draw_openings(seeded_random *r, int64_t n)
{
    int64_t *opened = calloc((size_t)n, sizeof *opened);
    if (!opened) {
        fputs("out of memory\n", stderr);
        exit(4);
    }
    int64_t first = seeded_days(2016, 2, 29) * SEEDED_DAY_MINUTES;
    for (int64_t i = 0; i < n; i++) {
        int64_t day, tail = seeded_chance(r, TAIL_PER_MILLION);
        do
            day = tail ? MAIN_DAYS + seeded_below(r, TAIL_DAYS) : seeded_below(r, MAIN_DAYS);
        while (seeded_below(r, weekday_weight[0]) >= weekday_weight[day % 7]);
        int64_t hour = (int64_t)seeded_pick(r, hour_weight, 24);
        opened[i] = first + day * SEEDED_DAY_MINUTES + hour * 60 + seeded_below(r, 60);
    }
    qsort(opened, (size_t)n, sizeof *opened, ascending);
    return opened;
}

int main(int argc, char **argv)
{
    seeded_random r = {(uint64_t)seeded_number(argc, argv, "--seed", 1, 0, INT64_MAX)};
    int64_t n = seeded_number(argc, argv, "--incidents", 5000, 1, 10000000);
    const char *path = seeded_option(argc, argv, "--out");
    FILE *out = path ? fopen(path, "w") : stdout;
    if (!out) {
        fprintf(stderr, "cannot write %s: %s\n", path, strerror(errno));
        return 4;
    }
    fputs(
        "number,incident_state,active,reassignment_count,reopen_count,sys_mod_count,made_sla,"
        "caller_id,"
        "opened_by,opened_at,sys_created_by,sys_created_at,sys_updated_by,sys_updated_at,contact_"
        "type,"
        "location,category,subcategory,u_symptom,cmdb_ci,impact,urgency,priority,assignment_group,"
        "assigned_to,knowledge,u_priority_confirmation,notify,problem_id,rfc,vendor,caused_by,"
        "closed_code,resolved_by,resolved_at,closed_at\n",
        out);
    int64_t *opened = draw_openings(&r, n);
    int64_t number = 45;
    for (int64_t i = 0; i < n; i++) {
        incident in = {.opened = opened[i]};
        live(&r, &in, i % 5000 == 42);
        fill(&r, &in);
        if (i % 5000 == 77)
            in.rows[in.n - 1].modified = in.rows[0].modified;
        if (i % 20000 == 99 && in.n > 2)
            in.rows[0].at = in.rows[1].at + 78;
        for (size_t k = 0; k < in.n; k++)
            print_row(out, &in, k, number);
        number += 1 + seeded_below(&r, 4);
    }
    free(opened);
    seeded_close(out, path ? path : "standard output");
    return 0;
}
