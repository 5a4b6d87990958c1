/* See test_report.h. */
#include "compiler/entente/test_report.h"

#include <string.h>

#include "runtime/ledger/json_out.h"

static bool has_failed(const ent_test_case *t)
{
    return t->error || t->n_failed > 0;
}

static const char *plural(size_t n)
{
    return n == 1 ? "" : "s";
}

/* --- what went wrong, as text: for people and for JUnit --- */

static void failure_text(const ent_test_expectation *e, const char *indent, ent_text *out)
{
    for (size_t i = 0; i < e->n_differences; i++) {
        const ent_difference *d = &e->differences[i];
        ent_text_printf(out, "%s%-12s expected %s, decided %s\n", indent, d->what, d->expected,
                        d->decided);
    }
    if (e->decided) {
        ent_text_printf(out, "%s%-12s %s\n", indent, "decided", e->decided);
    } else {
        ent_text_printf(out, "%s%-12s nothing that it speaks of\n", indent, "decided");
    }
    if (e->hint) {
        ent_text_printf(out, "%s%-12s %s\n", indent, "note", e->hint);
    }
}

static void coverage_text(const ent_coverage *coverage, ent_text *out)
{
    size_t reached = 0;
    size_t all = 0;
    const char *agreement = NULL;
    for (size_t i = 0; i < coverage->n; i++) {
        const ent_covered_clause *c = &coverage->v[i];
        all += 2 + c->n_steps;
        reached += (size_t)c->met + c->breach;
        for (size_t k = 0; k < c->n_steps; k++) {
            reached += c->steps[k].reached;
        }
    }
    ent_text_printf(out, "\ncoverage: %zu of %zu outcomes and steps\n", reached, all);
    for (size_t i = 0; i < coverage->n; i++) {
        const ent_covered_clause *c = &coverage->v[i];
        if (!agreement || strcmp(agreement, c->agreement) != 0) {
            agreement = c->agreement;
            ent_text_printf(out, "  %s\n", agreement);
        }
        ent_text_printf(out, "    %s (version %lld, line %u): ", c->name, (long long)c->version,
                        c->line);
        const char *separator = "";
        if (!c->met && !c->breach) {
            ent_text_puts(out, c->other ? "never met or breached" : "never reached");
            separator = "; ";
        } else if (!c->met || !c->breach) {
            ent_text_puts(out, c->met ? "never breached" : "never met");
            separator = "; ";
        }
        for (size_t k = 0; k < c->n_steps; k++) {
            if (!c->steps[k].reached) {
                ent_text_printf(out, "%sno `%s` (line %u)", separator, c->steps[k].text,
                                c->steps[k].line);
                separator = ", ";
            }
        }
        ent_text_puts(out, *separator ? "\n" : "all\n");
    }
}

void ent_test_text(const ent_test_run *run, bool colour, ent_text *out)
{
    const char *red = colour ? "\033[1;31m" : "";
    const char *green = colour ? "\033[32m" : "";
    const char *plain = colour ? "\033[0m" : "";
    const char *file = NULL;
    for (size_t i = 0; i < run->n; i++) {
        const ent_test_case *t = &run->cases[i];
        if (!file || strcmp(file, t->file) != 0) {
            file = t->file;
            ent_text_printf(out, "%s\n", file);
        }
        bool failed = has_failed(t);
        ent_text_printf(out, "  %s%-4s%s  %s\n", failed ? red : green, failed ? "FAIL" : "ok", plain,
                        t->title);
        if (t->error) {
            ent_text_printf(out, "        %s:%u:%u: %s\n", t->file, t->error_line, t->error_column,
                            t->error);
        }
        for (size_t k = 0; k < t->n_expectations; k++) {
            const ent_test_expectation *e = &t->expectations[k];
            if (!e->passed) {
                ent_text_printf(out, "        %s:%u:%u: %s\n", t->file, e->line, e->column, e->text);
                failure_text(e, "          ", out);
            }
        }
    }
    if (run->coverage) {
        coverage_text(run->coverage, out);
    }
    ent_text_printf(out, "%s%zu scenario%s with %zu expectation%s: %zu passed, %zu failed\n",
                    run->n > 0 ? "\n" : "", run->n, plural(run->n), run->n_expectations,
                    plural(run->n_expectations), run->n - run->n_failed, run->n_failed);
}

/* --- JSON --- */

static void expectation_json(const ent_test_expectation *e, ent_json_out *out)
{
    ent_json_begin_object(out);
    ent_json_key_text(out, "text", e->text);
    ent_json_key_int(out, "line", e->line);
    ent_json_key_int(out, "column", e->column);
    ent_json_key_bool(out, "passed", e->passed);
    if (e->decided) {
        ent_json_key_text(out, "decided", e->decided);
    }
    if (e->hint) {
        ent_json_key_text(out, "note", e->hint);
    }
    if (e->n_differences > 0) {
        ent_json_key(out, "differences");
        ent_json_begin_array(out);
        for (size_t i = 0; i < e->n_differences; i++) {
            ent_json_begin_object(out);
            ent_json_key_text(out, "what", e->differences[i].what);
            ent_json_key_text(out, "expected", e->differences[i].expected);
            ent_json_key_text(out, "decided", e->differences[i].decided);
            ent_json_end_object(out);
        }
        ent_json_end_array(out);
    }
    ent_json_end_object(out);
}

static void coverage_json(const ent_coverage *coverage, ent_json_out *out)
{
    ent_json_key(out, "coverage");
    ent_json_begin_array(out);
    for (size_t i = 0; i < coverage->n; i++) {
        const ent_covered_clause *c = &coverage->v[i];
        ent_json_begin_object(out);
        ent_json_key_text(out, "agreement", c->agreement);
        ent_json_key_int(out, "version", c->version);
        ent_json_key_text(out, "clause", c->name);
        ent_json_key_text(out, "file", c->file);
        ent_json_key_int(out, "line", c->line);
        ent_json_key_bool(out, "met", c->met);
        ent_json_key_bool(out, "breach", c->breach);
        if (c->n_steps > 0) {
            ent_json_key(out, "steps");
            ent_json_begin_array(out);
            for (size_t k = 0; k < c->n_steps; k++) {
                ent_json_begin_object(out);
                ent_json_key_text(out, "text", c->steps[k].text);
                ent_json_key_int(out, "line", c->steps[k].line);
                ent_json_key_bool(out, "reached", c->steps[k].reached);
                ent_json_end_object(out);
            }
            ent_json_end_array(out);
        }
        ent_json_end_object(out);
    }
    ent_json_end_array(out);
}

bool ent_test_json(const ent_test_run *run, ent_text *text)
{
    ent_json_out out;
    ent_json_init(&out, 0);
    ent_json_begin_object(&out);
    ent_json_key(&out, "scenarios");
    ent_json_begin_array(&out);
    for (size_t i = 0; i < run->n; i++) {
        const ent_test_case *t = &run->cases[i];
        ent_json_begin_object(&out);
        ent_json_key_text(&out, "title", t->title);
        ent_json_key_text(&out, "file", t->file);
        ent_json_key_int(&out, "line", t->line);
        ent_json_key_bool(&out, "passed", !has_failed(t));
        if (t->error) {
            ent_json_key_text(&out, "error", t->error);
        }
        ent_json_key(&out, "expectations");
        ent_json_begin_array(&out);
        for (size_t k = 0; k < t->n_expectations; k++) {
            expectation_json(&t->expectations[k], &out);
        }
        ent_json_end_array(&out);
        ent_json_end_object(&out);
    }
    ent_json_end_array(&out);
    if (run->coverage) {
        coverage_json(run->coverage, &out);
    }
    ent_json_key_int(&out, "passed", (int64_t)(run->n - run->n_failed));
    ent_json_key_int(&out, "failed", (int64_t)run->n_failed);
    ent_json_end_object(&out);
    ent_json_end_line(&out);
    bool ok = ent_json_is_complete(&out);
    if (ok) {
        ent_text_add(text, out.data, out.len);
    }
    ent_json_deinit(&out);
    return ok && !text->failed;
}

/* --- JUnit XML --- */

/* XML 1.0 has no way to write most control characters. */
static void xml(ent_text *out, const char *text)
{
    for (const char *c = text; *c; c++) {
        switch (*c) {
        case '&':
            ent_text_puts(out, "&amp;");
            break;
        case '<':
            ent_text_puts(out, "&lt;");
            break;
        case '>':
            ent_text_puts(out, "&gt;");
            break;
        case '"':
            ent_text_puts(out, "&quot;");
            break;
        case '\n':
        case '\t':
            ent_text_putc(out, *c);
            break;
        default:
            ent_text_putc(out, (unsigned char)*c < 0x20 ? '?' : *c);
        }
    }
}

static void junit_case(const ent_test_case *t, ent_text *out)
{
    ent_text_puts(out, "    <testcase classname=\"");
    xml(out, t->file);
    ent_text_puts(out, "\" name=\"");
    xml(out, t->title);
    ent_text_puts(out, "\" file=\"");
    xml(out, t->file);
    ent_text_printf(out, "\" line=\"%u\"", t->line);
    if (!has_failed(t)) {
        ent_text_puts(out, "/>\n");
        return;
    }
    ent_text_puts(out, ">\n");
    if (t->error) {
        ent_text_puts(out, "      <error message=\"");
        xml(out, t->error);
        ent_text_puts(out, "\"/>\n");
    }
    for (size_t k = 0; k < t->n_expectations; k++) {
        const ent_test_expectation *e = &t->expectations[k];
        if (e->passed) {
            continue;
        }
        ent_text detail = {0};
        failure_text(e, "", &detail);
        ent_text_puts(out, "      <failure message=\"");
        xml(out, e->text);
        ent_text_puts(out, "\">");
        xml(out, t->file);
        ent_text_printf(out, ":%u:%u\n", e->line, e->column);
        xml(out, ent_text_str(&detail));
        ent_text_puts(out, "</failure>\n");
        out->failed |= detail.failed;
        ent_text_deinit(&detail);
    }
    ent_text_puts(out, "    </testcase>\n");
}

static void junit_counts(const ent_test_run *run, size_t from, size_t to, ent_text *out)
{
    size_t failures = 0;
    size_t errors = 0;
    for (size_t i = from; i < to; i++) {
        errors += run->cases[i].error != NULL;
        failures += !run->cases[i].error && run->cases[i].n_failed > 0;
    }
    ent_text_printf(out, " tests=\"%zu\" failures=\"%zu\" errors=\"%zu\"", to - from, failures,
                    errors);
}

void ent_test_junit(const ent_test_run *run, ent_text *out)
{
    ent_text_puts(out, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites name=\"entente\"");
    junit_counts(run, 0, run->n, out);
    ent_text_puts(out, ">\n");
    for (size_t i = 0; i < run->n;) {
        size_t end = i;
        while (end < run->n && strcmp(run->cases[end].file, run->cases[i].file) == 0) {
            end++;
        }
        ent_text_puts(out, "  <testsuite name=\"");
        xml(out, run->cases[i].file);
        ent_text_putc(out, '"');
        junit_counts(run, i, end, out);
        ent_text_puts(out, ">\n");
        for (; i < end; i++) {
            junit_case(&run->cases[i], out);
        }
        ent_text_puts(out, "  </testsuite>\n");
    }
    ent_text_puts(out, "</testsuites>\n");
}
