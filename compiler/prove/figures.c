/* Scenarios that hold an objective to a figure: the facts, in the text where they are few and in a file
 * beside it where they are many, and what is decided of them. */
#include <string.h>

#include "compiler/prove/counterexample.h"
#include "compiler/prove/internal.h"
#include "compiler/syntax/text.h"
#include "runtime/time/civil.h"

enum { INLINE_MAX = 24 };

static void put_indented(ent_text *out, const ent_text *rows)
{
    const char *line = ent_text_str(rows);
    while (*line != '\0') {
        const char *end = strchr(line, '\n');
        ent_text_puts(out, "    ");
        ent_text_add(out, line, (size_t)(end - line) + 1);
        line = end + 1;
    }
}

static void put_expectation(const ent_figure_shown *s, ent_text *out)
{
    char date[ENT_CIVIL_TEXT_MAX];
    const ent_objective_decl *o = s->c->objective;
    const ent_agreement_decl *a = o->agreement;
    (void)ent_civil_format_date(date, sizeof date, s->day);
    bool no_data = s->c->text == NULL;
    ent_text_printf(out, "  expect %s of %s.%s",
                    no_data ? "no data" : s->c->met ? "met" : "breach", a->name, o->name);
    if (o->subject != ENT_SUBJECT_NONE) {
        ent_text_printf(out, " for %s", s->service->name);
    }
    ent_text_printf(out, " in %s", date);
    if (!no_data) {
        ent_text_printf(out, " measure %s", s->c->text);
    }
    if (s->c->stands && a->currency != NULL) {
        ent_text_printf(out, " credit %s 0.00", a->currency);
    }
    ent_text_putc(out, '\n');
}

void ent_show_scenario(ent_prover *p, const ent_figure_shown *s, const ent_text *rows)
{
    const ent_objective_decl *o = s->c->objective;
    const ent_agreement_decl *a = o->agreement;
    ent_text out = {0};
    const char *file = ent_arena_printf(p->arena, "%s-%s-ladder.csv", a->name, o->name);
    ent_text_printf(&out, "scenario \"%s.%s ", a->name, o->name);
    if (s->title != NULL) {
        ent_text_puts(&out, s->title);
    } else {
        ent_text_printf(&out, "has a figure of %s", s->c->text);
    }
    ent_text_printf(&out, "\"\n  using %s\n  given %s ", a->name, s->feed->name);
    if (s->n_rows <= INLINE_MAX) {
        ent_text_puts(&out, "\"\"\"\n");
        put_indented(&out, rows);
        ent_text_puts(&out, "  \"\"\"\n");
    } else {
        ent_text_printf(&out, "\"%s\"\n", file);
        ent_diag_example_file(s->c->diag, file, ent_text_str(rows));
        ent_diag_help(s->c->diag,
                      "`entente check --counterexamples DIR` writes this scenario and its %lld rows",
                      (long long)s->n_rows);
    }
    put_expectation(s, &out);
    if (!s->c->stands && s->title == NULL) {
        ent_diag_note(s->c->diag, "this scenario passes %s",
                      s->c->once != NULL ? s->c->once : "once the ladder is mended");
    }
    p->out_of_memory = p->out_of_memory || file == NULL || out.failed || rows->failed;
    ent_diag_example(s->c->diag, ent_text_str(&out));
    ent_text_deinit(&out);
}
