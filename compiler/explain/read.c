/* Lines of a ledger as decisions.  See explain.h. */
#include "compiler/explain/explain.h"

#include <string.h>

#include "runtime/feed/utf8.h"
#include "runtime/time/civil.h"

enum { ITEMS_MAX = 4096 };

/* --- texts --- */

static bool hex4(const char *p, const char *end, uint32_t *out)
{
    *out = 0;
    for (int i = 0; i < 4; i++, p++) {
        if (p >= end) {
            return false;
        }
        int digit = *p >= '0' && *p <= '9'   ? *p - '0'
                    : *p >= 'a' && *p <= 'f' ? *p - 'a' + 10
                    : *p >= 'A' && *p <= 'F' ? *p - 'A' + 10
                                             : -1;
        if (digit < 0) {
            return false;
        }
        *out = *out << 4 | (uint32_t)digit;
    }
    return true;
}

/* The code point of \uXXXX (and its second half), after the u; NUL and halves alone become U+FFFD.
 */
static uint32_t escaped(const char **p, const char *end)
{
    uint32_t c;
    uint32_t low;
    if (!hex4(*p, end, &c)) {
        return 0xFFFD;
    }
    *p += 4;
    if (c >= 0xD800 && c < 0xDC00 && end - *p >= 6 && (*p)[0] == '\\' && (*p)[1] == 'u' &&
        hex4(*p + 2, end, &low) && low >= 0xDC00 && low < 0xE000) {
        *p += 6;
        return 0x10000 + ((c - 0xD800) << 10) + (low - 0xDC00);
    }
    return c == 0 || (c >= 0xD800 && c < 0xE000) ? 0xFFFD : c;
}

static const char *unescape(ent_arena *arena, ent_json_slice s)
{
    static const char names[] = "bfnrt";
    static const char values[] = "\b\f\n\r\t";
    char *out = ent_arena_alloc(arena, s.len * 3 + 1); /* U+FFFD for one byte is three */
    size_t n = 0;
    const char *p = s.p;
    const char *end = s.p + s.len;
    while (out && p < end) {
        if (*p != '\\' || p + 1 >= end) {
            out[n++] = *p++;
            continue;
        }
        char c = p[1];
        p += 2;
        const char *known = strchr(names, c);
        if (c == 'u') {
            n += ent_utf8_put(out + n, escaped(&p, end));
        } else {
            out[n++] = known && c ? values[known - names] : c;
        }
    }
    if (out) {
        out[n] = 0;
    }
    return out;
}

static const char *text_of(ent_arena *arena, ent_json_slice value)
{
    ent_json_slice text = ent_json_text_of(value);
    if (text.p) {
        return unescape(arena, text);
    }
    bool scalar = value.p && value.len > 0 && value.p[0] != '{' && value.p[0] != '[' &&
                  !ent_json_is(value, "null");
    return scalar ? ent_arena_strndup(arena, value.p, value.len) : NULL;
}

const char *ent_explain_text(ent_arena *arena, ent_json_slice object, const char *key)
{
    return text_of(arena, ent_json_member(object, key));
}

static int64_t int_of(ent_json_slice object, const char *key)
{
    ent_json_slice value = ent_json_member(object, key);
    int64_t n = 0;
    return value.p && ent_parse_i64(value.p, value.len, &n) ? n : 0;
}

static bool is_true(ent_json_slice object, const char *key)
{
    return ent_json_is(ent_json_member(object, key), "true");
}

/* Seconds, as text, in nanoseconds. */
static bool seconds_of(ent_json_slice object, const char *key, int64_t *ns)
{
    ent_json_slice text = ent_json_text_of(ent_json_member(object, key));
    *ns = 0;
    return text.p && ent_parse_decimal_scaled(text.p, text.len, 9, ns);
}

static ent_xinstant read_instant(const char *text)
{
    ent_xinstant out = {.text = text};
    out.read = text && ent_civil_parse_instant(text, strlen(text), &out.ns);
    return out;
}

static ent_xinstant instant_of(ent_arena *arena, ent_json_slice object, const char *key)
{
    return read_instant(ent_explain_text(arena, object, key));
}

static ent_xrow row_of(ent_arena *arena, ent_json_slice object, const char *key)
{
    ent_json_slice row = ent_json_member(object, key);
    return (ent_xrow){.feed = ent_explain_text(arena, row, "feed"),
                      .file = ent_explain_text(arena, row, "file"),
                      .line = int_of(row, "line"),
                      .column = int_of(row, "column")};
}

/* --- facts --- */

static const char *slice_text(ent_arena *arena, ent_json_slice s)
{
    return s.p ? ent_arena_strndup(arena, s.p, s.len) : NULL;
}

static void read_parties(ent_arena *arena, ent_json_slice s, ent_xfact *out)
{
    size_t n = s.p && s.len > 0 ? 1 : 0;
    for (size_t i = 0; s.p && i + 1 < s.len; i++) {
        n += s.p[i] == ',' && s.p[i + 1] == ' ';
    }
    out->parties = ent_arena_alloc_array(arena, n + 1, sizeof *out->parties);
    for (size_t begin = 0, i = 0; out->parties && n > 0 && i <= s.len; i++) {
        bool comma = i + 1 < s.len && s.p[i] == ',' && s.p[i + 1] == ' ';
        if (comma || i == s.len) {
            out->parties[out->n_parties++] = ent_arena_strndup(arena, s.p + begin, i - begin);
            begin = i + 2;
        }
    }
}

static void read_fact(ent_arena *arena, ent_json_slice item, ent_xfact *out)
{
    ent_fact_view view;
    *out = (ent_xfact){.text = ent_explain_text(arena, item, "fact"),
                       .source = row_of(arena, item, "source"),
                       .until = row_of(arena, item, "until")};
    if (!out->text) {
        out->text = "";
    }
    if (!ent_fact_read((ent_json_slice){out->text, strlen(out->text)}, &view)) {
        return;
    }
    out->kind = view.kind;
    out->from = read_instant(slice_text(arena, view.from));
    out->to = read_instant(slice_text(arena, view.to));
    out->subject = slice_text(arena, view.subject);
    out->root = slice_text(arena, view.root);
    out->span = slice_text(arena, view.span);
    if (view.samples.p && !ent_parse_i64(view.samples.p, view.samples.len, &out->samples)) {
        out->samples = 0;
    }
    read_parties(arena, view.parties, out);
    out->read = out->from.read && (!out->to.text || out->to.read) &&
                (!out->to.read || out->to.ns >= out->from.ns);
    if (!out->to.text) {
        out->to.ns = out->from.ns;
    }
}

static size_t count_items(ent_json_slice array)
{
    size_t n = 0;
    ent_json_slice item;
    for (size_t at = 0; n < ITEMS_MAX && ent_json_next_item(array, &at, &item);) {
        n++;
    }
    return n;
}

static void read_facts(ent_arena *arena, ent_json_slice line, ent_xdecision *d)
{
    ent_json_slice array = ent_json_member(line, "because");
    ent_json_slice item;
    size_t n = count_items(array);
    d->facts = ent_arena_alloc_array(arena, n + 1, sizeof *d->facts);
    for (size_t at = 0, i = 0; d->facts && i < n && ent_json_next_item(array, &at, &item); i++) {
        if (ent_json_member(item, "left_out").p) {
            d->left_out = int_of(item, "left_out");
        } else {
            read_fact(arena, item, &d->facts[d->n_facts++]);
        }
    }
}

/* --- parties --- */

static void read_party(ent_arena *arena, ent_json_slice item, ent_xparty *out)
{
    *out = (ent_xparty){.name = ent_explain_text(arena, item, "party"),
                        .share = ent_explain_text(arena, item, "share"),
                        .degree = ent_explain_text(arena, item, "degree"),
                        .amount = ent_explain_text(arena, item, "amount"),
                        .without = ent_explain_text(arena, item, "without"),
                        .error = ent_explain_text(arena, item, "standard_error"),
                        .paid_in = ent_explain_text(arena, item, "paid_in"),
                        .paid_out = ent_explain_text(arena, item, "paid_out"),
                        .but_for = is_true(item, "but_for")};
    out->has_times = seconds_of(item, "held", &out->held_ns);
    (void)seconds_of(item, "excess", &out->excess_ns);
    if (!out->name) {
        out->name = "?";
    }
}

static ent_xparty *read_party_list(ent_arena *arena, ent_json_slice array, size_t *n)
{
    ent_json_slice item;
    *n = count_items(array);
    ent_xparty *out = ent_arena_alloc_array(arena, *n + 1, sizeof *out);
    size_t i = 0;
    for (size_t at = 0; out && i < *n && ent_json_next_item(array, &at, &item); i++) {
        read_party(arena, item, &out[i]);
    }
    *n = out ? i : 0;
    return out;
}

/* --- decisions --- */

static const char *subject_of(ent_arena *arena, ent_json_slice subject)
{
    ent_json_slice key;
    ent_json_slice value;
    const char *out = NULL;
    size_t n = 0;
    for (size_t at = 0; n++ < 16 && ent_json_next_member(subject, &at, &key, &value);) {
        const char *text = text_of(arena, value);
        out = !text ? out : out ? ent_arena_printf(arena, "%s/%s", out, text) : text;
    }
    return out;
}

static void read_clock(ent_arena *arena, ent_json_slice line, ent_xdecision *d)
{
    ent_json_slice clock = ent_json_member(line, "clock");
    ent_json_slice window = ent_json_member(line, "window");
    d->has_clock = clock.p != NULL;
    d->at = instant_of(arena, clock, "at");
    d->due = instant_of(arena, clock, "due");
    d->done = instant_of(arena, clock, "done");
    d->open = is_true(clock, "open");
    (void)seconds_of(clock, "elapsed", &d->elapsed_ns);
    (void)seconds_of(clock, "allowed", &d->allowed_ns);
    d->from = instant_of(arena, window, "from");
    d->to = instant_of(arena, window, "to");
}

static void read_figures(ent_arena *arena, ent_json_slice line, ent_xdecision *d)
{
    ent_json_slice counts = ent_json_member(line, "counts");
    ent_json_slice expected = ent_json_member(line, "expected");
    ent_json_slice budget = ent_json_member(line, "budget");
    ent_json_slice credit = ent_json_member(line, "credit");
    d->measure = ent_explain_text(arena, line, "measure");
    d->measure_exact = ent_explain_text(arena, line, "measure_exact");
    d->target = ent_explain_text(arena, line, "target");
    d->shortfall = ent_explain_text(arena, line, "shortfall");
    d->gap = ent_explain_text(arena, line, "structural_gap");
    d->expected = ent_explain_text(arena, expected, "level");
    d->expected_met = ent_json_member(expected, "met").p ? is_true(expected, "met") : -1;
    d->has_counts = counts.p != NULL;
    d->samples = int_of(counts, "samples");
    d->bad = int_of(counts, "bad");
    d->missing = int_of(counts, "missing");
    d->absent = int_of(counts, "absent");
    d->excluded = int_of(counts, "excluded");
    d->late = int_of(counts, "late");
    d->budget_left = ent_explain_text(arena, budget, "left");
    d->burn_rate = ent_explain_text(arena, budget, "burn_rate");
    d->credit_json = credit;
    d->credit = ent_explain_text(arena, credit, "amount");
    d->currency = ent_explain_text(arena, credit, "currency");
    d->rule = ent_explain_text(arena, credit, "rule");
    d->fund = ent_explain_text(arena, credit, "fund");
    ent_json_slice claim = ent_json_member(credit, "claim");
    d->claim = ent_explain_text(arena, claim, "status");
    d->lapsed = ent_explain_text(arena, claim, "amount");
    d->claimed_at = instant_of(arena, claim, "at");
    d->claim_until = instant_of(arena, claim, "until");
}

static void read_adjustment(ent_arena *arena, ent_json_slice line, ent_xdecision *d)
{
    ent_json_slice adjusts = ent_json_member(line, "adjusts");
    ent_json_slice difference = ent_json_member(line, "difference");
    d->adjustment = true;
    d->kind = ent_explain_text(arena, adjusts, "kind");
    d->adjusts_seq = int_of(adjusts, "seq");
    d->adjusts_status = ent_explain_text(arena, adjusts, "status");
    d->adjusts_hash = ent_explain_text(arena, adjusts, "hash");
    d->credit_difference = ent_explain_text(arena, ent_json_member(difference, "credit"), "amount");
    ent_json_slice list = ent_json_member(difference, "responsible");
    list = list.p ? list : ent_json_member(difference, "parties");
    d->differences = read_party_list(arena, list, &d->n_differences);
}

bool ent_explain_read(ent_arena *arena, ent_json_slice line, ent_xdecision *d)
{
    *d = (ent_xdecision){
        .line = line, .seq = int_of(line, "seq"), .version = int_of(line, "version")};
    d->kind = ent_explain_text(arena, line, "kind");
    d->agreement = ent_explain_text(arena, line, "agreement");
    d->clause = ent_explain_text(arena, line, "clause");
    d->title = ent_explain_text(arena, line, "title");
    d->status = ent_explain_text(arena, line, "status");
    if (!d->kind || !d->agreement || !d->clause || !d->status || d->seq <= 0) {
        return false;
    }
    if (strcmp(d->kind, "adjustment") == 0) {
        read_adjustment(arena, line, d);
    }
    d->subject_json = ent_json_member(line, "subject");
    d->subject = subject_of(arena, d->subject_json);
    read_clock(arena, line, d);
    read_figures(arena, line, d);
    ent_json_slice accountable = ent_json_member(line, "accountable");
    d->accountable = ent_explain_text(arena, accountable, "party");
    d->accountable_to = ent_explain_text(arena, accountable, "to");
    bool pool = d->kind && strcmp(d->kind, "pool") == 0;
    d->parties = read_party_list(arena, ent_json_member(line, pool ? "parties" : "responsible"),
                                 &d->n_parties);
    read_facts(arena, line, d);
    d->source = row_of(arena, line, "source");
    return d->kind != NULL && !ent_arena_failed(arena);
}

/* --- notices --- */

bool ent_explain_read_notice(ent_arena *arena, ent_json_slice line, ent_xnotice *out)
{
    static const char *const kinds[] = {"warning", "run_out", "budget", "program"};
    ent_xdecision *d = &out->d;
    bool known = false;
    *out = (ent_xnotice){0};
    *d = (ent_xdecision){
        .line = line, .seq = int_of(line, "seq"), .version = int_of(line, "version")};
    d->kind = d->status = ent_explain_text(arena, line, "kind");
    for (size_t i = 0; d->kind && i < sizeof kinds / sizeof *kinds; i++) {
        known |= strcmp(d->kind, kinds[i]) == 0;
    }
    d->agreement = ent_explain_text(arena, line, "agreement");
    d->clause = ent_explain_text(arena, line, "clause");
    d->title = ent_explain_text(arena, line, "title");
    d->subject_json = ent_json_member(line, "subject");
    d->subject = subject_of(arena, d->subject_json);
    ent_json_slice window = ent_json_member(line, "window");
    d->from = instant_of(arena, window, "from");
    d->to = instant_of(arena, window, "to");
    d->source = row_of(arena, line, "source");
    out->at = instant_of(arena, line, "at");
    out->due = instant_of(arena, line, "due");
    out->gone = instant_of(arena, line, "gone");
    out->left = ent_explain_text(arena, line, "left");
    out->allowed = ent_explain_text(arena, line, "allowed");
    out->unit = ent_explain_text(arena, line, "unit");
    out->burn_rate = ent_explain_text(arena, line, "burn_rate");
    out->program = ent_explain_text(arena, line, "program");
    out->was = ent_explain_text(arena, line, "was");
    return known && d->seq > 0 && !ent_arena_failed(arena) &&
           (strcmp(d->kind, "program") == 0 ? out->program != NULL : d->agreement && d->clause);
}

/* --- ledgers --- */

bool ent_explain_next_line(const ent_xledger *ledger, size_t *at, ent_json_slice *line)
{
    if (*at >= ledger->len) {
        return false;
    }
    const char *p = ledger->bytes + *at;
    const char *end = memchr(p, '\n', ledger->len - *at);
    *line = (ent_json_slice){p, end ? (size_t)(end - p) : ledger->len - *at};
    *at += line->len + 1;
    return true;
}

bool ent_explain_is_sound(const ent_xledger *ledger, ent_json_slice line)
{
    return ledger->whole || line.p < ledger->sound_end;
}

bool ent_explain_ledger(ent_arena *arena, const char *bytes, size_t len, ent_xledger *out)
{
    *out = (ent_xledger){.bytes = bytes, .len = len};
    ent_json_slice line;
    size_t at = 0;
    out->whole = ent_ledger_verify(bytes, len, &out->report);
    if (!ent_explain_next_line(out, &at, &line)) {
        return false;
    }
    const char *kind = ent_explain_text(arena, line, "kind");
    ent_json_slice fault = {bytes, 0};
    at = 0;
    for (uint64_t i = 0; i <= out->report.lines && ent_explain_next_line(out, &at, &fault); i++) {
    }
    out->sound_end = fault.p;
    out->program = ent_explain_text(arena, line, "program");
    out->first = ent_explain_text(arena, line, "from");
    out->last = ent_explain_text(arena, line, "to");
    return kind && strcmp(kind, "run") == 0;
}

bool ent_explain_find(const ent_xledger *ledger, int64_t seq, ent_json_slice *line)
{
    for (size_t at = 0; ent_explain_next_line(ledger, &at, line);) {
        if (int_of(*line, "seq") == seq && seq > 0) {
            return true;
        }
    }
    return false;
}
