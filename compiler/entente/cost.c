/* `entente check --cost`: what a row takes and what a key keeps, read off the program.
 *
 * Kernels have no loops, so the instructions of a feed's kernel are what a row takes at most,
 * whatever its values; beside them each clause that watches the feed looks at the row once.  State
 * is counted in values of eight bytes, without what the maps around them take.  Golden:
 * tests/golden/run/cost. */
#include "compiler/entente/cost.h"

#include <stdio.h>

#include "runtime/bytecode/types.h"
#include "runtime/state/engine.h"

/* Values of a clock, of a span's key and of a fold that do not depend on the clause. */
enum { CLOCK_VALUES = 14, SPAN_VALUES = 2, FOLD_VALUES = 12 };

static bool watches(const ent_image *p, int64_t pattern, int64_t feed)
{
    if (pattern < 0) {
        return false;
    }
    const ent_pattern_row *row = &p->pattern[pattern];
    for (int64_t i = 0; i < row->n_alts; i++) {
        if (p->alt[row->first_alt + i].feed == feed) {
            return true;
        }
    }
    return false;
}

static bool duty_watches(const ent_image *p, const ent_duty_row *d, int64_t feed)
{
    const int64_t patterns[] = {d->trigger, d->discharge, d->void_when,
                                d->undo,    d->until,     d->counting};
    for (size_t i = 0; i < sizeof patterns / sizeof *patterns; i++) {
        if (watches(p, patterns[i], feed)) {
            return true;
        }
    }
    return false;
}

static bool objective_watches(const ent_image *p, const ent_objective_row *o, int64_t feed)
{
    for (int64_t i = 0; i < o->n_folds; i++) {
        if (p->fold[o->first_fold + i].feed == feed) {
            return true;
        }
    }
    return false;
}

static int64_t previous_fields(const ent_image *p, const ent_feed_row *feed)
{
    int64_t n = 0;
    if (feed->row_kernel < 0) {
        return 0;
    }
    const ent_kernel_row *kernel = &p->kernel[feed->row_kernel];
    for (int64_t i = 0; i < kernel->n_inputs; i++) {
        n += p->input[kernel->first_input + i].kind == ENT_INPUT_PREVIOUS;
    }
    return n;
}

static void print_clause(const ent_image *p, int64_t agreement, int64_t name)
{
    printf("%s.%s, version %lld", ent_image_text(p, p->agreement[agreement].name),
           ent_image_text(p, name), (long long)p->agreement[agreement].version);
}

static void print_feed(const ent_image *p, int64_t feed)
{
    const ent_feed_row *row = &p->feed[feed];
    int64_t bind = row->bind < 0 ? -1 : p->bind[row->bind].kernel;
    int64_t duties = 0, spans = 0, objectives = 0, previous = previous_fields(p, row);
    for (size_t i = 0; i < p->n_duty; i++) {
        duties += duty_watches(p, &p->duty[i], feed);
    }
    for (size_t i = 0; i < p->n_span; i++) {
        spans += watches(p, p->span[i].from, feed) || watches(p, p->span[i].to, feed);
    }
    for (size_t i = 0; i < p->n_objective; i++) {
        objectives += objective_watches(p, &p->objective[i], feed);
    }
    if (row->duty >= 0) {
        printf("outcomes of ");
        print_clause(p, p->duty[row->duty].agreement, p->duty[row->duty].name);
    } else {
        printf("feed %s", ent_image_text(p, row->name));
    }
    printf(": %lld instructions a row",
           row->row_kernel < 0 ? 0LL : (long long)p->kernel[row->row_kernel].n_instructions);
    if (bind >= 0) {
        printf(", %lld to bind it", (long long)p->kernel[bind].n_instructions);
    }
    printf("; watched by duties %lld, spans %lld, objectives %lld", (long long)duties,
           (long long)spans, (long long)objectives);
    if (previous > 0) {
        printf("; a key keeps %lld of its previous row", (long long)previous);
    }
    if (ent_feed_fills_holder(p, feed)) {
        printf("; a key keeps its last holder");
    }
    printf("\n");
}

static void print_duty(const ent_image *p, const ent_duty_row *d)
{
    int64_t saved = d->outcome_feed < 0 ? 0 : p->feed[d->outcome_feed].n_fields;
    printf("duty ");
    print_clause(p, d->agreement, d->name);
    printf(": a key's running clock keeps %lld values\n",
           (long long)(CLOCK_VALUES + d->n_pauses + d->n_excused + saved));
}

static void print_objective(const ent_image *p, const ent_objective_row *o)
{
    int64_t values = 0, growing = 0;
    for (int64_t i = 0; i < o->n_folds; i++) {
        int64_t kind = p->fold[o->first_fold + i].kind;
        values += FOLD_VALUES;
        growing += kind == ENT_AGG_PERCENTILE || kind == ENT_AGG_MEDIAN;
    }
    printf("objective ");
    print_clause(p, o->agreement, o->name);
    printf(": a subject keeps %lld values for a window", (long long)values);
    if (growing > 0) {
        printf(", and one for each of its rows, because a percentile is exact");
    }
    printf("\n");
}

void ent_print_cost(const ent_image *p, size_t bytes)
{
    for (size_t i = 0; i < p->n_feed; i++) {
        if (p->feed[i].used) {
            print_feed(p, (int64_t)i);
        }
    }
    for (size_t i = 0; i < p->n_span; i++) {
        printf("span %s: a key keeps %d values, and 2 for each interval that a window may want\n",
               ent_image_text(p, p->span[i].name), SPAN_VALUES);
    }
    for (size_t i = 0; i < p->n_duty; i++) {
        print_duty(p, &p->duty[i]);
    }
    for (size_t i = 0; i < p->n_objective; i++) {
        print_objective(p, &p->objective[i]);
    }
    printf("program: %zu bytes, %zu kernels, %zu instructions\n", bytes, p->n_kernel,
           p->n_instructions);
}
