/* What a backtest found, as text and as JSON: decisions that flip, credits per party, who gains.  See backtest.h. */
#include <stdlib.h>
#include <string.h>

#include "compiler/entente/backtest.h"
#include "compiler/entente/restate.h"
#include "runtime/ledger/json_in.h"
#include "runtime/time/civil.h"
#include "runtime/time/zone.h"

enum { OLD = 0, NEW = 1 };

/* What a party pays and receives in one currency. */
typedef struct account {
    const char *party, *currency;
    ent_q pays[2], receives[2];
} account;

typedef struct report {
    ent_backtest *test;
    ent_restate changes;
    account *accounts;
    size_t n_accounts;
    size_t flips, credits, terms; /* of decisions that are in both */
    char *ledger;                 /* the old decisions as a ledger */
    size_t ledger_len, ledger_capacity;
    bool failed;
} report;

/* --- the old decisions as lines --- */

static void put_old(report *r, const ent_ledger *ledger)
{
    size_t need = r->ledger_len + ledger->line.len;
    if (need > r->ledger_capacity) {
        char *grown = realloc(r->ledger, need * 2);
        if (!grown) {
            r->failed = true;
            return;
        }
        r->ledger = grown;
        r->ledger_capacity = need * 2;
    }
    memcpy(r->ledger + r->ledger_len, ledger->line.data, ledger->line.len);
    r->ledger_len = need;
}

static bool write_old(report *r)
{
    const ent_backtest_side *side = &r->test->sides[OLD];
    ent_ledger_run header = {.version = "", .tzdata = ""};
    ent_ledger ledger;
    ent_ledger_init(&ledger);
    bool ok = ent_ledger_run_line(&ledger, side->session, &header);
    if (ok) {
        put_old(r, &ledger);
    }
    for (size_t i = 0; ok && i < side->n; i++) {
        ok = ent_ledger_decision_line(&ledger, side->session, &side->decisions[i]);
        if (ok) {
            put_old(r, &ledger);
        }
    }
    ent_ledger_deinit(&ledger);
    return ok && !r->failed;
}

static void drop_line(void *user, const char *line, size_t len)
{
    (void)user;
    (void)line;
    (void)len;
}

static bool compare(report *r)
{
    const ent_backtest_side *side = &r->test->sides[NEW];
    const char *wrong;
    ent_ledger ledger;
    r->changes.core = ent_restatement_new();
    r->changes.write = drop_line;
    if (!r->changes.core || !write_old(r) ||
        !ent_restatement_add(r->changes.core, r->ledger, r->ledger_len, &wrong)) {
        return false;
    }
    ent_ledger_init(&ledger);
    bool ok = true;
    for (size_t i = 0; ok && i < side->n; i++) {
        ok = ent_restate_line(&r->changes, &ledger, side->session, &side->decisions[i]);
    }
    ok = ok && ent_restate_finish(&r->changes, &ledger);
    ent_ledger_deinit(&ledger);
    for (size_t i = 0; i < r->changes.n; i++) {
        const ent_restated *c = &r->changes.v[i];
        bool both = c->kind == ENT_CHANGE_ADJUSTED;
        bool flips = both && strcmp(c->was, c->is) != 0;
        r->flips += flips;
        r->credits += both && !flips && c->money[0];
        r->terms += both && !flips && !c->money[0];
    }
    return ok;
}

/* --- accounts --- */

static account *account_of(report *r, const char *party, const char *currency)
{
    for (size_t i = 0; i < r->n_accounts; i++) {
        if (strcmp(r->accounts[i].party, party) == 0 &&
            strcmp(r->accounts[i].currency, currency) == 0) {
            return &r->accounts[i];
        }
    }
    account *grown = realloc(r->accounts, (r->n_accounts + 1) * sizeof *grown);
    if (!grown) {
        r->failed = true;
        return NULL;
    }
    r->accounts = grown;
    ent_q zero = ent_q_from_i64(0);
    r->accounts[r->n_accounts] =
        (account){party, currency, {zero, zero}, {zero, zero}};
    return &r->accounts[r->n_accounts++];
}

static void move(report *r, int k, const char *from, const char *to, const char *currency, ent_q q)
{
    account *payer = account_of(r, from, currency);
    if (payer && !ent_q_add(payer->pays[k], q, &payer->pays[k])) {
        r->failed = true;
    }
    account *payee = account_of(r, to, currency);
    if (payee && !ent_q_add(payee->receives[k], q, &payee->receives[k])) {
        r->failed = true;
    }
}

static const char *party_name(const ent_image *p, ent_json_slice name)
{
    for (size_t i = 0; i < p->n_party; i++) {
        const char *text = ent_image_text(p, p->party[i].name);
        if (ent_json_is(ent_json_text_of(name), text)) {
            return text;
        }
    }
    return NULL;
}

/* What each party puts into a pool and gets out of it. */
static void account_for_pool(report *r, int k, const ent_image *p, ent_json_slice line)
{
    ent_json_slice item;
    ent_json_slice code =
        ent_json_text_of(ent_json_member(ent_json_member(line, "credit"), "currency"));
    const char *currency = NULL;
    for (size_t i = 0; i < p->n_agreement && code.p; i++) {
        const char *text =
            p->agreement[i].currency < 0 ? "" : ent_image_text(p, p->agreement[i].currency);
        currency = ent_json_is(code, text) ? text : currency;
    }
    for (size_t at = 0; currency && ent_json_next_item(ent_json_member(line, "parties"), &at, &item);) {
        static const char *const keys[] = {"paid_in", "paid_out"};
        const char *party = party_name(p, ent_json_member(item, "party"));
        for (int i = 0; party && i < 2; i++) {
            ent_json_slice text = ent_json_text_of(ent_json_member(item, keys[i]));
            account *a = account_of(r, party, currency);
            ent_q *sum = !a ? NULL : i == 0 ? &a->pays[k] : &a->receives[k];
            ent_q q;
            if (sum && text.p && ent_q_from_decimal_text(text.p, text.len, &q)) {
                r->failed |= !ent_q_add(*sum, q, sum);
            }
        }
    }
}

/* Each responsible party bears its amount, the supplier what is left; the client's own part is relief, which
 * nobody pays. */
static bool account_for(report *r, int k, ent_ledger *ledger, const ent_verdict *d)
{
    const ent_backtest_side *side = &r->test->sides[k];
    const ent_image *p = side->program;
    const ent_agreement_row *agreement = &p->agreement[ent_verdict_agreement(p, d)];
    const char *supplier = ent_image_text(p, p->party[agreement->supplier].name);
    const char *customer = ent_image_text(p, p->party[agreement->customer].name);
    const char *currency =
        agreement->currency < 0 ? "" : ent_image_text(p, agreement->currency);
    if (!ent_ledger_decision_line(ledger, side->session, d)) {
        return false;
    }
    ent_json_slice line = {ledger->line.data, ledger->line.len - 1};
    if (d->kind == ENT_VERDICT_POOL) {
        account_for_pool(r, k, p, line);
        return true;
    }
    ent_json_slice total =
        ent_json_text_of(ent_json_member(ent_json_member(line, "credit"), "amount"));
    ent_q left;
    if (!total.p || !ent_q_from_decimal_text(total.p, total.len, &left)) {
        return true;
    }
    ent_json_slice item;
    ent_json_slice list = ent_json_member(line, "responsible");
    for (size_t at = 0; ent_json_next_item(list, &at, &item);) {
        ent_json_slice amount = ent_json_text_of(ent_json_member(item, "amount"));
        const char *party = party_name(p, ent_json_member(item, "party"));
        ent_q q;
        if (party && amount.p && ent_q_from_decimal_text(amount.p, amount.len, &q) &&
            ent_q_sub(left, q, &left) && strcmp(party, customer) != 0) {
            move(r, k, party, customer, currency, q);
        }
    }
    if (left.num != 0) {
        move(r, k, supplier, customer, currency, left);
    }
    return true;
}

static bool settle(report *r)
{
    ent_ledger ledger;
    bool ok = true;
    ent_ledger_init(&ledger);
    for (int k = 0; k < 2; k++) {
        const ent_backtest_side *side = &r->test->sides[k];
        for (size_t i = 0; ok && i < side->n; i++) {
            const ent_verdict *d = &side->decisions[i];
            bool pays = d->has_credit || d->kind == ENT_VERDICT_POOL;
            ok = !pays || account_for(r, k, &ledger, d);
        }
    }
    ent_ledger_deinit(&ledger);
    return ok && !r->failed;
}

/* What a party is better off by: it receives more or pays less. */
static ent_q gain(const account *a)
{
    ent_q more;
    ent_q less;
    ent_q net;
    bool ok = ent_q_sub(a->receives[NEW], a->receives[OLD], &more) &&
              ent_q_sub(a->pays[OLD], a->pays[NEW], &less) && ent_q_add(more, less, &net);
    return ok ? net : ent_q_from_i64(0);
}

static void money(ent_q amount, const char *currency, bool grouped, char *buf, size_t size)
{
    ent_i128 minor;
    int digits = ent_currency_minor(currency);
    digits = digits < 0 ? 2 : digits;
    buf[0] = 0;
    if (ent_money_round(amount, digits, ENT_ROUND_HALF_EVEN, &minor)) {
        (void)(grouped ? ent_money_format_grouped(minor, digits, buf, size)
                       : ent_money_format(minor, digits, buf, size));
    }
}

/* --- charges --- */

/* An agreement's charge at the end of the period in both; what is paid for the service is no decision, so it is told
 * beside the credits and not counted among them. */
typedef struct charge {
    const char *agreement, *currency;
    ent_q amounts[2];
    int64_t unit;
} charge;

static const ent_agreement_row *in_force(const ent_backtest_side *side, const char *name)
{
    const ent_image *p = side->program;
    const ent_agreement_row *found = NULL;
    int64_t from;
    int64_t to;
    bool known = ent_engine_period(side->session, &from, &to);
    for (size_t i = 0; i < p->n_agreement; i++) {
        const ent_agreement_row *a = &p->agreement[i];
        int64_t day = known ? ent_zone_day(ent_engine_agreement_zone(side->session, (int64_t)i), to - 1)
                            : INT64_MAX;
        if (strcmp(ent_image_text(p, a->name), name) == 0 && (!found || a->from_day <= day)) {
            found = a;
        }
    }
    return found;
}

/* The next agreement that is in both with another charge for the same unit. */
static bool next_charge(const ent_backtest *t, size_t *at, charge *out)
{
    const ent_image *p = t->sides[NEW].program;
    while (*at < p->n_agreement) {
        const char *name = ent_image_text(p, p->agreement[(*at)++].name);
        bool again = false;
        for (size_t i = 0; i + 1 < *at; i++) {
            again |= strcmp(ent_image_text(p, p->agreement[i].name), name) == 0;
        }
        const ent_agreement_row *old = again ? NULL : in_force(&t->sides[OLD], name);
        const ent_agreement_row *now = in_force(&t->sides[NEW], name);
        if (!old || old->charge < 0 || now->charge < 0 || old->charge_unit != now->charge_unit) {
            continue;
        }
        *out = (charge){.agreement = name,
                        .currency = ent_image_text(p, now->currency),
                        .amounts = {t->sides[OLD].program->constants[old->charge].v.q,
                                    p->constants[now->charge].v.q},
                        .unit = now->charge_unit};
        if (ent_q_cmp(out->amounts[OLD], out->amounts[NEW]) != 0) {
            return true;
        }
    }
    return false;
}

static const char *unit_name(int64_t unit)
{
    static const char *const names[] = {"", "day", "week", "month", "quarter", "year"};
    return unit >= 0 && unit < (int64_t)(sizeof names / sizeof *names) ? names[unit] : "";
}

/* --- text --- */

static void period_text(const ent_backtest_side *side, char *buf, size_t size)
{
    char from[ENT_CIVIL_TEXT_MAX];
    char to[ENT_CIVIL_TEXT_MAX];
    int64_t from_ns;
    int64_t to_ns;
    const ent_zone *zone = ent_engine_framework_zone(side->session);
    if (!ent_engine_period(side->session, &from_ns, &to_ns)) {
        snprintf(buf, size, "no period");
        return;
    }
    ent_civil_format(from, sizeof from, from_ns, zone);
    ent_civil_format(to, sizeof to, to_ns, zone);
    snprintf(buf, size, "%s .. %s", from, to);
}

static const char *word(const ent_restated *c)
{
    switch (c->kind) {
    case ENT_CHANGE_NEW:
        return "only_new";
    case ENT_CHANGE_WITHDRAWN:
        return "only_old";
    default:
        return strcmp(c->was, c->is) != 0 ? "flip" : c->money[0] ? "credit" : "terms";
    }
}

static void change_text(const ent_restated *c, FILE *out)
{
    fprintf(out, "  %s.%s%s%s from %s\n      ", c->agreement, c->clause, c->subject[0] ? " " : "",
            c->subject, c->from);
    if (c->kind == ENT_CHANGE_NEW) {
        fprintf(out, "only after: %s", c->is);
    } else if (c->kind == ENT_CHANGE_WITHDRAWN) {
        fprintf(out, "only before: %s", c->was);
    } else if (strcmp(c->was, c->is) == 0) {
        fprintf(out, "%s", c->is);
    } else {
        fprintf(out, "%s -> %s", c->was, c->is);
    }
    if (c->money[0]) {
        fprintf(out, ", credit %s %s -> %s", c->currency, c->credit_was[0] ? c->credit_was : "0",
                c->credit_is[0] ? c->credit_is : "0");
    }
    fputc('\n', out);
}

static void account_text(const account *a, const char *verb, const ent_q *sums, FILE *out)
{
    char before[ENT_MONEY_TEXT_SIZE];
    char after[ENT_MONEY_TEXT_SIZE];
    char change[ENT_MONEY_TEXT_SIZE];
    char label[128];
    ent_q difference;
    if ((sums[OLD].num == 0 && sums[NEW].num == 0) ||
        !ent_q_sub(sums[NEW], sums[OLD], &difference)) {
        return;
    }
    snprintf(label, sizeof label, "%s %s", a->party, verb);
    money(sums[OLD], a->currency, true, before, sizeof before);
    money(sums[NEW], a->currency, true, after, sizeof after);
    money(difference, a->currency, true, change, sizeof change);
    fprintf(out, "  %-28s %s %14s %14s %14s\n", label, a->currency, before, after, change);
}

static void gains_text(const report *r, FILE *out)
{
    bool any = false;
    for (size_t i = 0; i < r->n_accounts; i++) {
        const account *a = &r->accounts[i];
        char text[ENT_MONEY_TEXT_SIZE];
        ent_q net = gain(a);
        if (net.num != 0) {
            money(net.num < 0 ? ent_q_neg(net) : net, a->currency, true, text, sizeof text);
            fprintf(out, "%s%s %s by %s %s\n", any ? "" : "\n", net.num > 0 ? "helps" : "hurts",
                    a->party, a->currency, text);
            any = true;
        }
    }
    if (!any) {
        fputs("\nnobody pays or receives anything else\n", out);
    }
}

static void charges_text(const ent_backtest *t, FILE *out)
{
    charge c;
    char before[ENT_MONEY_TEXT_SIZE];
    char after[ENT_MONEY_TEXT_SIZE];
    bool any = false;
    for (size_t at = 0; next_charge(t, &at, &c);) {
        money(c.amounts[OLD], c.currency, true, before, sizeof before);
        money(c.amounts[NEW], c.currency, true, after, sizeof after);
        fprintf(out, "%scharge of %s: %s %s -> %s a %s, not counted above\n", any ? "" : "\n",
                c.agreement, c.currency, before, after, unit_name(c.unit));
        any = true;
    }
}

static void write_text(const report *r, FILE *out)
{
    const ent_backtest *t = r->test;
    char period[2 * ENT_CIVIL_TEXT_MAX + 8];
    char other[2 * ENT_CIVIL_TEXT_MAX + 8];
    char rows[32];
    period_text(&t->sides[OLD], period, sizeof period);
    period_text(&t->sides[NEW], other, sizeof other);
    fprintf(out, "backtest of %s against %s\n%s, %s rows", t->sides[OLD].label,
            t->sides[NEW].label, period, ent_count_text(t->rows, rows, sizeof rows));
    if (t->read_twice > 0) {
        fprintf(out, "; %u feed%s read twice, because the binds read files in different ways",
                t->read_twice, t->read_twice == 1 ? "" : "s");
    }
    if (strcmp(period, other) != 0) {
        fprintf(out, "\nnote: the second was decided over %s: give --from and --to", other);
    }
    fprintf(out,
            "\n\n%zu decisions before, %zu after: %zu flip, %zu cost something else, %zu only before, "
            "%zu only after\n",
            t->sides[OLD].n, t->sides[NEW].n, r->flips, r->credits,
            r->changes.counts[ENT_CHANGE_WITHDRAWN], r->changes.counts[ENT_CHANGE_NEW]);
    if (r->terms > 0) {
        fprintf(out, "%zu more have the same outcome under other terms\n", r->terms);
    }
    bool any = false;
    for (size_t i = 0; i < r->changes.n; i++) {
        if (strcmp(word(&r->changes.v[i]), "terms") != 0) {
            fputs(any ? "" : "\n", out);
            change_text(&r->changes.v[i], out);
            any = true;
        }
    }
    if (r->n_accounts > 0) {
        fprintf(out, "\n  %-28s     %14s %14s %14s\n", "credits", "before", "after", "change");
    }
    for (size_t i = 0; i < r->n_accounts; i++) {
        account_text(&r->accounts[i], "pays", r->accounts[i].pays, out);
        account_text(&r->accounts[i], "receives", r->accounts[i].receives, out);
    }
    gains_text(r, out);
    charges_text(t, out);
}

/* --- JSON --- */

static void side_json(const char *key, const ent_backtest_side *side, ent_json_out *out)
{
    char text[ENT_CIVIL_TEXT_MAX];
    int64_t from;
    int64_t to;
    const ent_zone *zone = ent_engine_framework_zone(side->session);
    ent_json_key(out, key);
    ent_json_begin_object(out);
    ent_json_key_text(out, "agreements", side->label);
    ent_json_key_text(out, "program", side->program->digest);
    if (ent_engine_period(side->session, &from, &to)) {
        ent_civil_format(text, sizeof text, from, zone);
        ent_json_key_text(out, "from", text);
        ent_civil_format(text, sizeof text, to, zone);
        ent_json_key_text(out, "to", text);
    }
    ent_json_key_int(out, "decisions", (int64_t)side->n);
    ent_json_end_object(out);
}

static void change_json(const ent_restated *c, ent_json_out *out)
{
    ent_json_begin_object(out);
    ent_json_key_text(out, "change", word(c));
    ent_json_key_text(out, "agreement", c->agreement);
    ent_json_key_text(out, "clause", c->clause);
    if (c->subject[0]) {
        ent_json_key_text(out, "subject", c->subject);
    }
    ent_json_key_text(out, "from", c->from);
    if (c->was[0]) {
        ent_json_key_text(out, "was", c->was);
    }
    if (c->is[0]) {
        ent_json_key_text(out, "is", c->is);
    }
    if (c->money[0]) {
        ent_json_key(out, "credit");
        ent_json_begin_object(out);
        ent_json_key_text(out, "before", c->credit_was[0] ? c->credit_was : "0");
        ent_json_key_text(out, "after", c->credit_is[0] ? c->credit_is : "0");
        ent_json_key_text(out, "change", c->money);
        ent_json_key_text(out, "currency", c->currency);
        ent_json_end_object(out);
    }
    ent_json_end_object(out);
}

static void sums_json(const char *key, const account *a, const ent_q *sums, ent_json_out *out)
{
    static const char *const names[] = {"before", "after"};
    char text[ENT_MONEY_TEXT_SIZE];
    ent_json_key(out, key);
    ent_json_begin_object(out);
    for (int k = 0; k < 2; k++) {
        money(sums[k], a->currency, false, text, sizeof text);
        ent_json_key_text(out, names[k], text);
    }
    ent_json_end_object(out);
}

static void charges_json(const ent_backtest *t, ent_json_out *out)
{
    charge c;
    char text[ENT_MONEY_TEXT_SIZE];
    ent_json_key(out, "charges");
    ent_json_begin_array(out);
    for (size_t at = 0; next_charge(t, &at, &c);) {
        ent_json_begin_object(out);
        ent_json_key_text(out, "agreement", c.agreement);
        money(c.amounts[OLD], c.currency, false, text, sizeof text);
        ent_json_key_text(out, "before", text);
        money(c.amounts[NEW], c.currency, false, text, sizeof text);
        ent_json_key_text(out, "after", text);
        ent_json_key_text(out, "currency", c.currency);
        ent_json_key_text(out, "per", unit_name(c.unit));
        ent_json_end_object(out);
    }
    ent_json_end_array(out);
}

static bool write_json(const report *r, FILE *file)
{
    ent_json_out out;
    ent_json_init(&out, 0);
    ent_json_begin_object(&out);
    side_json("old", &r->test->sides[OLD], &out);
    side_json("new", &r->test->sides[NEW], &out);
    ent_json_key_int(&out, "rows", (int64_t)r->test->rows);
    ent_json_key(&out, "changes");
    ent_json_begin_array(&out);
    for (size_t i = 0; i < r->changes.n; i++) {
        change_json(&r->changes.v[i], &out);
    }
    ent_json_end_array(&out);
    ent_json_key(&out, "parties");
    ent_json_begin_array(&out);
    for (size_t i = 0; i < r->n_accounts; i++) {
        const account *a = &r->accounts[i];
        char text[ENT_MONEY_TEXT_SIZE];
        ent_json_begin_object(&out);
        ent_json_key_text(&out, "party", a->party);
        ent_json_key_text(&out, "currency", a->currency);
        sums_json("pays", a, a->pays, &out);
        sums_json("receives", a, a->receives, &out);
        money(gain(a), a->currency, false, text, sizeof text);
        ent_json_key_text(&out, "gains", text);
        ent_json_end_object(&out);
    }
    ent_json_end_array(&out);
    charges_json(r->test, &out);
    ent_json_end_object(&out);
    ent_json_end_line(&out);
    bool ok = ent_json_is_complete(&out);
    if (ok) {
        fwrite(out.data, 1, out.len, file);
    }
    ent_json_deinit(&out);
    return ok;
}

bool ent_backtest_report(ent_backtest *test, bool json, FILE *out)
{
    report r = {.test = test};
    bool ok = compare(&r) && settle(&r);
    if (ok && json) {
        ok = write_json(&r, out);
    } else if (ok) {
        write_text(&r, out);
    }
    ent_restate_close(&r.changes);
    free(r.accounts);
    free(r.ledger);
    return ok;
}
