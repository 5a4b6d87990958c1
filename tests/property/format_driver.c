/* The formatter on random programs: parse, print, parse again must give the same tree.
 *
 *     format_driver [--seed S] [--count N] [--show]
 * Programs are made from the whole grammar, each from its own seed, with white space, comments, doc comments
 * and (in literate files) prose at random places between the tokens.  For each one: what was printed parses
 * to the same tree (its dump without places), all comments and all prose are there in their order, and
 * printing again changes nothing.  A program that does not parse is counted and not tried: names are drawn
 * from soft words too, and some of these mean something where they happen to stand.
 * --show prints the first program and its layout. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "compiler/format/format.h"

enum { DEPTH = 2, ARENA_BYTES = 64 << 20 };

typedef struct gen {
    uint64_t state;
    ent_text out;
    unsigned notes; /* comments and pieces of prose so far: each has its number */
    unsigned depth;
    unsigned noise; /* how many tokens in a hundred have a comment before them */
    bool literate;
    bool crlf;
} gen;

static uint64_t next(gen *g)
{
    g->state += UINT64_C(0x9E3779B97F4A7C15);
    uint64_t z = g->state;
    z = (z ^ (z >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94D049BB133111EB);
    return z ^ (z >> 31);
}

static unsigned below(gen *g, unsigned n)
{
    return (unsigned)(next(g) % n);
}

static bool one_in(gen *g, unsigned n)
{
    return below(g, n) == 0;
}

#define PICK(g, ...)                                                                               \
    pick(g, (const char *const[]){__VA_ARGS__},                                                    \
         (unsigned)(sizeof((const char *const[]){__VA_ARGS__}) / sizeof(const char *)))

static const char *pick(gen *g, const char *const *from, unsigned n)
{
    return from[below(g, n)];
}

/* --- tokens and what stands between them --- */

static void newline(gen *g)
{
    ent_text_puts(&g->out, g->crlf ? "\r\n" : "\n");
}

static void note(gen *g)
{
    if (g->literate && one_in(g, 3)) {
        newline(g);
        ent_text_printf(&g->out, "```\nProse #%u# here.\n\n~~~\nnot code\n~~~\n\n```entente", g->notes++);
    } else {
        ent_text_printf(&g->out, "%s#%u# `x` \"%s",
                        PICK(g, "//", "// ", " // ", "\n// ", "///", "\n/// ", "\n\n//// ", "\n\n\n  //"),
                        g->notes++, PICK(g, "", " ", "é /* ", "\t"));
    }
    newline(g);
}

static void space(gen *g)
{
    if (below(g, 100) < g->noise) {
        ent_text_putc(&g->out, ' ');
        note(g);
        return;
    }
    unsigned k = below(g, 20);
    if (k < 14) {
        ent_text_putc(&g->out, ' ');
    } else if (k < 17) {
        newline(g);
    } else {
        ent_text_puts(&g->out, PICK(g, "  ", "\t", " \n  ", "\n\n", "\n\n\n\t"));
    }
}

static void tok(gen *g, const char *text)
{
    space(g);
    ent_text_puts(&g->out, text);
}

/* Words apart by blanks. */
static void words(gen *g, const char *text)
{
    while (*text != '\0') {
        size_t n = strcspn(text, " ");
        space(g);
        ent_text_add(&g->out, text, n);
        text += n + (text[n] == ' ');
    }
}

/* --- names and literals --- */

static void ident(gen *g)
{
    tok(g, PICK(g, "a", "b", "probe", "ticket_x", "NetCo", "up", "latency", "x1", "priority", "hosting",
                "`odd name`", "`if`", "USD", "ABC", "money", "P1", "day", "number", "event", "share"));
}

static void name(gen *g)
{
    if (one_in(g, 12)) {
        tok(g, PICK(g, "service", "open", "closed", "at", "credit", "client", "provider", "key", "to", "no",
                    "from", "version", "ticket", "missing", "charge", "until", "paid", "holder"));
    } else {
        ident(g);
    }
}

static void title(gen *g)
{
    if (one_in(g, 2)) {
        tok(g, PICK(g, "\"A title\"", "\"4.1 Ünïcode // no comment\"", "\"with \\\"quotes\\\" \\u{20AC}\"", "\"\""));
    }
}

static void text(gen *g)
{
    tok(g, PICK(g, "\"text\"", "\"a // b\"", "\"{\"", "\"\\\\ \\n\"", "\"1 - Critical\""));
}

static void duration(gen *g)
{
    tok(g, PICK(g, "4h", "250ms", "1h30m", "2d", "90s", "1.5h", "0s"));
}

static void date(gen *g)
{
    tok(g, PICK(g, "2026-01-01", "2028-02-29", "1999-12-31"));
}

static void percent(gen *g)
{
    tok(g, PICK(g, "5%", "99.95%", "0%", "100%"));
}

static void money(gen *g)
{
    tok(g, PICK(g, "GBP 120_000.00", "EUR 5", "USD\t 1.50", "JPY   3"));
}

static void literal(gen *g)
{
    switch (below(g, 8)) {
    case 0:
        money(g);
        break;
    case 1:
        duration(g);
        break;
    case 2:
        percent(g);
        break;
    case 3:
        date(g);
        break;
    default:
        tok(g, PICK(g, "0", "12", "1_000", "99.95", "1.500", "09:00", "2026-01-01T09:00:00Z",
                    "2026-01-01T09:00:00.5+01:00"));
    }
}

static void ref(gen *g)
{
    name(g);
    for (unsigned n = below(g, 3); n > 0; n--) {
        if (one_in(g, 8)) {
            space(g);
        }
        ent_text_puts(&g->out, PICK(g, ".opened", ".if", ".`Change Date+Time`", ".met", ".where"));
    }
}

static void list(gen *g, void (*item)(gen *), const char *between, unsigned most)
{
    item(g);
    for (unsigned n = below(g, most); n > 0; n--) {
        tok(g, between);
        item(g);
    }
}

/* --- expressions --- */

static void expr(gen *g);

static void group(gen *g)
{
    tok(g, "(");
    expr(g);
    tok(g, ")");
}

static void pattern(gen *g)
{
    switch (below(g, 6)) {
    case 0:
        text(g);
        break;
    case 1:
        tok(g, PICK(g, "3", "2.5", "true", "false"));
        break;
    case 2:
        money(g);
        break;
    case 3:
        duration(g);
        break;
    default:
        ident(g);
    }
}

static void match(gen *g)
{
    tok(g, "match");
    expr(g);
    tok(g, "{");
    for (unsigned n = below(g, 6); n > 0; n--) {
        list(g, pattern, "or", 3);
        tok(g, "->");
        if (one_in(g, 5)) {
            tok(g, "skip");
        } else {
            expr(g);
        }
        if (one_in(g, 3)) {
            tok(g, ",");
        }
    }
    if (one_in(g, 2)) {
        words(g, one_in(g, 2) ? "else -> skip" : "else -> 0");
    }
    tok(g, "}");
}

static void aggregate(gen *g)
{
    if (one_in(g, 8)) {
        words(g, one_in(g, 2) ? "time in" : "time outside");
        name(g);
        return;
    }
    words(g, PICK(g, "share of", "count of", "sum of", "average of", "minimum of", "maximum of", "median of",
                  "longest of", "first of", "last of", "time share of", "percentile 95 of",
                  "approximate percentile 99.5 of"));
    ref(g);
    if (one_in(g, 2)) {
        tok(g, "where");
        expr(g);
    }
    if (one_in(g, 5)) {
        words(g, "stale after");
        duration(g);
    }
}

static void call(gen *g)
{
    switch (below(g, 4)) {
    case 0:
        tok(g, PICK(g, "any", "count"));
        tok(g, "(");
        name(g);
        tok(g, "in");
        ref(g);
        if (one_in(g, 2)) {
            tok(g, "where");
            expr(g);
        }
        break;
    case 1:
        words(g, "sum (");
        expr(g);
        tok(g, "for");
        name(g);
        tok(g, "in");
        ref(g);
        if (one_in(g, 2)) {
            tok(g, "where");
            expr(g);
        }
        break;
    default:
        ref(g);
        tok(g, "(");
        if (!one_in(g, 4)) {
            list(g, expr, ",", 4);
        }
    }
    tok(g, ")");
}

static void primary(gen *g)
{
    switch (below(g, g->depth > DEPTH ? 4 : 10)) {
    case 0:
        literal(g);
        break;
    case 1:
        text(g);
        break;
    case 2:
    case 3:
        ref(g);
        break;
    case 4:
        call(g);
        break;
    case 5:
        match(g);
        break;
    case 6:
        percent(g);
        words(g, "of charge");
        break;
    case 7:
        tok(g, PICK(g, "true", "false"));
        break;
    default:
        group(g);
    }
}

static void unary(gen *g)
{
    if (one_in(g, 8)) {
        tok(g, "-");
    }
    primary(g);
}

static void product(gen *g)
{
    unary(g);
    for (unsigned n = below(g, 6); n > 4; n--) {
        tok(g, PICK(g, "*", "/"));
        unary(g);
    }
}

static void sum(gen *g)
{
    product(g);
    for (unsigned n = below(g, 6); n > 3; n--) {
        tok(g, PICK(g, "+", "-"));
        product(g);
    }
}

static void comparison(gen *g)
{
    if (one_in(g, 9)) {
        tok(g, "not");
    }
    sum(g);
    switch (below(g, 5)) {
    case 0:
        tok(g, PICK(g, "==", "!=", "<", "<=", ">", ">="));
        sum(g);
        break;
    case 1:
        words(g, one_in(g, 2) ? "is absent" : "is not absent");
        break;
    case 2:
        tok(g, "in");
        if (one_in(g, 4)) {
            ref(g);
        } else {
            tok(g, "{");
            list(g, pattern, ",", 5);
            tok(g, "}");
        }
        break;
    default:
        break;
    }
}

static void logic(gen *g)
{
    comparison(g);
    for (unsigned n = below(g, 5); n > 2; n--) {
        tok(g, PICK(g, "and", "or"));
        comparison(g);
    }
}

/* What reaches as far to the right as it can stands at the end. */
static void expr(gen *g)
{
    g->depth++;
    bool deep = g->depth > DEPTH;
    switch (deep ? 9 : below(g, 10)) {
    case 0:
        tok(g, "if");
        expr(g);
        tok(g, "then");
        expr(g);
        tok(g, "else");
        expr(g);
        break;
    case 1:
        tok(g, "all");
        name(g);
        tok(g, "in");
        ref(g);
        tok(g, ":");
        expr(g);
        break;
    case 2:
    case 3:
        aggregate(g);
        break;
    case 4:
        sum(g);
        break;
    default:
        logic(g);
    }
    g->depth--;
}

/* After a name a text would be its title. */
static void body_expr(gen *g)
{
    switch (below(g, 4)) {
    case 0:
        group(g);
        break;
    case 1:
        tok(g, "a");
        tok(g, PICK(g, "+", "or", "=="));
        sum(g);
        break;
    default:
        aggregate(g);
    }
}

/* --- events --- */

static void event(gen *g);

static void event_alt(gen *g)
{
    if (one_in(g, 4) && g->depth < DEPTH) {
        tok(g, "(");
        event(g);
        tok(g, ")");
    } else {
        name(g);
        if (!one_in(g, 3)) {
            ent_text_puts(&g->out, PICK(g, ".opened", ".resolved", ".`odd`"));
        }
    }
}

static void event(gen *g)
{
    g->depth++;
    list(g, event_alt, "or", 3);
    if (one_in(g, 3)) {
        tok(g, "where");
        expr(g);
    }
    g->depth--;
}

/* --- clauses --- */

static void unit(gen *g)
{
    tok(g, PICK(g, "day", "week", "month", "quarter", "year"));
}

static void amount(gen *g)
{
    switch (below(g, 6)) {
    case 0:
        tok(g, "none");
        break;
    case 1:
        money(g);
        break;
    case 2:
        ident(g);
        break;
    case 3:
        words(g, "penalty (");
        list(g, expr, ",", 2);
        tok(g, ")");
        break;
    case 4:
        group(g);
        break;
    default:
        percent(g);
        words(g, "of charge");
    }
}

static void compare_word(gen *g)
{
    words(g, PICK(g, "at least", "at most", "above", "below"));
}

static void bound(gen *g)
{
    switch (below(g, 4)) {
    case 0:
        tok(g, "-");
        tok(g, "5%");
        break;
    case 1:
        ident(g);
        break;
    case 2:
        group(g);
        break;
    default:
        literal(g);
    }
}

static void pro_rata(gen *g)
{
    if (one_in(g, 4)) {
        words(g, "pro rata");
    }
}

static void credit(gen *g)
{
    tok(g, "credit");
    switch (below(g, 4)) {
    case 0:
        amount(g);
        break;
    case 3:
        words(g, "by weight");
        break;
    case 1:
        for (unsigned n = below(g, 4); n > 0; n--) {
            amount(g);
            tok(g, "when");
            compare_word(g);
            bound(g);
            if (one_in(g, 2)) {
                tok(g, ",");
            }
        }
        amount(g);
        tok(g, "otherwise");
        break;
    default:
        amount(g);
        pro_rata(g);
        tok(g, "per");
        literal(g);
        tok(g, PICK(g, "above", "below"));
        pro_rata(g);
        if (one_in(g, 2)) {
            words(g, one_in(g, 2) ? ", at most" : "at most");
            amount(g);
        }
    }
    if (one_in(g, 4)) {
        words(g, PICK(g, "rounded half_up", "rounded up", "rounded down", "rounded half_even"));
    }
}

static void spanref(gen *g)
{
    name(g);
    if (one_in(g, 4)) {
        words(g, "at most");
        duration(g);
    }
}

static void spanrefs(gen *g)
{
    list(g, spanref, one_in(g, 2) ? "," : "or", 3);
}

static void allowance(gen *g)
{
    switch (below(g, 5)) {
    case 0:
        words(g, "limit (");
        list(g, expr, ",", 2);
        tok(g, ")");
        break;
    case 1:
        ref(g);
        break;
    case 2:
        group(g);
        break;
    default:
        duration(g);
    }
    if (one_in(g, 3)) {
        tok(g, "of");
        name(g);
    }
    if (one_in(g, 2)) {
        tok(g, "for");
        list(g, pattern, "or", 3);
    } else if (one_in(g, 4)) {
        tok(g, "otherwise");
    }
}

static void counting(gen *g)
{
    words(g, one_in(g, 2) ? "counting from" : "counting retroactive from");
    event(g);
    if (one_in(g, 4)) {
        tok(g, "retroactive");
    }
}

static void duty_once(gen *g)
{
    tok(g, "when");
    event(g);
    tok(g, "within");
    list(g, allowance, ",", 4);
    if (one_in(g, 4)) {
        counting(g);
    }
    if (one_in(g, 4)) {
        words(g, "matching ticket.id == change.`id x`");
    }
    if (one_in(g, 4)) {
        tok(g, "following");
        name(g);
    }
    if (one_in(g, 4)) {
        credit(g);
    }
}

static void duty_clause(gen *g)
{
    switch (below(g, 6)) {
    case 0:
        words(g, "pausing during");
        spanrefs(g);
        break;
    case 1:
        words(g, "void when");
        event(g);
        break;
    case 2:
        words(g, "excused when");
        expr(g);
        break;
    case 3:
        words(g, "excused during");
        spanrefs(g);
        break;
    case 4:
        tok(g, "on");
        event(g);
        if (one_in(g, 3)) {
            words(g, "resume until");
            event(g);
        } else {
            tok(g, PICK(g, "restart", "ignore"));
        }
        break;
    default:
        words(g, "warn at");
        percent(g);
    }
}

static void duty(gen *g)
{
    tok(g, "duty");
    name(g);
    title(g);
    name(g);
    tok(g, "must");
    event(g);
    for (unsigned n = below(g, 3); n > 0; n--) {
        duty_clause(g);
    }
    duty_once(g);
    for (unsigned n = below(g, 3); n > 0; n--) {
        duty_clause(g);
    }
}

static void objective_clause(gen *g)
{
    switch (below(g, 4)) {
    case 0:
        tok(g, "excluding");
        spanrefs(g);
        break;
    case 1:
        words(g, "excused when");
        expr(g);
        break;
    case 2:
        words(g, "excused during");
        spanrefs(g);
        break;
    default:
        words(g, "warn when budget below");
        percent(g);
    }
}

static void window(gen *g)
{
    if (one_in(g, 3)) {
        tok(g, "rolling");
        duration(g);
        if (one_in(g, 2)) {
            tok(g, "every");
            duration(g);
        }
    } else {
        tok(g, "each");
        unit(g);
    }
}

static void objective(gen *g)
{
    tok(g, "objective");
    name(g);
    title(g);
    body_expr(g);
    compare_word(g);
    bound(g);
    window(g);
    for (unsigned n = below(g, 3); n > 0; n--) {
        objective_clause(g);
    }
    if (one_in(g, 2)) {
        words(g, PICK(g, "missing counts as down", "missing counts as up", "missing is ignored"));
    }
    if (one_in(g, 3)) {
        words(g, PICK(g, "no data counts as breach", "no data as met"));
    }
    if (one_in(g, 2)) {
        credit(g);
    }
    if (one_in(g, 6)) {
        words(g, "expected");
        compare_word(g);
        bound(g);
    }
    if (one_in(g, 6)) {
        words(g, one_in(g, 2) ? "weight 40" : "weight 2.5");
    }
    if (one_in(g, 5)) {
        words(g, one_in(g, 2) ? "earn back 50% when met for 3 windows"
                              : "earn back 50% when expected for 1 window");
    }
}

/* --- shared declarations --- */

static void calendar(gen *g)
{
    tok(g, "calendar");
    name(g);
    title(g);
    if (one_in(g, 2)) {
        words(g, "timezone \"Europe/London\"");
    }
    for (unsigned n = below(g, 4); n > 0; n--) {
        switch (below(g, 3)) {
        case 0:
            words(g, PICK(g, "open mon .. fri 09:00 .. 17:30", "open every day 00:00..24:00", "open sat, mon..tue 09:00..10:00"));
            break;
        case 1:
            tok(g, "closed");
            list(g, date, ",", 12);
            break;
        default:
            words(g, "closed on \"uk.ics\"");
        }
    }
}

static void span(gen *g)
{
    tok(g, "span");
    name(g);
    title(g);
    if (one_in(g, 2)) {
        tok(g, "per");
        name(g);
    }
    tok(g, "from");
    event(g);
    tok(g, "to");
    event(g);
    if (one_in(g, 2)) {
        words(g, "caused by");
        if (one_in(g, 3)) {
            words(g, "force majeure");
        } else {
            name(g);
        }
    }
}

static void measure(gen *g)
{
    tok(g, "measure");
    name(g);
    title(g);
    if (one_in(g, 2)) {
        tok(g, "per");
        name(g);
    }
    unsigned where = below(g, 3);
    if (where == 1) {
        words(g, "measured by NetCo");
    }
    body_expr(g);
    if (where == 2) {
        words(g, "measured by NetCo");
    }
}

static void type(gen *g)
{
    words(g, PICK(g, "bool", "int", "number", "decimal ( 2 )", "ratio", "duration", "calendar", "text", "service", "x"));
    if (one_in(g, 8)) {
        return;
    }
}

static void param(gen *g)
{
    name(g);
    tok(g, ":");
    if (one_in(g, 5)) {
        tok(g, "money EUR");
    } else {
        type(g);
    }
}

static void params(gen *g)
{
    tok(g, "(");
    if (!one_in(g, 4)) {
        list(g, param, ",", 4);
    }
    words(g, ") ->");
    type(g);
}

static void fn(gen *g)
{
    tok(g, "fn");
    name(g);
    params(g);
    tok(g, "=");
    expr(g);
}

static void shared(gen *g)
{
    void (*const all[])(gen *) = {calendar, span, measure, duty, objective, fn};
    all[below(g, 6)](g);
}

/* --- bodies --- */

static void effective(gen *g)
{
    if (one_in(g, 2)) {
        words(g, "effective from 2026-01-01");
    } else {
        words(g, "effective 2026-01-01 .. 2028-12-31");
    }
}

static void alias(gen *g)
{
    if (one_in(g, 3)) {
        tok(g, "alias");
        list(g, text, ",", 12);
    }
}

static void party(gen *g)
{
    tok(g, PICK(g, "client", "integrator", "provider"));
    ident(g);
    title(g);
    alias(g);
    if (one_in(g, 4)) {
        tok(g, "key");
        list(g, text, ",", 3);
    }
}

static void service(gen *g)
{
    tok(g, "service");
    name(g);
    title(g);
    tok(g, "by");
    name(g);
    bool first = one_in(g, 2);
    if (first) {
        alias(g);
    }
    if (one_in(g, 2)) {
        words(g, "depends on");
        list(g, name, ",", 3);
        if (!first) {
            alias(g);
        }
    }
}

static void require(gen *g)
{
    if (one_in(g, 6)) {
        words(g, "require underpinning");
        title(g);
        return;
    }
    tok(g, "require");
    if (one_in(g, 6)) {
        words(g, one_in(g, 2) ? "siam.no_prime" : "siam .`odd name`");
        return;
    }
    name(g);
    title(g);
    if (one_in(g, 4)) {
        words(g, "signed by every party");
    } else {
        body_expr(g);
    }
}

static void accountability(gen *g)
{
    tok(g, "accountability");
    for (unsigned n = below(g, 5); n > 0; n--) {
        words(g, PICK(g, "integrator answers to client for every objective", "outages follow dependencies",
                      "outages stay with owner", "ticket time follows holder", "ticket time follows last holder",
                      "ticket time stays with owner", "credits follow responsibility", "credits stay with provider",
                      "relief for client share", "relief for force majeure",
                      "joint causes shared", "joint causes by charge", "joint causes first in time",
                      "joint causes jointly"));
    }
}

static void credit_cap(gen *g)
{
    bool at_risk = one_in(g, 3);
    words(g, at_risk ? "at risk" : "credit cap");
    amount(g);
    if (!at_risk && one_in(g, 3)) {
        words(g, "over 12 months");
        return;
    }
    tok(g, "each");
    unit(g);
}

static void pool(gen *g)
{
    tok(g, "pool");
    name(g);
    title(g);
    words(g, "funded by");
    amount(g);
    words(g, "of each provider each");
    unit(g);
    words(g, "paid when");
    expr(g);
    words(g, one_in(g, 2) ? "shared equally" : "shared by charge");
}

static void framework(gen *g)
{
    tok(g, "framework");
    name(g);
    title(g);
    if (one_in(g, 2)) {
        words(g, "version 1");
    }
    effective(g);
    words(g, "timezone \"UTC\" currency GBP {");
    for (unsigned n = below(g, 7); n > 0; n--) {
        void (*const all[])(gen *) = {party, party, party, service, service, require, credit_cap, pool, shared};
        all[below(g, 9)](g);
    }
    if (one_in(g, 2)) {
        accountability(g);
    }
    tok(g, "}");
}

static void agreement(gen *g)
{
    tok(g, one_in(g, 3) ? "ola" : "sla");
    name(g);
    title(g);
    words(g, "version 3 under Club between NetCo and Acme");
    if (one_in(g, 2)) {
        effective(g);
    }
    tok(g, "{");
    if (one_in(g, 2)) {
        tok(g, "charge");
        money(g);
        tok(g, "per");
        unit(g);
    }
    for (unsigned n = below(g, 4); n > 0; n--) {
        if (one_in(g, 6)) {
            credit_cap(g);
        } else {
            shared(g);
        }
    }
    tok(g, "}");
}

static void amendment(gen *g)
{
    tok(g, "amendment");
    name(g);
    title(g);
    words(g, "to HostingSLA version 4 effective from 2027-01-01 {");
    for (unsigned n = below(g, 5); n > 0; n--) {
        switch (below(g, 3)) {
        case 0:
            words(g, PICK(g, "remove duty", "remove objective", "remove measure", "remove calendar", "remove span", "remove fn"));
            name(g);
            break;
        case 1:
            tok(g, PICK(g, "replace", "add"));
            shared(g);
            break;
        default:
            shared(g);
        }
    }
    tok(g, "}");
}

static void feed(gen *g)
{
    tok(g, "feed");
    name(g);
    if (one_in(g, 3)) {
        words(g, "sampled every");
        duration(g);
    }
    if (one_in(g, 3)) {
        tok(g, "lateness");
        duration(g);
    }
    tok(g, "{");
    for (unsigned n = below(g, 6); n > 0; n--) {
        tok(g, PICK(g, "at", "service", "id", "`key`", "latency", "up", "closed", "`Change Date+Time`"));
        switch (below(g, 4)) {
        case 0:
            words(g, "one of");
            list(g, ident, ",", 14);
            break;
        case 1:
            tok(g, "money GBP");
            break;
        default:
            type(g);
        }
        if (one_in(g, 4)) {
            words(g, PICK(g, "key", "holder", "key holder"));
        }
    }
    if (one_in(g, 4)) {
        words(g, "recorded instant recorded");
    }
    tok(g, "}");
}

static void bind(gen *g)
{
    tok(g, "bind");
    name(g);
    words(g, one_in(g, 2) ? "from csv" : "from jsonl");
    if (one_in(g, 2)) {
        words(g, "separator \";\"");
    }
    if (one_in(g, 2)) {
        tok(g, "absent");
        list(g, text, ",", 3);
    }
    bool braces = one_in(g, 2);
    if (braces) {
        tok(g, "{");
    }
    for (unsigned n = below(g, 5); n > 0; n--) {
        name(g);
        tok(g, "=");
        if (one_in(g, 3)) {
            match(g);
        } else {
            expr(g);
        }
    }
    if (braces) {
        tok(g, "}");
    } else if (one_in(g, 6)) {
        words(g, "lateness 2h");
    }
}

static void extern_fn(gen *g)
{
    words(g, "extern fn");
    name(g);
    params(g);
    words(g, "from \"libm.so.6\"");
    if (one_in(g, 2)) {
        words(g, "symbol \"tgamma\"");
    }
}

static void rows(gen *g)
{
    static const char *const lines[] = {"at,id", "2026-01-05T09:00:00Z,INC1", "  indented \" // no comment", "", "   ", "\ttab"};
    space(g);
    ent_text_puts(&g->out, "\"\"\"");
    unsigned indent = below(g, 6);
    for (unsigned n = below(g, 5); n > 0; n--) {
        newline(g);
        ent_text_fill(&g->out, ' ', indent);
        ent_text_puts(&g->out, pick(g, lines, 6));
    }
    if (!one_in(g, 4)) {
        newline(g);
        ent_text_fill(&g->out, ' ', below(g, 4));
    }
    ent_text_puts(&g->out, "\"\"\"");
}

static void expect_part(gen *g)
{
    switch (below(g, 4)) {
    case 0:
        words(g, PICK(g, "for INC1", "for \"INC-1\"", "for 4711"));
        break;
    case 1:
        words(g, "credit");
        money(g);
        break;
    case 2:
        words(g, PICK(g, "measure 99.95%", "measure - 4h", "measure 3"));
        break;
    default:
        words(g, PICK(g, "responsible NetCo 60%", "responsible NetCo 60% , HostCo 40%",
                      "responsible credit 60% responsible responsible 40%"));
    }
}

static void scenario(gen *g)
{
    tok(g, "scenario");
    text(g);
    for (unsigned n = below(g, 6); n > 0; n--) {
        switch (below(g, 4)) {
        case 3:
            words(g, "during 2026-01-01 .. 2026-02-28");
            break;
        case 0:
            tok(g, "using");
            list(g, name, ",", 3);
            break;
        case 1:
            tok(g, "given");
            name(g);
            if (one_in(g, 3)) {
                words(g, one_in(g, 2) ? "from \"rows.csv\"" : "\"rows.csv\"");
            } else {
                rows(g);
            }
            break;
        default:
            words(g, PICK(g, "expect breach of S.x", "expect no breach of S.x", "expect no data of A.`b c`", "expect met of S.x in 2026-01-05"));
            for (unsigned k = below(g, 3); k > 0; k--) {
                expect_part(g);
            }
        }
    }
}

static void use(gen *g)
{
    words(g, PICK(g, "use std.itsm", "use std .probe", "use \"parties.ent\"", "use a.`b`.c"));
}

static void file(gen *g)
{
    void (*const all[])(gen *) = {use, framework, agreement, agreement, amendment, feed, bind, extern_fn, scenario, shared, shared, require};
    if (g->literate) {
        ent_text_printf(&g->out, "# Prose #%u#\n\n```entente\n", g->notes++);
    }
    for (unsigned n = 1 + below(g, 5); n > 0; n--) {
        all[below(g, 12)](g);
    }
    space(g);
    if (g->literate) {
        ent_text_printf(&g->out, "\n```\n\nThe end #%u#.%s", g->notes++, one_in(g, 2) ? "" : "\n");
    } else if (one_in(g, 4)) {
        note(g);
    }
}

/* --- the proof --- */

typedef struct parsed {
    ent_arena *arena;
    ent_sources *sources;
    ent_diags *diags;
    uint32_t file;
} parsed;

static bool open_text(parsed *p, const gen *g, const ent_text *text)
{
    p->arena = ent_arena_create(ARENA_BYTES);
    p->sources = ent_sources_create(p->arena);
    p->diags = ent_diags_new(p->arena, p->sources);
    return ent_sources_add(p->sources, g->literate ? "x.ent.md" : "x.ent", ent_text_str(text), text->len, &p->file);
}

/* The dump of the tree, without the places at the ends of its lines. */
static bool dump(const gen *g, const ent_text *text, ent_text *out)
{
    parsed p;
    ent_text all = {0};
    bool ok = open_text(&p, g, text);
    const ent_node *tree = ok ? ent_parse(p.arena, p.sources, p.file, p.diags) : NULL;
    ok = tree != NULL && ent_diags_error_count(p.diags) == 0;
    if (ok) {
        ent_dump_tree(tree, &all);
        for (const char *line = ent_text_str(&all); *line != '\0';) {
            const char *end = strchr(line, '\n');
            const char *at = end;
            while (at > line && *at != '@') {
                at--;
            }
            ent_text_add(out, line, (size_t)((*at == '@' ? at : end) - line));
            ent_text_putc(out, '\n');
            line = end + 1;
        }
    }
    ent_text_deinit(&all);
    ent_arena_destroy(p.arena);
    return ok;
}

static ent_format_result format(const gen *g, const ent_text *text, ent_text *out)
{
    parsed p;
    ent_format_result result = open_text(&p, g, text) ? ent_format_file(p.arena, p.sources, p.file, p.diags, out) : ENT_FORMAT_MEMORY;
    ent_arena_destroy(p.arena);
    return result;
}

/* All the numbers, in their order. */
static bool has_notes(const gen *g, const ent_text *text)
{
    const char *at = ent_text_str(text);
    for (unsigned i = 0; i < g->notes; i++) {
        char mark[24];
        (void)snprintf(mark, sizeof mark, "#%u#", i);
        at = strstr(at, mark);
        if (at == NULL) {
            return false;
        }
    }
    return true;
}

static const char *examine(const gen *g, const ent_text *before, ent_text *once)
{
    ent_text twice = {0};
    ent_text tree = {0};
    ent_text again = {0};
    const char *wrong = NULL;
    if (format(g, &g->out, once) != ENT_FORMAT_DONE) {
        wrong = "the formatter refuses it";
    } else if (!dump(g, once, &tree) || strcmp(ent_text_str(before), ent_text_str(&tree)) != 0) {
        wrong = "the tree is another one";
    } else if (!has_notes(g, once)) {
        wrong = "a comment is lost or has changed its place";
    } else if (format(g, once, &twice) != ENT_FORMAT_DONE || strcmp(ent_text_str(once), ent_text_str(&twice)) != 0) {
        wrong = "formatting it again changes it";
    }
    if (wrong != NULL) {
        printf("%s", ent_text_str(&twice));
    }
    ent_text_deinit(&twice);
    ent_text_deinit(&tree);
    ent_text_deinit(&again);
    return wrong;
}

/* 1: proven; 0: not a program; -1: failed. */
static int try_case(uint64_t seed, bool show)
{
    gen g = {.state = seed};
    g.literate = one_in(&g, 8);
    g.crlf = one_in(&g, 10);
    g.noise = PICK(&g, "a", "b", "c")[0] == 'a' ? 0 : below(&g, 20);
    file(&g);
    ent_text tree = {0};
    ent_text once = {0};
    int result = 0;
    if (dump(&g, &g.out, &tree)) {
        const char *wrong = examine(&g, &tree, &once);
        result = wrong == NULL ? 1 : -1;
        if (wrong != NULL || show) {
            printf("seed %llu: %s\n--- program\n%s\n--- formatted\n%s\n", (unsigned long long)seed,
                   wrong == NULL ? "fine" : wrong, ent_text_str(&g.out), ent_text_str(&once));
        }
    }
    ent_text_deinit(&tree);
    ent_text_deinit(&once);
    ent_text_deinit(&g.out);
    return result;
}

int main(int argc, char **argv)
{
    uint64_t seed = 1;
    unsigned long count = 10000;
    bool show = false;
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--seed") == 0 && i + 1 < argc) {
            seed = strtoull(argv[++i], NULL, 10);
        } else if (strcmp(argv[i], "--count") == 0 && i + 1 < argc) {
            count = strtoul(argv[++i], NULL, 10);
        } else if (strcmp(argv[i], "--show") == 0) {
            show = true;
        } else {
            fprintf(stderr, "usage: format_driver [--seed S] [--count N] [--show]\n");
            return 2;
        }
    }
    unsigned long passed = 0;
    unsigned long failed = 0;
    unsigned long refused = 0;
    for (uint64_t k = 0; passed + failed < count && failed < 5; k++) {
        int result = try_case(seed * UINT64_C(1000003) + k, show && passed == 0);
        passed += result == 1;
        failed += result < 0;
        refused += result == 0;
    }
    printf("seed %llu: %lu programs, %lu texts were none\n", (unsigned long long)seed, passed + failed, refused);
    printf("%lu passed, %lu failed\n", passed, failed);
    return failed == 0 ? 0 : 1;
}
