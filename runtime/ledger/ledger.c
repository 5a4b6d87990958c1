/* See ledger.h. */
#include "runtime/ledger/ledger.h"

#include <stdlib.h>
#include <string.h>

#include "runtime/ledger/draft.h"
#include "runtime/ledger/members.h"

void ent_ledger_init(ent_ledger *ledger)
{
    *ledger = (ent_ledger){.seq = 0};
    ent_json_init(&ledger->line, 0);
    memcpy(ledger->prev, ENT_LEDGER_FIRST_PREV, sizeof ledger->prev);
}

void ent_ledger_deinit(ent_ledger *ledger)
{
    ent_json_deinit(&ledger->line);
    ent_clause_texts_deinit(&ledger->clauses);
    free(ledger->draft.p);
    free(ledger->text.p);
    ledger->draft = ledger->text = (ent_ledger_text){0};
}

/* Closes the object, hashes it, and puts the hash in. */
bool ent_ledger_finish_line(ent_ledger *ledger)
{
    ent_json_out *out = &ledger->line;
    ent_json_key_text(out, "prev", ledger->prev);
    ent_json_end_object(out);
    if (!ent_json_is_complete(out) || !ent_hash_hex(out->data, out->len, ledger->prev)) {
        return false;
    }
    ent_json_reopen_object(out);
    ent_json_key_text(out, "hash", ledger->prev);
    ent_json_end_object(out);
    ent_json_end_line(out);
    return ent_json_is_complete(out);
}

static void write_calendars(ent_json_out *out, const ent_image *p)
{
    if (p->n_calendar_file == 0) {
        return;
    }
    ent_json_key(out, "calendars");
    ent_json_begin_object(out);
    for (size_t i = 0; i < p->n_calendar_file; i++) {
        bool again = false;
        for (size_t k = 0; k < i; k++) {
            again |= p->calendar_file[k].path == p->calendar_file[i].path;
        }
        if (!again) {
            ent_json_key_text(out, ent_image_text(p, p->calendar_file[i].path),
                              ent_image_text(p, p->calendar_file[i].digest));
        }
    }
    ent_json_end_object(out);
}

static void write_feeds(ent_json_out *out, const ent_ledger_run *run)
{
    ent_json_key(out, "feeds");
    ent_json_begin_object(out);
    for (size_t i = 0; i < run->n_feeds; i++) {
        const ent_ledger_feed *f = &run->feeds[i];
        ent_json_key(out, f->name);
        ent_json_begin_object(out);
        ent_json_key(out, "rows");
        ent_json_uint(out, f->rows);
        ent_json_key(out, "bad");
        ent_json_uint(out, f->bad);
        ent_json_key(out, "late");
        ent_json_uint(out, f->late);
        ent_json_key(out, "skipped");
        ent_json_uint(out, f->skipped);
        ent_json_key_text(out, "digest", f->digest);
        ent_json_end_object(out);
    }
    ent_json_end_object(out);
}

bool ent_ledger_run_line(ent_ledger *ledger, const ent_engine *session, const ent_ledger_run *run)
{
    const ent_image *p = ent_engine_program(session);
    ent_json_out *out = &ledger->line;
    ent_json_reset(out);
    ent_json_begin_object(out);
    ent_json_key_text(out, "kind", "run");
    ent_json_key_text(out, "entente", run->version);
    ent_json_key_text(out, "program", p->digest);
    ent_json_key_text(out, "tzdata", run->tzdata);
    write_calendars(out, p);
    write_feeds(out, run);
    int64_t from;
    int64_t to;
    if (ent_engine_period(session, &from, &to)) {
        const ent_zone *zone = ent_engine_framework_zone(session);
        ent_member_instant(out, "from", from, zone);
        ent_member_instant(out, "to", to, zone);
    }
    if (run->has_as_of) {
        ent_member_instant(out, "as_of", run->as_of_ns, ent_engine_framework_zone(session));
    }
    if (run->n_restates > 0) {
        ent_json_key(out, "restates");
        ent_json_begin_array(out);
        for (size_t i = 0; i < run->n_restates; i++) {
            ent_json_text(out, run->restates[i]);
        }
        ent_json_end_array(out);
    }
    return ent_ledger_finish_line(ledger);
}
bool ent_ledger_decision_members(ent_ledger *ledger, const ent_engine *session, const ent_verdict *d)
{
    ent_json_out *out = &ledger->line;
    ent_ledger_text *text = &ledger->text;
    text->n = 0;
    if (!ent_ledger_draft(ledger, session, d) ||
        !ent_ledger_draft_text(ledger, session, ledger->draft.p, ++ledger->seq, text)) {
        return false;
    }
    ent_json_reset(out);
    ent_json_begin_object(out);
    ent_json_members(out, text->p + 1, text->n - 1); /* behind the brace */
    return out->error == ENT_JSON_OK;
}

bool ent_ledger_decision_line(ent_ledger *ledger, const ent_engine *session, const ent_verdict *d)
{
    return ent_ledger_decision_members(ledger, session, d) && ent_ledger_finish_line(ledger);
}

bool ent_ledger_line_of(ent_ledger *ledger, const char *members, size_t len)
{
    ent_json_reset(&ledger->line);
    ent_json_begin_object(&ledger->line);
    ent_json_members(&ledger->line, members, len);
    return ent_ledger_finish_line(ledger);
}
