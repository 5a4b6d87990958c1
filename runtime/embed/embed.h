/* The insides of libentente's handles.  Only runtime/embed includes this; the public names are in entente.h. */
#ifndef ENT_EMBED_EMBED_H
#define ENT_EMBED_EMBED_H

#include <stdatomic.h>

#include "runtime/bytecode/program.h"
#include "runtime/embed/error.h"
#include "runtime/feed/digest.h"
#include "runtime/feed/value.h"
#include "runtime/include/entente.h"
#include "runtime/ledger/ledger.h"
#include "runtime/memory/account.h"
#include "runtime/state/engine.h"

struct ent_program {
    ent_account account;
    ent_image *image;
    atomic_size_t references;
    /* what the questions about it answer; see describe.c */
    ent_agreement_info *agreements;
    ent_feed_info *feeds;
    ent_party_info *parties;
    ent_service_info *services;
    ent_clause_info *clauses;
    ent_feed_field *fields;
    const char **texts; /* enumerations' words and services' dependencies */
    char *targets;      /* objectives' targets, one after another */
};

bool ent_program_describe(ent_program *program);

/* What the session keeps of a feed. */
typedef struct ent_session_feed {
    bool given; /* rows of it were pushed, even none */
    uint64_t rows, refused, skipped;
    ent_digest digest; /* of a whole ledger */
} ent_session_feed;

/* Memory for one decision's or notice's view of its line; see view.c. */
typedef struct ent_view {
    char *texts;
    size_t texts_size;
    ent_subject_field *subject;
    size_t subject_size;
    ent_responsible *responsible;
    size_t responsible_size;
    ent_pool_share *pool;
    size_t pool_size;
    const char **because;
    size_t because_size;
} ent_view;

/* A decision of a whole ledger, which is given out at the end: its line without prev and hash, and its figures. */
typedef struct ent_whole_decision {
    ent_verdict verdict; /* without answer */
    char *members;
    size_t len;
} ent_whole_decision;

struct ent_session {
    ent_account account;
    ent_program *program;
    ent_session_options options;
    char *zone_dir;
    ent_strings *strings;
    ent_engine *engine;
    ent_vm *bind_vm; /* once a text was pushed */
    ent_names names;
    ent_session_feed *feeds; /* one a feed of the program */
    int64_t watermark;
    int64_t until; /* rows from here on are of no use: the end of a given period */
    bool *not_in_force;
    ent_ledger ledger;
    bool ledger_begun, ledger_broken;
    ent_view view;
    ent_json_out notice_line;
    ent_whole_decision *kept; /* of a whole ledger */
    size_t n_kept, kept_capacity;
    struct ent_engine *copy; /* how all stands at copy_ns, until the session moves; see standing.c */
    int64_t copy_ns;
    bool busy, failed, ended, stopped;
};

/* An engine's fault, with its place in the source. */
bool ent_embed_fault(const ent_program *program, ent_error *error, const ent_fault *fault);

/* Adds a place of the source to an error; returns false. */
bool ent_embed_place(const ent_program *program, ent_error *error, int64_t place);

/* Columns that the engine takes, made of a host's; see columns.c.  Data of fields that nothing reads are NULL. */
typedef struct ent_typed_rows {
    ent_vector *columns;
    size_t n_fields, n;
} ent_typed_rows;

bool ent_typed_rows_init(ent_typed_rows *rows, const ent_session *session, int64_t feed, size_t n, ent_error *error);
void ent_typed_rows_deinit(ent_typed_rows *rows);
bool ent_typed_rows_take(ent_typed_rows *rows, const ent_session *session, int64_t feed, const ent_column *column,
                         int64_t field, ent_error *error);
/* The index of the feed, or -1 with the error filled. */
int64_t ent_embed_feed(const ent_program *program, const char *name, ent_error *error);
/* All rows have an instant, and every used field a column. */
bool ent_typed_rows_check(const ent_typed_rows *rows, const ent_session *session, int64_t feed, ent_error *error);
/* Rows to the engine, and into the feed's digest. */
bool ent_session_take(ent_session *session, int64_t feed, const ent_typed_rows *rows, ent_error *error);

/* The session moves. */
void ent_session_drop_copy(ent_session *session);
/* Whether the session takes calls; false with the error filled. */
bool ent_session_usable(ent_session *session, ent_error *error);
/* A session with a fresh engine, or with what the reader gives. */
bool ent_session_open(ent_program *program, const ent_session_options *options, const ent_reader *reader,
                      ent_session **session, ent_error *error);
/* Fills a prepared session with a saved one, whose ledger may be of another mode; see saved.c. */
bool ent_session_read(ent_session *session, const ent_reader *reader, const ent_engine_options *options,
                      ent_error *error);
/* Somebody is told decisions or lines. */
bool ent_session_heard(const ent_session *session);
/* Room for one more decision; NULL: memory. */
ent_whole_decision *ent_session_room(ent_session *session);
/* What the session keeps until the end of a whole ledger, as bytes; see whole.c. */
bool ent_whole_save(const ent_session *session, const ent_writer *writer);
bool ent_whole_restore(ent_session *session, const ent_reader *reader, ent_error *error);
/* Ends a call that entered the session's account; returns ok. */
bool ent_session_leave(ent_session *session, ent_account *before, bool ok, ent_error *error);
/* ent_session_push of a usable session whose account is in force. */
bool ent_session_push_columns(ent_session *session, const char *feed, const ent_column *columns, size_t n,
                              ent_error *error);
/* The field's index in the feed, or -1. */
int64_t ent_embed_field(const ent_image *image, const ent_feed_row *feed, const char *name);

/* The decision as a struct over its ledger line; false: memory. */
bool ent_view_decision(ent_view *view, const ent_image *image, const ent_verdict *verdict, const char *line,
                       size_t len, int64_t seq, ent_decision *out);
bool ent_view_notice(ent_view *view, const ent_image *image, const ent_warning *warning, const char *line, size_t len,
                     ent_notice *out);
void ent_view_deinit(ent_view *view);

/* Which agreements bind nobody, by the options' signatures; *flags stays NULL where none are asked for. */
bool ent_embed_consent(const ent_image *image, const ent_session_options *options, bool **flags, ent_error *error);

#endif
