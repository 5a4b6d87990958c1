/* See keys.h. */
#include "compiler/watch/keys.h"

#include "runtime/time/civil.h"

void ent_watch_key_instant(ent_json_out *out, const char *key, int64_t ns, const ent_zone *zone)
{
    char text[ENT_CIVIL_TEXT_MAX];
    if (ns != INT64_MIN && ns != INT64_MAX) {
        ent_civil_format(text, sizeof text, ns, zone);
        ent_json_key_text(out, key, text);
    }
}

void ent_watch_key_seconds(ent_json_out *out, const char *key, int64_t ns)
{
    char text[ENT_SECONDS_TEXT_SIZE];
    ent_format_seconds(ns, text, sizeof text);
    ent_json_key_text(out, key, text);
}

void ent_watch_key_figure(ent_json_out *out, const char *key, ent_q q)
{
    char text[ENT_Q_TEXT_SIZE];
    if (ent_q_format_rounded(q, 4, true, text, sizeof text)) {
        ent_json_key_text(out, key, text);
    }
}

void ent_watch_key_string(ent_json_out *out, const ent_image *p, const char *key, int64_t string)
{
    if (string >= 0) {
        ent_json_key_text(out, key, ent_image_text(p, string));
    }
}

bool ent_watch_says(ent_json_slice value, const char *text)
{
    return ent_json_is(ent_json_text_of(value), text);
}
