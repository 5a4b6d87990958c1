/* The explanation as one JSON object.  See explain.h.  What the page says in sentences stands here
 * beside the figures that it is made of; figures are texts, exact; durations are seconds, as in the
 * ledger. */
#include <string.h>

#include "compiler/explain/figure.h"
#include "compiler/explain/text.h"
#include "runtime/ledger/json_out.h"

typedef struct tree {
    ent_arena *arena;
    ent_json_out out;
    const ent_xledger *ledger;
    bool sound; /* the line is as it was written, so its values are JSON */
} tree;

static void put(tree *t, const char *key, const char *text)
{
    if (text) {
        ent_json_key_text(&t->out, key, text);
    }
}

static void put_seconds(tree *t, const char *key, int64_t ns)
{
    char text[ENT_SECONDS_TEXT_SIZE];
    ent_format_seconds(ns, text, sizeof text);
    put(t, key, text);
}

static void put_q(tree *t, const char *key, ent_q q)
{
    put(t, key, ent_figure_fraction(t->arena, q));
}

static void put_row(tree *t, const char *key, const ent_xrow *row)
{
    if (row->line <= 0) {
        return;
    }
    ent_json_key(&t->out, key);
    ent_json_begin_object(&t->out);
    put(t, "feed", row->feed);
    put(t, "file", row->file);
    ent_json_key_int(&t->out, "line", row->line);
    if (row->column > 0) {
        ent_json_key_int(&t->out, "column", row->column);
    }
    ent_json_end_object(&t->out);
}

static void put_texts(tree *t, const char *key, const char **texts, size_t n)
{
    ent_json_key(&t->out, key);
    ent_json_begin_array(&t->out);
    for (size_t i = 0; i < n; i++) {
        ent_json_text(&t->out, texts[i]);
    }
    ent_json_end_array(&t->out);
}

static void put_raw(tree *t, const char *key, ent_json_slice value)
{
    if (value.p && t->sound) {
        ent_json_key(&t->out, key);
        ent_json_raw(&t->out, value.p, value.len);
    }
}

/* --- what was decided --- */

static void put_decision(tree *t, const ent_xdecision *d)
{
    ent_json_key_int(&t->out, "decision", d->seq);
    put(t, "kind", d->kind);
    put(t, "agreement", d->agreement);
    ent_json_key_int(&t->out, "version", d->version);
    put(t, "clause", d->clause);
    put(t, "title", d->title);
    if (d->subject_json.p && d->subject) {
        put(t, "subject", d->subject);
    }
    put(t, "status", d->status);
    put(t, "meaning", ent_x_meaning(d));
}

static void put_period(tree *t, const ent_xdecision *d)
{
    ent_json_key(&t->out, d->has_clock ? "clock" : "window");
    ent_json_begin_object(&t->out);
    if (d->has_clock) {
        put(t, "at", d->at.text);
        put(t, "due", d->due.text);
        put(t, "done", d->done.text);
        ent_json_key_bool(&t->out, "open", d->open);
        put_seconds(t, "elapsed", d->elapsed_ns);
        put_seconds(t, "allowed", d->allowed_ns);
    } else {
        put(t, "from", d->from.text);
        put(t, "to", d->to.text);
    }
    ent_json_end_object(&t->out);
}

static void put_ledger(tree *t, const ent_explanation *x)
{
    const ent_xledger *l = x->ledger;
    ent_json_key(&t->out, "ledger");
    ent_json_begin_object(&t->out);
    put(t, "name", l->name);
    put(t, "program", l->program);
    put(t, "from", l->first);
    put(t, "to", l->last);
    ent_json_key_bool(&t->out, "whole", l->whole);
    if (!l->whole) {
        ent_json_key_int(&t->out, "fault_line", (int64_t)l->report.fault_line);
        put(t, "fault", l->report.fault);
    }
    ent_json_key_bool(&t->out, "names_rows", x->traced);
    ent_json_end_object(&t->out);
}

static void put_clause(tree *t, const ent_explanation *x)
{
    static const char *const programs[] = {"unknown", "same", "other"};
    const ent_xclause *c = &x->clause;
    ent_json_key(&t->out, "source");
    ent_json_begin_object(&t->out);
    put_row(t, "stands", &x->d.source);
    put(t, "read", c->path);
    ent_json_key_bool(&t->out, "found", c->text != NULL);
    ent_json_key_bool(&t->out, "moved", c->moved);
    put(t, "program", programs[c->path ? c->program : ENT_XPROGRAM_UNKNOWN]);
    put(t, "note", c->path ? ent_x_program_note(c) : NULL);
    put(t, "doc", c->doc);
    put(t, "text", c->text);
    ent_json_end_object(&t->out);
}

static void put_adjustment(tree *t, const ent_xdecision *d)
{
    if (!d->adjustment) {
        return;
    }
    ent_json_key(&t->out, "adjusts");
    ent_json_begin_object(&t->out);
    ent_json_key_int(&t->out, "decision", d->adjusts_seq);
    put(t, "status", d->adjusts_status);
    put(t, "hash", d->adjusts_hash);
    put_raw(t, "difference", ent_json_member(d->line, "difference"));
    ent_json_end_object(&t->out);
}

/* --- facts --- */

static const char *fact_kind(const ent_xfact *f)
{
    static const char *const names[] = {
        [ENT_FACT_TRIGGER] = "began",      [ENT_FACT_HELD] = "held",
        [ENT_FACT_EXCESS] = "held",        [ENT_FACT_OUTAGE] = "bad",
        [ENT_FACT_OUTCOME] = "outcome",    [ENT_FACT_STOPPED] = "stopped",
        [ENT_FACT_PAUSED] = "stands_still"};
    return f->read ? names[f->kind] : "other";
}

static void put_fact(tree *t, const ent_explanation *x, size_t i, int64_t *net)
{
    const ent_xfact *f = &x->d.facts[i];
    bool held = f->read && (f->kind == ENT_FACT_HELD || f->kind == ENT_FACT_EXCESS);
    ent_json_begin_object(&t->out);
    put(t, "kind", fact_kind(f));
    put(t, "text", f->text);
    if (f->read) {
        put(t, "from", f->from.text);
        put(t, "to", f->to.text);
        put(t, "service", f->subject);
        put(t, "root", f->root);
        put(t, "span", f->span);
        put_texts(t, "parties", f->parties, f->n_parties);
    }
    if (f->read && f->samples > 0) {
        ent_json_key_int(&t->out, "samples", f->samples);
    }
    if (held) {
        ent_json_key_bool(&t->out, "within_own_time", f->kind == ENT_FACT_HELD);
        put_seconds(t, "time", f->to.ns - f->from.ns);
        *net += f->to.ns - f->from.ns;
        put_seconds(t, "so_far", *net);
    }
    for (size_t k = 0; k < x->n_others; k++) {
        if (x->others[k].outcome == (int64_t)i) {
            ent_json_key_int(&t->out, "decision", x->others[k].d.seq);
        }
    }
    put_row(t, "source", &f->source);
    put_row(t, "until", &f->until);
    ent_json_end_object(&t->out);
}

static void put_facts(tree *t, const ent_explanation *x)
{
    int64_t net = 0;
    ent_json_key(&t->out, "facts");
    ent_json_begin_array(&t->out);
    for (size_t i = 0; i < x->d.n_facts; i++) {
        put_fact(t, x, i, &net);
    }
    ent_json_end_array(&t->out);
    ent_json_key_int(&t->out, "facts_left_out", x->d.left_out);
}

/* --- arithmetic --- */

static void put_arithmetic(tree *t, const ent_explanation *x)
{
    static const char *const ways[] = {"unknown", "samples", "samples, missing as bad",
                                       "samples, missing as good", "time"};
    const char *steps[ENT_X_STEPS_MAX];
    const ent_xdecision *d = &x->d;
    ent_json_key(&t->out, "arithmetic");
    ent_json_begin_object(&t->out);
    put(t, "measure", d->measure);
    put(t, "measure_exact", d->measure_exact);
    put(t, "target", d->target);
    put(t, "shortfall", d->shortfall);
    put_raw(t, "counts", ent_json_member(d->line, "counts"));
    if (d->measure_exact) {
        put(t, "how", ways[x->r.how]);
    }
    if (x->r.how == ENT_XMEASURING_TIME) {
        put_seconds(t, "bad_time", x->r.bad_ns);
        put_seconds(t, "all_time", x->r.total_ns);
    }
    const char *files[ENT_X_FILES_MAX];
    size_t n_files = ent_x_files(d, files, ENT_X_FILES_MAX);
    if (d->measure && n_files > 0) {
        put_texts(t, "files", files, n_files);
    }
    put_raw(t, "expected", ent_json_member(d->line, "expected"));
    put_raw(t, "budget", ent_json_member(d->line, "budget"));
    put_texts(t, "steps", steps, ent_x_steps(t->arena, x, steps));
    ent_json_end_object(&t->out);
}

/* --- who answers --- */

static void put_replays(tree *t, const ent_explanation *x)
{
    const ent_xreckoning *r = &x->r;
    const char *names[8];
    if (!r->replays) {
        return;
    }
    ent_json_key(&t->out, "replays");
    ent_json_begin_array(&t->out);
    for (uint32_t set = 0; set < UINT32_C(1) << r->n_players; set++) {
        size_t n = 0;
        for (size_t i = 0; i < r->n_players; i++) {
            if (set >> i & 1) {
                names[n++] = r->players[i];
            }
        }
        ent_json_begin_object(&t->out);
        put_texts(t, "performed", names, n);
        if (r->replays[set].read) {
            ent_q scale = ent_q_from_i64(x->d.has_clock ? 1000000000 : 1);
            ent_q q;
            if (ent_q_div(r->replays[set].figure, scale, &q)) {
                put_q(t, "figure", q);
            }
            if (ent_q_div(r->replays[set].left, scale, &q)) {
                put_q(t, "left", q);
            }
        }
        ent_json_end_object(&t->out);
    }
    ent_json_end_array(&t->out);
}

static void put_party(tree *t, const ent_explanation *x, const ent_xparty *p)
{
    ent_json_begin_object(&t->out);
    put(t, "party", p->name);
    put(t, "share", p->share);
    put(t, "degree", p->degree);
    ent_json_key_bool(&t->out, "decides_alone", p->but_for);
    if (p->has_times) {
        put_seconds(t, "held", p->held_ns);
        put_seconds(t, "excess", p->excess_ns);
    }
    put(t, "without", p->without);
    put(t, "counterfactual", ent_x_counterfactual(t->arena, x, p));
    put(t, "standard_error", p->error);
    ent_json_end_object(&t->out);
}

static void put_answers(tree *t, const ent_explanation *x)
{
    const ent_xdecision *d = &x->d;
    if (ent_x_is(d->kind, "pool")) {
        return;
    }
    ent_json_key(&t->out, "answers");
    ent_json_begin_object(&t->out);
    put(t, "accountable", d->accountable);
    put(t, "to", d->accountable_to);
    ent_json_key(&t->out, "responsible");
    ent_json_begin_array(&t->out);
    for (size_t i = 0; i < d->n_parties; i++) {
        put_party(t, x, &d->parties[i]);
    }
    ent_json_end_array(&t->out);
    put(t, "structural_gap", d->gap);
    put_replays(t, x);
    ent_json_end_object(&t->out);
}

/* --- money --- */

/* As the ledger writes amounts. */
static void put_amount(tree *t, const char *key, ent_i128 minor, const char *currency)
{
    char text[ENT_MONEY_TEXT_SIZE];
    int digits = currency ? ent_currency_minor(currency) : 2;
    ent_money_format(minor, digits < 0 ? 2 : digits, text, sizeof text);
    put(t, key, text);
}

static void put_split(tree *t, const ent_explanation *x)
{
    const ent_xdecision *d = &x->d;
    ent_json_key(&t->out, "split");
    ent_json_begin_array(&t->out);
    for (size_t i = 0; i < x->r.n_parts; i++) {
        const ent_xpart *p = &x->r.parts[i];
        ent_json_begin_object(&t->out);
        if (p->party) {
            put(t, "party", p->party);
        } else {
            ent_json_key_bool(&t->out, "structural_gap", true);
        }
        put_q(t, "exact_minor_units", p->exact);
        put_amount(t, "part", p->part, d->currency);
        ent_json_key_bool(&t->out, "rounded", p->exact.den != 1);
        if (p->has_bears) {
            put_amount(t, "bears", p->bears, d->currency);
            ent_json_key_bool(&t->out, "relief", p->relief);
        }
        ent_json_end_object(&t->out);
    }
    ent_json_end_array(&t->out);
    ent_json_key_bool(&t->out, "largest_remainder", x->r.rounded);
    if (x->r.gap_part.num > 0) {
        put_q(t, "gap_part", x->r.gap_part);
    }
}

static void put_credit(tree *t, const ent_explanation *x)
{
    const ent_xdecision *d = &x->d;
    if (!d->credit) {
        return;
    }
    put_raw(t, "credit", d->credit_json);
    if (ent_x_is(d->kind, "pool")) {
        put_raw(t, "parties", ent_json_member(d->line, "parties"));
    } else if (x->r.n_parts > 0) {
        put_split(t, x);
    }
}

/* --- the parties' own agreements --- */

static void put_other(tree *t, const ent_xother *o)
{
    ent_json_begin_object(&t->out);
    put_decision(t, &o->d);
    put(t, "supplier", o->supplier);
    put(t, "customer", o->customer);
    put(t, "obliged", o->obliged);
    put_period(t, &o->d);
    put(t, "measure", o->d.measure);
    put(t, "target", o->d.target);
    put(t, "shortfall", o->d.shortfall);
    if (ent_explain_is_sound(t->ledger, o->d.line)) {
        put_raw(t, "credit", o->d.credit_json);
    }
    for (size_t i = 0; i < o->d.n_facts; i++) {
        const ent_xfact *f = &o->d.facts[i];
        if (f->read && (f->kind == ENT_FACT_TRIGGER || f->kind == ENT_FACT_STOPPED)) {
            put_row(t, fact_kind(f), &f->source);
        }
    }
    ent_json_end_object(&t->out);
}

static void put_others(tree *t, const ent_explanation *x)
{
    ent_json_key(&t->out, ent_x_is(x->d.kind, "pool") ? "goal" : "own_agreements");
    ent_json_begin_array(&t->out);
    for (size_t i = 0; i < x->n_others; i++) {
        if (x->others[i].outcome < 0) {
            put_other(t, &x->others[i]);
        }
    }
    ent_json_end_array(&t->out);
    if (x->others_cut) {
        ent_json_key_bool(&t->out, "more_own_agreements", true);
    }
}

void ent_explain_tree(ent_arena *arena, const ent_explanation *x, ent_text *out)
{
    tree t = {
        .arena = arena, .ledger = x->ledger, .sound = ent_explain_is_sound(x->ledger, x->d.line)};
    ent_json_init(&t.out, 0);
    ent_json_begin_object(&t.out);
    put_decision(&t, &x->d);
    put(&t, "supplier", x->supplier);
    put(&t, "customer", x->customer);
    put(&t, "obliged", x->obliged);
    put_period(&t, &x->d);
    put_ledger(&t, x);
    put_adjustment(&t, &x->d);
    put_clause(&t, x);
    put_facts(&t, x);
    put_arithmetic(&t, x);
    put_answers(&t, x);
    put_credit(&t, x);
    put_others(&t, x);
    ent_json_end_object(&t.out);
    ent_json_end_line(&t.out);
    if (ent_json_is_complete(&t.out)) {
        ent_text_add(out, t.out.data, t.out.len);
    } else {
        out->failed = true;
    }
    ent_json_deinit(&t.out);
}
