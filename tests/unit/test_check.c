/* Unit tests of the checker: what the model holds for lowering, the table of operator types, and
 * that neither mutated sources nor a lack of memory crash it.  Diagnostics are golden files
 * elsewhere. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "compiler/check/check.h"
#include "compiler/syntax/parse.h"

typedef struct checked {
    ent_arena *arena;
    ent_diags *diags;
    ent_model *model;
    size_t errors;
} checked;

static checked check_text(const char *text, size_t len, size_t bytes_max)
{
    checked c = {.arena = ent_arena_create(bytes_max)};
    ent_sources *sources = c.arena == NULL ? NULL : ent_sources_create(c.arena);
    c.diags = sources == NULL ? NULL : ent_diags_new(c.arena, sources);
    uint32_t file;
    if (c.diags == NULL || !ent_sources_add(sources, "test.ent", text, len, &file)) {
        c.errors = 1;
        return c;
    }
    ent_node *tree = ent_parse(c.arena, sources, file, c.diags);
    if (tree != NULL)
        c.model = ent_check(c.arena, sources, c.diags, &tree, 1, 1, NULL);
    c.errors = ent_diags_error_count(c.diags);
    return c;
}

static checked check_valid(const char *text)
{
    checked c = check_text(text, strlen(text), 0);
    if (c.errors > 0) {
        ent_text out = {0};
        ent_diags_render(c.diags, &out, 0);
        fail_msg("%s", ent_text_str(&out));
    }
    assert_non_null(c.model);
    return c;
}

static const char club[] =
    "framework Club version 2 effective from 2026-01-01 timezone \"Europe/London\" currency GBP {\n"
    "  client Acme integrator Hermes provider NetCo provider HostCo alias \"Group 1\"\n"
    "  service network by NetCo service hosting by HostCo depends on network\n"
    "  service mail by HostCo\n"
    "  credit cap 15% of charge each month\n"
    "  require one \"x\" all p in providers: count(a in slas where a.supplier == p and a.customer "
    "== client) <= 1\n"
    "}\n"
    "feed probe sampled every 1m { at instant service service key up bool latency duration }\n"
    "feed ticket { at instant id text key event one of opened, assigned, pended, resumed, "
    "resolved, reopened\n"
    "  priority one of P1, P2 service service party party holder }\n"
    "calendar office open mon..fri 09:00..17:30 closed 2026-12-25\n"
    "span hold per ticket from ticket.pended to ticket.resumed or ticket.resolved caused by "
    "client\n"
    "fn step(x: ratio) -> ratio = if x < 99% then 10% else 5%\n"
    "sla Hosting version 3 under Club between HostCo and Acme effective 2026-01-01 .. 2028-12-31 "
    "{\n"
    "  charge GBP 120_000.00 per month\n"
    "  measure availability per service share of probe where up\n"
    "  objective uptime availability(hosting) at least 99.9% each month missing counts as down\n"
    "    credit none when at least 99.9%, step(availability) otherwise\n"
    "  objective each_service availability at least 99% each month missing is ignored\n"
    "  objective selected share of probe where up and service == hosting and latency is absent or "
    "not up at least 9% each day missing is ignored\n"
    "  objective tight share of probe where service == hosting and latency < 1s and up at least 9% "
    "each day missing is ignored\n"
    "  objective few count of ticket.opened where priority == P1 at most 2.5 rolling 30d every 1d\n"
    "  duty restore HostCo must ticket.resolved when ticket.opened where service == hosting\n"
    "    within 4h for P1, 8h of office for P2 pausing during hold on ticket.reopened restart warn "
    "at 75%\n"
    "  objective restored share of restore where met at least 95% each month\n"
    "    credit 2% of charge per 1% below, at most 10% of charge\n"
    "}\n"
    "amendment Next to Hosting version 4 effective from 2027-01-01 {\n"
    "  charge GBP 118_000.00 per month\n"
    "  remove objective few\n"
    "  replace objective uptime availability(hosting) at least 99.95% each month missing counts as "
    "down\n"
    "    credit none when at least 99.95%, 10% of charge otherwise\n"
    "}\n";

static ent_objective_decl *objective(const ent_agreement_decl *a, const char *name)
{
    for (size_t i = 0; i < a->n_objectives; i++)
        if (strcmp(a->objectives[i]->name, name) == 0)
            return a->objectives[i];
    fail_msg("no objective %s", name);
    return NULL;
}

static void test_club(void **state)
{
    (void)state;
    checked c = check_valid(club);
    ent_model *m = c.model;
    assert_int_equal(m->n_parties, 4);
    assert_int_equal(m->n_services, 3);
    assert_int_equal(m->services[1]->n_dependencies, 1);
    assert_ptr_equal(m->services[1]->dependencies[0], m->services[0]);
    assert_string_equal(m->parties[3]->aliases[0], "Group 1");
    assert_int_equal(m->n_enumerations, 2);
    assert_string_equal(m->enumerations[1]->name, "ticket.priority");
    assert_string_equal(m->calendars[0]->zone, "Europe/London");
    assert_int_equal(m->spans[0]->n_keys, 1);
    assert_int_equal(m->spans[0]->to->n_alts, 2);
    assert_ptr_equal(m->spans[0]->cause, m->parties[0]);
    assert_int_equal(m->framework->n_requires, 1);
    ent_arena_destroy(c.arena);
}

static void test_versions(void **state)
{
    (void)state;
    checked c = check_valid(club);
    ent_model *m = c.model;
    assert_int_equal(m->n_agreements, 2);
    const ent_agreement_decl *a = m->agreements[0], *b = m->agreements[1];
    assert_int_equal(a->to_day + 1, b->from_day);
    assert_true(b->to_day < INT64_MAX); /* the agreement's own end is inherited */
    assert_int_equal(b->version, 4);
    assert_ptr_equal(b->before, a);
    assert_int_equal(a->n_objectives, 6);
    assert_int_equal(b->n_objectives, 5);
    assert_int_equal((int64_t)b->charge.num, 118000);
    assert_ptr_equal(a->caps, m->framework->caps);
    assert_ptr_equal(b->caps, m->framework->caps);
    assert_int_equal(objective(b, "uptime")->target.q.num, 1999);
    assert_int_equal(objective(b, "uptime")->order, objective(b, "each_service")->order - 1);
    /* each version has its own duty, and its objectives read that one's outcomes */
    assert_ptr_equal(objective(b, "restored")->folds[0]->feed, b->duties[0]->outcomes);
    assert_ptr_not_equal(a->duties[0]->outcomes, b->duties[0]->outcomes);
    assert_int_equal(m->feeds[2]->kind, ENT_FEED_OUTCOMES);
    assert_string_equal(m->feeds[2]->fields[1]->name, "id");
    ent_arena_destroy(c.arena);
}

static void test_subjects_and_folds(void **state)
{
    (void)state;
    checked c = check_valid(club);
    const ent_agreement_decl *a = c.model->agreements[0];
    const ent_objective_decl *o = objective(a, "uptime");
    assert_int_equal(o->subject, ENT_SUBJECT_LISTED);
    assert_int_equal(o->n_subjects, 1);
    assert_int_equal(o->subjects[0].i, 1);
    assert_int_equal(o->folds[0]->n_groups, 1);
    assert_int_equal(o->steps[1].amount->kind, ENT_AMOUNT_EXPR);
    o = objective(a, "each_service");
    assert_int_equal(o->n_subjects, 2); /* hosting and mail: what the supplier provides */
    o = objective(
        a, "selected"); /* `or` is no top-level `and`: nothing selects, and latency is asked for */
    assert_int_equal(o->folds[0]->n_keyed, 0);
    for (size_t i = 0; i < o->folds[0]->n_absents; i++)
        assert_string_not_equal(o->folds[0]->absents[i]->name, "latency");
    o = objective(a, "tight");
    assert_int_equal(o->folds[0]->n_keyed, 1);
    assert_int_equal(o->folds[0]->n_selected, 1);
    assert_int_equal(o->folds[0]->selected[0].value.i, 1);
    assert_int_equal(o->folds[0]->n_absents, 2);
    assert_int_equal(o->folds[0]->test->op, ENT_OP_AND);
    o = objective(a, "few");
    assert_int_equal(o->target.i, 2); /* a count is at most 2.5 when it is at most 2 */
    assert_int_equal(o->every_days, 1);
    assert_int_equal(o->folds[0]->member, 0);
    assert_int_equal(o->folds[0]->n_select_absents, 1);
    o = objective(a, "restored");
    assert_int_equal(o->rate_per.q.den, 100);
    assert_int_equal(o->rate_max->kind, ENT_AMOUNT_PERCENT);
    ent_arena_destroy(c.arena);
}

static void test_duty(void **state)
{
    (void)state;
    checked c = check_valid(club);
    const ent_duty_decl *d = c.model->agreements[0]->duties[0];
    assert_string_equal(d->allow_field->name, "priority");
    assert_int_equal(d->n_allows, 2);
    assert_int_equal(d->allows[0].ns, (int64_t)4 * 3600 * 1000000000);
    assert_non_null(d->allows[1].use->calendar);
    assert_int_equal(d->allows[1].values[0].i, 1);
    assert_int_equal(d->undo_mode, ENT_UNDO_RESTART);
    assert_int_equal(d->trigger->alts[0].n_where, 1);
    assert_string_equal(d->trigger->alts[0].keys[0]->name, "id");
    assert_int_equal(d->n_pauses, 1);
    assert_string_equal(d->pauses[0].keys[0]->name, "id");
    assert_true(d->has_warn);
    ent_arena_destroy(c.arena);
}

/* --- operators: every pair against what the design says --- */

static const char *const type_words[] = {"int",      "number",  "decimal(2)", "ratio", "money GBP",
                                         "duration", "instant", "time",       "text",  "bool",
                                         "party",    "service", "money EUR"};
enum { N_TYPES = sizeof type_words / sizeof *type_words };

/* result of + - * / for left and right in the order above (up to `money GBP`, `duration`,
 * `instant`), a letter each: i n d r m u t, or '.' for an error */
static const char *const results[4][7] = {
    /* right: int number decimal ratio money duration instant */
    {"i.dr...", ".n.....", "d.dr...", "r.rr...", "....m..", ".....ut", ".....t."},
    {"i.dr...", ".n.....", "d.dr...", "r.rr...", "....m..", ".....u.", ".....tu"},
    {"i.rrmu.", ".n.....", "r.rrmu.", "r.rrmu.", "m.mm...", "u.uu...", "......."},
    {"r.rr...", ".n.....", "r.rr...", "r.rr...", "m.mmr..", "u.uu.r.", "......."},
};

static const char *word_of(char letter)
{
    switch (letter) {
    case 'i':
        return "int";
    case 'n':
        return "number";
    case 'd':
        return "decimal(2)";
    case 'r':
        return "ratio";
    case 'm':
        return "money GBP";
    case 'u':
        return "duration";
    default:
        return "instant";
    }
}

static bool compiles(const char *left, const char *right, const char *op, const char *result)
{
    char text[400];
    snprintf(text, sizeof text,
             "framework C timezone \"UTC\" { client A }\nfn f(a: %s, b: %s) -> %s = a %s b\n", left,
             right, result, op);
    checked c = check_text(text, strlen(text), 0);
    size_t errors = c.errors;
    ent_arena_destroy(c.arena);
    return errors == 0;
}

static void test_arithmetic(void **state)
{
    (void)state;
    static const char *const ops[] = {"+", "-", "*", "/"};
    for (int op = 0; op < 4; op++)
        for (int l = 0; l < N_TYPES; l++)
            for (int r = 0; r < N_TYPES; r++) {
                char want = l < 7 && r < 7 ? results[op][l][r] : '.';
                if (l == 12 &&
                    want == '.') /* the other currency behaves like the first by itself */
                    continue;
                const char *result = want == '.' ? "text" : word_of(want);
                bool ok = compiles(type_words[l], type_words[r], ops[op], result);
                if (ok != (want != '.'))
                    fail_msg("%s %s %s: %s", type_words[l], ops[op], type_words[r],
                             ok ? "accepted" : "refused");
            }
}

static void test_comparison(void **state)
{
    (void)state;
    for (int l = 0; l < N_TYPES; l++)
        for (int r = 0; r < N_TYPES; r++) {
            bool exact = (l == 0 || l == 2 || l == 3) && (r == 0 || r == 2 || r == 3);
            bool ordered = l < 8 || l == 12;
            assert_int_equal(compiles(type_words[l], type_words[r], "==", "bool"), exact || l == r);
            assert_int_equal(compiles(type_words[l], type_words[r], "<", "bool"),
                             exact || (l == r && ordered));
        }
    assert_true(compiles("number", "int", "> 4 and 1 <", "bool"));
    assert_true(compiles("number", "int", "* 1.5 > 2 and 1 <", "bool"));
}

/* --- hostile input --- */

static uint64_t next_random(uint64_t *state)
{
    uint64_t z = *state += 0x9e3779b97f4a7c15u;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

/* Words of the source are dropped, doubled and swapped: most of it still parses, little of it makes
 * sense. */
static size_t mutate(char *out, size_t size, uint64_t *seed)
{
    size_t n = 0, at = 0, len = sizeof club - 1, saved_at = 0, saved_len = 0;
    while (at < len) {
        size_t end = at;
        while (end < len && club[end] != ' ' && club[end] != '\n')
            end++;
        while (end < len && (club[end] == ' ' || club[end] == '\n'))
            end++;
        uint64_t dice = next_random(seed) % 300;
        size_t from = at, count = end - at;
        if (dice == 0)
            count = 0;
        if (dice == 1 && saved_len > 0) {
            from = saved_at;
            count = saved_len;
        }
        if (dice == 2 || next_random(seed) % 7 == 0) {
            saved_at = at;
            saved_len = end - at;
        }
        for (int times = dice == 3 ? 2 : 1; times > 0 && n + count < size; times--) {
            memcpy(out + n, club + from, count);
            n += count;
        }
        at = end;
    }
    return n;
}

static void test_mutations(void **state)
{
    (void)state;
    uint64_t seed = 20260105;
    static char text[8192];
    size_t valid = 0;
    for (int i = 0; i < 1500; i++) {
        size_t n = mutate(text, sizeof text, &seed);
        checked c = check_text(text, n, 0);
        assert_non_null(c.model);
        valid += c.errors == 0;
        ent_text out = {0};
        ent_diags_render(c.diags, &out, 0);
        ent_text_deinit(&out);
        ent_arena_destroy(c.arena);
    }
    print_message("1500 mutations, %zu of them valid\n", valid);
}

static void test_memory(void **state)
{
    (void)state;
    size_t refused = 0;
    bool done = false;
    for (size_t limit = 4096; !done; limit += 4096) {
        checked c = check_text(club, sizeof club - 1, limit);
        done = c.model != NULL && c.errors == 0;
        refused += !done;
        if (c.arena != NULL)
            ent_arena_destroy(c.arena);
        assert_true(limit < (size_t)64 << 20);
    }
    assert_true(refused > 0);
}

static void test_explanations(void **state)
{
    (void)state;
    assert_non_null(strstr(ent_explain_code("E0301"), "GBP 5 + 3h"));
    assert_non_null(strstr(ent_explain_code("W0201"), "Nothing names this declaration"));
    for (int code = ENT_DIAG_NONE + 1; code < ENT_DIAG_COUNT; code++)
        assert_non_null(ent_explain_code(ent_diag_code_info((ent_diag_code)code)->code));
    assert_null(ent_explain_code("E9999"));
    assert_null(ent_explain_code(NULL));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_club),
        cmocka_unit_test(test_versions),
        cmocka_unit_test(test_subjects_and_folds),
        cmocka_unit_test(test_duty),
        cmocka_unit_test(test_arithmetic),
        cmocka_unit_test(test_comparison),
        cmocka_unit_test(test_mutations),
        cmocka_unit_test(test_memory),
        cmocka_unit_test(test_explanations),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
