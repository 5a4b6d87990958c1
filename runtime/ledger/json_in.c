/* See json_in.h. */
#include "runtime/ledger/json_in.h"

#include <string.h>

/* The end of the text that begins at `at` with its quote; 0: it does not end. */
static size_t text_end(ent_json_slice s, size_t at)
{
    for (size_t i = at + 1; i < s.len; i++) {
        if (s.p[i] == '\\') {
            i++;
        } else if (s.p[i] == '"') {
            return i + 1;
        }
    }
    return 0;
}

/* The end of the value that begins at `at`; 0: there is none. */
static size_t value_end(ent_json_slice s, size_t at)
{
    size_t depth = 0;
    for (size_t i = at; i < s.len;) {
        char c = s.p[i];
        if (c == '"') {
            i = text_end(s, i);
            if (i == 0 || depth == 0) {
                return i;
            }
            continue;
        }
        if (c == '{' || c == '[') {
            depth++;
        } else if (c == '}' || c == ']') {
            if (depth == 0) {
                return i > at ? i : 0;
            }
            if (--depth == 0) {
                return i + 1;
            }
        } else if (c == ',' && depth == 0) {
            return i > at ? i : 0;
        }
        i++;
    }
    return depth == 0 && s.len > at ? s.len : 0;
}

/* Steps over the bracket at the beginning or the comma between; false at the end. */
static bool step(ent_json_slice s, size_t *at, char bracket)
{
    if (!s.p || *at >= s.len || s.p[*at] != (*at == 0 ? bracket : ',')) {
        return false;
    }
    ++*at;
    return *at < s.len;
}

bool ent_json_next_member(ent_json_slice object, size_t *at, ent_json_slice *key,
                          ent_json_slice *value)
{
    if (!step(object, at, '{') || object.p[*at] != '"') {
        return false;
    }
    size_t key_end = text_end(object, *at);
    if (key_end == 0 || key_end >= object.len || object.p[key_end] != ':') {
        return false;
    }
    size_t end = value_end(object, key_end + 1);
    if (end == 0) {
        return false;
    }
    *key = (ent_json_slice){object.p + *at + 1, key_end - *at - 2};
    *value = (ent_json_slice){object.p + key_end + 1, end - key_end - 1};
    *at = end;
    return true;
}

bool ent_json_next_item(ent_json_slice array, size_t *at, ent_json_slice *value)
{
    if (!step(array, at, '[')) {
        return false;
    }
    size_t end = value_end(array, *at);
    if (end == 0) {
        return false;
    }
    *value = (ent_json_slice){array.p + *at, end - *at};
    *at = end;
    return true;
}

ent_json_slice ent_json_member(ent_json_slice object, const char *key)
{
    ent_json_slice name;
    ent_json_slice value;
    for (size_t at = 0; ent_json_next_member(object, &at, &name, &value);) {
        if (ent_json_is(name, key)) {
            return value;
        }
    }
    return (ent_json_slice){NULL, 0};
}

ent_json_slice ent_json_text_of(ent_json_slice value)
{
    if (!value.p || value.len < 2 || value.p[0] != '"' || value.p[value.len - 1] != '"') {
        return (ent_json_slice){NULL, 0};
    }
    return (ent_json_slice){value.p + 1, value.len - 2};
}

bool ent_json_is(ent_json_slice slice, const char *text)
{
    size_t n = strlen(text);
    return slice.p && slice.len == n && memcmp(slice.p, text, n) == 0;
}

bool ent_json_same(ent_json_slice a, ent_json_slice b)
{
    if (!a.p || !b.p) {
        return !a.p && !b.p;
    }
    return a.len == b.len && memcmp(a.p, b.p, a.len) == 0;
}
