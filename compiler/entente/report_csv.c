/* Decisions for a spreadsheet: RFC 4180, one line a decision, in ledger order.  A line is put together before it is
 * written: it has 26 fields, and a call of the C library for each of them took twice as long.
 * Golden: tests/golden/run. */
#include <string.h>

#include "compiler/entente/run.h"
#include "compiler/syntax/text.h"
#include "runtime/judge/clause.h"
#include "runtime/time/civil.h"
#include "runtime/time/zone.h"

static void put(ent_text *line, const char *text, bool last)
{
    if (strpbrk(text, ",\"\r\n")) {
        ent_text_putc(line, '"');
        for (; *text; text++) {
            if (*text == '"') {
                ent_text_putc(line, '"');
            }
            ent_text_putc(line, *text);
        }
        ent_text_putc(line, '"');
    } else if (*text) {
        ent_text_puts(line, text);
    }
    ent_text_add(line, last ? "\r\n" : ",", last ? 2 : 1);
}

static void put_int(ent_text *line, int64_t value)
{
    char digits[24];
    char *at = digits + sizeof digits;
    *--at = ',';
    uint64_t left = value < 0 ? 0 - (uint64_t)value : (uint64_t)value;
    do {
        *--at = (char)('0' + left % 10);
        left /= 10;
    } while (left > 0);
    if (value < 0) {
        *--at = '-';
    }
    ent_text_add(line, at, (size_t)(digits + sizeof digits - at));
}

static void put_instant(ent_text *line, bool has, int64_t ns, const ent_zone *zone)
{
    char text[ENT_CIVIL_TEXT_MAX] = "";
    if (has) {
        ent_civil_format(text, sizeof text, ns, zone);
    }
    put(line, text, false);
}

static void put_seconds(ent_text *line, bool has, int64_t ns)
{
    char text[ENT_SECONDS_TEXT_SIZE] = "";
    if (has) {
        ent_format_seconds(ns, text, sizeof text);
    }
    put(line, text, false);
}

static void put_subject(ent_text *line, const ent_engine *session, const ent_verdict *d)
{
    char text[512] = "";
    size_t at = 0;
    for (size_t i = 0; i < ent_engine_subject_fields(session, d); i++) {
        char value[64];
        int n = snprintf(text + at, sizeof text - at, "%s%s", i ? "/" : "",
                         ent_engine_subject_text(session, d, i, value, sizeof value));
        if (n < 0 || (size_t)n >= sizeof text - at) {
            break;
        }
        at += (size_t)n;
    }
    put(line, text, false);
}

static void put_figures(ent_text *line, const ent_image *p, const ent_verdict *d)
{
    char text[ENT_Q_TEXT_SIZE + 8] = "";
    bool objective = d->kind == ENT_VERDICT_OBJECTIVE;
    const ent_objective_row *row = objective ? &p->objective[d->clause] : NULL;
    if (row) {
        ent_ledger_measure(p, row, d, text, sizeof text);
    }
    put(line, text, false);
    text[0] = 0;
    if (row) {
        ent_ledger_target(p, row, text, sizeof text);
    }
    put(line, text, false);
    const int64_t counts[] = {d->counts.samples, d->counts.bad, d->counts.missing,
                              d->counts.absent, d->counts.excluded};
    for (size_t i = 0; i < sizeof counts / sizeof *counts; i++) {
        if (objective) {
            put_int(line, counts[i]);
        } else {
            put(line, "", false);
        }
    }
}

static void put_credit(ent_text *line, const ent_image *p, const ent_verdict *d)
{
    char text[ENT_MONEY_TEXT_SIZE] = "";
    int64_t agreement = ent_verdict_agreement(p, d);
    bool pool = d->kind == ENT_VERDICT_POOL && d->final;
    bool has = d->has_credit || pool;
    if (has) {
        ent_ledger_amount(p, d, text, sizeof text);
    }
    put(line, text, false);
    put(line, has ? ent_image_text(p, p->agreement[agreement].currency) : "", false);
    put(line,
        !has               ? ""
        : d->credit_earned ? "earn back"
        : pool             ? ent_image_text(p, p->amount[p->pool[d->clause].amount].text)
                           : ent_image_text(p, d->credit_rule),
        false);
    put(line, ent_claim_name(d->claim), true);
}

bool ent_report_csv(const ent_run_result *result, FILE *out)
{
    ent_text line = {0};
    const ent_engine *session = result->session;
    const ent_image *p = ent_engine_program(session);
    fputs("agreement,version,clause,title,kind,subject,from,to,at,due,done,open,elapsed_s,"
          "allowed_s,status,measure,target,samples,bad,missing,absent,excluded,credit,currency,"
          "rule,claim\r\n",
          out);
    for (size_t i = 0; i < result->decisions->n && !line.failed; i++) {
        const ent_verdict *d = ent_kept_at(result->decisions, i);
        bool duty = d->kind == ENT_VERDICT_DUTY;
        ent_clause clause = ent_verdict_clause(p, d);
        const ent_agreement_row *a = &p->agreement[clause.agreement];
        const ent_zone *zone = ent_engine_agreement_zone(session, clause.agreement);
        put(&line, ent_image_text(p, a->name), false);
        put_int(&line, a->version);
        put(&line, ent_image_text(p, clause.name), false);
        put(&line, ent_image_text(p, clause.title), false);
        put(&line, clause.kind, false);
        put_subject(&line, session, d);
        put_instant(&line, !duty, d->from_ns, zone);
        put_instant(&line, !duty, d->to_ns, zone);
        put_instant(&line, duty, d->at_ns, zone);
        put_instant(&line, duty && d->has_due, d->due_ns, zone);
        put_instant(&line, duty && d->has_done, d->done_ns, zone);
        put(&line, duty ? (d->open ? "true" : "false") : "", false);
        put_seconds(&line, duty, d->elapsed_ns);
        put_seconds(&line, duty, d->allowed_ns);
        put(&line, ent_status_name(d->status), false);
        put_figures(&line, p, d);
        put_credit(&line, p, d);
        fwrite(line.data, 1, line.len, out);
        line.len = 0;
    }
    bool ok = !line.failed;
    ent_text_deinit(&line);
    return ok;
}
