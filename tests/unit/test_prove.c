/* Unit tests of the prover: what it finds does not depend on how rules are computed (a second,
 * naive reading of a rule over the model), mutated sources cannot crash it, and neither can a lack
 * of memory. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "compiler/check/check.h"
#include "compiler/prove/prove.h"
#include "compiler/syntax/parse.h"

typedef struct proved {
    ent_arena *arena;
    ent_diags *diags;
    ent_model *model;
    size_t errors, warnings;
    bool complete;
} proved;

static proved prove_text(const char *text, size_t len, size_t bytes_max)
{
    proved c = {.arena = ent_arena_create(bytes_max)};
    ent_sources *sources = c.arena == NULL ? NULL : ent_sources_create(c.arena);
    c.diags = sources == NULL ? NULL : ent_diags_new(c.arena, sources);
    uint32_t file;
    if (c.diags == NULL || !ent_sources_add(sources, "test.ent", text, len, &file)) {
        return c;
    }
    ent_node *tree = ent_parse(c.arena, sources, file, c.diags);
    if (tree != NULL) {
        c.model = ent_check(c.arena, sources, c.diags, &tree, 1, 1, NULL);
    }
    c.complete = c.model != NULL && ent_prove(c.arena, sources, c.diags, c.model) &&
                 !ent_arena_failed(c.arena);
    c.errors = ent_diags_error_count(c.diags);
    c.warnings = ent_diags_warning_count(c.diags);
    return c;
}

/* Something of everything that is proved; all rules hold. */
static const char club[] =
    "feed probe sampled every 1m { at instant  service service key  up bool  latency duration }\n"
    "feed ticket { at instant  id text key  event one of opened, assigned, resolved\n"
    "  priority one of P1, P2, P3  service service  party party holder }\n"
    "framework Club version 1 effective from 2026-01-01 timezone \"UTC\" currency GBP {\n"
    "  client Acme integrator Hermes provider NetCo provider HostCo provider AppCo\n"
    "  service network by NetCo service hosting by HostCo depends on network\n"
    "  service shop by AppCo depends on hosting, network\n"
    "  require one \"x\" all p in providers: count(a in slas where a.supplier == p) <= 1\n"
    "  require two all d in dependencies: d.supplier == d.consumer or\n"
    "    any(o in olas where o.supplier == d.supplier and o.customer == d.consumer)\n"
    "  require three sum(a.charge for a in agreements) <= GBP 500.00 and not any(a in slas where\n"
    "    all b in slas: a.charge > b.charge * 9)\n"
    "  accountability integrator answers to client for every objective outages follow "
    "dependencies\n"
    "  objective whole \"1.1\" share of probe where up and service == shop at least 95% each "
    "month\n"
    "    missing counts as down\n"
    "}\n"
    "calendar office open mon..fri 09:00..17:30\n"
    "fn band(h: duration) -> int = if h > 8h then 3 else if h > 4h then 2 else 1\n"
    "sla Net under Club between NetCo and Acme effective from 2026-01-01 { charge GBP 100.00 per "
    "month\n"
    "  objective uptime share of probe where up and service == network at least 99% each month\n"
    "    missing counts as down }\n"
    "sla Host under Club between HostCo and Acme effective from 2026-01-01 { charge GBP 100.00 per "
    "month\n"
    "  objective uptime share of probe where up and service == hosting at least 99% each month\n"
    "    missing counts as down\n"
    "  duty restore HostCo must ticket.resolved when ticket.opened where service == hosting\n"
    "    within 4h for P1, 8h of office otherwise }\n"
    "sla Shop under Club between AppCo and Acme effective from 2026-01-01 { charge GBP 100.00 per "
    "month\n"
    "  objective uptime share of probe where up and service == shop at least 90% each month\n"
    "    missing counts as down\n"
    "    credit none when at least 90%, (GBP 1.00 * band(5h)) otherwise\n"
    "  duty restore AppCo must ticket.resolved when ticket.opened where service == shop and\n"
    "    priority in {P1, P2} within 9h }\n"
    "ola A under Club between NetCo and HostCo effective from 2026-01-01 { duty t NetCo must\n"
    "  ticket.assigned or ticket.resolved when ticket.assigned where party == NetCo within 5h }\n"
    "ola B under Club between NetCo and AppCo effective from 2026-01-01 { duty t NetCo must\n"
    "  ticket.assigned or ticket.resolved when ticket.assigned where party == NetCo within 2h }\n"
    "ola C under Club between HostCo and AppCo effective from 2026-01-01 { duty t HostCo must\n"
    "  ticket.assigned or ticket.resolved when ticket.assigned where party == HostCo within 5h of "
    "office }\n"
    "amendment Later to Host version 2 effective from 2027-01-01 { charge GBP 150.00 per month }\n";

static void test_club(void **state)
{
    (void)state;
    proved c = prove_text(club, sizeof club - 1, 0);
    ent_text out = {0};
    ent_diags_render(c.diags, &out, 0);
    if (!c.complete || c.errors > 0) {
        fail_msg("%s", ent_text_str(&out));
    }
    assert_non_null(
        strstr(ent_text_str(&out), "[W0408]")); /* 10h and more along shop, hosting, network */
    assert_non_null(strstr(ent_text_str(&out), "[W0415]")); /* 90% of Shop under 95% of the whole */
    assert_null(strstr(ent_text_str(&out), "[W0409]"));
    ent_text_deinit(&out);
    ent_arena_destroy(c.arena);
}

/* --- rules, computed a second time --- */

/* A club whose SLAs are given by bits: bit 3i + k says that provider i has an SLA number k. */
static size_t club_of(unsigned bits, const char *rule, char *text, size_t size)
{
    int n = snprintf(
        text, size,
        "framework Club version 1 effective from 2026-01-01 timezone \"UTC\" currency GBP {\n"
        "  client C integrator I provider P0 provider P1 provider P2\n"
        "  require r %s\n}\n",
        rule);
    for (unsigned i = 0; i < 9; i++) {
        if ((bits >> i & 1) != 0) {
            n += snprintf(
                text + n, size - (size_t)n,
                "sla S%u version %u under Club between P%u and C effective from 2026-01-01 "
                "{ charge GBP %u.00 per month }\n",
                i, i % 3 + 1, i / 3, i % 3 + 1);
        }
    }
    return (size_t)n;
}

typedef struct counted {
    unsigned of[3], charge[3], all, sum, largest;
} counted;

static counted count_slas(unsigned bits)
{
    counted c = {.all = 0};
    for (unsigned i = 0; i < 9; i++) {
        if ((bits >> i & 1) != 0) {
            c.of[i / 3]++;
            c.charge[i / 3] += i % 3 + 1;
            c.all++;
            c.sum += i % 3 + 1;
            c.largest = i % 3 + 1 > c.largest ? i % 3 + 1 : c.largest;
        }
    }
    return c;
}

static bool every_one(counted c)
{
    return c.of[0] == 1 && c.of[1] == 1 && c.of[2] == 1;
}

static bool some_two(counted c)
{
    return c.of[0] >= 2 || c.of[1] >= 2 || c.of[2] >= 2;
}

static bool sums(counted c)
{
    return c.sum <= 6;
}

/* no provider's charges are more than twice another's, if both have some */
static bool fair(counted c)
{
    for (int a = 0; a < 3; a++) {
        for (int b = 0; b < 3; b++) {
            if (c.of[b] > 0 && c.charge[a] > 2 * c.charge[b]) {
                return false;
            }
        }
    }
    return true;
}

static bool has_largest(counted c)
{
    return c.all > 0 && c.largest > 0;
}

static void test_rules_twice(void **state)
{
    static const struct {
        const char *rule;
        bool (*holds)(counted c);
    } rules[] = {
        {"all p in providers: count(a in slas where a.supplier == p) == 1", every_one},
        {"any(p in providers where count(a in slas where a.supplier == p) >= 2)", some_two},
        {"sum(a.charge for a in slas) <= GBP 6.00", sums},
        {"all p in providers: all q in providers: not (any(a in slas where a.supplier == q) and "
         "sum(a.charge for a in slas where a.supplier == p) > "
         "sum(a.charge for a in slas where a.supplier == q) * 2)",
         fair},
        {"any(a in slas where all b in slas: a.version >= b.version)", has_largest},
    };
    static char text[8192];
    (void)state;
    for (size_t r = 0; r < sizeof rules / sizeof *rules; r++) {
        for (unsigned bits = 0; bits < 512; bits++) {
            size_t n = club_of(bits, rules[r].rule, text, sizeof text);
            proved c = prove_text(text, n, 0);
            assert_true(c.complete);
            if ((c.errors == 0) != rules[r].holds(count_slas(bits))) {
                ent_text out = {0};
                ent_diags_render(c.diags, &out, 0);
                fail_msg("%s\n%s", text, ent_text_str(&out));
            }
            ent_arena_destroy(c.arena);
        }
    }
}

/* --- what may not happen --- */

static uint64_t next(uint64_t *seed)
{
    *seed = *seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return *seed >> 33;
}

/* Words of the club change places: mostly still a club, and a strange one. */
static size_t mutate(char *text, uint64_t *seed)
{
    static const char *const words[] = {
        "99%",   "4h",     "P1",      "network", "hosting", "shop",    "NetCo",    "HostCo",
        "AppCo", "Acme",   "at most", "above",   "slas",    "duties",  "promises", "not",
        "up",    "opened", "0%",      "100%",    "office",  "latency", "== ",      "!= "};
    size_t n = sizeof club - 1;
    memcpy(text, club, n + 1);
    for (unsigned i = 0; i < 1 + next(seed) % 3; i++) {
        const char *from = words[next(seed) % (sizeof words / sizeof *words)];
        const char *to = words[next(seed) % (sizeof words / sizeof *words)];
        unsigned skip = (unsigned)(next(seed) % 6);
        char *at = strstr(text, from);
        while (at != NULL && skip-- > 0) {
            at = strstr(at + 1, from);
        }
        if (at != NULL) {
            memmove(at + strlen(to), at + strlen(from), strlen(at + strlen(from)) + 1);
            memcpy(at, to, strlen(to));
            n = strlen(text);
        }
    }
    return n;
}

static void test_mutations(void **state)
{
    static char text[sizeof club + 256];
    uint64_t seed = 20260106;
    size_t valid = 0;
    (void)state;
    for (int i = 0; i < 600; i++) {
        size_t n = mutate(text, &seed);
        proved c = prove_text(text, n, 0);
        assert_true(c.complete);
        valid += c.errors == 0;
        ent_text out = {0};
        ent_diags_render(c.diags, &out, 0);
        ent_diags_render_sarif(c.diags, &out);
        ent_text_deinit(&out);
        ent_arena_destroy(c.arena);
    }
    print_message("600 mutations, %zu of them valid\n", valid);
    assert_true(valid > 50);
}

static void test_memory(void **state)
{
    size_t refused = 0;
    bool done = false;
    (void)state;
    for (size_t limit = 4096; !done; limit += limit / 16) {
        proved c = prove_text(club, sizeof club - 1, limit);
        done = c.complete && c.errors == 0;
        refused += !done;
        ent_arena_destroy(c.arena);
        assert_true(limit < (size_t)256 << 20);
    }
    assert_true(refused > 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_club),
        cmocka_unit_test(test_rules_twice),
        cmocka_unit_test(test_mutations),
        cmocka_unit_test(test_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
