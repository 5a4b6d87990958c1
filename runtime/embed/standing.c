/* How a session stands, for hosts: rows of runtime/state/standing.h as structs.
 *
 * The copy of the engine that is asked is kept with the instant that it was taken to, so a page that is drawn again, or
 * five pages, make one.  Whatever moves the session drops it.  Tested by tests/embed/standing.c. */
#include "runtime/state/standing.h"

#include <string.h>

#include "runtime/embed/embed.h"

#define SECOND INT64_C(1000000000)

typedef struct asking {
    ent_session *s;
    const ent_listener *listener;
    ent_ledger ledger; /* without a chain */
    bool stopped, no_memory;
} asking;

void ent_session_drop_copy(ent_session *s)
{
    ent_engine_free(s->copy);
    s->copy = NULL;
}

/* The figure, in seconds where it is a time. */
static const char *figure(ent_q value, const ent_budget *budget, bool rate, char *buf, size_t size)
{
    ent_q scaled = value;
    if (budget->unit == ENT_BUDGET_TIME && !rate && !ent_q_div(value, ent_q_from_i64(SECOND), &scaled)) {
        return NULL;
    }
    if (ent_q_format_decimal(scaled, buf, size) == 0) {
        (void)ent_q_format_fraction(scaled, buf, size);
    }
    return buf;
}

static bool on_row(void *user, const ent_engine *copy, const ent_standing_row *row)
{
    asking *a = user;
    ent_session *s = a->s;
    const ent_image *p = s->program->image;
    const ent_budget *b = &row->budget;
    char texts[4][ENT_Q_TEXT_SIZE];
    ent_decision decision;
    if (!ent_ledger_provisional(&a->ledger, copy, row->decision) ||
        !ent_view_decision(&s->view, p, row->decision, a->ledger.line.data, a->ledger.line.len, 0, &decision)) {
        a->no_memory = true;
        return false;
    }
    ent_clause_standing standing = {.decision = &decision,
                                    .status = (ent_status)row->status,
                                    .at_risk = ent_standing_at_risk(p, row),
                                    .budget = (ent_budget_kind)b->unit,
                                    .budget_grows = b->grows,
                                    .has_gone = b->has_gone,
                                    .gone_ns = b->has_gone ? b->gone_ns : 0,
                                    .left_ns = row->left_ns,
                                    .holder = row->holder < 0 ? NULL : ent_image_text(p, p->party[row->holder].name),
                                    .paused = row->paused};
    if (b->unit != ENT_BUDGET_NONE) {
        standing.budget_allowed = figure(b->allowed, b, false, texts[0], sizeof texts[0]);
        standing.budget_spent = figure(b->spent, b, false, texts[1], sizeof texts[1]);
        standing.budget_left = figure(b->left, b, false, texts[2], sizeof texts[2]);
        standing.burn_rate = b->has_rate ? figure(b->burn_rate, b, true, texts[3], sizeof texts[3]) : NULL;
    }
    a->stopped = !a->listener->tell(a->listener->user, &standing);
    return !a->stopped;
}

static bool ask(ent_session *s, int64_t at_ns, asking *a, ent_error *error)
{
    ent_fault fault;
    if (s->copy && s->copy_ns != at_ns) {
        ent_session_drop_copy(s);
    }
    if (!s->copy) {
        s->copy = ent_standing_copy(s->engine, at_ns, &fault);
        s->copy_ns = at_ns;
    }
    if (!s->copy) {
        return ent_embed_fault(s->program, error, &fault);
    }
    ent_ledger_init(&a->ledger);
    bool ok = ent_standing_tell(s->copy, on_row, a, &fault);
    ent_ledger_deinit(&a->ledger);
    return ok || (a->stopped     ? ent_embed_fail(error, ENT_ERROR_STOPPED, "stopped by a callback")
                  : a->no_memory ? ent_embed_memory(error)
                                 : ent_embed_fault(s->program, error, &fault));
}

bool ent_session_standing(ent_session *s, int64_t at_ns, const ent_listener *listener, ent_error *error)
{
    asking a = {.s = s, .listener = listener};
    if (!ent_session_usable(s, error)) {
        return false;
    }
    if (!listener || !listener->tell) {
        return ent_embed_fail(error, ENT_ERROR_USAGE, "there is nobody to tell how things stand");
    }
    ent_account *before = ent_account_enter(&s->account);
    s->busy = true;
    bool ok = ask(s, at_ns, &a, error);
    s->busy = false;
    return ent_session_leave(s, before, ok, error);
}
