/* `entente explain LEDGER SEQ`: why a decision is what it is, for who wants to contest it; `entente
 * explain CODE`: the long story of a diagnostic.  Golden: tests/golden/run/explain_*. */
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "compiler/check/check.h"
#include "compiler/entente/explain_source.h"
#include "compiler/entente/ledger.h"
#include "compiler/entente/options.h"
#include "compiler/entente/run.h"

#define ARENA_BYTES_MAX ((size_t)4 * 1024 * 1024 * 1024)

enum { PROGRAM, SOURCE, FORMAT, STDLIB };
static const ent_option options[] = {
    {"program", "FILE",
     "a source that the ledger was decided by, or the built program; the same as a FILE "
     "after the number"},
    {"source", "DIR", "where the sources are, if they are neither here nor beside the ledger"},
    {"format", "text|json", "a page for people (the default), or the same as one JSON object"},
    {"stdlib", "DIR", "where `use std.NAME` finds its modules"},
    {NULL, NULL, NULL}};

typedef struct asked {
    const char **operands, **programs, **folders;
    size_t n_operands, n_programs, n_folders;
    const char *stdlib_dir;
    bool json;
} asked;

/* --- codes --- */

static const ent_diag_info *code_of(const char *text)
{
    char upper[8] = "";
    for (size_t i = 0; i + 1 < sizeof upper && text[i]; i++) {
        upper[i] = (char)toupper((unsigned char)text[i]);
    }
    return ent_diag_code_info(strlen(text) < sizeof upper ? ent_diag_code_find(upper)
                                                          : ENT_DIAG_NONE);
}

static int explain_code(const ent_diag_info *info)
{
    const char *text = ent_explain_code(info->code);
    printf("%s %s (%s)\n\n%s\n", info->code, info->slug,
           info->severity == ENT_SEVERITY_ERROR ? "error" : "warning", info->meaning);
    if (text) {
        printf("\n%s\n", text);
    }
    return ENT_EXIT_OK;
}

/* --- decisions --- */

static int out_of_memory(void)
{
    fputs("error: out of memory\n", stderr);
    return ENT_EXIT_ENVIRONMENT;
}

static int no_decision(const ent_xledger *l, int64_t seq)
{
    fprintf(stderr, "error: `%s` has no decision %lld", l->name, (long long)seq);
    if (l->report.decisions > 0) {
        fprintf(stderr, ": %s from 1 to %lld", l->whole ? "they go" : "those that are sound go",
                (long long)l->report.decisions);
    }
    fputc('\n', stderr);
    if (!l->whole) {
        fprintf(stderr, "  = note: line %llu: %s\n", (unsigned long long)l->report.fault_line,
                l->report.fault);
    }
    return l->whole ? ENT_EXIT_USE : ENT_EXIT_DATA;
}

/* notice: NULL, x is about a decision. */
static int print(ent_arena *arena, const ent_explanation *x, const ent_xnotice *notice, bool json)
{
    ent_text text = {0};
    if (notice) {
        (json ? ent_explain_notice_tree : ent_explain_notice_page)(arena, x, notice, &text);
    } else {
        (json ? ent_explain_tree : ent_explain_page)(arena, x, &text);
    }
    bool made = !text.failed && !ent_arena_failed(arena);
    bool written =
        made && fwrite(text.data, 1, text.len, stdout) == text.len && fflush(stdout) == 0;
    ent_text_deinit(&text);
    if (!made) {
        return out_of_memory();
    }
    if (!written) {
        fprintf(stderr, "error: cannot write the explanation: %s\n", strerror(errno));
        return ENT_EXIT_ENVIRONMENT;
    }
    return ENT_EXIT_OK;
}

static int explain_line(ent_arena *arena, const asked *a, const ent_xledger *ledger,
                        ent_json_slice line)
{
    ent_explanation x = {.ledger = ledger};
    ent_image *image = NULL;
    ent_xnotice notice;
    bool is_notice = ent_explain_read_notice(arena, line, &notice);
    if (!is_notice && !ent_explain_read(arena, line, &x.d)) {
        if (ent_arena_failed(arena)) {
            return out_of_memory();
        }
        fprintf(stderr,
                "error: `%s`: line %s is neither a decision nor a warning of `entente run` or "
                "`entente watch`\n",
                ledger->name, a->operands[1]);
        return ENT_EXIT_DATA;
    }
    ent_source_places places = {.ledger = a->operands[0],
                                .files = a->programs,
                                .n_files = a->n_programs,
                                .folders = a->folders,
                                .n_folders = a->n_folders,
                                .stdlib_dir = a->stdlib_dir};
    x.d = is_notice ? notice.d : x.d;
    if (x.d.clause) {
        ent_explain_source(arena, &places, ledger, &x.d, &x.clause, &image);
    }
    if (!is_notice) {
        ent_explain_others(arena, &x);
        ent_explain_reckon(arena, &x);
    }
    int status = print(arena, &x, is_notice ? &notice : NULL, a->json);
    ent_image_destroy(image);
    if (status == ENT_EXIT_OK && !ledger->whole) {
        fprintf(stderr, "error: `%s` line %llu: %s\n", ledger->name,
                (unsigned long long)ledger->report.fault_line, ledger->report.fault);
        return ENT_EXIT_FOUND;
    }
    return status;
}

static int explain_bytes(const asked *a, int64_t seq, const char *bytes, size_t len)
{
    ent_arena *arena = ent_arena_create(ARENA_BYTES_MAX);
    ent_xledger ledger;
    ent_json_slice line;
    const char *name = strcmp(a->operands[0], "-") == 0 ? "standard input" : a->operands[0];
    int status;
    if (!arena) {
        return out_of_memory();
    }
    bool is_ledger = ent_explain_ledger(arena, bytes, len, &ledger);
    ledger.name = name;
    if (!is_ledger) {
        fprintf(stderr,
                "error: `%s` is no ledger: its first line does not say how it was made\n"
                "  = help: a ledger is what `entente run --ledger FILE` writes\n",
                name);
        status = ENT_EXIT_DATA;
    } else if (!ent_explain_find(&ledger, seq, &line)) {
        status = no_decision(&ledger, seq);
    } else {
        status = explain_line(arena, a, &ledger, line);
    }
    ent_arena_destroy(arena);
    return status;
}

static int explain_decision(const ent_command *self, asked *a)
{
    ent_feed_error error = {0};
    int64_t seq;
    size_t len;
    const char *number = a->operands[1];
    if (!ent_parse_i64(number, strlen(number), &seq) || seq < 1) {
        return ent_command_wrong(self, "`%s` is no number of a decision: they count from 1",
                                 number);
    }
    for (size_t i = 2; i < a->n_operands; i++) {
        a->programs[a->n_programs++] = a->operands[i];
    }
    for (size_t i = 0; i < a->n_programs; i++) {
        FILE *f = fopen(a->programs[i], "rb");
        if (!f) {
            fprintf(stderr, "error: cannot read `%s`: %s\n", a->programs[i], strerror(errno));
            return ENT_EXIT_ENVIRONMENT;
        }
        fclose(f);
    }
    char *bytes = ent_ledger_read(a->operands[0], &len, &error);
    if (!bytes) {
        fprintf(stderr, "error: %s\n", error.text);
        return ENT_EXIT_ENVIRONMENT;
    }
    int status = explain_bytes(a, seq, bytes, len);
    free(bytes);
    return status;
}

/* --- the command --- */

static int take(const ent_command *self, void *user, int option, const char *value)
{
    asked *a = user;
    switch (option) {
    case PROGRAM:
        a->programs[a->n_programs++] = value;
        return ENT_EXIT_OK;
    case SOURCE:
        a->folders[a->n_folders++] = value;
        return ENT_EXIT_OK;
    case FORMAT:
        a->json = strcmp(value, "json") == 0;
        return a->json || strcmp(value, "text") == 0
                   ? ENT_EXIT_OK
                   : ent_command_wrong(self, "--format is text or json, not `%s`", value);
    case STDLIB:
        a->stdlib_dir = value;
        return ENT_EXIT_OK;
    default:
        a->operands[a->n_operands++] = value;
        return ENT_EXIT_OK;
    }
}

static int answer(const ent_command *self, asked *a)
{
    if (a->n_operands == 0) {
        return ent_command_wrong(self,
                                 "which decision, or which code? for example: entente explain "
                                 "ledger.jsonl 3, or: entente explain E0301");
    }
    const char *first = a->operands[0];
    const ent_diag_info *info = code_of(first);
    if (a->n_operands == 1) {
        return info ? explain_code(info)
                    : ent_command_wrong(
                          self, "there is no diagnostic `%s`; of a ledger, say which decision",
                          first);
    }
    if (info && code_of(a->operands[1])) {
        return ent_command_wrong(self, "one code at a time: `%s` or `%s`", first, a->operands[1]);
    }
    return explain_decision(self, a);
}

static int run(const ent_command *self, int argc, char **argv)
{
    size_t room = (size_t)argc + 1;
    asked a = {.operands = calloc(room, sizeof *a.operands),
               .programs = calloc(2 * room, sizeof *a.programs),
               .folders = calloc(room, sizeof *a.folders)};
    bool go_on = false;
    int status;
    if (a.operands && a.programs && a.folders) {
        status = ent_arguments_all(self, argc, argv, take, &a, &go_on);
    } else {
        status = out_of_memory();
    }
    if (go_on) {
        status = answer(self, &a);
    }
    free(a.operands);
    free(a.programs);
    free(a.folders);
    return status;
}

const ent_command ent_command_explain = {
    "explain",
    "LEDGER SEQ [FILE...] | CODE",
    "Tells why a decision was made. Or tells more about a diagnostic such as E0301.",
    options,
    run,
    "SEQ is the decision's number. The page has the clause as written, the facts, the arithmetic, "
    "what each party's "
    "performance would have made of it, the shares, the credit and its split, and what the ledger "
    "says of the "
    "parties' own agreements. The clause is read from the file that the ledger names, here or "
    "beside the ledger, or "
    "from FILE or --source. Rows are named if the ledger was made with `entente run --trace`.\n\n"
    "Exit status 1 when the ledger is not as it was written: the page says from which line on."};
