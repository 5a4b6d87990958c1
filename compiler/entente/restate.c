/* See restate.h. */
#include "compiler/entente/restate.h"

#include <stdlib.h>
#include <string.h>

#include "compiler/entente/ledger.h"
#include "compiler/entente/run.h"
#include "runtime/ledger/json_in.h"
#include "runtime/ledger/verify.h"

static int add_ledger(ent_restate *r, const char *path, FILE *err)
{
    ent_feed_error error = {0};
    ent_ledger_report report;
    const char *wrong = NULL;
    size_t len;
    char *bytes = ent_ledger_read(path, &len, &error);
    if (!bytes) {
        fprintf(err, "error: %s\n", error.text);
        return ENT_EXIT_ENVIRONMENT;
    }
    r->ledgers[r->n_ledgers++] = bytes;
    if (!ent_ledger_verify(bytes, len, &report)) {
        fprintf(err, "error: `%s` line %llu: %s\n  = help: a ledger that is not whole cannot be restated\n",
                path, (unsigned long long)report.fault_line, report.fault);
        return ENT_EXIT_DATA;
    }
    if (!ent_restatement_add(r->core, bytes, len, &wrong)) {
        fprintf(err, wrong ? "error: `%s`: %s\n" : "error: `%s`: out of memory\n", path, wrong);
        return wrong ? ENT_EXIT_DATA : ENT_EXIT_ENVIRONMENT;
    }
    return ENT_EXIT_OK;
}

int ent_restate_open(ent_restate *r, const char *const *paths, size_t n, FILE *err)
{
    *r = (ent_restate){.core = ent_restatement_new()};
    r->ledgers = calloc(n + 1, sizeof *r->ledgers);
    int status = r->core && r->ledgers ? ENT_EXIT_OK : ENT_EXIT_ENVIRONMENT;
    if (status != ENT_EXIT_OK) {
        fputs("error: out of memory\n", err);
    }
    for (size_t i = 0; status == ENT_EXIT_OK && i < n; i++) {
        status = add_ledger(r, paths[i], err);
    }
    return status;
}

void ent_restate_close(ent_restate *r)
{
    ent_restatement_free(r->core);
    for (size_t i = 0; i < r->n_ledgers; i++) {
        free(r->ledgers[i]);
    }
    free(r->ledgers);
    free(r->v);
    *r = (ent_restate){0};
}

/* --- keeping --- */

static void put(char *buf, size_t size, ent_json_slice text)
{
    size_t n = text.p == NULL ? 0 : text.len < size ? text.len : size - 1;
    memcpy(buf, text.p ? text.p : "", n);
    buf[n] = 0;
}

static void put_member(char *buf, size_t size, ent_json_slice line, const char *key)
{
    put(buf, size, ent_json_text_of(ent_json_member(line, key)));
}

static void put_subject(char *buf, size_t size, ent_json_slice subject)
{
    ent_json_slice key;
    ent_json_slice value;
    buf[0] = 0;
    for (size_t at = 0; ent_json_next_member(subject, &at, &key, &value);) {
        size_t n = strlen(buf);
        ent_json_slice text = ent_json_text_of(value);
        snprintf(buf + n, size - n, "%s%.*s", n ? "/" : "", (int)text.len, text.p ? text.p : "");
    }
}

static void keep(void *user, const ent_change *change)
{
    ent_restate *r = user;
    r->write(r->user, change->line, change->len);
    if (r->n == r->capacity) {
        size_t capacity = r->capacity ? r->capacity * 2 : 64;
        ent_restated *grown = realloc(r->v, capacity * sizeof *grown);
        if (!grown) {
            r->failed = true;
            return;
        }
        r->v = grown;
        r->capacity = capacity;
    }
    ent_restated *row = &r->v[r->n++];
    ent_json_slice old = {change->old_line, change->old_len};
    ent_json_slice now = {change->new_line, change->new_len};
    ent_json_slice line = now.p ? now : old;
    ent_json_slice clock = ent_json_member(line, "clock");
    ent_json_slice window = ent_json_member(line, "window");
    *row = (ent_restated){.kind = change->kind, .seq = change->seq, .adjusts = change->adjusts};
    put_member(row->agreement, sizeof row->agreement, line, "agreement");
    put_member(row->clause, sizeof row->clause, line, "clause");
    put_subject(row->subject, sizeof row->subject, ent_json_member(line, "subject"));
    put_member(row->from, sizeof row->from, clock.p ? clock : window, clock.p ? "at" : "from");
    put_member(row->was, sizeof row->was, old, "status");
    put_member(row->is, sizeof row->is, now, "status");
    put_member(row->credit_was, sizeof row->credit_was, ent_json_member(old, "credit"), "amount");
    put_member(row->credit_is, sizeof row->credit_is, ent_json_member(now, "credit"), "amount");
    row->breach = strcmp(row->is, "breach") == 0;
    snprintf(row->money, sizeof row->money, "%s", change->money);
    snprintf(row->currency, sizeof row->currency, "%s", change->currency);
    r->counts[change->kind]++;
}

bool ent_restate_line(ent_restate *r, ent_ledger *ledger, const ent_engine *session,
                      const ent_verdict *decision)
{
    return ent_restatement_take(r->core, ledger, session, decision, keep, r);
}

bool ent_restate_finish(ent_restate *r, ent_ledger *ledger)
{
    return ent_restatement_finish(r->core, ledger, keep, r) && !r->failed;
}

/* --- reports --- */

/* The differences of one currency summed; false: it was told before. */
static bool sum_money(const ent_restate *r, size_t at, ent_q *sum)
{
    *sum = ent_q_from_i64(0);
    for (size_t i = 0; i < r->n; i++) {
        ent_q q;
        if (!r->v[i].money[0] || strcmp(r->v[i].currency, r->v[at].currency) != 0) {
            continue;
        }
        if (i < at) {
            return false;
        }
        if (ent_q_from_decimal_text(r->v[i].money, strlen(r->v[i].money), &q)) {
            (void)ent_q_add(*sum, q, sum);
        }
    }
    return true;
}

void ent_restate_table(const ent_restate *r, const char *name, FILE *out)
{
    static const char *const words[] = {"changed", "new", "withdrawn"};
    fprintf(out, "restatement of %s: %zu changed, %zu new, %zu withdrawn\n", name, r->counts[0],
            r->counts[1], r->counts[2]);
    for (size_t i = 0; i < r->n; i++) {
        const ent_restated *row = &r->v[i];
        fprintf(out, "%s  %-9s  %s.%s%s%s from %s\n", i ? "" : "\n", words[row->kind], row->agreement,
                row->clause, row->subject[0] ? " " : "", row->subject, row->from);
        if (row->kind == ENT_CHANGE_NEW) {
            fprintf(out, "             %s", row->is);
        } else if (row->kind == ENT_CHANGE_WITHDRAWN) {
            fprintf(out, "             was %s", row->was);
        } else if (strcmp(row->was, row->is) == 0) {
            fprintf(out, "             %s as before, other figures", row->is);
        } else {
            fprintf(out, "             %s -> %s", row->was, row->is);
        }
        if (row->money[0]) {
            fprintf(out, ", credit %s %s%s", row->currency, row->money[0] == '-' ? "" : "+",
                    row->money);
        }
        if (row->adjusts > 0) {
            fprintf(out, " (line %lld)", (long long)row->adjusts);
        }
        fputc('\n', out);
    }
    for (size_t i = 0; i < r->n; i++) {
        char text[ENT_MONEY_TEXT_SIZE];
        ent_q sum;
        ent_i128 minor;
        int digits = ent_currency_minor(r->v[i].currency);
        digits = digits < 0 ? 2 : digits;
        if (r->v[i].money[0] && sum_money(r, i, &sum) &&
            ent_money_round(sum, digits, ENT_ROUND_HALF_EVEN, &minor)) {
            ent_money_format(minor, digits, text, sizeof text);
            fprintf(out, "\ncredits: %s %s%s\n", r->v[i].currency, minor > 0 ? "+" : "", text);
        }
    }
}

static void csv_cell(const char *text, FILE *out)
{
    if (!strpbrk(text, ",\"\n\r")) {
        fputs(text, out);
        return;
    }
    fputc('"', out);
    for (; *text; text++) {
        if (*text == '"') {
            fputc('"', out);
        }
        fputc(*text, out);
    }
    fputc('"', out);
}

void ent_restate_csv(const ent_restate *r, FILE *out)
{
    static const char *const words[] = {"changed", "new", "withdrawn"};
    fputs("seq,change,adjusts,agreement,clause,subject,from,was,status,credit,currency\n", out);
    for (size_t i = 0; i < r->n; i++) {
        const ent_restated *row = &r->v[i];
        const char *cells[] = {row->agreement, row->clause, row->subject, row->from,
                               row->was,       row->is,     row->money,   row->currency};
        fprintf(out, "%lld,%s,", (long long)row->seq, words[row->kind]);
        if (row->adjusts > 0) {
            fprintf(out, "%lld", (long long)row->adjusts);
        }
        for (size_t k = 0; k < sizeof cells / sizeof *cells; k++) {
            fputc(',', out);
            csv_cell(k == 7 && !row->money[0] ? "" : cells[k], out);
        }
        fputc('\n', out);
    }
}
