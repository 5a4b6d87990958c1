/* See place.h. */
#include "compiler/ide/place.h"

#include <string.h>

#include "compiler/syntax/text.h"

/* Where the editor's line begins: it does not see the mark at the start of a file. */
static uint32_t line_start(const ent_sources *sources, uint32_t file, uint32_t line)
{
    size_t len;
    const char *text = ent_sources_text(sources, file, &len);
    uint32_t start = ent_source_line_start(sources, file, line);
    return start == 0 && len >= 3 && memcmp(text, "\xEF\xBB\xBF", 3) == 0 ? 3 : start;
}

static json_t *position(const ent_sources *sources, uint32_t file, uint32_t offset)
{
    size_t len;
    const char *text = ent_sources_text(sources, file, &len);
    ent_position at = ent_source_position(sources, file, offset);
    size_t end = offset < len ? offset : len;
    json_int_t units = 0;
    bool ok;
    for (size_t i = line_start(sources, file, at.line); i < end;) {
        units += ent_utf8_next(text, len, &i, &ok) > 0xFFFF ? 2 : 1;
    }
    return json_pack("{s:I, s:I}", "line", (json_int_t)at.line - 1, "character", units);
}

json_t *ent_ide_range(const ent_sources *sources, ent_span span)
{
    return json_pack("{s:o, s:o}", "start", position(sources, span.file, span.start), "end",
                     position(sources, span.file, span.end));
}

json_t *ent_ide_all(const ent_sources *sources, uint32_t file)
{
    size_t len;
    (void)ent_sources_text(sources, file, &len);
    return json_pack("{s:{s:i, s:i}, s:o}", "start", "line", 0, "character", 0, "end",
                     position(sources, file, (uint32_t)len));
}

uint32_t ent_ide_offset(const ent_sources *sources, uint32_t file, json_t *place)
{
    json_int_t line = json_integer_value(json_object_get(place, "line"));
    json_int_t units = json_integer_value(json_object_get(place, "character"));
    uint32_t lines = ent_source_line_count(sources, file);
    if (line < 0 || line >= lines) {
        line = lines > 0 ? (json_int_t)lines - 1 : 0;
    }
    size_t len = 0;
    const char *text = ent_source_line(sources, file, (uint32_t)line + 1, &len);
    uint32_t from = line_start(sources, file, (uint32_t)line + 1);
    uint32_t hidden = from - ent_source_line_start(sources, file, (uint32_t)line + 1);
    size_t at = hidden;
    bool ok;
    while (text != NULL && at < len && units > 0) {
        units -= ent_utf8_next(text, len, &at, &ok) > 0xFFFF ? 2 : 1;
    }
    return from + (uint32_t)(at - hidden);
}
