/* See restate.h. */
#include "runtime/ledger/restate.h"

#include <stdlib.h>
#include <string.h>

#include "runtime/ledger/json_in.h"
#include "runtime/time/civil.h"
#include "runtime/vm/exact.h"

/* A decision that stands, as the ledgers so far have it. */
typedef struct entry {
    char *identity;
    size_t identity_len;
    ent_json_slice line, kind;
    const char *ledger; /* hash of the last line of the ledger that has the line */
    bool matched, withdrawn;
} entry;

struct ent_restatement {
    entry *v;
    size_t n, capacity;
    size_t *table; /* of entries, + 1; open addressing by identity */
    size_t table_size;
    const char **hashes;
    size_t n_hashes;
    ent_json_slice header;
    char *key;
    size_t key_len, key_capacity;
    ent_ledger scratch; /* the new lines as they would stand alone */
};

ent_restatement *ent_restatement_new(void)
{
    ent_restatement *r = calloc(1, sizeof *r);
    if (r) {
        ent_ledger_init(&r->scratch);
    }
    return r;
}

void ent_restatement_free(ent_restatement *r)
{
    if (!r) {
        return;
    }
    for (size_t i = 0; i < r->n; i++) {
        free(r->v[i].identity);
    }
    for (size_t i = 0; i < r->n_hashes; i++) {
        free((char *)(uintptr_t)r->hashes[i]);
    }
    ent_ledger_deinit(&r->scratch);
    free(r->hashes);
    free(r->v);
    free(r->table);
    free(r->key);
    free(r);
}

/* --- which decision it is --- */

static bool put_key(ent_restatement *r, ent_json_slice slice)
{
    if (r->key_len + slice.len + 1 > r->key_capacity) {
        size_t capacity = (r->key_len + slice.len + 1) * 2;
        char *grown = realloc(r->key, capacity);
        if (!grown) {
            return false;
        }
        r->key = grown;
        r->key_capacity = capacity;
    }
    if (slice.len > 0) {
        memcpy(r->key + r->key_len, slice.p, slice.len);
    }
    r->key_len += slice.len;
    r->key[r->key_len++] = '\n'; /* no slice holds one */
    return true;
}

static ent_json_slice kind_of(ent_json_slice line)
{
    ent_json_slice adjusts = ent_json_member(line, "adjusts");
    return ent_json_member(adjusts.p ? adjusts : line, "kind");
}

static bool make_key(ent_restatement *r, ent_json_slice line)
{
    ent_json_slice clock = ent_json_member(line, "clock");
    r->key_len = 0;
    return put_key(r, kind_of(line)) && put_key(r, ent_json_member(line, "agreement")) &&
           put_key(r, ent_json_member(line, "clause")) &&
           put_key(r, ent_json_member(line, "subject")) &&
           put_key(r, clock.p ? ent_json_member(clock, "at") : ent_json_member(line, "window"));
}

static size_t slot_of(const ent_restatement *r, const char *key, size_t len)
{
    uint64_t h = UINT64_C(0xcbf29ce484222325);
    for (size_t i = 0; i < len; i++) {
        h = (h ^ (unsigned char)key[i]) * UINT64_C(0x100000001b3);
    }
    return (size_t)(h ^ h >> 32) & (r->table_size - 1);
}

/* The first entry with the key in hand that is still to be matched. */
static entry *find(const ent_restatement *r)
{
    if (r->table_size == 0) {
        return NULL;
    }
    for (size_t at = slot_of(r, r->key, r->key_len); r->table[at];
         at = (at + 1) & (r->table_size - 1)) {
        entry *e = &r->v[r->table[at] - 1];
        if (!e->matched && !e->withdrawn && e->identity_len == r->key_len &&
            memcmp(e->identity, r->key, r->key_len) == 0) {
            return e;
        }
    }
    return NULL;
}

static void enter(ent_restatement *r, size_t index)
{
    size_t at = slot_of(r, r->v[index].identity, r->v[index].identity_len);
    while (r->table[at]) {
        at = (at + 1) & (r->table_size - 1);
    }
    r->table[at] = index + 1;
}

static bool grow(ent_restatement *r)
{
    if (r->n < r->capacity) {
        return true;
    }
    size_t capacity = r->capacity ? r->capacity * 2 : 256;
    entry *grown = realloc(r->v, capacity * sizeof *grown);
    if (!grown) {
        return false;
    }
    r->v = grown;
    r->capacity = capacity;
    free(r->table);
    r->table_size = capacity * 2;
    r->table = calloc(r->table_size, sizeof *r->table);
    for (size_t i = 0; r->table && i < r->n; i++) {
        enter(r, i);
    }
    return r->table != NULL;
}

static bool add_entry(ent_restatement *r, ent_json_slice line, const char *ledger)
{
    if (!grow(r)) {
        r->table_size = r->table ? r->table_size : 0;
        return false;
    }
    char *identity = malloc(r->key_len + 1);
    if (!identity) {
        return false;
    }
    memcpy(identity, r->key, r->key_len);
    r->v[r->n] = (entry){.identity = identity,
                         .identity_len = r->key_len,
                         .line = line,
                         .kind = kind_of(line),
                         .ledger = ledger};
    enter(r, r->n++);
    return true;
}

/* --- the ledgers before --- */

static entry *adjusted(ent_restatement *r, ent_json_slice line)
{
    ent_json_slice hash = ent_json_member(ent_json_member(line, "adjusts"), "hash");
    size_t at = r->table_size ? slot_of(r, r->key, r->key_len) : 0;
    for (; r->table_size && r->table[at]; at = (at + 1) & (r->table_size - 1)) {
        entry *e = &r->v[r->table[at] - 1];
        if (!e->withdrawn && ent_json_same(ent_json_member(e->line, "hash"), hash)) {
            return e;
        }
    }
    return NULL;
}

static bool take_old_line(ent_restatement *r, ent_json_slice line, const char *ledger,
                          const char **wrong)
{
    if (!make_key(r, line)) {
        return false;
    }
    if (!ent_json_is(ent_json_member(line, "kind"), "\"adjustment\"")) {
        return add_entry(r, line, ledger);
    }
    entry *e = adjusted(r, line);
    if (!e) {
        *wrong = "an adjustment in it refers to a line that is not in the ledgers before it";
        return false;
    }
    e->line = line;
    e->ledger = ledger;
    e->withdrawn = ent_json_is(ent_json_member(line, "status"), "\"withdrawn\"");
    return true;
}

/* A first ledger stands alone; a further one says in its first line what it follows. */
static bool follows(const ent_restatement *r, ent_json_slice header, const char **wrong)
{
    ent_json_slice restates = ent_json_member(header, "restates");
    ent_json_slice last = {NULL, 0};
    for (size_t at = 0; ent_json_next_item(restates, &at, &last);) {
    }
    if (r->n_hashes == 0) {
        *wrong = restates.p ? "it restates another ledger: give that one first" : NULL;
    } else if (!ent_json_is(ent_json_text_of(last), r->hashes[r->n_hashes - 1])) {
        *wrong = "it does not restate the ledger before it";
    }
    return *wrong == NULL;
}

static const char *add_hash(ent_restatement *r, const char *bytes, size_t len)
{
    static const char tail[] = "\"}\n";
    size_t hex = ENT_HASH_TEXT_SIZE - 1;
    const char **grown = realloc(r->hashes, (r->n_hashes + 1) * sizeof *grown);
    char *hash = malloc(ENT_HASH_TEXT_SIZE);
    r->hashes = grown ? grown : r->hashes;
    if (!grown || !hash || len < hex + sizeof tail) {
        free(hash);
        return NULL;
    }
    memcpy(hash, bytes + len - (sizeof tail - 1) - hex, hex);
    hash[hex] = 0;
    r->hashes[r->n_hashes++] = hash;
    return hash;
}

bool ent_restatement_add(ent_restatement *r, const char *bytes, size_t len, const char **wrong)
{
    const char *ledger = NULL;
    *wrong = NULL;
    for (size_t at = 0; at < len;) {
        const char *end = memchr(bytes + at, '\n', len - at);
        size_t n = end ? (size_t)(end - (bytes + at)) : len - at;
        ent_json_slice line = {bytes + at, n};
        at += n + 1;
        if (ledger) {
            if (!take_old_line(r, line, ledger, wrong)) {
                return false;
            }
            continue;
        }
        if (!follows(r, line, wrong)) {
            return false;
        }
        r->header = r->n_hashes == 0 ? line : r->header;
        ledger = add_hash(r, bytes, len);
        if (!ledger) {
            return false;
        }
    }
    return true;
}

bool ent_restatement_period(const ent_restatement *r, int64_t *from_ns, int64_t *to_ns)
{
    ent_json_slice from = ent_json_text_of(ent_json_member(r->header, "from"));
    ent_json_slice to = ent_json_text_of(ent_json_member(r->header, "to"));
    return from.p && to.p && ent_civil_parse_instant(from.p, from.len, from_ns) &&
           ent_civil_parse_instant(to.p, to.len, to_ns);
}

const char *const *ent_restatement_hashes(const ent_restatement *r, size_t *n)
{
    *n = r->n_hashes;
    return (const char *const *)r->hashes;
}

/* --- what changed --- */

/* Where a decision stands and what it was found from is no part of what was decided. */
static bool is_about_the_line(ent_json_slice key)
{
    static const char *const keys[] = {"seq",     "kind",   "prev",    "hash",
                                       "because", "source", "adjusts", "difference"};
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
        if (ent_json_is(key, keys[i])) {
            return true;
        }
    }
    return false;
}

static bool next_content(ent_json_slice line, size_t *at, ent_json_slice *key, ent_json_slice *value)
{
    while (ent_json_next_member(line, at, key, value)) {
        if (!is_about_the_line(*key)) {
            return true;
        }
    }
    return false;
}

static bool same_content(ent_json_slice a, ent_json_slice b)
{
    size_t at_a = 0;
    size_t at_b = 0;
    for (;;) {
        ent_json_slice key_a;
        ent_json_slice key_b;
        ent_json_slice value_a;
        ent_json_slice value_b;
        bool more = next_content(a, &at_a, &key_a, &value_a);
        if (more != next_content(b, &at_b, &key_b, &value_b)) {
            return false;
        }
        if (!more) {
            return true;
        }
        if (!ent_json_same(key_a, key_b) || !ent_json_same(value_a, value_b)) {
            return false;
        }
    }
}

/* "-3/5" or "12.50"; absent is zero. */
static bool figure(ent_json_slice text, ent_q *out)
{
    const char *bar = text.p ? memchr(text.p, '/', text.len) : NULL;
    ent_q below;
    *out = ent_q_from_i64(0);
    if (!text.p) {
        return true;
    }
    if (!bar) {
        return ent_q_from_decimal_text(text.p, text.len, out);
    }
    return ent_q_from_decimal_text(text.p, (size_t)(bar - text.p), out) &&
           ent_q_from_decimal_text(bar + 1, text.len - (size_t)(bar - text.p) - 1, &below) &&
           ent_q_div(*out, below, out);
}

static bool difference_of(ent_json_slice old, ent_json_slice now, const char *key, ent_q *out)
{
    ent_q before;
    ent_q after;
    return figure(ent_json_text_of(ent_json_member(old, key)), &before) &&
           figure(ent_json_text_of(ent_json_member(now, key)), &after) &&
           ent_q_sub(after, before, out) && out->num != 0;
}

static void money_text(ent_q amount, ent_json_slice currency, char *buf, size_t size)
{
    char code[8] = "";
    ent_i128 minor;
    if (currency.len < sizeof code) {
        memcpy(code, currency.p ? currency.p : "", currency.len);
    }
    int digits = ent_currency_minor(code);
    digits = digits < 0 ? 2 : digits;
    buf[0] = 0;
    if (ent_money_round(amount, digits, ENT_ROUND_HALF_EVEN, &minor)) {
        ent_money_format(minor, digits, buf, size);
    }
}

static ent_json_slice party_in(ent_json_slice list, ent_json_slice party)
{
    ent_json_slice item;
    for (size_t at = 0; ent_json_next_item(list, &at, &item);) {
        if (ent_json_same(ent_json_member(item, "party"), party)) {
            return item;
        }
    }
    return (ent_json_slice){NULL, 0};
}

/* Lists by party: who answers, with a share and what it bears; who has a part in a pool. */
static const char *const lists[] = {"responsible", "parties"};
static const char *const amounts[] = {"paid_in", "paid_out", "amount"};
enum { LISTS = sizeof lists / sizeof *lists, AMOUNTS = sizeof amounts / sizeof *amounts };

static void begin_party(ent_json_out *out, const char *list, ent_json_slice party, bool *list_begun,
                        bool *party_begun)
{
    if (!*list_begun) {
        ent_json_key(out, list);
        ent_json_begin_array(out);
    }
    if (!*party_begun) {
        ent_json_begin_object(out);
        ent_json_key(out, "party");
        ent_json_raw(out, party.p, party.len);
    }
    *list_begun = *party_begun = true;
}

static void write_party(ent_json_out *out, const char *list, ent_json_slice old, ent_json_slice now,
                        ent_json_slice currency, bool *begun)
{
    ent_q difference;
    char text[ENT_Q_TEXT_SIZE];
    bool told = false;
    ent_json_slice party = ent_json_member(now.p ? now : old, "party");
    if (difference_of(old, now, "share", &difference)) {
        begin_party(out, list, party, begun, &told);
        ent_q_format_fraction(difference, text, sizeof text);
        ent_json_key_text(out, "share", text);
    }
    for (size_t i = 0; i < AMOUNTS; i++) {
        if (difference_of(old, now, amounts[i], &difference)) {
            begin_party(out, list, party, begun, &told);
            money_text(difference, currency, text, sizeof text);
            ent_json_key_text(out, amounts[i], text);
        }
    }
    if (told) {
        ent_json_end_object(out);
    }
}

static void write_list(ent_json_out *out, const char *list, ent_json_slice old, ent_json_slice now,
                       ent_json_slice currency)
{
    ent_json_slice before = ent_json_member(old, list);
    ent_json_slice after = ent_json_member(now, list);
    ent_json_slice item;
    bool begun = false;
    for (size_t at = 0; ent_json_next_item(before, &at, &item);) {
        write_party(out, list, item, party_in(after, ent_json_member(item, "party")), currency,
                    &begun);
    }
    for (size_t at = 0; ent_json_next_item(after, &at, &item);) {
        if (!party_in(before, ent_json_member(item, "party")).p) {
            write_party(out, list, (ent_json_slice){NULL, 0}, item, currency, &begun);
        }
    }
    if (begun) {
        ent_json_end_array(out);
    }
}

static ent_json_slice currency_of(ent_json_slice line)
{
    return ent_json_text_of(ent_json_member(ent_json_member(line, "credit"), "currency"));
}

static void write_difference(ent_json_out *out, ent_json_slice old, ent_json_slice now, char *money,
                             size_t size)
{
    ent_q amount;
    ent_json_slice currency = currency_of(now);
    currency = currency.p ? currency : currency_of(old);
    money[0] = 0;
    ent_json_key(out, "difference");
    ent_json_begin_object(out);
    if (difference_of(ent_json_member(old, "credit"), ent_json_member(now, "credit"), "amount",
                      &amount)) {
        money_text(amount, currency, money, size);
        ent_json_key(out, "credit");
        ent_json_begin_object(out);
        ent_json_key_text(out, "amount", money);
        ent_json_key(out, "currency");
        ent_json_text_len(out, currency.p ? currency.p : "", currency.len);
        ent_json_end_object(out);
    }
    for (size_t i = 0; i < LISTS; i++) {
        write_list(out, lists[i], old, now, currency);
    }
    ent_json_end_object(out);
}

static void copy(ent_json_out *out, ent_json_slice key, ent_json_slice value)
{
    ent_json_key_len(out, key.p, key.len);
    ent_json_raw(out, value.p, value.len);
}

static void copy_member(ent_json_out *out, ent_json_slice from, const char *key, const char *as)
{
    ent_json_slice value = ent_json_member(from, key);
    if (value.p) {
        ent_json_key(out, as);
        ent_json_raw(out, value.p, value.len);
    }
}

static void write_adjusts(ent_json_out *out, const entry *e)
{
    ent_json_key(out, "adjusts");
    ent_json_begin_object(out);
    ent_json_key_text(out, "ledger", e->ledger);
    copy_member(out, e->line, "seq", "seq");
    copy_member(out, e->line, "hash", "hash");
    ent_json_key(out, "kind");
    ent_json_raw(out, e->kind.p, e->kind.len);
    copy_member(out, e->line, "status", "status");
    ent_json_end_object(out);
}

static int64_t seq_of(ent_json_slice line)
{
    ent_json_slice value = ent_json_member(line, "seq");
    int64_t seq = 0;
    for (size_t i = 0; i < value.len && value.p[i] >= '0' && value.p[i] <= '9' && seq < INT64_MAX / 20;
         i++) {
        seq = seq * 10 + (value.p[i] - '0');
    }
    return seq;
}

static void begin_line(ent_ledger *ledger, const char *kind)
{
    ent_json_reset(&ledger->line);
    ent_json_begin_object(&ledger->line);
    ent_json_key_int(&ledger->line, "seq", ++ledger->seq);
    ent_json_key_text(&ledger->line, "kind", kind);
}

typedef struct telling {
    ent_ledger *ledger;
    ent_change_fn emit;
    void *user;
} telling;

static bool end_line(const telling *t, ent_change *change)
{
    if (!ent_ledger_finish_line(t->ledger)) {
        return false;
    }
    change->line = t->ledger->line.data;
    change->len = t->ledger->line.len;
    change->seq = t->ledger->seq;
    t->emit(t->user, change);
    return true;
}

static bool tell_withdrawn(const telling *t, entry *e)
{
    static const char *const kept[] = {"agreement", "version", "clause", "title",
                                       "subject",   "window",  "clock"};
    ent_json_out *out = &t->ledger->line;
    char money[ENT_MONEY_TEXT_SIZE];
    char currency[8] = "";
    ent_json_slice code = currency_of(e->line);
    e->matched = true;
    begin_line(t->ledger, "adjustment");
    for (size_t i = 0; i < sizeof kept / sizeof *kept; i++) {
        copy_member(out, e->line, kept[i], kept[i]);
    }
    ent_json_key_text(out, "status", "withdrawn");
    copy_member(out, e->line, "source", "source");
    write_adjusts(out, e);
    write_difference(out, e->line, (ent_json_slice){NULL, 0}, money, sizeof money);
    if (code.len < sizeof currency) {
        memcpy(currency, code.p ? code.p : "", code.len);
    }
    ent_change change = {.kind = ENT_CHANGE_WITHDRAWN,
                         .adjusts = seq_of(e->line),
                         .old_line = e->line.p,
                         .old_len = e->line.len,
                         .money = money,
                         .currency = currency};
    return end_line(t, &change);
}

static bool tell_changed(const telling *t, entry *e, ent_json_slice now)
{
    ent_json_out *out = &t->ledger->line;
    ent_json_slice key;
    ent_json_slice value;
    char money[ENT_MONEY_TEXT_SIZE];
    char currency[8] = "";
    ent_json_slice code = currency_of(now);
    code = code.p ? code : currency_of(e->line);
    begin_line(t->ledger, "adjustment");
    for (size_t at = 0; ent_json_next_member(now, &at, &key, &value);) {
        if (!is_about_the_line(key) || ent_json_is(key, "because") || ent_json_is(key, "source")) {
            copy(out, key, value);
        }
    }
    write_adjusts(out, e);
    write_difference(out, e->line, now, money, sizeof money);
    if (code.len < sizeof currency) {
        memcpy(currency, code.p ? code.p : "", code.len);
    }
    ent_change change = {.kind = ENT_CHANGE_ADJUSTED,
                         .adjusts = seq_of(e->line),
                         .old_line = e->line.p,
                         .old_len = e->line.len,
                         .new_line = now.p,
                         .new_len = now.len,
                         .money = money,
                         .currency = currency};
    return end_line(t, &change);
}

static bool tell_new(const telling *t, ent_json_slice now)
{
    ent_json_out *out = &t->ledger->line;
    ent_json_slice key;
    ent_json_slice value;
    ent_json_reset(out);
    ent_json_begin_object(out);
    ent_json_key_int(out, "seq", ++t->ledger->seq);
    for (size_t at = 0; ent_json_next_member(now, &at, &key, &value);) {
        if (!ent_json_is(key, "seq") && !ent_json_is(key, "prev") && !ent_json_is(key, "hash")) {
            copy(out, key, value);
        }
    }
    ent_json_slice amount = ent_json_text_of(ent_json_member(ent_json_member(now, "credit"), "amount"));
    ent_json_slice code = currency_of(now);
    char money[ENT_MONEY_TEXT_SIZE] = "";
    char currency[8] = "";
    ent_q value_q;
    if (amount.p && figure(amount, &value_q) && value_q.num != 0) {
        money_text(value_q, code, money, sizeof money);
    }
    if (code.len < sizeof currency) {
        memcpy(currency, code.p ? code.p : "", code.len);
    }
    ent_change change = {.kind = ENT_CHANGE_NEW,
                         .new_line = now.p,
                         .new_len = now.len,
                         .money = money,
                         .currency = currency};
    return end_line(t, &change);
}

bool ent_restatement_take(ent_restatement *r, ent_ledger *ledger, const ent_engine *session,
                          const ent_verdict *decision, ent_change_fn emit, void *user)
{
    telling t = {ledger, emit, user};
    r->scratch.files = ledger->files;
    if (!ent_ledger_decision_line(&r->scratch, session, decision)) {
        return false;
    }
    ent_json_slice now = {r->scratch.line.data, r->scratch.line.len - 1};
    if (!make_key(r, now)) {
        return false;
    }
    entry *e = find(r);
    if (!e) {
        return tell_new(&t, now);
    }
    e->matched = true;
    if (same_content(e->line, now)) {
        return true;
    }
    /* amounts in two currencies have no difference */
    ent_json_slice before = currency_of(e->line);
    ent_json_slice after = currency_of(now);
    if (before.p && after.p && !ent_json_same(before, after)) {
        return tell_withdrawn(&t, e) && tell_new(&t, now);
    }
    return tell_changed(&t, e, now);
}

bool ent_restatement_finish(ent_restatement *r, ent_ledger *ledger, ent_change_fn emit, void *user)
{
    telling t = {ledger, emit, user};
    for (size_t i = 0; i < r->n; i++) {
        if (!r->v[i].matched && !r->v[i].withdrawn && !tell_withdrawn(&t, &r->v[i])) {
            return false;
        }
    }
    return true;
}
