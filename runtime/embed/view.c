/* A decision as a struct: what its ledger line says, so that struct and line cannot differ.
 *
 * The line is copied, and each text is unescaped in the copy where it stands: it only gets shorter, and its closing
 * quote makes room for the NUL. */
#include "runtime/embed/embed.h"

#include <stdlib.h>
#include <string.h>

#include "runtime/ledger/json_in.h"
#include "runtime/judge/clause.h"

static bool reserve(void *v, size_t *size, size_t n, size_t element)
{
    void **p = v;
    if (n <= *size) {
        return true;
    }
    void *grown = realloc(*p, (n + 8) * element);
    if (grown) {
        *p = grown;
        *size = n + 8;
    }
    return grown != NULL;
}

void ent_view_deinit(ent_view *view)
{
    free(view->texts);
    free(view->subject);
    free(view->responsible);
    free(view->pool);
    free(view->because);
}

typedef struct reading {
    ent_view *view;
    const char *line;
} reading;

static unsigned hex_digit(char c)
{
    return c <= '9' ? (unsigned)(c - '0') : (unsigned)((c | 0x20) - 'a' + 10);
}

/* What stands behind a backslash; *at is on it and is moved to its last character. */
static char escaped(ent_json_slice s, size_t *at)
{
    switch (s.p[*at]) {
    case 'n':
        return '\n';
    case 't':
        return '\t';
    case 'r':
        return '\r';
    case 'b':
        return '\b';
    case 'f':
        return '\f';
    case 'u': /* the ledger only writes control characters so */
        *at += 4;
        return *at < s.len ? (char)(hex_digit(s.p[*at - 1]) << 4 | hex_digit(s.p[*at])) : '?';
    default:
        return s.p[*at];
    }
}

/* The value as a text of its own: a text without quotes and escapes, a figure as it stands. */
static const char *text_of(const reading *r, ent_json_slice value)
{
    if (!value.p) {
        return NULL;
    }
    ent_json_slice inside = ent_json_text_of(value);
    ent_json_slice s = inside.p ? inside : value;
    char *out = r->view->texts + (s.p - r->line);
    char *to = out;
    for (size_t i = 0; i < s.len; i++) {
        if (s.p[i] == '\\' && i + 1 < s.len) {
            i++;
            *to++ = escaped(s, &i);
        } else {
            *to++ = s.p[i];
        }
    }
    *to = 0;
    return out;
}

static const char *member_text(const reading *r, ent_json_slice object, const char *key)
{
    return text_of(r, ent_json_member(object, key));
}

static size_t count_items(ent_json_slice array)
{
    size_t n = 0;
    size_t at = 0;
    ent_json_slice item;
    while (ent_json_next_item(array, &at, &item)) {
        n++;
    }
    return n;
}

static bool take_subject(const reading *r, ent_json_slice object, const ent_subject_field **out, size_t *n)
{
    ent_json_slice key;
    ent_json_slice value;
    size_t at = 0;
    *n = 0;
    while (ent_json_next_member(object, &at, &key, &value)) {
        if (!reserve(&r->view->subject, &r->view->subject_size, *n + 1, sizeof **out)) {
            return false;
        }
        r->view->subject[(*n)++] = (ent_subject_field){text_of(r, key), text_of(r, value)};
    }
    *out = *n > 0 ? r->view->subject : NULL;
    return true;
}

static bool take_responsible(const reading *r, ent_json_slice array, ent_decision *d)
{
    ent_view *view = r->view;
    ent_json_slice item;
    size_t at = 0;
    if (!reserve(&view->responsible, &view->responsible_size, count_items(array), sizeof *view->responsible)) {
        return false;
    }
    while (ent_json_next_item(array, &at, &item)) {
        view->responsible[d->n_responsible++] =
            (ent_responsible){.party = member_text(r, item, "party"),
                              .share = member_text(r, item, "share"),
                              .degree = member_text(r, item, "degree"),
                              .but_for = ent_json_is(ent_json_member(item, "but_for"), "true"),
                              .held = member_text(r, item, "held"),
                              .excess = member_text(r, item, "excess"),
                              .amount = member_text(r, item, "amount"),
                              .without = member_text(r, item, "without"),
                              .standard_error = member_text(r, item, "standard_error")};
    }
    d->responsible = view->responsible;
    return true;
}

static bool take_pool(const reading *r, ent_json_slice array, ent_decision *d)
{
    ent_view *view = r->view;
    ent_json_slice item;
    size_t at = 0;
    if (!reserve(&view->pool, &view->pool_size, count_items(array), sizeof *view->pool)) {
        return false;
    }
    while (ent_json_next_item(array, &at, &item)) {
        view->pool[d->n_pool++] =
            (ent_pool_share){member_text(r, item, "party"), member_text(r, item, "paid_in"),
                             member_text(r, item, "paid_out"), member_text(r, item, "amount")};
    }
    d->pool = view->pool;
    return true;
}

static bool take_because(const reading *r, ent_json_slice array, ent_decision *d)
{
    ent_view *view = r->view;
    ent_json_slice item;
    size_t at = 0;
    if (!reserve(&view->because, &view->because_size, count_items(array), sizeof *view->because)) {
        return false;
    }
    while (ent_json_next_item(array, &at, &item)) {
        const char *fact = member_text(r, item, "fact");
        ent_json_slice left_out = ent_json_member(item, "left_out");
        if (fact) {
            view->because[d->n_because++] = fact;
        } else if (left_out.p) {
            d->because_left_out = strtoll(left_out.p, NULL, 10); /* a comma or brace follows */
        }
    }
    d->because = view->because;
    return true;
}

static void take_verdict(const ent_image *p, const ent_verdict *v, ent_decision *d)
{
    ent_clause clause = ent_verdict_clause(p, v);
    bool is_duty = v->kind == ENT_VERDICT_DUTY;
    const ent_place_row *place = &p->place[clause.place];
    d->kind = (ent_clause_kind)v->kind;
    d->status = (ent_status)v->status;
    d->final = v->final;
    d->open = is_duty && v->open;
    d->version = p->agreement[clause.agreement].version;
    d->has_clock = is_duty;
    d->has_window = !is_duty;
    d->line = place->line;
    d->column = place->column;
    if (is_duty) {
        d->at_ns = v->at_ns;
        d->has_due = v->has_due;
        d->due_ns = v->has_due ? v->due_ns : 0;
        d->has_done = v->has_done;
        d->done_ns = v->has_done ? v->done_ns : 0;
        d->elapsed_ns = v->elapsed_ns;
        d->allowed_ns = v->allowed_ns;
    } else {
        d->from_ns = v->from_ns;
        d->to_ns = v->to_ns;
    }
    if (v->claim != ENT_CLAIM_NONE) {
        d->claim_at_ns = v->claim == ENT_CLAIM_MADE ? v->claim_ns : 0;
        d->claim_until_ns = v->claim_until_ns;
    }
    if (v->kind == ENT_VERDICT_OBJECTIVE) {
        d->has_counts = true;
        d->counts = (ent_decision_counts){v->counts.samples, v->counts.bad,      v->counts.missing,
                                          v->counts.absent,  v->counts.excluded, v->counts.late};
    }
}

static void take_figures(const reading *r, ent_json_slice line, ent_decision *d)
{
    ent_json_slice expected = ent_json_member(line, "expected");
    ent_json_slice met = ent_json_member(expected, "met");
    ent_json_slice budget = ent_json_member(line, "budget");
    ent_json_slice credit = ent_json_member(line, "credit");
    ent_json_slice claim = ent_json_member(credit, "claim");
    ent_json_slice accountable = ent_json_member(line, "accountable");
    d->agreement = member_text(r, line, "agreement");
    d->clause = member_text(r, line, "clause");
    d->title = member_text(r, line, "title");
    d->measure = member_text(r, line, "measure");
    d->measure_exact = member_text(r, line, "measure_exact");
    d->target = member_text(r, line, "target");
    d->shortfall = member_text(r, line, "shortfall");
    d->expected_level = member_text(r, expected, "level");
    d->has_expected = met.p != NULL;
    d->expected_met = met.p && ent_json_is(met, "true");
    d->budget_left = member_text(r, budget, "left");
    d->burn_rate = member_text(r, budget, "burn_rate");
    d->credit_amount = member_text(r, credit, "amount");
    d->credit_currency = member_text(r, credit, "currency");
    d->credit_rule = member_text(r, credit, "rule");
    d->claim = member_text(r, claim, "status");
    d->claim_amount = member_text(r, claim, "amount");
    d->pool_fund = member_text(r, credit, "fund");
    d->accountable = member_text(r, accountable, "party");
    d->accountable_to = member_text(r, accountable, "to");
    d->structural_gap = member_text(r, line, "structural_gap");
    d->file = member_text(r, ent_json_member(line, "source"), "file");
    d->prev = member_text(r, line, "prev");
    d->hash = member_text(r, line, "hash");
}

static ent_json_slice without_newline(const char *line, size_t len)
{
    return (ent_json_slice){line, len > 0 && line[len - 1] == '\n' ? len - 1 : len};
}

bool ent_view_decision(ent_view *view, const ent_image *p, const ent_verdict *verdict, const char *line,
                       size_t len, int64_t seq, ent_decision *d)
{
    reading r = {view, line};
    ent_json_slice object = without_newline(line, len);
    *d = (ent_decision){.seq = seq, .ledger_line = line, .ledger_line_len = len};
    if (!reserve(&view->texts, &view->texts_size, len + 1, 1)) {
        return false;
    }
    take_verdict(p, verdict, d);
    take_figures(&r, object, d);
    return take_subject(&r, ent_json_member(object, "subject"), &d->subject, &d->n_subject) &&
           take_responsible(&r, ent_json_member(object, "responsible"), d) &&
           take_pool(&r, ent_json_member(object, "parties"), d) &&
           take_because(&r, ent_json_member(object, "because"), d);
}

bool ent_view_notice(ent_view *view, const ent_image *p, const ent_warning *warning, const char *line, size_t len,
                     ent_notice *out)
{
    reading r = {view, line};
    ent_json_slice object = without_newline(line, len);
    if (!reserve(&view->texts, &view->texts_size, len + 1, 1)) {
        return false;
    }
    *out = (ent_notice){.kind = warning->kind == ENT_WARNING_WARN ? ENT_NOTICE_WARNING : ENT_NOTICE_RUN_OUT,
                        .at_ns = warning->at_ns,
                        .due_ns = warning->due_ns,
                        .agreement = member_text(&r, object, "agreement"),
                        .version = p->agreement[p->duty[warning->clause].agreement].version,
                        .clause = member_text(&r, object, "clause"),
                        .line = line,
                        .line_len = len};
    return take_subject(&r, ent_json_member(object, "subject"), &out->subject, &out->n_subject);
}
