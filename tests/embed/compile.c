/* libentente-compiler as hosts meet it: sources in memory to a program that libentente runs in the same process;
 * files from a callback and from a folder; diagnostics as structs; the host's memory and its limits.
 * Usage: compile FOLDER, which has what run.sh puts there. */
#include <entente-compiler.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const char *folder;

static const char club[] = "use std.itsm\n"
                           "use \"shared/parties.ent\"\n"
                           "sla Web \"Web\" version 1 under Club between Host and Shop effective from 2026-01-01 {\n"
                           "  charge GBP 1_000.00 per month\n"
                           "  duty restore Host must ticket.resolved when ticket.opened within 4h on ticket.reopened restart\n"
                           "  objective in_time share of restore where met at least 95% each month\n"
                           "    credit 2% of charge per 1% below, at most 10% of charge\n"
                           "}\n";
static const char parties[] = "use \"../shared/./services.ent\"\n"
                              "framework Club \"Club\" version 1 effective from 2026-01-01 timezone \"Europe/London\" currency GBP {\n"
                              "  client Shop\n  provider Host\n  service web by Host\n"
                              "  calendar office open mon..fri 09:00..17:00 closed on \"days.ics\"\n}\n";
static const char services[] = "calendar always open mon..sun 00:00..24:00\n";
static const char days[] = "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:x\r\nBEGIN:VEVENT\r\nUID:1\r\n"
                           "DTSTART;VALUE=DATE:20260105\r\nSUMMARY:Closed\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n";

typedef struct asked {
    size_t n;
    char paths[512];
} asked;

static bool read_file(void *user, const char *path, const char **bytes, size_t *len)
{
    asked *a = user;
    a->n++;
    strcat(strcat(a->paths, path), " ");
    *bytes = strcmp(path, "shared/parties.ent") == 0    ? parties
             : strcmp(path, "shared/services.ent") == 0 ? services
             : strcmp(path, "shared/days.ics") == 0     ? days
                                                        : NULL;
    *len = *bytes ? strlen(*bytes) : 0;
    return *bytes != NULL;
}

static ent_compiled *compile(const char *name, const char *text, const ent_compile_options *options)
{
    ent_compiled *c;
    ent_error error = {0};
    const ent_source_text source = {name, text, strlen(text)};
    if (!ent_compile(&source, 1, options, &c, &error)) {
        fail_msg("%s", error.message);
    }
    return c;
}

static bool on_decision(void *user, const ent_decision *d)
{
    char *said = user;
    (void)sprintf(said + strlen(said), "%s %d %s\n", d->clause, (int)d->status, d->credit_amount ? d->credit_amount : "-");
    return true;
}

static void run(const void *bytes, size_t len, char *said)
{
    static const char csv[] = "at,id,event,priority,service,party\n"
                              "2026-01-06T09:00:00Z,INC1,opened,P1,web,Host\n"
                              "2026-01-06T15:00:00Z,INC1,resolved,P1,web,Host\n";
    ent_program *program;
    ent_session *s = NULL;
    ent_error error = {0};
    const ent_session_options options = {.on_decision = on_decision, .user = said,
                                         .has_to = true, .to_ns = INT64_C(1769904000000000000)};
    if (!ent_program_load(bytes, len, NULL, &program, &error) || !ent_session_new(program, &options, &s, &error) ||
        !ent_session_push_text(s, "ticket", "csv", csv, sizeof csv - 1, &error) || !ent_session_finish(s, &error)) {
        fail_msg("%s", error.message);
    }
    ent_session_free(s);
    ent_program_release(program);
}

static void test_compiles_and_runs(void **state)
{
    asked a = {.n = 0};
    size_t len;
    char said[512] = "";
    (void)state;
    ent_compiled *c = compile("./club.ent", club, &(ent_compile_options){.read_file = read_file, .user = &a});
    const void *bytes = ent_compiled_program(c, &len);
    if (!bytes) {
        fail_msg("%s", ent_compiled_text(c));
    }
    assert_string_equal(a.paths, "shared/parties.ent shared/services.ent shared/days.ics ");
    run(bytes, len, said);
    assert_string_equal(said, "restore 1 -\nin_time 1 100.00\n");
    ent_compiled_free(c);
}

static void test_files_of_a_folder(void **state)
{
    size_t len;
    (void)state;
    const ent_compile_options options = {.folder = folder};
    ent_compiled *c = compile("main.ent", "use \"first.ent\"\n", &options);
    if (!ent_compiled_program(c, &len)) {
        fail_msg("%s", ent_compiled_text(c));
    }
    ent_compiled_free(c);
    static const char *const refused[] = {"use \"../secret.ent\"\n", "use \"/etc/passwd\"\n", "use \"a/../../b.ent\"\n"};
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
        c = compile("main.ent", refused[i], &options);
        assert_null(ent_compiled_program(c, &len));
        assert_int_equal(len, 0);
        const ent_diagnostic *d = ent_compiled_diagnostic(c, 0);
        assert_string_equal(d->code, "E0215");
        assert_non_null(strstr(d->label, "denied"));
        ent_compiled_free(c);
    }
    c = compile("main.ent", "use \"first.ent\"\n", NULL);
    assert_string_equal(ent_compiled_diagnostic(c, 0)->code, "E0215");
    ent_compiled_free(c);
}

static void test_standard_library(void **state)
{
    size_t len;
    (void)state;
    static const char *const modules[] = {"claims", "itsm", "probe", "siam"};
    for (size_t i = 0; i < sizeof modules / sizeof *modules; i++) {
        char text[64];
        (void)snprintf(text, sizeof text, "use std.%s\n", modules[i]);
        ent_compiled *c = compile("main.ent", text, NULL);
        if (!ent_compiled_program(c, &len)) {
            fail_msg("%s", ent_compiled_text(c));
        }
        ent_compiled_free(c);
    }
    ent_compiled *c = compile("main.ent", "use std.own\n", &(ent_compile_options){.stdlib_dir = folder});
    assert_non_null(ent_compiled_program(c, &len));
    ent_compiled_free(c);
    c = compile("main.ent", "use std.nothing\n", NULL);
    assert_string_equal(ent_compiled_diagnostic(c, 0)->code, "E0215");
    ent_compiled_free(c);
}

static void test_diagnostics(void **state)
{
    asked a = {.n = 0};
    size_t len;
    (void)state;
    char wrong[sizeof club];
    memcpy(wrong, club, sizeof club);
    memcpy(strstr(wrong, "Host and Shop"), "Hots", 4);
    ent_compiled *c = compile("club.ent", wrong, &(ent_compile_options){.read_file = read_file, .user = &a});
    assert_null(ent_compiled_program(c, &len));
    const ent_diagnostic *d = ent_compiled_diagnostic(c, 0);
    assert_string_equal(d->code, "E0202");
    assert_int_equal(d->severity, ENT_DIAGNOSTIC_ERROR);
    assert_non_null(strstr(d->message, "`Hots`"));
    assert_string_equal(d->span.file, "club.ent");
    assert_int_equal(d->span.line, 3);
    assert_int_equal(d->span.column, 44);
    assert_int_equal(d->span.end_column, 48);
    assert_int_equal(d->span.end - d->span.start, 4);
    assert_memory_equal(wrong + d->span.start, "Hots", 4);
    assert_int_equal(d->n_fixes, 1);
    assert_string_equal(d->fixes[0].replacement, "Host");
    assert_int_equal(d->fixes[0].span.start, d->span.start);
    assert_non_null(strstr(d->fixes[0].message, "did you mean"));
    assert_non_null(strstr(ent_compiled_text(c), "club.ent:3:44"));
    assert_non_null(ent_diagnostic_explanation(d->code));
    assert_null(ent_diagnostic_explanation("E9999"));
    size_t n = 0;
    while (ent_compiled_diagnostic(c, n)) {
        n++;
    }
    assert_true(n >= 1);
    ent_compiled_free(c);
}

static void test_wrong_use(void **state)
{
    ent_compiled *c;
    ent_error error = {0};
    (void)state;
    const ent_source_text two[] = {{"a.ent", "", 0}, {"b/../a.ent", NULL, 0}};
    assert_false(ent_compile(two, 0, NULL, &c, &error));
    assert_int_equal(error.code, ENT_ERROR_USAGE);
    assert_false(ent_compile(two, 2, NULL, &c, &error));
    assert_string_equal(error.message, "there are two sources named `a.ent`");
    assert_null(c);
    assert_false(ent_compile(two, 2, NULL, NULL, NULL));
}

/* Counts, and refuses the allocation number fail_at. */
typedef struct counting {
    size_t calls, fail_at, blocks;
} counting;

static void *resize(void *user, void *block, size_t old_size, size_t new_size)
{
    counting *c = user;
    assert_int_equal(block == NULL, old_size == 0);
    if (new_size == 0) {
        c->blocks--;
        free(block);
        return NULL;
    }
    if (++c->calls == c->fail_at) {
        return NULL;
    }
    c->blocks += block == NULL;
    return realloc(block, new_size);
}

static bool compile_in(const ent_compile_options *options, ent_error *error)
{
    ent_compiled *c;
    const ent_source_text source = {"club.ent", club, sizeof club - 1};
    bool ok = ent_compile(&source, 1, options, &c, error);
    size_t len;
    assert_true(!ok || ent_compiled_program(c, &len));
    ent_compiled_free(c);
    return ok;
}

static void test_memory_is_the_hosts(void **state)
{
    (void)state;
    size_t n = 0;
    for (bool ok = false; !ok; n++) {
        asked a = {.n = 0};
        counting c = {.fail_at = n};
        ent_error error = {0};
        ok = compile_in(&(ent_compile_options){.allocator = {resize, &c}, .read_file = read_file, .user = &a}, &error) &&
             n > 0;
        assert_int_equal(c.blocks, 0);
        if (!ok && n > 0 && (error.code != ENT_ERROR_MEMORY || strcmp(error.message, "out of memory") != 0)) {
            fail_msg("allocation %zu: code %d, %s", n, error.code, error.message);
        }
    }
    assert_true(n > 50);
}

static void test_limit(void **state)
{
    asked a = {.n = 0};
    ent_error error = {0};
    (void)state;
    assert_false(compile_in(&(ent_compile_options){.memory_max = 100000, .read_file = read_file, .user = &a}, &error));
    assert_int_equal(error.code, ENT_ERROR_LIMIT);
    assert_string_equal(error.message, "more memory than the 100000 bytes that are allowed");
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_compiles_and_runs), cmocka_unit_test(test_files_of_a_folder),
        cmocka_unit_test(test_standard_library),  cmocka_unit_test(test_diagnostics),
        cmocka_unit_test(test_wrong_use),         cmocka_unit_test(test_memory_is_the_hosts),
        cmocka_unit_test(test_limit),
    };
    folder = argc > 1 ? argv[1] : ".";
    return cmocka_run_group_tests(tests, NULL, NULL);
}
