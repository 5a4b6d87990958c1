/* Writes downtime_windows.csv and segments.csv in the shape of the published outages of a large
 * online service, for readers who do not have those at hand.
 *
 *   generate [--seed N] [--incidents N] [--out DIRECTORY]
 *
 * The same seed gives the same bytes everywhere.  Counted on the original (819 incidents from March
 * 2022 to August 2026) were how many incidents are minor, major, critical, none and maintenance;
 * quantiles of durations, per impact, and of the number of segments; one incident in 47 hours on
 * average; one neighbour in ten overlapping; one segment in eight without length; one incident
 * in 28 without segments; one window in five from a postmortem.  Which component is hit is as in
 * the original, roughly; the times between incidents follow an even draw with bursts, not the real
 * ones. Kept besides: CRLF line ends, UTC times of whole minutes and some titles that are not
 * ASCII. Titles with a comma, in quotes, are added.
 *
 * Tested by: tests/examples.sh, which runs the example over the default output.
 */
#include "../gen/seeded.h"

enum { IMPACT_NONE, IMPACT_MINOR, IMPACT_MAJOR, IMPACT_CRITICAL, IMPACT_MAINTENANCE, IMPACTS };

static const char *const impact_name[IMPACTS] = {"none", "minor", "major", "critical",
                                                 "maintenance"};
static const int32_t impact_weight[IMPACTS] = {31, 604, 138, 28, 18};

/* Minutes of downtime at these parts per ten thousand, for each impact. */
static const int32_t duration_at[6] = {0, 1000, 2500, 5000, 9000, 10000};
static const int64_t duration_value[IMPACTS][6] = {{0, 0, 0, 13, 465, 1568},
                                                   {0, 16, 32, 73, 278, 3718},
                                                   {0, 21, 34, 77, 340, 1149},
                                                   {6, 12, 46, 85, 549, 610},
                                                   {212, 572, 1889, 4167, 10144, 10741}};

static const char *const component[] = {"Actions",      "Copilot", "Pull Requests",  "Codespaces",
                                        "Issues",       "Pages",   "Git Operations", "Packages",
                                        "API Requests", "Webhooks"};
static const int32_t component_weight[] = {228, 134, 130, 127, 102, 53, 86, 28, 50, 53};

typedef struct {
    int64_t id, from, to;
    int impact;
} incident;

static void print_title(FILE *out, seeded_random *r, const incident *in)
{
    size_t c = seeded_pick(r, component_weight, sizeof component / sizeof *component);
    if (in->impact == IMPACT_MAINTENANCE)
        fprintf(out, "Scheduled maintenance – %s", component[c]);
    else if (seeded_chance(r, 40000))
        fprintf(out, "\"Incident with %s, and %s\"", component[c], component[(c + 1) % 10]);
    else
        fprintf(out, "Incident with %s", component[c]);
}

static void print_segment(FILE *out, int64_t id, int64_t from, int64_t to, const char *status)
{
    fprintf(out, "%" PRId64 ",", id);
    seeded_print_instant(out, from);
    fputc(',', out);
    seeded_print_instant(out, to);
    fprintf(out, ",%s\r\n", status);
}

/* The updates of one incident: a first word, then updates until it is over. */
static void print_segments(FILE *out, seeded_random *r, const incident *in)
{
    static const int32_t updates_at[6] = {0, 1100, 3000, 6000, 9000, 10000};
    static const int64_t updates[6] = {0, 0, 1, 3, 9, 34};
    int planned = in->impact == IMPACT_MAINTENANCE;
    int64_t n = planned ? 1 : seeded_quantile(r, updates_at, updates, 6);
    int64_t at = in->from;
    const char *status = planned ? "Scheduled" : "Investigating";
    for (int64_t i = 0; i < n && at < in->to; i++) {
        int64_t next = seeded_chance(r, 90000) ? at : at + 1 + seeded_below(r, (in->to - at) / 2);
        print_segment(out, in->id, at, next, status);
        status = planned ? "In progress" : seeded_chance(r, 25000) ? "Monitoring" : "Update";
        at = next;
    }
    print_segment(out, in->id, at, in->to, status);
}

int main(int argc, char **argv)
{
    seeded_random r = {(uint64_t)seeded_number(argc, argv, "--seed", 1, 0, INT64_MAX)};
    int64_t n = seeded_number(argc, argv, "--incidents", 819, 1, 1000000);
    const char *directory = seeded_option(argc, argv, "--out");
    if (!directory)
        directory = ".";
    FILE *windows = seeded_create(directory, "downtime_windows.csv");
    FILE *segments = seeded_create(directory, "segments.csv");
    fputs("incident_id,downtime_start,downtime_end,duration_minutes,source,title,impact\r\n",
          windows);
    fputs("incident_id,start_at,end_at,status\r\n", segments);

    int64_t at = seeded_days(2022, 3, 1) * SEEDED_DAY_MINUTES;
    int64_t id = 9600000;
    for (int64_t i = 0; i < n; i++) {
        /* Bursts: one in ten comes within two hours of the one before. */
        at += seeded_chance(&r, 100000) ? seeded_below(&r, 120) : 60 + seeded_below(&r, 6100);
        id += 1 + seeded_below(&r, 30000);
        incident in = {id, at, at, (int)seeded_pick(&r, impact_weight, IMPACTS)};
        in.to += seeded_quantile(&r, duration_at, duration_value[in.impact], 6);
        fprintf(windows, "%" PRId64 ",", in.id);
        seeded_print_instant(windows, in.from);
        fputc(',', windows);
        seeded_print_instant(windows, in.to);
        fprintf(windows, ",%" PRId64 ",%s,", in.to - in.from,
                seeded_chance(&r, 199000) ? "postmortem" : "updates");
        print_title(windows, &r, &in);
        fprintf(windows, ",%s\r\n", impact_name[in.impact]);
        if (!seeded_chance(&r, 35000))
            print_segments(segments, &r, &in);
    }
    seeded_close(windows, "downtime_windows.csv");
    seeded_close(segments, "segments.csv");
    return 0;
}
