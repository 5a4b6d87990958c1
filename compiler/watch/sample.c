/* See sample.h. */
#include "compiler/watch/sample.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/time/civil.h"
#include "runtime/vm/exact.h"

static bool is_name(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == ':';
}

static char *skip_blanks(char *p)
{
    while (*p == ' ' || *p == '\t' || *p == '\n') {
        p++;
    }
    return p;
}

/* A quoted text, unescaped where it stands; NULL: it is none.  *end is behind it. */
static const char *take_quoted(char *p, char **end)
{
    char quote = *p;
    if (quote != '"' && quote != '\'') {
        return NULL;
    }
    char *out = ++p;
    const char *begin = out;
    while (*p && *p != quote) {
        if (*p == '\\' && p[1]) {
            p++;
            *out++ = *p == 'n' ? '\n' : *p == 't' ? '\t' : *p;
            p++;
        } else {
            *out++ = *p++;
        }
    }
    if (*p != quote) {
        return NULL;
    }
    *end = p + 1;
    *out = 0;
    return begin;
}

/* One `name op "value"`. */
static bool take_matcher(ent_watch_selector *s, char **at)
{
    char *p = skip_blanks(*at);
    char *name = p;
    while (is_name(*p)) {
        p++;
    }
    char *name_end = p;
    p = skip_blanks(p);
    bool differs = p[0] == '!' && p[1] == '=';
    if (name == name_end || s->n == ENT_WATCH_MATCHERS ||
        (!differs && (p[0] != '=' || p[1] == '~'))) {
        return false;
    }
    p = skip_blanks(p + (differs ? 2 : 1));
    const char *value = take_quoted(p, at);
    *name_end = 0;
    s->matchers[s->n].name = name;
    s->matchers[s->n].value = value;
    s->matchers[s->n].not_equal = differs;
    s->n++;
    return value != NULL;
}

static bool take_matchers(ent_watch_selector *s, char *p)
{
    while (*(p = skip_blanks(p)) != '}') {
        if (!take_matcher(s, &p)) {
            return false;
        }
        p = skip_blanks(p);
        if (*p == ',') {
            p++;
        } else if (*p != '}') {
            return false;
        }
    }
    return *skip_blanks(p + 1) == 0;
}

bool ent_watch_selector_init(ent_watch_selector *s, const char *query)
{
    *s = (ent_watch_selector){0};
    if (!query) {
        return true;
    }
    size_t len = strlen(query);
    s->text = malloc(len + 1);
    if (!s->text) {
        return false;
    }
    memcpy(s->text, query, len + 1);
    char *p = skip_blanks(s->text);
    char *name = p;
    while (is_name(*p)) {
        p++;
    }
    char *name_end = p;
    p = skip_blanks(p);
    char then = *p;
    *name_end = 0;
    if (*name) {
        s->matchers[0].name = "__name__";
        s->matchers[0].value = name;
        s->n = 1;
    }
    if (then == '{') {
        return take_matchers(s, p + 1);
    }
    return then == 0 && *name;
}

void ent_watch_selector_deinit(ent_watch_selector *s)
{
    free(s->text);
    *s = (ent_watch_selector){0};
}

bool ent_watch_selects(const ent_watch_selector *s, const ent_watch_label *labels, size_t n)
{
    for (size_t m = 0; m < s->n; m++) {
        const char *value = ""; /* of a label that is not there */
        for (size_t i = 0; i < n; i++) {
            value = strcmp(labels[i].name, s->matchers[m].name) == 0 ? labels[i].value : value;
        }
        if ((strcmp(value, s->matchers[m].value) == 0) == s->matchers[m].not_equal) {
            return false;
        }
    }
    return true;
}

static bool is_number(const char *value)
{
    const char *p = value + (*value == '-' || *value == '+');
    return *p >= '0' && *p <= '9';
}

/* The sample's own columns: a label of such a name is hidden by them. */
static bool is_own(const char *name)
{
    return strcmp(name, "time") == 0 || strcmp(name, "value") == 0;
}

void ent_watch_sample_text(ent_json_out *out, int64_t time_ns, const char *value,
                           const ent_watch_label *labels, size_t n)
{
    char text[ENT_CIVIL_TEXT_MAX];
    if (!is_number(value)) {
        return;
    }
    ent_civil_format(text, sizeof text, time_ns, NULL);
    ent_json_begin_object(out);
    for (size_t i = 0; i < n; i++) {
        if (!is_own(labels[i].name)) {
            ent_json_key_text(out, labels[i].name, labels[i].value);
        }
    }
    ent_json_key_text(out, "time", text);
    ent_json_key_text(out, "value", value);
    ent_json_end_object(out);
    ent_json_end_line(out);
}

void ent_watch_sample_row(ent_json_out *out, int64_t time_ns, double value,
                          const ent_watch_label *labels, size_t n)
{
    char number[64];
    if (!isnan(value) && !isinf(value) && ent_format_double(value, number)) {
        ent_watch_sample_text(out, time_ns, number, labels, n);
    }
}
