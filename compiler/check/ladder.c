/* Ladders: total, without steps that are never reached, without overlaps, in agreement with the
 * target.
 *
 * Each step takes a half-line off what the steps before it have left, so what is left is always one
 * interval: a gap is what is left at the end, an unreachable step is one that takes nothing.
 * Figures of whole-number types have no values between n and n + 1; shares lie in [0, 1] and counts
 * at or above 0. */
#include <math.h>

#include "compiler/check/checker.h"

typedef struct edge {
    bool infinite, open;
    ent_value v;
} edge;

typedef struct interval {
    edge low, high;
} interval;

static bool is_whole(ent_type t)
{
    return t.kind != ENT_TYPE_RATIO && t.kind != ENT_TYPE_MONEY && t.kind != ENT_TYPE_NUMBER;
}

static edge closed(ent_value v, bool open, int toward)
{
    edge e = {.v = v, .open = open};
    if (open && is_whole(v.type) && v.i < INT64_MAX && v.i > INT64_MIN) {
        e.v.i += toward;
        e.open = false;
    }
    return e;
}

static interval half_line(int compare, ent_value bound)
{
    interval r = {.low.infinite = true, .high.infinite = true};
    if (compare == ENT_CMP_AT_LEAST || compare == ENT_CMP_ABOVE)
        r.low = closed(bound, compare == ENT_CMP_ABOVE, 1);
    else if (compare == ENT_CMP_AT_MOST || compare == ENT_CMP_BELOW)
        r.high = closed(bound, compare == ENT_CMP_BELOW, -1);
    return r;
}

static int opposite(int compare)
{
    static const int of[] = {[ENT_CMP_OTHERWISE] = ENT_CMP_OTHERWISE,
                             [ENT_CMP_AT_LEAST] = ENT_CMP_BELOW,
                             [ENT_CMP_AT_MOST] = ENT_CMP_ABOVE,
                             [ENT_CMP_ABOVE] = ENT_CMP_AT_MOST,
                             [ENT_CMP_BELOW] = ENT_CMP_AT_LEAST};
    return of[compare];
}

static bool is_empty(interval r)
{
    if (r.low.infinite || r.high.infinite)
        return false;
    int c = ent_value_cmp(&r.low.v, &r.high.v);
    return c > 0 || (c == 0 && (r.low.open || r.high.open));
}

static edge tighter(edge a, edge b, int sign)
{
    if (a.infinite || b.infinite)
        return a.infinite ? b : a;
    int c = ent_value_cmp(&a.v, &b.v) * sign;
    if (c != 0)
        return c > 0 ? a : b;
    return a.open ? a : b;
}

static interval both(interval a, interval b)
{
    return (interval){.low = tighter(a.low, b.low, 1), .high = tighter(a.high, b.high, -1)};
}

static interval natural_range(const ent_objective_decl *o)
{
    interval r = {.low.infinite = true, .high.infinite = true};
    if (o->expr == NULL || o->expr->kind != ENT_NODE_AGGREGATE || o->n_folds != 1)
        return r;
    int kind = o->folds[0]->kind;
    bool share =
        kind == ENT_AGG_SHARE || kind == ENT_AGG_TIME_SHARE || kind == ENT_AGG_TIME_OUTSIDE;
    if (share || kind == ENT_AGG_COUNT || kind == ENT_AGG_LONGEST || kind == ENT_AGG_TIME_IN)
        r.low = (edge){.v = {.type = o->type, .q = ent_q_from_i64(0)}};
    if (share)
        r.high = (edge){.v = {.type = o->type, .q = ent_q_from_i64(1)}};
    return r;
}

static const char *compare_word(int compare)
{
    static const char *const words[] = {"otherwise", "at least", "at most", "above", "below"};
    return words[compare];
}

static bool pays(const ent_amount_decl *a)
{
    return a != NULL && a->kind != ENT_AMOUNT_NONE && (a->kind == ENT_AMOUNT_EXPR || a->q.num > 0);
}

static bool pays_nothing(const ent_amount_decl *a)
{
    return a != NULL &&
           (a->kind == ENT_AMOUNT_NONE || (a->kind != ENT_AMOUNT_EXPR && a->q.num == 0));
}

/* --- figures that show it --- */

enum { PARTS_MAX = 10000 };

static bool is_in(interval r, ent_value v)
{
    return !is_empty(both(r, (interval){.low = {.v = v}, .high = {.v = v}}));
}

/* One with the fewest rows: k of n, n without other prime factors than 2 and 5, so that it can be
 * written as a percentage. */
static bool some_ratio(interval r, ent_value *out)
{
    ent_q low = r.low.infinite ? ent_q_from_i64(0) : r.low.v.q, scaled;
    for (int64_t two = 1; two <= PARTS_MAX; two *= 2) {
        for (int64_t n = two; n <= PARTS_MAX; n *= 5) {
            if (!ent_q_mul(low, ent_q_from_i64(n), &scaled))
                return false;
            for (int64_t k = (int64_t)ent_q_floor(scaled), i = 0; i < 3; i++) {
                ent_value v = {.type = ent_ty(ENT_TYPE_RATIO)};
                bool fewer = out->type.kind == ENT_TYPE_NONE || n < (int64_t)out->q.den;
                if (fewer && k + i >= 0 && ent_q_make(k + i, n, &v.q) && is_in(r, v))
                    *out = v;
            }
        }
    }
    return out->type.kind != ENT_TYPE_NONE;
}

/* One that is written shortly: 2h rather than 1h59m59.999999999s. */
static bool some_whole(interval r, ent_type type, ent_value *out)
{
    static const int64_t units[] = {3600000000000, 60000000000, 1000000000, 1000000, 1000, 1};
    int64_t low = r.low.infinite ? 0 : r.low.v.i;
    if (r.low.infinite && !r.high.infinite && r.high.v.i < 0)
        low = r.high.v.i;
    for (size_t i = type.kind == ENT_TYPE_DURATION ? 0 : 5; i < sizeof units / sizeof *units; i++) {
        int64_t up = low <= INT64_MAX - units[i] ? (low + units[i] - 1) / units[i] * units[i] : low;
        *out = (ent_value){.type = type, .i = low < 0 ? low : up, .q = ent_q_from_i64(low < 0 ? low : up)};
        if (is_in(r, *out))
            return true;
    }
    return false;
}

static bool some_money(interval r, ent_type type, ent_value *out)
{
    ent_q low = r.low.infinite ? ent_q_from_i64(0) : r.low.v.q, scaled;
    for (int64_t n = 1; n <= 100; n *= 100) {
        if (!ent_q_mul(low, ent_q_from_i64(n), &scaled))
            return false;
        for (int64_t k = (int64_t)ent_q_floor(scaled), i = 0; i < 3; i++) {
            *out = (ent_value){.type = type};
            if (ent_q_make(k + i, n, &out->q) && is_in(r, *out))
                return true;
        }
    }
    return false;
}

/* A whole one rather, else one in halves, quarters, …, which binary fractions have exactly. */
static bool some_number(interval r, ent_value *out)
{
    for (int64_t n = 1; n <= 1024; n *= 2) {
        const edge *from = !r.low.infinite ? &r.low : &r.high;
        double at = from->infinite ? 0 : floor(from->v.f * (double)n);
        for (int i = -2; i < 3; i++) {
            *out = (ent_value){.type = ent_ty(ENT_TYPE_NUMBER), .f = (at + i) / (double)n};
            if (fabs(at) < 1e12 && is_in(r, *out))
                return ent_q_from_double(out->f, &out->q);
        }
    }
    return false;
}

/* Rather without decimals, else with as few as may be. */
static bool some_decimal(interval r, ent_type type, ent_value *out)
{
    int64_t low = r.low.infinite ? (r.high.infinite || r.high.v.i > 0 ? 0 : r.high.v.i) : r.low.v.i;
    int64_t unit = 1;
    for (int32_t i = 0; i < type.param; i++)
        if (__builtin_mul_overflow(unit, 10, &unit))
            return false;
    for (; unit >= 1 && low < INT64_MAX - 2 * unit && low > INT64_MIN + 2 * unit; unit /= 10)
        for (int64_t k = low / unit - 1; k <= low / unit + 1; k++) {
            *out = (ent_value){.type = type, .i = k * unit};
            if (is_in(r, *out))
                return true;
        }
    return false;
}

/* A figure in the range, exact and as an author would write it; false: none is known. */
static bool some_figure(interval r, ent_type type, ent_value *out)
{
    *out = (ent_value){0};
    if (is_empty(r))
        return false;
    switch (type.kind) {
    case ENT_TYPE_RATIO:
        return some_ratio(r, out);
    case ENT_TYPE_INT:
    case ENT_TYPE_DURATION:
        return some_whole(r, type, out);
    case ENT_TYPE_MONEY:
        return some_money(r, type, out);
    case ENT_TYPE_NUMBER:
        return some_number(r, out);
    case ENT_TYPE_DECIMAL:
        return some_decimal(r, type, out);
    default:
        return false;
    }
}

static const char *duration_text(ent_checker *ck, int64_t ns)
{
    static const struct {
        int64_t ns;
        const char *name;
    } units[] = {{3600000000000, "h"}, {60000000000, "m"}, {1000000000, "s"},
                 {1000000, "ms"},      {1000, "us"},       {1, "ns"}};
    const char *text = "";
    for (size_t i = 0; i < sizeof units / sizeof *units && text != NULL; i++)
        if (ns >= units[i].ns) {
            text = ent_check_printf(ck, "%s%lld%s", text, (long long)(ns / units[i].ns), units[i].name);
            ns %= units[i].ns;
        }
    return text == NULL || text[0] == '\0' ? "0s" : text;
}

static const char *figure_text(ent_checker *ck, const ent_value *v)
{
    char buf[ENT_Q_TEXT_SIZE];
    ent_q q = v->q, unit = ent_q_from_i64(1);
    bool fits = true;
    switch (v->type.kind) {
    case ENT_TYPE_DURATION:
        return duration_text(ck, v->i);
    case ENT_TYPE_INT:
        return ent_check_printf(ck, "%lld", (long long)v->i);
    case ENT_TYPE_MONEY:
        return ent_q_format_rounded(q, 2, false, buf, sizeof buf) > 0
                   ? ent_check_printf(ck, "%s %s", v->type.currency, buf)
                   : "";
    case ENT_TYPE_RATIO:
        return ent_q_mul(q, ent_q_from_i64(100), &q) && ent_q_format_decimal(q, buf, sizeof buf) > 0
                   ? ent_check_printf(ck, "%s%%", buf)
                   : "";
    case ENT_TYPE_DECIMAL:
        for (int32_t i = 0; i < v->type.param; i++)
            fits = fits && ent_q_mul(unit, ent_q_from_i64(10), &unit);
        fits = fits && ent_q_div(ent_q_from_i64(v->i), unit, &q);
        break;
    default:
        break;
    }
    return fits && ent_q_format_decimal(q, buf, sizeof buf) > 0 ? ent_check_printf(ck, "%s", buf)
                                                                : "";
}

bool ent_meets_target(const ent_objective_decl *o, ent_value v)
{
    return is_in(half_line(o->compare, o->target), v);
}

/* A figure in the range, which is kept for the prover as well; NULL: none is known. */
static const char *shown(ent_checker *ck, ent_diag *d, const ent_objective_decl *o, interval r,
                         bool stands)
{
    ent_value v;
    if (!some_figure(both(r, natural_range(o)), o->type, &v))
        return NULL;
    const char *text = figure_text(ck, &v);
    bool target = o->target.type.kind != ENT_TYPE_ERROR;
    ent_ladder_case *c = target ? ENT_PUSH(ck, ck->m->ladder_cases, ck->m->n_ladder_cases) : NULL;
    if (c != NULL)
        *c = (ent_ladder_case){d, o, v, text, ent_meets_target(o, v), stands, NULL};
    return text;
}

/* Steps that ask in opposite directions must not both claim a figure. */
static bool report_overlap(ent_checker *ck, const ent_objective_decl *o, size_t at, interval range)
{
    const ent_step_decl *s = &o->steps[at];
    bool up = s->compare == ENT_CMP_AT_LEAST || s->compare == ENT_CMP_ABOVE;
    for (size_t i = 0; i < at; i++) {
        const ent_step_decl *t = &o->steps[i];
        bool t_up = t->compare == ENT_CMP_AT_LEAST || t->compare == ENT_CMP_ABOVE;
        interval common =
            both(both(half_line(s->compare, s->bound), half_line(t->compare, t->bound)), range);
        if (t_up == up || is_empty(common))
            continue;
        ent_diag *d =
            ent_diag_add(ck->diags, ENT_DIAG_E0422, s->span, "two steps claim the same figures");
        ent_diag_primary_label(d, "%s %s", compare_word(s->compare),
                               ent_check_source_text(ck, s->bound.span));
        ent_diag_label(d, t->span, "%s %s", compare_word(t->compare),
                       ent_check_source_text(ck, t->bound.span));
        const char *figure = shown(ck, d, o, common, false);
        if (figure != NULL)
            ent_diag_note(d, "a figure of %s is claimed by both, and goes to `%s`, which stands first",
                          figure, ent_check_source_text(ck, t->span));
        ent_diag_help(d, "end the ladder with `… otherwise` instead");
        return true;
    }
    return false;
}

/* A figure that the step asks for and that an earlier one takes. */
static void note_taken(ent_checker *ck, ent_diag *d, const ent_objective_decl *o, size_t at)
{
    const ent_step_decl *s = &o->steps[at];
    for (size_t i = 0; i < at && s->compare != ENT_CMP_OTHERWISE; i++) {
        const ent_step_decl *t = &o->steps[i];
        interval both_want = both(half_line(s->compare, s->bound), half_line(t->compare, t->bound));
        const char *figure =
            t->compare == ENT_CMP_OTHERWISE ? NULL : shown(ck, d, o, both_want, false);
        if (figure != NULL) {
            ent_diag_note(d, "a figure of %s is taken by `%s`", figure,
                          ent_check_source_text(ck, t->span));
            return;
        }
    }
}

static bool report_unreachable(ent_checker *ck, const ent_objective_decl *o, size_t at)
{
    const ent_step_decl *s = &o->steps[at];
    ent_diag *d =
        ent_diag_add(ck->diags, ENT_DIAG_E0420, s->span, "this step can never be reached");
    if (s->compare == ENT_CMP_OTHERWISE)
        ent_diag_primary_label(d, "the steps before it leave nothing");
    else
        ent_diag_primary_label(d, "nothing is left that is %s %s", compare_word(s->compare),
                               ent_check_source_text(ck, s->bound.span));
    if (at > 0)
        ent_diag_label(d, o->steps[at - 1].span,
                       "steps are tried in order, and this one comes first");
    note_taken(ck, d, o, at);
    if (at > 0 && s->compare != ENT_CMP_OTHERWISE && s->compare == o->steps[at - 1].compare)
        ent_diag_help(
            d, "write the steps from the %s bound to the %s",
            s->compare == ENT_CMP_AT_LEAST || s->compare == ENT_CMP_ABOVE ? "highest" : "lowest",
            s->compare == ENT_CMP_AT_LEAST || s->compare == ENT_CMP_ABOVE ? "lowest" : "highest");
    return true;
}

static void report_against_target(ent_checker *ck, const ent_objective_decl *o,
                                  const ent_step_decl *s, interval paid)
{
    ent_diag *d = ent_diag_add(ck->diags, ENT_DIAG_E0421, s->span,
                               "this step gives a credit where the target is met");
    ent_diag_primary_label(d, "`%s` for figures that are no breach", s->amount->text);
    ent_diag_label(d, o->node->kids[1]->span, "the target");
    const char *figure = shown(ck, d, o, paid, false);
    if (figure != NULL)
        ent_diag_note(d, "a figure of %s meets the target and gives it", figure);
    ent_diag_help(d, "begin the ladder with `none when %s %s`", compare_word(o->compare),
                  o->target_text);
}

static void check_gap(ent_checker *ck, const ent_objective_decl *o, const ent_node *n,
                      interval left)
{
    const char *from = left.low.infinite || left.low.v.span.end == 0
                           ? NULL
                           : ent_check_source_text(ck, left.low.v.span);
    const char *to = left.high.infinite || left.high.v.span.end == 0
                         ? NULL
                         : ent_check_source_text(ck, left.high.v.span);
    ent_diag *d = ent_diag_add(ck->diags, ENT_DIAG_E0419, o->steps[o->n_steps - 1].span,
                               "this ladder leaves figures without a credit or a `none`");
    if (from != NULL && to != NULL)
        ent_diag_primary_label(d, "nothing is said between %s and %s", from, to);
    else if (to != NULL)
        ent_diag_primary_label(d, "nothing is said for figures under %s", to);
    else if (from != NULL)
        ent_diag_primary_label(d, "nothing is said for figures over %s", from);
    else
        ent_diag_primary_label(d, "nothing is said for other figures");
    const char *figure = shown(ck, d, o, left, false);
    if (figure != NULL)
        ent_diag_note(d, "a figure of %s gets neither", figure);
    ent_diag_help(d, "end it with `%s otherwise`",
                  pays(o->steps[o->n_steps - 1].amount) ? "… of charge" : "none");
    (void)n;
}

/* A breach without a credit is no mistake, but worth a look. */
static void check_unpaid(ent_checker *ck, const ent_objective_decl *o, interval range)
{
    interval breach = both(range, half_line(opposite(o->compare), o->target));
    interval left = range;
    for (size_t i = 0; i < o->n_steps; i++) {
        const ent_step_decl *s = &o->steps[i];
        interval mine = both(left, half_line(s->compare, s->bound));
        if (pays_nothing(s->amount) && !is_empty(both(mine, breach))) {
            ent_diag *d = ent_diag_add(ck->diags, ENT_DIAG_W0403, s->span,
                                       "some breaches of this objective give no credit");
            ent_diag_primary_label(d, "`none` for figures that miss the target");
            ent_diag_label(d, o->node->kids[1]->span, "the target");
            const char *figure = shown(ck, d, o, both(mine, breach), true);
            if (figure != NULL)
                ent_diag_note(d, "a figure of %s misses the target, and gives none", figure);
            return;
        }
        left = both(left, half_line(opposite(s->compare), s->bound));
    }
}

void ent_check_ladder(ent_checker *ck, const ent_objective_decl *o, const ent_node *n)
{
    if (o->type.kind == ENT_TYPE_ERROR)
        return;
    for (size_t i = 0; i < o->n_steps; i++)
        if (o->steps[i].compare != ENT_CMP_OTHERWISE &&
            o->steps[i].bound.type.kind == ENT_TYPE_ERROR)
            return;
    bool target = o->target.type.kind != ENT_TYPE_ERROR;
    interval range = natural_range(o), left = range;
    interval met = target ? both(range, half_line(o->compare, o->target)) : range;
    /* whether a step can be reached is asked of the other steps alone: a bound beyond 100% is odd, not wrong */
    interval open = {.low.infinite = true, .high.infinite = true};
    bool exhausted = false, reported = false;
    for (size_t i = 0; i < o->n_steps && !reported; i++) {
        const ent_step_decl *s = &o->steps[i];
        interval mine = both(left, half_line(s->compare, s->bound));
        if (exhausted || is_empty(open) || is_empty(both(open, half_line(s->compare, s->bound))))
            reported = report_unreachable(ck, o, i);
        else if (s->compare != ENT_CMP_OTHERWISE)
            reported = report_overlap(ck, o, i, range);
        if (!reported && target && pays(s->amount) && !is_empty(both(mine, met))) {
            report_against_target(ck, o, s, both(mine, met));
            reported = true;
        }
        if (s->compare == ENT_CMP_OTHERWISE)
            exhausted = true;
        else
            left = both(left, half_line(opposite(s->compare), s->bound));
        if (s->compare != ENT_CMP_OTHERWISE)
            open = both(open, half_line(opposite(s->compare), s->bound));
    }
    if (reported)
        return;
    if (!exhausted && !is_empty(left) && ent_broken(ck, n->span))
        return;
    if (!exhausted && !is_empty(left))
        check_gap(ck, o, n, left);
    else if (target)
        check_unpaid(ck, o, range);
}
