/* Readers: batches of raw cells out of CSV and JSON Lines.
 *
 * A reader takes the names of the columns that somebody wants and yields, batch by batch, only
 * these, as text; what the text means is another layer's business.  Cells point into the reader's
 * own block of the file; only texts that need unescaping are copied.  Everything in a batch is
 * valid until the next call on the reader.
 *
 * A batch may be shorter than asked for (a block of the file ended); it never spans two files.
 *
 * CSV: RFC 4180 and what is found in the wild.  LF, CRLF and CR end rows, blank lines are skipped,
 * the first row is the header, a BOM is dropped, blanks around cells are kept, a quote inside an
 * unquoted cell is itself.  A quoted empty cell is EMPTY like an unquoted one.
 * JSON Lines: one object per line.  Numbers keep all their digits, texts are unescaped, true and
 * false are texts, null or an absent member is MISSING, `a.b` reaches into objects, and arrays and
 * objects come as their JSON text.  Of members with the same name the last counts.
 *
 * Rows that cannot be read as rows are bad rows, see ent_bad_policy; everything else that is wrong
 * ends the reading with an error.  CSV columns that nobody wants are not looked into; a line of JSON
 * is checked as a whole.
 *
 * Tested in tests/unit/test_feed.c (all block sizes from 16 to 80 give the same batches) and
 * against Python's csv and json in tests/property/feed_oracle.py. */
#ifndef ENT_FEED_READER_H
#define ENT_FEED_READER_H

#include "runtime/feed/bad_row.h"
#include "runtime/feed/plain.h"
#include "runtime/feed/scan.h"
#include "runtime/feed/source.h"

typedef struct ent_reader ent_reader;

typedef enum ent_bad_policy {
    ENT_BAD_STOP = 0, /* rows before it are still yielded, then ENT_FEED_BAD_ROW */
    ENT_BAD_CALL = 1, /* `on_bad` is called; when it returns false, ENT_FEED_STOPPED */
    ENT_BAD_KEEP = 2  /* they come in the batch's `bad`, which the caller must look at */
} ent_bad_policy;

/* All zero means the defaults. */
typedef struct ent_reader_options {
    char separator; /* 0: a tab for TSV, else a comma */
    ent_bad_policy bad_rows;
    ent_bad_row_fn on_bad;
    void *user;
    uint32_t batch_rows;    /* 0: 2,048 */
    uint32_t block_size;    /* bytes read at a time; 0: 256 KiB; at least 16 */
    uint32_t row_bytes_max; /* 0: 16 MiB */
    ent_scan_kind scan;     /* for tests */
    bool plain;             /* batches may come as plain rows, see ent_cells */
    bool portable;          /* neither vectors nor plain rows, and every line of JSON is parsed */
} ent_reader_options;

typedef struct ent_cells {
    uint32_t n_rows;
    uint32_t n_cols;
    ent_cell *const *cells; /* cells[column as wanted][row] */
    const uint64_t *line;   /* physical line on which the row starts, from 1 */
    const uint64_t
        *number; /* the row's number in its file, from 1, header and blanks not counted */
    const char *const *raw; /* the whole row as it stands in the file, without its newline */
    const uint32_t *raw_len;
    const char *file;    /* the source's name */
    uint32_t file_index; /* in the list of sources */
    uint32_t n_bad;      /* only with ENT_BAD_KEEP; sorted by row number */
    const ent_bad_row *bad;
    /* Not NULL: the rows are plain ones, which begin on `first_line`, one a line.  Then cells, lines, numbers and raw
     * rows are there only after ent_reader_spell. */
    const ent_plain_rows *plain;
    uint64_t first_line;
} ent_cells;

/* Starts reading `sources` (at least one; they stay the caller's and must outlive the reader) and
 * reads the first header.  `names` are copied.  NULL on failure. */
ent_reader *ent_reader_open(const ent_source_list *sources, const char *const *names,
                            uint32_t n_names, const ent_reader_options *options,
                            ent_feed_error *err);
void ent_reader_close(ent_reader *reader);

/* 1: a batch (perhaps of bad rows only); 0: the end; -1: failure, now and at every later call. */
int ent_reader_next(ent_reader *reader, const ent_cells **batch, ent_feed_error *err);

/* Writes down the cells of a batch of plain rows. */
void ent_reader_spell(ent_reader *reader);

/* Whether wanted column i is in the header of the file that the last batch came from (after
 * opening: of the first).  Always true for JSON Lines, where nobody can know.  A batch whose
 * `file_index` is new should ask again; cells of absent columns are MISSING. */
bool ent_reader_has_column(const ent_reader *reader, uint32_t i);

/* The header of that file, for suggestions; no columns for JSON Lines. */
uint32_t ent_reader_header_count(const ent_reader *reader);
const char *ent_reader_header_name(const ent_reader *reader, uint32_t column);

/* 1-based cell number of wanted column i in that header, 0 when absent or JSON Lines. */
uint32_t ent_reader_column_number(const ent_reader *reader, uint32_t i);

/* Reading one file on several threads: its text is cut at ends of rows, and each piece is read by a fork, a
 * reader with the same columns that lives on another thread.  Of an ordinary file pieces are only places; their text
 * is fetched by who reads them.
 *
 *   ENT_SPLIT_TEXT    *piece is a stretch of whole rows, fetched a block at a time; the reader goes on behind it
 *   ENT_SPLIT_REST    what is left of this file, perhaps nothing, and the next file are for ent_reader_next
 *   ENT_SPLIT_SERIAL  the text cannot be cut without being read: quotes, or a row longer than a piece
 *   ENT_SPLIT_FAILED
 */
typedef enum ent_split { ENT_SPLIT_TEXT, ENT_SPLIT_REST, ENT_SPLIT_SERIAL, ENT_SPLIT_FAILED } ent_split;

/* A stretch of text, of which one block is in hand; the memory is of the size that blocks of the reader have. */
typedef struct ent_piece {
    char *text;
    uint32_t begin, len;
    bool fetched;
    bool first; /* a row begins at `from` */
    uint32_t n_behind; /* blocks behind the one in hand */
    uint64_t from, to; /* places of a file between which the block's rows begin; `to` 0: it is no place */
    uint64_t end;      /* when fetched: of the last row */
} ent_piece;

bool ent_piece_init(ent_piece *piece, const ent_reader *reader, ent_feed_error *err);
void ent_piece_deinit(ent_piece *piece);
/* Of as many blocks at most; of one where it is no place. */
ent_split ent_reader_split(ent_reader *reader, uint32_t n_blocks, ent_piece *piece, ent_feed_error *err);
/* Brings the text of the block in hand, on any thread.  false: it cannot be read, or cut without being read; then the
 * reader must go back, and what was cut behind it is void. */
bool ent_reader_fetch(const ent_reader *reader, ent_piece *piece);
/* Takes the next block in hand, to be fetched.  false: there is none. */
bool ent_reader_turn(const ent_reader *reader, ent_piece *piece);
/* The same as when it is fetched may turn out when a fork has read the block; whole: to its end. */
bool ent_reader_is_miscut(const ent_reader *fork, const ent_piece *piece, bool whole);
/* Whether pieces are places, and where the first of them begins. */
bool ent_reader_cuts_ahead(const ent_reader *reader, uint64_t *row_from);
/* Goes on at this place of the file, and cuts no more but what it has read. */
bool ent_reader_go_back(ent_reader *reader, uint64_t at, ent_feed_error *err);
/* Counts rows and lines that forks have read, so that places in what is left are right. */
void ent_reader_skip(ent_reader *reader, uint64_t lines, uint64_t rows);

/* A reader for pieces of the file in hand.  Closed like any other, before the reader and its sources. */
ent_reader *ent_reader_fork(const ent_reader *reader, ent_feed_error *err);
/* Takes the columns of the file that the reader has in hand. */
bool ent_reader_adapt(ent_reader *fork, const ent_reader *reader, ent_feed_error *err);
/* Gives a fork a block, which must stay as it is until the fork has come to its end (or has failed: then the piece
 * should be read again where failures are told).  `line` and `number` are those of the row before it. */
void ent_reader_give(ent_reader *fork, const ent_piece *piece, uint64_t line, uint64_t number);
/* Those of its last row so far. */
void ent_reader_place(const ent_reader *fork, uint64_t *line, uint64_t *number);

/* Over all files so far: rows seen (bad ones too) and bad rows. */
uint64_t ent_reader_rows(const ent_reader *reader);
uint64_t ent_reader_bad_rows(const ent_reader *reader);

#endif
