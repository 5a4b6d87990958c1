/* The tokens of a file as they are written, with what stands between them: for the formatter.
 *
 * Nothing is joined, converted or reported here: the file has been parsed without errors.  What stands
 * before a token and is not white space are its notes, in source order: comments, doc comments, and the
 * prose of a literate file.  The last token is the end of the file and has no text.
 * Tested through tests/property/format_driver.c. */
#ifndef ENT_SYNTAX_RAW_H
#define ENT_SYNTAX_RAW_H

#include "compiler/syntax/arena.h"
#include "compiler/syntax/source.h"

typedef enum ent_raw_kind {
    ENT_RAW_END,
    ENT_RAW_WORD,
    ENT_RAW_QUOTED, /* a name in backquotes */
    ENT_RAW_MEMBER, /* with its dot */
    ENT_RAW_TEXT,
    ENT_RAW_BLOCK, /* a text in triple quotes */
    ENT_RAW_VALUE, /* a number, money, a date … */
    ENT_RAW_SIGN
} ent_raw_kind;

typedef enum ent_raw_note_kind {
    ENT_RAW_COMMENT,
    ENT_RAW_DOC,
    ENT_RAW_PROSE /* from the closing fence to the next opening one, both included */
} ent_raw_note_kind;

typedef struct ent_raw_note {
    ent_raw_note_kind kind;
    uint32_t start;
    uint32_t end;
    bool trailing; /* on the line on which the token before it ends */
    bool blank;    /* an empty line stands before it */
} ent_raw_note;

typedef struct ent_raw_token {
    ent_raw_kind kind;
    uint32_t start;
    uint32_t end;
    const char *value; /* of a block: the text without its layout */
    size_t value_len;
    bool first_on_line;
    bool blank; /* an empty line stands before it, after its notes */
    uint32_t notes;
    uint32_t n_notes;
} ent_raw_token;

typedef struct ent_raw {
    const char *text; /* the file's own bytes */
    ent_raw_token *tokens;
    uint32_t n;
    ent_raw_note *notes;
    uint32_t n_notes;
} ent_raw;

/* False only when memory has run out. */
bool ent_raw_read(ent_arena *arena, ent_sources *sources, uint32_t file, ent_raw *out);
#endif
