/* Figures and instants as people write them, made in the arena.  What does not fit becomes "". */
#ifndef ENT_EXPLAIN_FIGURE_H
#define ENT_EXPLAIN_FIGURE_H

#include "compiler/explain/explain.h"

/* "p/q" or a decimal. */
bool ent_figure_read(const char *text, ent_q *out);
/* "at least 99.9%": the bound as a ratio, 99.9% being 999/1000; false: no percentage. */
bool ent_figure_bound(const char *target, ent_q *out);

/* 5400000000000 as 1h30m, exactly; from four days on in days. */
const char *ent_figure_duration(ent_arena *arena, int64_t ns);
/* The same of a rational number of nanoseconds, which may be below zero. */
const char *ent_figure_duration_q(ent_arena *arena, ent_q ns);
/* A measure as the ledger has it; of seconds that are no plain decimal the rounded figure, too. */
const char *ent_figure_measure(ent_arena *arena, const char *measure);
/* 1/3 as 33.3333% */
const char *ent_figure_percent(ent_arena *arena, ent_q ratio);
const char *ent_figure_fraction(ent_arena *arena, ent_q ratio);
/* 1234567 as 1,234,567 */
const char *ent_figure_count(ent_arena *arena, int64_t n);
/* "16666" minor units of GBP as 166.66; with decimals of the minor unit as 166.6667 (rounded) where
 * it is no whole number of them. */
const char *ent_figure_money(ent_arena *arena, ent_i128 minor, const char *currency);
const char *ent_figure_money_q(ent_arena *arena, ent_q minor, const char *currency);
/* "166.66" in minor units. */
bool ent_figure_minor(const char *amount, const char *currency, ent_i128 *minor);

/* 2026-02-02T09:00:00Z as 2026-02-02 09:00; the offset only where it differs from that of `like`.
 */
const char *ent_figure_instant(ent_arena *arena, ent_xinstant t, ent_xinstant like);
/* The same without the year, where that is the same as `like`'s. */
const char *ent_figure_day(ent_arena *arena, ent_xinstant t, ent_xinstant like);
/* The same without the date, or the year, where that is the same as `after`'s. */
const char *ent_figure_until(ent_arena *arena, ent_xinstant t, ent_xinstant after,
                             ent_xinstant like);
/* " (times in UTC+01:00)" */
const char *ent_figure_offset(ent_arena *arena, ent_xinstant t);
/* The instant `ns` in the offset of `like`. */
ent_xinstant ent_figure_make_instant(ent_arena *arena, int64_t ns, ent_xinstant like);
/* A row, or the rows from one to another: "ticket.csv 3", "probe.csv 29–35". */
const char *ent_figure_rows(ent_arena *arena, const ent_xrow *first, const ent_xrow *last);
#endif
