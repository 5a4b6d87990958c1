/* Decisions for a spreadsheet: RFC 4180, one line a decision, in ledger order.  Golden: tests/golden/run. */
#include <string.h>

#include "compiler/entente/run.h"
#include "runtime/judge/clause.h"
#include "runtime/time/civil.h"
#include "runtime/time/zone.h"

static void put(FILE *out, const char *text, bool last)
{
    if (strpbrk(text, ",\"\r\n")) {
        fputc('"', out);
        for (; *text; text++) {
            if (*text == '"') {
                fputc('"', out);
            }
            fputc(*text, out);
        }
        fputc('"', out);
    } else {
        fputs(text, out);
    }
    fputs(last ? "\r\n" : ",", out);
}

static void put_int(FILE *out, int64_t value)
{
    fprintf(out, "%lld,", (long long)value);
}

static void put_instant(FILE *out, bool has, int64_t ns, const ent_zone *zone)
{
    char text[ENT_CIVIL_TEXT_MAX] = "";
    if (has) {
        ent_civil_format(text, sizeof text, ns, zone);
    }
    put(out, text, false);
}

static void put_seconds(FILE *out, bool has, int64_t ns)
{
    char text[ENT_SECONDS_TEXT_SIZE] = "";
    if (has) {
        ent_format_seconds(ns, text, sizeof text);
    }
    put(out, text, false);
}

static void put_subject(FILE *out, const ent_engine *session, const ent_verdict *d)
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
    put(out, text, false);
}

static void put_figures(FILE *out, const ent_image *p, const ent_verdict *d)
{
    char text[ENT_Q_TEXT_SIZE + 8] = "";
    bool objective = d->kind == ENT_VERDICT_OBJECTIVE;
    const ent_objective_row *row = objective ? &p->objective[d->clause] : NULL;
    if (row) {
        ent_ledger_measure(p, row, d, text, sizeof text);
    }
    put(out, text, false);
    text[0] = 0;
    if (row) {
        ent_ledger_target(p, row, text, sizeof text);
    }
    put(out, text, false);
    const int64_t counts[] = {d->counts.samples, d->counts.bad, d->counts.missing,
                              d->counts.absent, d->counts.excluded};
    for (size_t i = 0; i < sizeof counts / sizeof *counts; i++) {
        if (objective) {
            put_int(out, counts[i]);
        } else {
            put(out, "", false);
        }
    }
}

static void put_credit(FILE *out, const ent_image *p, const ent_verdict *d)
{
    char text[ENT_MONEY_TEXT_SIZE] = "";
    int64_t agreement = ent_verdict_agreement(p, d);
    bool pool = d->kind == ENT_VERDICT_POOL && d->final;
    bool has = d->has_credit || pool;
    if (has) {
        ent_ledger_amount(p, d, text, sizeof text);
    }
    put(out, text, false);
    put(out, has ? ent_image_text(p, p->agreement[agreement].currency) : "", false);
    put(out,
        !has               ? ""
        : d->credit_earned ? "earn back"
        : pool             ? ent_image_text(p, p->amount[p->pool[d->clause].amount].text)
                           : ent_image_text(p, d->credit_rule),
        false);
    put(out, ent_claim_name(d->claim), true);
}

void ent_report_csv(const ent_run_result *result, FILE *out)
{
    const ent_engine *session = result->session;
    const ent_image *p = ent_engine_program(session);
    fputs("agreement,version,clause,title,kind,subject,from,to,at,due,done,open,elapsed_s,"
          "allowed_s,status,measure,target,samples,bad,missing,absent,excluded,credit,currency,"
          "rule,claim\r\n",
          out);
    for (size_t i = 0; i < result->decisions->n; i++) {
        const ent_verdict *d = ent_kept_at(result->decisions, i);
        bool duty = d->kind == ENT_VERDICT_DUTY;
        ent_clause clause = ent_verdict_clause(p, d);
        const ent_agreement_row *a = &p->agreement[clause.agreement];
        const ent_zone *zone = ent_engine_agreement_zone(session, clause.agreement);
        put(out, ent_image_text(p, a->name), false);
        put_int(out, a->version);
        put(out, ent_image_text(p, clause.name), false);
        put(out, ent_image_text(p, clause.title), false);
        put(out, clause.kind, false);
        put_subject(out, session, d);
        put_instant(out, !duty, d->from_ns, zone);
        put_instant(out, !duty, d->to_ns, zone);
        put_instant(out, duty, d->at_ns, zone);
        put_instant(out, duty && d->has_due, d->due_ns, zone);
        put_instant(out, duty && d->has_done, d->done_ns, zone);
        put(out, duty ? (d->open ? "true" : "false") : "", false);
        put_seconds(out, duty, d->elapsed_ns);
        put_seconds(out, duty, d->allowed_ns);
        put(out, ent_status_name(d->status), false);
        put_figures(out, p, d);
        put_credit(out, p, d);
    }
}
