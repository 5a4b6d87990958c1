/* See diff.h.
 *
 * The parts of a declaration are its children, gathered by kind (fields and bindings by name as well), so that
 * three `pausing` clauses are one part; a part that differs is shown as it stands in the two texts. */
#include "compiler/diff/diff.h"

#include <stdio.h>
#include <string.h>

#include "compiler/consent/canonical.h"
#include "compiler/syntax/arena.h"
#include "runtime/time/civil.h"

enum { DAY_TEXT = 32 };

typedef struct differ {
    ent_arena *arena;
    const ent_diff_side *before, *after;
    ent_differences *out;
    const char *where;
} differ;

/* Words for parts whose node kinds are called otherwise. */
static const struct {
    ent_node_kind kind;
    const char *word;
} words[] = {{ENT_NODE_WHEN, "trigger"},
             {ENT_NODE_WITHIN, "allowance"},
             {ENT_NODE_PAUSING, "pauses"},
             {ENT_NODE_EXCLUDING, "exclusions"},
             {ENT_NODE_VOID_WHEN, "what voids it"},
             {ENT_NODE_EXCUSED_WHEN, "excuse"},
             {ENT_NODE_EXCUSED_DURING, "excused time"},
             {ENT_NODE_ON, "reopening"},
             {ENT_NODE_WARN_AT, "warning"},
             {ENT_NODE_WARN_BUDGET, "warning"},
             {ENT_NODE_COUNTING, "start of the clock"},
             {ENT_NODE_MISSING, "missing samples"},
             {ENT_NODE_NO_DATA, "no data"},
             {ENT_NODE_EARN_BACK, "earning back"},
             {ENT_NODE_COMPARE, "target"},
             {ENT_NODE_OPEN, "opening hours"},
             {ENT_NODE_CLOSED, "closed days"},
             {ENT_NODE_CLOSED_ON, "holidays"},
             {ENT_NODE_SAMPLED, "interval"},
             {ENT_NODE_PARTY_KEY, "key"},
             {ENT_NODE_LITERAL, "alias"},
             {ENT_NODE_CREDIT_CAP, "credit cap"},
             {ENT_NODE_EFFECTIVE, "dates"},
             {ENT_NODE_TIMEZONE, "time zone"},
             {ENT_NODE_EXTERN_FN, "fn"}};

static const char *word_of(unsigned kind)
{
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        if (words[i].kind == kind) {
            return words[i].word;
        }
    }
    return ent_node_kind_name(kind);
}

static bool same_text(const char *a, const char *b)
{
    return a == b || (a != NULL && b != NULL && strcmp(a, b) == 0);
}

/* --- texts --- */

/* What is written in the span, comments left out and blanks collapsed. */
static void put_source(const ent_diff_side *side, ent_span span, ent_text *out)
{
    size_t len;
    const char *s = ent_sources_text(side->model->sources, span.file, &len);
    bool quoted = false;
    size_t start = out->len;
    for (size_t i = span.start; s != NULL && i < span.end && i < len; i++) {
        if (!quoted && s[i] == '/' && i + 1 < len && s[i + 1] == '/') {
            while (i < span.end && s[i] != '\n') {
                i++;
            }
        }
        bool blank = i >= span.end || s[i] == ' ' || s[i] == '\n' || s[i] == '\t' || s[i] == '\r';
        if (!blank) {
            quoted ^= s[i] == '"' && s[i - 1] != '\\';
            ent_text_putc(out, s[i]);
        } else if (out->len > start && out->data[out->len - 1] != ' ') {
            ent_text_putc(out, ' ');
        }
    }
}

/* The steps of a ladder with commas between, however they stand in the source. */
static void put_clause(const ent_diff_side *side, const ent_node *n, ent_text *out)
{
    if (n->kind != ENT_NODE_CREDIT || n->n_kids < 2) {
        put_source(side, n->span, out);
        return;
    }
    ent_span tail = n->span;
    ent_text_puts(out, "credit ");
    for (uint32_t i = 0; i < n->n_kids; i++) {
        ent_text_puts(out, i > 0 ? ", " : "");
        put_source(side, n->kids[i]->span, out);
        tail.start = n->kids[i]->span.end;
    }
    put_source(side, tail, out); /* how it is rounded */
}

static const char *keep(differ *d, ent_text *text)
{
    while (text->len > 0 && text->data[text->len - 1] == ' ') {
        text->len--;
    }
    const char *kept = text->failed ? NULL : ent_arena_strndup(d->arena, ent_text_str(text), text->len);
    d->out->failed |= kept == NULL;
    ent_text_deinit(text);
    return kept;
}

static const char *source(differ *d, const ent_diff_side *side, const ent_node *n)
{
    ent_text text = {0};
    put_source(side, n->span, &text);
    return keep(d, &text);
}

static const char *print(differ *d, const char *format, const char *a, const char *b)
{
    const char *text = ent_arena_printf(d->arena, format, a == NULL ? "" : a, b == NULL ? "" : b);
    d->out->failed |= text == NULL;
    return text;
}

static bool same_node(differ *d, const ent_node *a, const ent_node *b)
{
    ent_text x = {0};
    ent_text y = {0};
    ent_canonical_node(d->before->model, a, &x);
    ent_canonical_node(d->after->model, b, &y);
    bool same = x.len == y.len && memcmp(ent_text_str(&x), ent_text_str(&y), x.len) == 0;
    d->out->failed |= x.failed || y.failed;
    ent_text_deinit(&x);
    ent_text_deinit(&y);
    return same;
}

/* --- differences --- */

static void tell(differ *d, const char *clause, const char *what, const char *before, const char *after)
{
    ent_differences *out = d->out;
    if (same_text(before, after)) {
        return;
    }
    if (out->n == out->capacity) {
        size_t capacity = out->capacity == 0 ? 32 : out->capacity * 2;
        ent_difference *v = ent_arena_grow_array(d->arena, out->v, out->n, capacity, sizeof *v);
        if (v == NULL) {
            out->failed = true;
            return;
        }
        out->v = v;
        out->capacity = capacity;
    }
    ent_change change = before == NULL  ? ENT_CHANGE_ADDED
                        : after == NULL ? ENT_CHANGE_REMOVED
                                        : ENT_CHANGE_CHANGED;
    out->v[out->n++] = (ent_difference){d->where, clause, what, change, before, after};
}

/* --- the parts of one declaration --- */

typedef struct part {
    unsigned kind;
    const char *name;
    const char *word;
} part;

static part part_of(const ent_node *declaration, uint32_t i)
{
    const ent_node *kid = declaration->kids[i];
    bool named = kid->kind == ENT_NODE_FIELD || kid->kind == ENT_NODE_BINDING || kid->kind == ENT_NODE_OPTION;
    part p = {kid->kind, named ? kid->name : NULL, word_of(kid->kind)};
    if (declaration->kind == ENT_NODE_DUTY && i < 2) {
        p.kind = ENT_NODE_COUNT + i;
        p.word = i == 0 ? "who" : "must";
    } else if (declaration->kind == ENT_NODE_OBJECTIVE && i == 0) {
        p.kind = ENT_NODE_COUNT;
        p.word = "measure";
    }
    return p;
}

static bool same_part(const part *a, const part *b)
{
    return a->kind == b->kind && same_text(a->name, b->name);
}

/* All that belongs to the part: its text, and in `form` its canonical form; NULL if there is nothing. */
static const char *gather(differ *d, const ent_diff_side *side, const ent_node *n, const part *p,
                          ent_text *form)
{
    ent_text text = {0};
    bool any = false;
    for (uint32_t i = 0; i < n->n_kids; i++) {
        part of = n->kids[i] == NULL ? (part){0} : part_of(n, i);
        if (n->kids[i] == NULL || !same_part(&of, p)) {
            continue;
        }
        if (any) {
            ent_text_puts(&text, "; ");
        }
        any = true;
        put_clause(side, n->kids[i], &text);
        ent_canonical_node(side->model, n->kids[i], form);
    }
    const char *kept = keep(d, &text);
    return any ? kept : NULL;
}

static void compare_part(differ *d, const char *clause, const ent_node *a, const ent_node *b,
                         const part *p)
{
    ent_text x = {0};
    ent_text y = {0};
    const char *before = gather(d, d->before, a, p, &x);
    const char *after = gather(d, d->after, b, p, &y);
    bool same = before != NULL && after != NULL && strcmp(ent_text_str(&x), ent_text_str(&y)) == 0;
    d->out->failed |= x.failed || y.failed;
    ent_text_deinit(&x);
    ent_text_deinit(&y);
    if (!same) {
        const char *what = p->name == NULL ? p->word : print(d, "%s %s", p->word, p->name);
        tell(d, clause, what, before, after);
    }
}

static void compare_parts(differ *d, const char *clause, const ent_node *a, const ent_node *b)
{
    for (int pass = 0; pass < 2; pass++) {
        const ent_node *n = pass == 0 ? a : b;
        const ent_node *other = pass == 0 ? b : a;
        for (uint32_t i = 0; i < n->n_kids; i++) {
            part p = n->kids[i] == NULL ? (part){0} : part_of(n, i);
            bool done = n->kids[i] == NULL;
            for (uint32_t k = 0; k < i && !done; k++) {
                part q = n->kids[k] == NULL ? (part){0} : part_of(n, k);
                done = n->kids[k] != NULL && same_part(&p, &q);
            }
            for (uint32_t k = 0; pass == 1 && k < other->n_kids && !done; k++) {
                part q = other->kids[k] == NULL ? (part){0} : part_of(other, k);
                done = other->kids[k] != NULL && same_part(&p, &q);
            }
            if (!done) {
                compare_part(d, clause, a, b, &p);
            }
        }
    }
}

static bool has_parts(const ent_node *n)
{
    switch (n->kind) {
    case ENT_NODE_DUTY:
    case ENT_NODE_OBJECTIVE:
    case ENT_NODE_FEED:
    case ENT_NODE_BIND:
    case ENT_NODE_CALENDAR:
    case ENT_NODE_PARTY:
        return true;
    default:
        return false;
    }
}

static const char *quoted(differ *d, const char *title)
{
    return title == NULL ? NULL : print(d, "\"%s\"%s", title, "");
}

static const char *role_name(const ent_node *party)
{
    static const char *const roles[] = {"client", "integrator", "provider"};
    return roles[party->op];
}

static void compare_declaration(differ *d, const char *clause, const ent_node *a, const ent_node *b)
{
    if (same_node(d, a, b)) {
        return;
    }
    if (!has_parts(a) || a->kind != b->kind) {
        tell(d, clause, NULL, source(d, d->before, a), source(d, d->after, b));
        return;
    }
    tell(d, clause, "title", quoted(d, a->title), quoted(d, b->title));
    if (a->kind == ENT_NODE_PARTY) {
        tell(d, clause, "role", role_name(a), role_name(b));
    }
    if (a->kind == ENT_NODE_BIND) {
        tell(d, clause, "format", a->text, b->text);
    }
    size_t told = d->out->n;
    compare_parts(d, clause, a, b);
    if (d->out->n == told && a->kind == ENT_NODE_CALENDAR) {
        tell(d, clause, NULL, source(d, d->before, a),
             print(d, "%s%s", source(d, d->after, b), ", with other days in its file"));
    }
}

/* --- lists of declarations --- */

typedef struct nodes {
    const ent_node *const *v;
    size_t n;
} nodes;

/* Header clauses and the like, of which there is one. */
static bool is_single(unsigned kind)
{
    return kind == ENT_NODE_VERSION || kind == ENT_NODE_EFFECTIVE || kind == ENT_NODE_TIMEZONE ||
           kind == ENT_NODE_CURRENCY || kind == ENT_NODE_CREDIT_CAP;
}

/* What has no name of its own (a policy) is found by what it says. */
static const ent_node *find(differ *d, const ent_node *n, nodes among, bool is_before)
{
    for (size_t i = 0; i < among.n; i++) {
        const ent_node *other = among.v[i];
        if (other->kind != n->kind) {
            continue;
        }
        bool policy = n->kind == ENT_NODE_POLICY || n->kind == ENT_NODE_ANSWERS;
        bool same = is_single(n->kind) ? true
                    : !policy          ? same_text(other->name, n->name)
                    : is_before        ? same_node(d, n, other)
                                       : same_node(d, other, n);
        if (same) {
            return other;
        }
    }
    return NULL;
}

static const char *label(differ *d, const ent_node *n)
{
    const char *kind = n->kind == ENT_NODE_POLICY || n->kind == ENT_NODE_ANSWERS ? "accountability"
                                                                                 : word_of(n->kind);
    return n->name == NULL || is_single(n->kind) ? kind : print(d, "%s %s", kind, n->name);
}

static bool is_compared(const ent_node *n)
{
    return n->kind != ENT_NODE_SCENARIO && n->kind != ENT_NODE_USE && n->kind != ENT_NODE_ACCOUNTABILITY &&
           n->kind != ENT_NODE_FRAMEWORK && n->kind != ENT_NODE_SLA && n->kind != ENT_NODE_OLA &&
           n->kind != ENT_NODE_AMENDMENT && n->kind != ENT_NODE_CHARGE;
}

static void compare_lists(differ *d, nodes a, nodes b)
{
    for (size_t i = 0; i < a.n; i++) {
        const ent_node *other = is_compared(a.v[i]) ? find(d, a.v[i], b, true) : NULL;
        if (other != NULL) {
            compare_declaration(d, label(d, a.v[i]), a.v[i], other);
        } else if (is_compared(a.v[i])) {
            tell(d, label(d, a.v[i]), NULL, source(d, d->before, a.v[i]), NULL);
        }
    }
    for (size_t i = 0; i < b.n; i++) {
        if (is_compared(b.v[i]) && find(d, b.v[i], a, false) == NULL) {
            tell(d, label(d, b.v[i]), NULL, NULL, source(d, d->after, b.v[i]));
        }
    }
}

/* --- agreements --- */

static const char *day_text(differ *d, int64_t day)
{
    char text[DAY_TEXT];
    (void)ent_civil_format_date(text, sizeof text, day);
    return print(d, "%s%s", text, "");
}

/* The last day as it is written: a later amendment does not change a version. */
static const ent_node *written_end(const ent_agreement_decl *a)
{
    for (; a != NULL; a = a->before) {
        for (uint32_t i = 0; i < a->node->n_kids; i++) {
            const ent_node *k = a->node->kids[i];
            if (k->kind == ENT_NODE_EFFECTIVE && k->kids[1] != NULL) {
                return k->kids[1];
            }
        }
    }
    return NULL;
}

static const char *dates(differ *d, const ent_agreement_decl *a)
{
    if (a->from_day == INT64_MIN) {
        return "always";
    }
    const ent_node *end = written_end(a);
    const char *from = day_text(d, a->from_day);
    return end == NULL ? print(d, "from %s%s", from, "") : print(d, "%s .. %s", from, day_text(d, end->i));
}

static const char *unit_name(int unit)
{
    static const char *const units[] = {"", "day", "week", "month", "quarter", "year", ""};
    return units[unit];
}

static const char *charge(differ *d, const ent_agreement_decl *a)
{
    char amount[ENT_Q_TEXT_SIZE];
    if (!a->has_charge) {
        return NULL;
    }
    if (ent_q_format_decimal(a->charge, amount, sizeof amount) == 0) {
        (void)ent_q_format_fraction(a->charge, amount, sizeof amount);
    }
    const char *money = print(d, "%s %s", a->charge_currency, amount);
    return print(d, "%s per %s", money, unit_name(a->charge_unit));
}

/* Of an agreement's own; the framework's is told once. */
static const char *cap(differ *d, const ent_cap_decl *c)
{
    if (c == NULL || c->amount == NULL) {
        return NULL;
    }
    if (c->amount->kind == ENT_AMOUNT_EXPR) {
        return print(d, "%s each %s", c->amount->text, unit_name(c->unit));
    }
    char amount[ENT_Q_TEXT_SIZE];
    ent_q q = c->amount->q;
    bool percent = c->amount->kind == ENT_AMOUNT_PERCENT;
    if (percent && !ent_q_mul(q, ent_q_from_i64(100), &q)) {
        return print(d, "%s each %s", c->amount->text, unit_name(c->unit));
    }
    (void)ent_q_format_rounded(q, 6, true, amount, sizeof amount);
    const char *text = percent ? print(d, "%s%% of charge%s", amount, "")
                               : print(d, "%s %s", c->amount->currency, amount);
    return print(d, "%s each %s", text, unit_name(c->unit));
}

static const char *caps(differ *d, const ent_agreement_decl *a)
{
    const char *all = NULL;
    for (size_t i = 0; i < a->n_caps; i++) {
        char months[48] = "";
        if (a->caps[i]->months > 0) {
            (void)snprintf(months, sizeof months, " over %lld months", (long long)a->caps[i]->months);
        }
        const char *one = print(d, "%s%s", cap(d, a->caps[i]), months);
        all = all == NULL ? one : print(d, "%s; %s", all, one);
    }
    return all;
}

static const char *claims(differ *d, const ent_diff_side *side, const ent_agreement_decl *a)
{
    return a->claims == NULL ? "automatic"
                             : print(d, "on %s within %s", a->claims->feed->name,
                                     source(d, side, a->claims->within));
}

static void compare_order(differ *d, const ent_agreement_decl *a, const ent_agreement_decl *b)
{
    size_t k = 0;
    for (size_t i = 0; i < a->n_members; i++) {
        nodes in_b = {b->members, b->n_members};
        const ent_node *other = find(d, a->members[i], in_b, true);
        if (other == NULL) {
            continue;
        }
        nodes in_a = {a->members, a->n_members};
        while (k < b->n_members && find(d, b->members[k], in_a, false) == NULL) {
            k++;
        }
        if (k < b->n_members && b->members[k] != other) {
            tell(d, NULL, "order of the clauses", print(d, "%s%s", label(d, a->members[i]), ""),
                 print(d, "%s%s", label(d, b->members[k]), ""));
            return;
        }
        k++;
    }
}

static void compare_agreement(differ *d, const ent_agreement_decl *a, const ent_agreement_decl *b)
{
    tell(d, NULL, "title", quoted(d, a->title), quoted(d, b->title));
    tell(d, NULL, "kind", a->kind == 0 ? "sla" : "ola", b->kind == 0 ? "sla" : "ola");
    tell(d, NULL, "supplier", a->supplier->name, b->supplier->name);
    tell(d, NULL, "customer", a->customer->name, b->customer->name);
    tell(d, NULL, "dates", dates(d, a), dates(d, b));
    tell(d, NULL, "time zone", a->zone, b->zone);
    tell(d, NULL, "currency", a->currency, b->currency);
    tell(d, NULL, "charge", charge(d, a), charge(d, b));
    if (a->caps != d->before->model->framework->caps || b->caps != d->after->model->framework->caps) {
        tell(d, NULL, "credit cap", caps(d, a), caps(d, b));
    }
    tell(d, NULL, "at risk", cap(d, a->at_risk), cap(d, b->at_risk));
    tell(d, NULL, "credits", claims(d, d->before, a), claims(d, d->after, b));
    compare_lists(d, (nodes){a->members, a->n_members}, (nodes){b->members, b->n_members});
    compare_order(d, a, b);
}

static const char *version_name(differ *d, const ent_agreement_decl *a)
{
    char version[24];
    (void)snprintf(version, sizeof version, "%lld", (long long)a->version);
    return print(d, "%s version %s", a->name, version);
}

static const ent_agreement_decl *find_version(const ent_model *m, const ent_agreement_decl *a)
{
    for (size_t i = 0; i < m->n_agreements; i++) {
        const ent_agreement_decl *other = m->agreements[i];
        if (other->version == a->version && same_text(other->name, a->name) && !other->is_framework) {
            return other;
        }
    }
    return NULL;
}

/* Without the same number of a version: the only one of that name, if there is but one on each side. */
static const ent_agreement_decl *find_renumbered(const ent_model *from, const ent_model *m,
                                                 const ent_agreement_decl *a)
{
    const ent_agreement_decl *found = NULL;
    size_t here = 0;
    size_t there = 0;
    for (size_t i = 0; i < from->n_agreements; i++) {
        here += same_text(from->agreements[i]->name, a->name);
    }
    for (size_t i = 0; i < m->n_agreements; i++) {
        if (same_text(m->agreements[i]->name, a->name) && !m->agreements[i]->is_framework) {
            found = m->agreements[i];
            there++;
        }
    }
    return here == 1 && there == 1 ? found : NULL;
}

static const ent_agreement_decl *match(const ent_model *from, const ent_model *m,
                                       const ent_agreement_decl *a)
{
    const ent_agreement_decl *same = find_version(m, a);
    return same != NULL ? same : find_renumbered(from, m, a);
}

static void note_voided(differ *d, const ent_agreement_decl *old, const ent_agreement_decl *a)
{
    ent_differences *out = d->out;
    char before[ENT_HASH_TEXT_SIZE] = "";
    char after[ENT_HASH_TEXT_SIZE];
    out->failed |= (old != NULL && !ent_canonical_digest(d->before->model, old, before)) ||
                   !ent_canonical_digest(d->after->model, a, after);
    if (out->failed || strcmp(before, after) == 0) {
        return;
    }
    if (out->n_voided == out->voided_capacity) {
        size_t capacity = out->voided_capacity == 0 ? 16 : out->voided_capacity * 2;
        const char **v = ent_arena_grow_array(d->arena, out->voided, out->n_voided, capacity, sizeof *v);
        if (v == NULL) {
            out->failed = true;
            return;
        }
        out->voided = v;
        out->voided_capacity = capacity;
    }
    out->voided[out->n_voided++] = version_name(d, a);
}

static void compare_new_version(differ *d, const ent_agreement_decl *a)
{
    if (a->before == NULL) {
        tell(d, NULL, NULL, NULL, source(d, d->after, a->node));
        return;
    }
    tell(d, NULL, "amendment", NULL, print(d, "%s, %s", a->amendment, dates(d, a)));
    /* both versions stand in the new text */
    differ amended = *d;
    amended.before = d->after;
    compare_agreement(&amended, a->before, a);
}

static void compare_agreements(differ *d)
{
    const ent_model *old = d->before->model;
    const ent_model *new = d->after->model;
    for (size_t i = 0; i < old->n_agreements; i++) {
        const ent_agreement_decl *a = old->agreements[i];
        if (!a->is_framework && match(old, new, a) == NULL) {
            d->where = version_name(d, a);
            tell(d, NULL, NULL, a->before != NULL ? print(d, "amendment %s%s", a->amendment, "")
                                                  : source(d, d->before, a->node),
                 NULL);
        }
    }
    for (size_t i = 0; i < new->n_agreements; i++) {
        const ent_agreement_decl *a = new->agreements[i];
        if (a->is_framework) {
            continue;
        }
        const ent_agreement_decl *before = match(new, old, a);
        d->where = version_name(d, a);
        if (before == NULL) {
            compare_new_version(d, a);
        } else {
            char number[24];
            (void)snprintf(number, sizeof number, "%lld", (long long)before->version);
            if (before->version != a->version) {
                tell(d, NULL, "version", version_name(d, before), version_name(d, a));
            }
            compare_agreement(d, before, a);
        }
        note_voided(d, before, a);
    }
}

/* --- framework and what is shared --- */

static nodes collect(differ *d, const ent_diff_side *side)
{
    const ent_node **v = NULL;
    size_t n = 0;
    size_t capacity = 0;
    for (size_t f = 0; f < side->n_files; f++) {
        for (uint32_t i = 0; i < side->files[f]->n_kids; i++) {
            if (n == capacity) {
                capacity = capacity == 0 ? 64 : capacity * 2;
                const ent_node **grown = ent_arena_grow_array(d->arena, v, n, capacity, sizeof *v);
                if (grown == NULL) {
                    d->out->failed = true;
                    return (nodes){NULL, 0};
                }
                v = grown;
            }
            v[n++] = side->files[f]->kids[i];
        }
    }
    return (nodes){v, n};
}

static void compare_framework(differ *d)
{
    const ent_framework_decl *a = d->before->model->framework;
    const ent_framework_decl *b = d->after->model->framework;
    if (a == NULL || b == NULL) {
        return; /* whoever loses or gains a framework loses or gains its agreements */
    }
    d->where = print(d, "framework %s%s", b->name, "");
    tell(d, NULL, "name", a->name, b->name);
    tell(d, NULL, "title", quoted(d, a->title), quoted(d, b->title));
    compare_lists(d, (nodes){(const ent_node *const *)a->node->kids, a->node->n_kids},
                  (nodes){(const ent_node *const *)b->node->kids, b->node->n_kids});
}

void ent_diff(ent_arena *arena, const ent_diff_side *before, const ent_diff_side *after,
              ent_differences *out)
{
    differ d = {.arena = arena, .before = before, .after = after, .out = out};
    compare_framework(&d);
    d.where = "shared";
    compare_lists(&d, collect(&d, before), collect(&d, after));
    compare_agreements(&d);
    out->failed |= ent_arena_failed(arena);
}
