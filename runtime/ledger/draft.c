/* See draft.h. */
#include "runtime/ledger/draft.h"

#include <stdlib.h>
#include <string.h>

#include "runtime/ledger/draft_private.h"
#include "runtime/ledger/members.h"

enum { SHORT_NAME = 512 }; /* bytes; so a fact has room for its parties whatever else it says */

bool ent_ledger_text_grow(ent_ledger_text *text, size_t more)
{
    enum { FIRST = 1024 };
    size_t size = text->size ? text->size : FIRST;
    if (more > SIZE_MAX / 4 || text->n > SIZE_MAX / 4) {
        return false;
    }
    while (size < text->n + more) {
        size *= 2;
    }
    char *grown = realloc(text->p, size);
    if (grown) {
        text->p = grown;
        text->size = size;
    }
    return grown != NULL;
}

uint32_t ent_draft_length(const char *draft)
{
    uint32_t length;
    memcpy(&length, draft, sizeof length);
    return length;
}

/* What it is, its figures, and its bytes; inline, so that the figures' size is known. */
static inline bool put(ent_ledger_text *draft, ent_draft_item item, const void *figures, size_t n_figures,
                       const void *bytes, size_t n)
{
    char *at = ent_ledger_text_room(draft, 1 + n_figures + n);
    if (!at) {
        return false;
    }
    *at = (char)item;
    memcpy(at + 1, figures, n_figures);
    if (n > 0) {
        memcpy(at + 1 + n_figures, bytes, n);
    }
    draft->n += 1 + n_figures + n;
    return true;
}

static bool put_item(ent_ledger_text *draft, ent_draft_item item)
{
    return put(draft, item, "", 0, NULL, 0);
}

/* --- the general way --- */

static ent_json_out *open_members(ent_ledger *ledger)
{
    ent_json_reset(&ledger->line);
    ent_json_begin_object(&ledger->line);
    return &ledger->line;
}

/* The members that were written, if any, with a comma instead of the brace before them. */
static bool put_members(ent_ledger *ledger)
{
    ent_json_out *line = &ledger->line;
    if (line->error != ENT_JSON_OK || line->len > UINT32_MAX) {
        return false;
    }
    uint32_t n = (uint32_t)line->len;
    line->data[0] = ',';
    return n == 1 || put(&ledger->draft, ENT_DRAFT_JSON, &n, sizeof n, line->data, n);
}

typedef void members(ent_ledger *ledger, const ent_engine *session, const ent_verdict *d);

static bool put_general(ent_ledger *ledger, members *write, const ent_engine *session, const ent_verdict *d)
{
    (void)open_members(ledger);
    write(ledger, session, d);
    return put_members(ledger);
}

static bool put_all_general(ent_ledger *ledger, const ent_engine *session, const ent_verdict *d)
{
    ent_json_out *out = open_members(ledger);
    const ent_image *p = ent_engine_program(session);
    ent_members_subject(ledger, session, d);
    ent_members_outcome(ledger, session, d);
    ent_members_credit(ledger, session, d);
    if (d->kind != ENT_VERDICT_POOL) {
        if (d->status == ENT_STATUS_BREACH) {
            ent_members_accountable(out, p, ent_verdict_agreement(p, d));
        }
        ent_members_responsible(ledger, session, d);
        ent_members_gap(ledger, session, d);
        ent_members_because(ledger, session, d);
    }
    return put_members(ledger);
}

/* --- in short --- */

static bool put_subject(ent_ledger *ledger, const ent_clause_text *clause, const ent_engine *session,
                        const ent_verdict *d)
{
    char buf[64];
    if (!d->has_subject) {
        return true;
    }
    const char *text = clause->subject.p ? ent_engine_subject_text(session, d, 0, buf, sizeof buf) : "";
    size_t len = strlen(text);
    if (len == 0 || len > UINT16_MAX || !ent_json_is_plain(text, len)) {
        return put_general(ledger, ent_members_subject, session, d);
    }
    uint16_t n = (uint16_t)len;
    return put(&ledger->draft, ENT_DRAFT_SUBJECT, &n, sizeof n, text, len);
}

static bool put_clock(ent_ledger_text *draft, const ent_verdict *d)
{
    ent_draft_clock clock = {.at_ns = d->at_ns,
                             .due_ns = d->due_ns,
                             .done_ns = d->done_ns,
                             .elapsed_ns = d->elapsed_ns,
                             .allowed_ns = d->allowed_ns,
                             .status = d->status,
                             .has_due = d->has_due,
                             .has_done = d->has_done,
                             .open = d->open};
    return put(draft, ENT_DRAFT_CLOCK, &clock, sizeof clock, NULL, 0);
}

static bool is_whole(ent_q q)
{
    return q.den == 1 && q.num >= INT64_MIN && q.num <= INT64_MAX;
}

static bool is_short_part(const ent_clause_texts *texts, const ent_answer *answer, const ent_part *part)
{
    return !part->has_amount && !(answer->sampled && part->has_share) &&
           (!part->has_without || (!part->without_is_number && is_whole(part->without))) &&
           (!part->has_share || strlen(part->share_text) <= UINT8_MAX) && texts->parties[part->party].n <= SHORT_NAME;
}

static bool put_part(ent_ledger_text *draft, const ent_part *part)
{
    ent_draft_part figures = {.held_ns = part->held_ns,
                              .excess_ns = part->excess_ns,
                              .without_ns = part->has_without ? (int64_t)part->without.num : 0,
                              .degree = part->degree,
                              .party = (uint8_t)part->party,
                              .n_share = part->has_share ? (uint8_t)strlen(part->share_text) : 0,
                              .has_share = part->has_share,
                              .has_times = part->has_times,
                              .has_without = part->has_without,
                              .but_for = part->but_for};
    return put(draft, ENT_DRAFT_PART, &figures, sizeof figures, part->share_text, figures.n_share);
}

/* Of a clock. */
static bool put_responsible(ent_ledger *ledger, const ent_engine *session, const ent_verdict *d)
{
    const ent_answer *answer = d->answer;
    bool brief = true;
    for (size_t i = 0; i < answer->n_parts; i++) {
        brief &= !ent_part_is_told(&answer->parts[i]) || is_short_part(&ledger->clauses, answer, &answer->parts[i]);
    }
    if (!brief) {
        return put_general(ledger, ent_members_responsible, session, d);
    }
    bool ok = put_item(&ledger->draft, ENT_DRAFT_PARTS);
    for (size_t i = 0; ok && i < answer->n_parts; i++) {
        ok = !ent_part_is_told(&answer->parts[i]) || put_part(&ledger->draft, &answer->parts[i]);
    }
    return ok && put_item(&ledger->draft, ENT_DRAFT_CLOSE);
}

static bool put_gap(ent_ledger *ledger, const ent_engine *session, const ent_verdict *d)
{
    if (!d->answer->has_gap) {
        return true;
    }
    if (!d->answer->gap_fits || !is_whole(d->answer->gap)) {
        return put_general(ledger, ent_members_gap, session, d);
    }
    int64_t gap = (int64_t)d->answer->gap.num;
    return put(&ledger->draft, ENT_DRAFT_GAP, &gap, sizeof gap, NULL, 0);
}

static bool is_short_fact(const ent_clause_texts *texts, const ent_fact *fact)
{
    switch (fact->kind) {
    case ENT_FACT_TRIGGER:
    case ENT_FACT_STOPPED:
        return true;
    case ENT_FACT_HELD:
    case ENT_FACT_EXCESS:
        return __builtin_popcountll(fact->causes) == 1 && texts->parties[__builtin_ctzll(fact->causes)].n <= SHORT_NAME;
    case ENT_FACT_PAUSED:
        return texts->spans[fact->span].n <= SHORT_NAME;
    default:
        return false;
    }
}

static bool put_fact(ent_ledger_text *draft, const ent_fact *fact)
{
    bool paused = fact->kind == ENT_FACT_PAUSED;
    bool held = fact->kind == ENT_FACT_HELD || fact->kind == ENT_FACT_EXCESS;
    ent_draft_fact figures = {.from_ns = fact->from_ns,
                              .to_ns = fact->to_ns,
                              .named = paused ? fact->span : held ? __builtin_ctzll(fact->causes) : 0,
                              .kind = fact->kind};
    return put(draft, ENT_DRAFT_FACT, &figures, sizeof figures, NULL, 0);
}

static bool put_facts(ent_ledger *ledger, const ent_engine *session, const ent_verdict *d)
{
    const ent_answer *answer = d->answer;
    bool brief = !ledger->files && (!answer || answer->facts_left_out == 0);
    if (brief && !answer) { /* the clock's own rows, whose instants the draft has */
        return d->cause_origin == 0 || put_item(&ledger->draft, ENT_DRAFT_CLOCK_ROWS);
    }
    for (size_t i = 0; brief && i < answer->n_facts; i++) {
        brief = is_short_fact(&ledger->clauses, &answer->facts[i]);
    }
    if (!brief) {
        return put_general(ledger, ent_members_because, session, d);
    }
    bool ok = answer->n_facts == 0 || put_item(&ledger->draft, ENT_DRAFT_FACTS);
    for (size_t i = 0; ok && i < answer->n_facts; i++) {
        ok = put_fact(&ledger->draft, &answer->facts[i]);
    }
    return ok && (answer->n_facts == 0 || put_item(&ledger->draft, ENT_DRAFT_CLOSE));
}

static bool put_duty(ent_ledger *ledger, const ent_clause_text *clause, const ent_engine *session,
                     const ent_verdict *d)
{
    ent_ledger_text *draft = &ledger->draft;
    bool answered = d->answer && d->status != ENT_STATUS_NOT_IN_FORCE;
    return put_subject(ledger, clause, session, d) && put_clock(draft, d) &&
           (!d->has_credit || put_general(ledger, ent_members_credit, session, d)) &&
           (d->status != ENT_STATUS_BREACH || put_item(draft, ENT_DRAFT_ACCOUNTABLE)) &&
           (!answered || (put_responsible(ledger, session, d) && put_gap(ledger, session, d))) &&
           put_facts(ledger, session, d);
}

bool ent_ledger_draft(ent_ledger *ledger, const ent_engine *session, const ent_verdict *d)
{
    ent_ledger_text *draft = &ledger->draft;
    const ent_clause_text *clause = ent_clause_texts_of(&ledger->clauses, session, d);
    draft->n = 0;
    if (!clause || !ent_ledger_text_room(draft, ENT_DRAFT_HEAD)) {
        return false;
    }
    draft->n = ENT_DRAFT_HEAD;
    bool brief = d->kind == ENT_VERDICT_DUTY && !ledger->portable;
    bool ok = brief ? put_duty(ledger, clause, session, d) : put_all_general(ledger, session, d);
    if (!ok || draft->n > UINT32_MAX) {
        return false;
    }
    uint32_t head[2] = {(uint32_t)draft->n, (uint32_t)(clause - ledger->clauses.v)};
    memcpy(draft->p, head, sizeof head);
    return true;
}
