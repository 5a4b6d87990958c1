/* Prints what a reader yields, for feed_oracle.py to compare.
 *
 *     feed_driver FORMAT SEPARATOR BLOCK BATCH KERNEL FILE NAME...
 *
 * FORMAT is csv, tsv, jsonl or guess; SEPARATOR a character or 0; KERNEL 0 to 3 (ent_scan_kind).
 * One line per row: `row LINE NUMBER CELL...`, a cell being M, E, or P and its bytes in hex;
 * `bad LINE NUMBER COLUMN EXPECTED`; at the end `end ROWS BAD`, or `error CODE LINE TEXT`. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/feed/reader.h"

static ent_format format_of(const char *name) {
    return strcmp(name, "csv") == 0     ? ENT_FORMAT_CSV
           : strcmp(name, "tsv") == 0   ? ENT_FORMAT_TSV
           : strcmp(name, "jsonl") == 0 ? ENT_FORMAT_JSONL
                                        : ENT_FORMAT_GUESS;
}

static void print_cell(const ent_cell *cell) {
    static const char digits[] = "0123456789abcdef";
    (void)fputs(cell->state == ENT_CELL_MISSING ? " M"
                : cell->state == ENT_CELL_EMPTY ? " E"
                                                : " P",
                stdout);
    for (uint32_t i = 0; i < cell->len; i++) {
        (void)putchar(digits[(unsigned char)cell->p[i] >> 4]);
        (void)putchar(digits[(unsigned char)cell->p[i] & 15]);
    }
}

static void print_bad(const ent_bad_row *bad) {
    (void)printf("bad %" PRIu64 " %" PRIu64 " %u %s\n", bad->line, bad->number, bad->column,
                 bad->expected);
}

/* Bad rows and good ones in the order of their numbers. */
static void print_batch(const ent_cells *batch) {
    uint32_t b = 0;
    for (uint32_t i = 0; i < batch->n_rows; i++) {
        while (b < batch->n_bad && batch->bad[b].number < batch->number[i]) {
            print_bad(&batch->bad[b++]);
        }
        (void)printf("row %" PRIu64 " %" PRIu64, batch->line[i], batch->number[i]);
        for (uint32_t c = 0; c < batch->n_cols; c++) {
            print_cell(&batch->cells[c][i]);
        }
        (void)putchar('\n');
    }
    while (b < batch->n_bad) {
        print_bad(&batch->bad[b++]);
    }
}

int main(int argc, char **argv) {
    if (argc < 7) {
        (void)fprintf(stderr,
                      "usage: feed_driver FORMAT SEPARATOR BLOCK BATCH KERNEL FILE NAME...\n");
        return 2;
    }
    ent_feed_error err = {0};
    ent_source_list sources = {0};
    ent_reader *reader = NULL;
    ent_reader_options options = {.separator = argv[2][0] == '0' ? '\0' : argv[2][0],
                                  .block_size = (uint32_t)strtoul(argv[3], NULL, 10),
                                  .batch_rows = (uint32_t)strtoul(argv[4], NULL, 10),
                                  .scan = (ent_scan_kind)strtoul(argv[5], NULL, 10),
                                  .bad_rows = ENT_BAD_KEEP};
    int status = -1;
    if (ent_source_list_add(&sources, argv[6], format_of(argv[1]), &err)) {
        reader = ent_reader_open(&sources, (const char *const *)argv + 7, (uint32_t)(argc - 7),
                                 &options, &err);
    }
    if (reader != NULL) {
        const ent_cells *batch;
        while ((status = ent_reader_next(reader, &batch, &err)) > 0) {
            print_batch(batch);
        }
        if (status == 0) {
            (void)printf("end %" PRIu64 " %" PRIu64 "\n", ent_reader_rows(reader),
                         ent_reader_bad_rows(reader));
        }
    }
    if (status < 0) {
        (void)printf("error %d %" PRIu64 " %s\n", (int)err.code, err.line, err.text);
    }
    ent_reader_close(reader);
    ent_source_list_deinit(&sources);
    return 0;
}
