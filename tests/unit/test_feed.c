/* Tests of runtime/feed: sources and their compression, the scanner's kernels, both readers, bad
 * rows and quarantine, and the external sort.
 *
 * The readers' corpora are run with every block size from 16 to 80 bytes, several batch sizes and
 * all kernels; the batches, written out as text, must be the same each time. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <lzma.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>
#include <zstd.h>

#include "runtime/feed/bad_row.h"
#include "runtime/feed/json_plain.h"
#include "runtime/feed/json_simd.h"
#include "runtime/feed/reader.h"
#include "runtime/feed/scan.h"
#include "runtime/feed/sorter.h"
#include "runtime/feed/source.h"
#include "runtime/feed/utf8.h"

/* A text that grows; tests may stop the program when memory runs out. */
typedef struct text {
    char *p;
    size_t len;
    size_t cap;
} text;

static void text_add(text *t, const void *bytes, size_t len) {
    if (t->len + len + 1 > t->cap) {
        t->cap = (t->len + len + 1) * 2;
        t->p = realloc(t->p, t->cap);
        assert_non_null(t->p);
    }
    if (len > 0) {
        memcpy(t->p + t->len, bytes, len);
    }
    t->len += len;
    t->p[t->len] = '\0';
}

__attribute__((format(printf, 2, 3))) static void text_print(text *t, const char *format, ...) {
    char line[1024];
    va_list args;
    va_start(args, format);
    int n = vsnprintf(line, sizeof line, format, args);
    va_end(args);
    assert_in_range(n, 0, sizeof line - 1);
    text_add(t, line, (size_t)n);
}

static uint64_t random_next(uint64_t *state) {
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return *state;
}

static char folder[64];

static int make_folder(void **state) {
    (void)state;
    (void)snprintf(folder, sizeof folder, "/tmp/entente-feed-XXXXXX");
    return mkdtemp(folder) == NULL ? -1 : 0;
}

static int remove_folder(void **state) {
    (void)state;
    return rmdir(folder);
}

static const char *path_of(const char *name) {
    static char path[128];
    (void)snprintf(path, sizeof path, "%s/%s", folder, name);
    return path;
}

static void write_file(const char *path, const void *bytes, size_t len) {
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, len, file), len);
    assert_int_equal(fclose(file), 0);
}

static text read_file(const char *path) {
    text out = {0};
    char buffer[4096];
    FILE *file = fopen(path, "rb");
    assert_non_null(file);
    size_t n;
    text_add(&out, "", 0);
    while ((n = fread(buffer, 1, sizeof buffer, file)) > 0) {
        text_add(&out, buffer, n);
    }
    assert_int_equal(fclose(file), 0);
    return out;
}

/* ---- sources ---- */

static text gzip(const void *bytes, size_t len) {
    text out = {0};
    unsigned char buffer[8192];
    z_stream z = {0};
    assert_int_equal(deflateInit2(&z, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY), Z_OK);
    z.next_in = (unsigned char *)(uintptr_t)bytes;
    z.avail_in = (uInt)len;
    int status;
    do {
        z.next_out = buffer;
        z.avail_out = sizeof buffer;
        status = deflate(&z, Z_FINISH);
        text_add(&out, buffer, sizeof buffer - z.avail_out);
    } while (status == Z_OK || status == Z_BUF_ERROR);
    assert_int_equal(status, Z_STREAM_END);
    (void)deflateEnd(&z);
    return out;
}

static text zstd(const void *bytes, size_t len) {
    text out = {0};
    ZSTD_CCtx *context = ZSTD_createCCtx();
    (void)ZSTD_CCtx_setParameter(context, ZSTD_c_checksumFlag, 1);
    size_t bound = ZSTD_compressBound(len);
    char *buffer = malloc(bound);
    size_t n = ZSTD_compress2(context, buffer, bound, bytes, len);
    assert_false(ZSTD_isError(n));
    text_add(&out, buffer, n);
    free(buffer);
    (void)ZSTD_freeCCtx(context);
    return out;
}

static text xz(const void *bytes, size_t len) {
    text out = {0};
    size_t bound = lzma_stream_buffer_bound(len);
    size_t n = 0;
    uint8_t *buffer = malloc(bound);
    assert_int_equal(
        lzma_easy_buffer_encode(1, LZMA_CHECK_CRC64, NULL, bytes, len, buffer, &n, bound), LZMA_OK);
    text_add(&out, buffer, n);
    free(buffer);
    return out;
}

typedef text (*packer)(const void *bytes, size_t len);
static const packer packers[] = {gzip, zstd, xz};
static const ent_compression compressions[] = {ENT_COMPRESSION_GZIP, ENT_COMPRESSION_ZSTD,
                                               ENT_COMPRESSION_XZ};

/* All of a source's content; the last read's result is returned. */
static int64_t drain(ent_source *source, size_t step, text *out, ent_feed_error *err) {
    char *buffer = malloc(step);
    int64_t got;
    while ((got = ent_source_read(source, buffer, step, err)) > 0) {
        text_add(out, buffer, (size_t)got);
    }
    free(buffer);
    return got;
}

static text sample(size_t rows) {
    text out = {0};
    uint64_t seed = 7;
    text_print(&out, "at,service,up\n");
    for (size_t i = 0; i < rows; i++) {
        text_print(&out, "%zu,svc%u,%u\n", i, (unsigned)(random_next(&seed) % 97),
                   (unsigned)(i % 2));
    }
    return out;
}

static void test_compressed_sources(void **state) {
    (void)state;
    text plain = sample(20000);
    for (size_t i = 0; i < 3; i++) {
        text packed = packers[i](plain.p, plain.len);
        text twice = {0};
        text_add(&twice, packed.p, packed.len);
        text_add(&twice, packed.p, packed.len);
        static const size_t steps[] = {1000, 1 << 20};
        for (size_t k = 0; k < 2; k++) {
            ent_feed_error err = {0};
            text out = {0};
            ent_source *s =
                ent_source_open_memory("x.csv", packed.p, packed.len, ENT_FORMAT_GUESS, &err);
            assert_non_null(s);
            assert_int_equal(ent_source_compression(s), compressions[i]);
            assert_int_equal(drain(s, steps[k], &out, &err), 0);
            assert_int_equal(out.len, plain.len);
            assert_memory_equal(out.p, plain.p, plain.len);
            assert_int_equal(ent_source_read(s, out.p, 1, &err), 0);
            ent_source_close(s);
            out.len = 0;
            s = ent_source_open_memory("x.csv", twice.p, twice.len, ENT_FORMAT_GUESS, &err);
            assert_int_equal(drain(s, steps[k], &out, &err), 0);
            assert_int_equal(out.len, 2 * plain.len);
            assert_memory_equal(out.p + plain.len, plain.p, plain.len);
            ent_source_close(s);
            free(out.p);
        }
        free(packed.p);
        free(twice.p);
    }
    free(plain.p);
}

/* Every proper prefix is an error, and every flipped byte is an error or does no harm. */
static void test_damaged_sources(void **state) {
    (void)state;
    text plain = sample(60);
    for (size_t i = 0; i < 3; i++) {
        text packed = packers[i](plain.p, plain.len);
        for (size_t len = 6; len < packed.len; len++) {
            ent_feed_error err = {0};
            text out = {0};
            ent_source *s = ent_source_open_memory("x.csv", packed.p, len, ENT_FORMAT_CSV, &err);
            assert_non_null(s);
            assert_int_equal(drain(s, 512, &out, &err), -1);
            assert_int_equal(err.code, ENT_FEED_COMPRESSION);
            assert_non_null(strstr(err.text, "incomplete"));
            ent_source_close(s);
            free(out.p);
        }
        for (size_t at = 6; at < packed.len; at++) {
            ent_feed_error err = {0};
            text out = {0};
            packed.p[at] = (char)(packed.p[at] ^ 0x10);
            ent_source *s =
                ent_source_open_memory("x.csv", packed.p, packed.len, ENT_FORMAT_CSV, &err);
            assert_non_null(s);
            if (drain(s, 512, &out, &err) == 0) {
                assert_int_equal(out.len, plain.len);
                assert_memory_equal(out.p, plain.p, plain.len);
            } else {
                assert_int_equal(err.code, ENT_FEED_COMPRESSION);
            }
            packed.p[at] = (char)(packed.p[at] ^ 0x10);
            ent_source_close(s);
            free(out.p);
        }
        free(packed.p);
    }
    free(plain.p);
}

static void test_gzip_tail(void **state) {
    (void)state;
    static const char zeros[600] = {0};
    text plain = sample(3);
    text packed = gzip(plain.p, plain.len);
    text out = {0};
    ent_feed_error err = {0};
    text_add(&packed, zeros, sizeof zeros);
    ent_source *s = ent_source_open_memory("x", packed.p, packed.len, ENT_FORMAT_CSV, &err);
    assert_int_equal(drain(s, 512, &out, &err), 0);
    assert_int_equal(out.len, plain.len);
    ent_source_close(s);
    text_add(&packed, "tail", 4);
    s = ent_source_open_memory("x", packed.p, packed.len, ENT_FORMAT_CSV, &err);
    assert_int_equal(drain(s, 512, &out, &err), -1);
    assert_int_equal(err.code, ENT_FEED_COMPRESSION);
    ent_source_close(s);
    free(plain.p);
    free(packed.p);
    free(out.p);
}

static ent_format guessed(const char *name, const char *content) {
    ent_feed_error err = {0};
    ent_source *s = ent_source_open_memory(name, content, strlen(content), ENT_FORMAT_GUESS, &err);
    assert_non_null(s);
    ent_format format = ent_source_format(s);
    text out = {0};
    assert_int_equal(drain(s, 3, &out, &err), 0);
    assert_int_equal(out.len, strlen(content));
    assert_memory_equal(out.p == NULL ? "" : out.p, content, out.len);
    ent_source_close(s);
    free(out.p);
    return format;
}

static void test_formats(void **state) {
    (void)state;
    assert_int_equal(guessed("a.CSV", "{"), ENT_FORMAT_CSV);
    assert_int_equal(guessed("a.tsv.gz", "{"), ENT_FORMAT_TSV);
    assert_int_equal(guessed("a.jsonl.zst", "x"), ENT_FORMAT_JSONL);
    assert_int_equal(guessed("a.ndjson.xz", "x"), ENT_FORMAT_JSONL);
    assert_int_equal(guessed("a.json", "x"), ENT_FORMAT_JSONL);
    assert_int_equal(guessed("a.log", " \r\n\t{\"a\":1}"), ENT_FORMAT_JSONL);
    assert_int_equal(guessed("a.log", "\xEF\xBB\xBF{\"a\":1}"), ENT_FORMAT_JSONL);
    assert_int_equal(guessed("a.log", "at,b\n"), ENT_FORMAT_CSV);
    assert_int_equal(guessed("a", ""), ENT_FORMAT_CSV);
}

static void test_source_failures(void **state) {
    (void)state;
    ent_feed_error err = {0};
    assert_null(ent_source_open("/nonexistent/t.csv", ENT_FORMAT_GUESS, &err));
    assert_int_equal(err.code, ENT_FEED_IO);
    assert_int_equal(err.os_error, ENOENT);
    assert_string_equal(
        err.text, "cannot open `/nonexistent/t.csv`: no such file or directory: check the path");
    assert_null(ent_source_open("/tmp", ENT_FORMAT_GUESS, &err));
    assert_int_equal(err.os_error, EISDIR);
    static const char *const foreign[] = {"PK\3\4xx", "BZh91AY", "PAR1xxxx", "\xD0\xCF\x11\xE0xxx"};
    for (size_t i = 0; i < 4; i++) {
        assert_null(ent_source_open_memory("x.csv", foreign[i], strlen(foreign[i]),
                                           ENT_FORMAT_GUESS, &err));
        assert_int_equal(err.code, ENT_FEED_FORMAT);
    }
}

static void count_bytes(void *user, const void *bytes, size_t len) {
    (void)bytes;
    *(size_t *)user += len;
}

static void test_standard_input(void **state) {
    (void)state;
    int ends[2];
    int saved = dup(STDIN_FILENO);
    ent_feed_error err = {0};
    text out = {0};
    size_t tapped = 0;
    assert_int_equal(pipe(ends), 0);
    assert_int_equal(write(ends[1], "{\"a\":1}\n", 8), 8);
    assert_int_equal(close(ends[1]), 0);
    assert_int_equal(dup2(ends[0], STDIN_FILENO), STDIN_FILENO);
    ent_source *s = ent_source_open("-", ENT_FORMAT_GUESS, &err);
    assert_non_null(s);
    assert_int_equal(ent_source_format(s), ENT_FORMAT_JSONL);
    assert_string_equal(ent_source_name(s), "standard input");
    ent_source_set_tap(s, count_bytes, &tapped);
    assert_int_equal(drain(s, 100, &out, &err), 0);
    assert_string_equal(out.p, "{\"a\":1}\n");
    assert_int_equal(tapped, 8);
    ent_source_close(s);
    assert_int_equal(dup2(saved, STDIN_FILENO), STDIN_FILENO);
    (void)close(saved);
    (void)close(ends[0]);
    free(out.p);
}

/* ---- UTF-8 ---- */

static void test_utf8(void **state) {
    (void)state;
    static const struct {
        const char *bytes;
        size_t len;
        size_t valid;
    } cases[] = {
        {"", 0, 0},
        {"plain ascii text", 16, 16},
        {"\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80", 9, 9},
        {"a\0b", 3, 1},
        {"abcdefgh\0", 9, 8},
        {"\xC0\xAF", 2, 0},
        {"\xE0\x9F\xBF", 3, 0},
        {"\xED\xA0\x80", 3, 0},
        {"\xED\x9F\xBF", 3, 3},
        {"\xF0\x8F\xBF\xBF", 4, 0},
        {"\xF4\x8F\xBF\xBF", 4, 4},
        {"\xF4\x90\x80\x80", 4, 0},
        {"ok\xE2\x82", 4, 2},
        {"\x80", 1, 0},
        {"\xFF", 1, 0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        assert_int_equal(ent_utf8_valid_prefix(cases[i].bytes, cases[i].len), cases[i].valid);
    }
    char shown[64];
    ent_utf8_show(shown, sizeof shown, "a\nb\xFF\xC3\xA9", 6, 60);
    assert_string_equal(shown, "a\\nb\\xff\xC3\xA9");
    ent_utf8_show(shown, sizeof shown, "abcdef", 6, 3);
    assert_string_equal(shown, "abc...");
}

/* ---- scanner ---- */

static void scan_all(ent_scan *scan, ent_scan_function kernel, const char *bytes, uint32_t len) {
    ent_scan_reset(scan);
    kernel(scan, (const uint8_t *)bytes, len, ',');
}

static void test_kernels_agree(void **state) {
    (void)state;
    enum { SIZE = 1000, ROOM = SIZE + 3 * ENT_SCAN_PADDING };
    static const char alphabet[] = "\"\",,\n\r\nab\xC3 ";
    static char bytes[ROOM];
    ent_scan scans[2];
    uint64_t seed = 99;
    for (size_t i = 0; i < 2; i++) {
        scans[i] =
            (ent_scan){.ends = malloc(ROOM * 4), .rows = malloc(ROOM * 4), .dirty = malloc(ROOM)};
    }
    for (int round = 0; round < 3000; round++) {
        uint32_t len = (uint32_t)(random_next(&seed) % SIZE);
        /* Few kinds of bytes in one round, all in the next, and stretches with nothing that needs care in between. */
        bool has_plain = round % 2 == 0;
        bool is_plain = false;
        uint64_t kinds = round % 3 == 0 ? 256 : 2 + random_next(&seed) % (sizeof alphabet - 2);
        for (uint32_t i = 0; i < len; i++) {
            uint64_t r = random_next(&seed) >> 20;
            is_plain = has_plain && (i % 64 == 0 ? (r >> 20) % 4 > 0 : is_plain);
            bytes[i] = is_plain ? ",,ab,\nc"[r % 7] : kinds == 256 ? (char)(r & 0xFF) : alphabet[r % kinds];
        }
        memset(bytes + len, ' ', ENT_SCAN_PADDING);
        scan_all(&scans[0], ent_scan_kernel(ENT_SCAN_PORTABLE), bytes, len);
        for (int kind = ENT_SCAN_SSE2; kind <= ENT_SCAN_AVX512; kind++) {
            ent_scan_function kernel = ent_scan_kernel((ent_scan_kind)kind);
            if (kernel == NULL) {
                continue;
            }
            memset(scans[1].dirty, 1, ROOM);
            scan_all(&scans[1], kernel, bytes, len);
            assert_int_equal(scans[0].n_ends, scans[1].n_ends);
            assert_int_equal(scans[0].n_rows, scans[1].n_rows);
            assert_int_equal(scans[0].quoted_newline, scans[1].quoted_newline);
            assert_memory_equal(scans[0].ends, scans[1].ends, scans[0].n_ends * 4);
            assert_memory_equal(scans[0].rows, scans[1].rows, scans[0].n_rows * 4);
            assert_memory_equal(scans[0].dirty, scans[1].dirty, (len + 63) / 64);
        }
    }
    for (size_t i = 0; i < 2; i++) {
        free(scans[i].ends);
        free(scans[i].rows);
        free(scans[i].dirty);
    }
}

static void test_marks(void **state) {
    (void)state;
    enum { SIZE = 1000, ROOM = SIZE + 2 * ENT_SCAN_PADDING };
    static const char rare[] = "\\\r\t\x01\x1F\x80\xC3\xFF";
    static char bytes[ROOM];
    static uint32_t marks[ROOM];
    static ent_mark_turn turn;
    uint64_t seed = 5;
    for (int round = 0; round < 3000; round++) {
        uint32_t len = (uint32_t)(random_next(&seed) % SIZE);
        uint32_t from = (uint32_t)(random_next(&seed) % (len + 1));
        for (uint32_t i = 0; i < SIZE; i++) {
            uint64_t r = random_next(&seed) >> 20;
            bytes[i] = i >= len ? ' ' : r % 500 == 0 ? rare[r / 500 % (sizeof rare - 1)] : "\"\n{}a1 ~\x7F,"[r % 10];
        }
        memset(bytes + SIZE, ' ', ENT_SCAN_PADDING);
        bool is_wanted[ENT_MARKS_MAX];
        uint32_t n_line = 1 + (uint32_t)(random_next(&seed) % (round % 4 ? 20 : ENT_MARKS_MAX));
        for (uint32_t i = 0; i < n_line; i++) {
            is_wanted[i] = random_next(&seed) >> 20 & 1;
        }
        ent_mark_turn_set(&turn, is_wanted, n_line);
        for (int kind = ENT_SCAN_BEST; kind <= ENT_SCAN_AVX512; kind++) {
            ent_mark_function kernel = ent_mark_kernel((ent_scan_kind)kind);
            uint32_t count = kernel == NULL ? 0 : kernel(bytes, from, len, &turn, marks);
            uint32_t n = 0;
            uint32_t passed = 0;
            bool plain = kernel != NULL;
            for (uint32_t at = from; plain && at < len; at += 64) {
                for (uint32_t i = at; i < at + 64; i++) {
                    plain = plain && (bytes[i] == '\n' || ((signed char)bytes[i] >= ' ' && bytes[i] != '\\'));
                }
                for (uint32_t i = at; plain && i < at + 64; i++) {
                    if ((bytes[i] == '\n' || bytes[i] == '"') && is_wanted[passed++ % n_line]) {
                        assert_true(n < count);
                        assert_int_equal(marks[n], i);
                        n++;
                    }
                }
            }
            assert_int_equal(n, count);
        }
    }
}

/* ---- readers ---- */

static void put_cell(text *out, const ent_cell *cell) {
    if (cell->state == ENT_CELL_MISSING) {
        text_add(out, "~", 1);
        return;
    }
    assert_true((cell->len > 0) == (cell->state == ENT_CELL_PRESENT));
    text_add(out, "<", 1);
    text_add(out, cell->p, cell->len);
    text_add(out, ">", 1);
}

static void put_bad(text *out, const ent_bad_row *bad) {
    char line[ENT_FEED_TEXT_MAX];
    ent_bad_row_text(bad, line, sizeof line);
    text_print(out, "!%" PRIu64 " %s [", bad->number, line);
    text_add(out, bad->raw, bad->raw_len);
    text_add(out, "]\n", 2);
}

static void put_batch(text *out, const ent_cells *batch) {
    uint32_t b = 0;
    for (uint32_t i = 0; i < batch->n_rows; i++) {
        while (b < batch->n_bad && batch->bad[b].number < batch->number[i]) {
            put_bad(out, &batch->bad[b++]);
        }
        text_print(out, "%" PRIu64 "@%" PRIu64 " ", batch->number[i], batch->line[i]);
        for (uint32_t c = 0; c < batch->n_cols; c++) {
            put_cell(out, &batch->cells[c][i]);
        }
        text_add(out, "\n", 1);
    }
    while (b < batch->n_bad) {
        put_bad(out, &batch->bad[b++]);
    }
}

typedef struct input {
    const char *name; /* decides the format */
    const char *bytes;
    size_t len;
    const char *names[4];
} input;

static uint32_t names_count(const input *in) {
    uint32_t n = 0;
    while (n < 4 && in->names[n] != NULL) {
        n++;
    }
    return n;
}

/* What a reader yields, as text, with the error at the end if there is one. */
static text read_all(const input *in, ent_reader_options options) {
    text out = {0};
    ent_feed_error err = {0};
    ent_source_list list = {0};
    text_add(&out, "", 0);
    ent_source *s = ent_source_open_memory(in->name, in->bytes, in->len, ENT_FORMAT_GUESS, &err);
    assert_non_null(s);
    assert_true(ent_source_list_take(&list, s, &err));
    ent_reader *reader = ent_reader_open(&list, in->names, names_count(in), &options, &err);
    int status = reader == NULL ? -1 : 1;
    const ent_cells *batch;
    while (reader != NULL && (status = ent_reader_next(reader, &batch, &err)) > 0) {
        ent_reader_spell(reader);
        put_batch(&out, batch);
    }
    if (status < 0) {
        text_print(&out, "#%d line %" PRIu64 " %s\n", (int)err.code, err.line, err.text);
    }
    if (reader != NULL) {
        assert_int_equal(ent_reader_next(reader, &batch, &err), status);
    }
    ent_reader_close(reader);
    ent_source_list_deinit(&list);
    return out;
}

static void expect(const input *in, ent_reader_options options, const char *wanted) {
    for (int kind = ENT_SCAN_PORTABLE; kind <= ENT_SCAN_AVX512; kind++) {
        for (uint32_t block = 16; block <= 80; block++) {
            options.block_size = block;
            options.batch_rows = block % 3 == 0 ? 1 : block % 3 == 1 ? 3 : 0;
            options.plain = block % 2 == 0;
            options.scan =
                ent_scan_kernel((ent_scan_kind)kind) != NULL ? (ent_scan_kind)kind : ENT_SCAN_BEST;
            text out = read_all(in, options);
            assert_string_equal(out.p, wanted);
            free(out.p);
        }
    }
    options.block_size = 0;
    text out = read_all(in, options);
    assert_string_equal(out.p, wanted);
    free(out.p);
}

#define INPUT(file, literal, ...) (&(input){file, literal, sizeof literal - 1, {__VA_ARGS__}})

static const ent_reader_options keep = {.bad_rows = ENT_BAD_KEEP};

static void test_csv_newlines(void **state) {
    (void)state;
    expect(INPUT("t.csv", "a,b\n1,2\n3,4\n", "a", "b"), keep, "1@2 <1><2>\n2@3 <3><4>\n");
    expect(INPUT("t.csv", "a,b\r\n1,2\r\n3,4\r\n", "b"), keep, "1@2 <2>\n2@3 <4>\n");
    expect(INPUT("t.csv", "a,b\r1,2\r3,4", "b", "a"), keep, "1@2 <2><1>\n2@3 <4><3>\n");
    expect(INPUT("t.csv", "a,b\n1,2\n3,4", "a", "b"), keep, "1@2 <1><2>\n2@3 <3><4>\n");
    expect(INPUT("t.csv", "\n\r\n\ra,b\n\n\n1,2\n\r\n\r\n3,4\n\n", "a", "b"), keep,
           "1@7 <1><2>\n2@10 <3><4>\n");
    expect(INPUT("t.csv", "a,b\n1,\n,\n,4", "a", "b"), keep, "1@2 <1><>\n2@3 <><>\n3@4 <><4>\n");
    expect(INPUT("t.csv", "a\n1\n\n2", "a"), keep, "1@2 <1>\n2@4 <2>\n");
    expect(INPUT("t.csv", "a,b\n", "a"), keep, "");
    expect(INPUT("t.csv", "\xEF\xBB\xBF\"a\",b\n1,2\n", "a"), keep, "1@2 <1>\n");
    expect(INPUT("t.csv", "a,b\n 1 ,\t2 \n", "a", "b"), keep, "1@2 < 1 ><\t2 >\n");
}

static void test_csv_quotes(void **state) {
    (void)state;
    expect(INPUT("t.csv", "a,b\n\"1\",\"x,y\"\n\"\",\"\"\"\"\n", "a", "b"), keep,
           "1@2 <1><x,y>\n2@3 <><\">\n");
    expect(INPUT("t.csv", "a,b\n\"l1\nl2\r\nl3\rl4\",z\n1,2\n", "a", "b"), keep,
           "1@2 <l1\nl2\r\nl3\rl4><z>\n2@6 <1><2>\n");
    expect(INPUT("t.csv", "a,b\n\"say \"\"hi\"\" now\",\"\"\"\"\"\"\nx,\"a\"\"b\"", "a", "b"), keep,
           "1@2 <say \"hi\" now><\"\">\n2@3 <x><a\"b>\n");
    expect(INPUT("t.csv", "a,b\n5\" pipe,6\"\nx \"y\",z\n", "a", "b"), keep,
           "1@2 <5\" pipe><6\">\n2@3 <x \"y\"><z>\n");
    expect(INPUT("t.csv", "a,b\n\"x\"y,1\n\"p\" ,2\n3,4\n", "a", "b"), keep,
           "!1 `t.csv` line 2, column 1 `a`: expected a separator or the row's end after the "
           "closing quote, "
           "found `\"x\"y` [\"x\"y,1]\n"
           "!2 `t.csv` line 3, column 1 `a`: expected a separator or the row's end after the "
           "closing quote, "
           "found `\"p\" ` [\"p\" ,2]\n"
           "3@4 <3><4>\n");
    /* Nobody looks into columns that nobody wants. */
    expect(INPUT("t.csv", "a,b\n\"x\"y,1\n", "b"), keep, "1@2 <1>\n");
    expect(INPUT("t.csv", "\"a,\"\"1\"\"\",b\n1,2\n", "a,\"1\""), keep, "1@2 <1>\n");
    expect(INPUT("t.csv", "a,b\n1,2\n\"x\n\ny", "a"), keep,
           "1@2 <1>\n#2 line 3 the quote that opens on line 3 of `t.csv` never closes: close it, "
           "or double it "
           "if it is part of the text\n");
    expect(INPUT("t.csv", "a,b\n\"m\nn\",\"x\n\ny\n", "a"), keep,
           "#2 line 3 the quote that opens on line 3 of `t.csv` never closes: close it, or double "
           "it if it is "
           "part of the text\n");
}

static void test_csv_separators(void **state) {
    (void)state;
    ent_reader_options options = keep;
    expect(INPUT("t.tsv", "a\tb\n1,5\t\"x\ty\"\n", "a", "b"), options, "1@2 <1,5><x\ty>\n");
    options.separator = ';';
    expect(INPUT("t.csv", "a;b\n1,5;2\n", "a", "b"), options, "1@2 <1,5><2>\n");
    options.separator = '|';
    expect(INPUT("t.csv", "a|b\n1|\"|\"\n", "a", "b"), options, "1@2 <1><|>\n");
    options.separator = '"';
    text out = read_all(INPUT("t.csv", "a\n", "a"), options);
    assert_memory_equal(out.p, "#8", 2);
    free(out.p);
}

static void test_csv_bad_rows(void **state) {
    (void)state;
    expect(INPUT("t.csv", "a,b,c\n1,2\n1,2,3\n1,2,3,4\n7,8,9\n", "c", "a"), keep,
           "!1 `t.csv` line 2: expected 3 cells, found 2 [1,2]\n"
           "2@3 <3><1>\n"
           "!3 `t.csv` line 4: expected 3 cells, found 4 [1,2,3,4]\n"
           "4@5 <9><7>\n");
    expect(
        INPUT("t.csv", "a,b,c\nx\xFF,\xC3\xA9,1\n\xC3\xA9,y\0y,2\nok,\xFF,3\n", "b", "a"), keep,
        "!1 `t.csv` line 2, column 1 `a`: expected valid UTF-8, found `x\\xff` [x\xFF,\xC3\xA9,1]\n"
        "!2 `t.csv` line 3, column 2 `b`: expected text without NUL bytes, found `y\\x00y` "
        "[\xC3\xA9,y");
}

/* The case above ends in a NUL byte for strcmp; here are the rows behind it. */
static void test_csv_bytes_unwanted(void **state) {
    (void)state;
    expect(INPUT("t.csv", "a,b,c\nx,\xFF,1\ny,\0,2\n", "a", "c"), keep, "1@2 <x><1>\n2@3 <y><2>\n");
}

static void test_csv_policies(void **state) {
    (void)state;
    ent_reader_options stop = {.bad_rows = ENT_BAD_STOP};
    expect(INPUT("t.csv", "a,b\n1,2\n3,4\n5\n6,7\n", "a"), stop,
           "1@2 <1>\n2@3 <3>\n#6 line 4 `t.csv` line 4: expected 2 cells, found 1\n");
    expect(INPUT("t.csv", "a,b\n1\n6,7\n", "a"), stop,
           "#6 line 2 `t.csv` line 2: expected 2 cells, found 1\n");
}

static bool count_bad(void *user, const ent_bad_row *bad) {
    uint64_t *seen = user;
    assert_true(bad->number > *seen);
    *seen = bad->number;
    return bad->number < 4;
}

static void test_csv_calls(void **state) {
    (void)state;
    uint64_t seen = 0;
    ent_reader_options call = {.bad_rows = ENT_BAD_CALL, .on_bad = count_bad, .user = &seen};
    text out = read_all(INPUT("t.csv", "a,b\n1,2\n3\n5,6\n7\n8,9\n", "a"), call);
    assert_string_equal(out.p,
                        "1@2 <1>\n3@4 <5>\n#7 line 5 `t.csv` line 5: expected 2 cells, found 1\n");
    assert_int_equal(seen, 4);
    free(out.p);
}

static void test_csv_headers(void **state) {
    (void)state;
    expect(INPUT("t.csv", "", "a"), keep,
           "#2 line 0 `t.csv` is empty: its first row must name the columns\n");
    expect(INPUT("t.csv", "\n\n", "a"), keep,
           "#2 line 0 `t.csv` is empty: its first row must name the columns\n");
    expect(INPUT("t.csv", "a,b,a\n1,2,3\n", "b"), keep, "1@2 <2>\n");
    expect(INPUT("t.csv", "a,b,a\n1,2,3\n", "a"), keep,
           "#2 line 0 the header of `t.csv` has two columns named `a` (1 and 3): rename one of "
           "them\n");
    expect(INPUT("t.csv", ",b\n1,2\n", "b", "z"), keep, "1@2 <2>~\n");
    expect(INPUT("t.csv",
                 "\xFF\xFE"
                 "a\0,\0",
                 "a"),
           keep,
           "#2 line 0 `t.csv` is UTF-16, not UTF-8: convert it with `iconv -f UTF-16 -t UTF-8`\n");
    expect(INPUT("t.csv", "a\0,\0b\0\n\0", "a"), keep,
           "#2 line 0 `t.csv` begins with NUL bytes and is no UTF-8 text: if it is UTF-16, convert "
           "it with "
           "`iconv -f UTF-16LE -t UTF-8`\n");
    expect(INPUT("t.csv", "a,caf\xE9\n1,2\n", "a"), keep,
           "#2 line 1 column 2 in the header of `t.csv` (line 1) is not UTF-8: convert the file, "
           "for instance "
           "with `iconv -f WINDOWS-1252 -t UTF-8`\n");
}

static void test_row_bound(void **state) {
    (void)state;
    ent_reader_options options = keep;
    options.row_bytes_max = 100;
    text long_row = {0};
    text_print(&long_row, "a,b\n1,%098d\r\n", 0);
    input in = {"t.csv", long_row.p, long_row.len, {"a"}};
    expect(&in, options, "1@2 <1>\n");
    text_print(&long_row, "2,%099d\n3,4\n", 0);
    in = (input){"t.csv", long_row.p, long_row.len, {"a"}};
    expect(&in, options,
           "1@2 <1>\n#4 line 3 the row of `t.csv` that starts on line 3 is longer than 100 bytes: "
           "check the "
           "line ends and quotes of the file\n");
    in.name = "t.jsonl";
    long_row.len = 0;
    text_print(&long_row, "{\"a\":1}\n{\"a\":%0100d}\n", 0);
    in = (input){"t.jsonl", long_row.p, long_row.len, {"a"}};
    expect(&in, options,
           "1@1 <1>\n#4 line 2 the row of `t.jsonl` that starts on line 2 is longer than 100 "
           "bytes: check the "
           "line ends and quotes of the file\n");
    free(long_row.p);
}

static void test_several_sources(void **state) {
    (void)state;
    static const char first[] = "a,b\n1,2\nx\n";
    static const char second[] = "c,a\n3,4\n";
    static const char third[] = "{\"a\":5,\"c\":6}\n";
    static const char *const names[] = {"a", "b", "c"};
    ent_feed_error err = {0};
    ent_source_list list = {0};
    assert_true(ent_source_list_take(
        &list, ent_source_open_memory("1.csv", first, sizeof first - 1, 0, &err), &err));
    assert_true(ent_source_list_take(
        &list, ent_source_open_memory("2.csv", second, sizeof second - 1, 0, &err), &err));
    assert_true(ent_source_list_take(
        &list, ent_source_open_memory("3.jsonl", third, sizeof third - 1, 0, &err), &err));
    ent_reader *reader = ent_reader_open(&list, names, 3, &keep, &err);
    assert_non_null(reader);
    assert_true(ent_reader_has_column(reader, 1));
    assert_false(ent_reader_has_column(reader, 2));
    assert_int_equal(ent_reader_column_number(reader, 1), 2);
    assert_string_equal(ent_reader_header_name(reader, 1), "b");
    text out = {0};
    const ent_cells *batch;
    uint32_t files = 0;
    while (ent_reader_next(reader, &batch, &err) > 0) {
        assert_int_equal(batch->file_index, files++);
        text_print(&out, "%s: ", batch->file);
        put_batch(&out, batch);
        assert_int_equal(ent_reader_has_column(reader, 1), batch->file_index != 1);
    }
    assert_string_equal(out.p,
                        "1.csv: 1@2 <1><2>~\n!2 `1.csv` line 3: expected 2 cells, found 1 [x]\n"
                        "2.csv: 1@2 <4>~<3>\n3.jsonl: 1@1 <5>~<6>\n");
    assert_int_equal(ent_reader_rows(reader), 4);
    assert_int_equal(ent_reader_bad_rows(reader), 1);
    ent_reader_close(reader);
    ent_source_list_deinit(&list);
    free(out.p);
}

static void test_json_values(void **state) {
    (void)state;
    expect(INPUT("t.jsonl",
                 "{\"a\":1.50,\"b\":\"x\"}\n\n  \r\n{\"b\":null,\"a\":true}\r\n{\"a\":\"\"}", "a",
                 "b"),
           keep, "1@1 <1.50><x>\n2@4 <true>~\n3@5 <>~\n");
    expect(INPUT("t.jsonl", "{\"a\":123456789012345678901234567890.10}\n{\"a\":-1e+999}\n", "a"),
           keep, "1@1 <123456789012345678901234567890.10>\n2@2 <-1e+999>\n");
    expect(INPUT("t.jsonl", "{\"a\":\"q\\\"\\n\\u00e9\\ud83d\\ude00\",\"b\":\"\\\\\"}\n", "a", "b"),
           keep, "1@1 <q\"\n\xC3\xA9\xF0\x9F\x98\x80><\\>\n");
    expect(INPUT("t.jsonl", "{\"n\":{\"x\":1,\"y\":{\"z\":\"w\"}},\"l\":[1, {\"q\":2} ] }\n", "n.x",
                 "n.y.z", "l", "n"),
           keep, "1@1 <1><w><[1, {\"q\":2} ]><{\"x\":1,\"y\":{\"z\":\"w\"}}>\n");
    expect(INPUT("t.jsonl", "{\"a.b\":1}\n{\"a\":{\"b\":2}}\n{\"a\":3}\n", "a.b"), keep,
           "1@1 <1>\n2@2 <2>\n3@3 ~\n");
    expect(INPUT("t.jsonl", "{\"a\":1,\"a\":2}\n{\"\\u0061\":3}\n", "a"), keep,
           "1@1 <2>\n2@2 <3>\n");
    expect(INPUT("t.jsonl", "", "a"), keep, "");
    expect(INPUT("t.jsonl", "\xEF\xBB\xBF{\"a\":1}", "a"), keep, "1@1 <1>\n");
}

static void test_json_bad_rows(void **state) {
    (void)state;
    expect(INPUT("t.jsonl", "{\"a\":1\n[2]\n{\"a\":3}x\n{\"a\":3}{}\n{\"a\":01}\n{\"a\":4}\n", "a"),
           keep,
           "!1 `t.jsonl` line 1: expected a JSON object that ends with its line [{\"a\":1]\n"
           "!2 `t.jsonl` line 2, byte 1: expected a JSON object [[2]]\n"
           "!3 `t.jsonl` line 3: expected a JSON object that ends with its line [{\"a\":3}x]\n"
           "!4 `t.jsonl` line 4, byte 8: expected one object per line and nothing after it "
           "[{\"a\":3}{}]\n"
           "!5 `t.jsonl` line 5, byte 6: expected a JSON value [{\"a\":01}]\n"
           "6@6 <4>\n");
    /* What nobody wants is checked all the same: the line is JSON or it is not. */
    expect(INPUT("t.jsonl", "{\"z\":tru,\"a\":1}\n{\"z\":\"\\x\",\"a\":1}\n{\"a\":1,\"z\":[1 2]}\n",
                 "a"),
           keep,
           "!1 `t.jsonl` line 1, byte 6: expected a JSON value [{\"z\":tru,\"a\":1}]\n"
           "!2 `t.jsonl` line 2, byte 6: expected a valid escape in the text "
           "[{\"z\":\"\\x\",\"a\":1}]\n"
           "!3 `t.jsonl` line 3, byte 15: expected valid JSON, one object per line "
           "[{\"a\":1,\"z\":[1 2]}]\n");
    expect(INPUT("t.jsonl", "{\"a\":\"\xFF\"}\n{\"a\":\"x\\u0000\"}\n", "a"), keep,
           "!1 `t.jsonl` line 1, byte 7: expected valid UTF-8 [{\"a\":\"\xFF\"}]\n"
           "!2 `t.jsonl` line 2, member `a`: expected text without NUL bytes, found `x\\x00` "
           "[{\"a\":\"x\\u0000\"}]\n");
    expect(INPUT("t.json", " \n[\n{\"a\":1}\n]\n", "a"), keep,
           "#2 line 0 `t.json` is one JSON array, not one object per line: convert it with `jq -c "
           "'.[]'`\n");
}

static void test_json_depth(void **state) {
    (void)state;
    text line = {0};
    text_print(&line, "{\"a\":");
    for (int i = 0; i < 5000; i++) {
        text_add(&line, "[", 1);
    }
    for (int i = 0; i < 5000; i++) {
        text_add(&line, "]", 1);
    }
    text_add(&line, "}\n", 2);
    input in = {"t.jsonl", line.p, line.len, {"a"}};
    text out = read_all(&in, keep);
    assert_non_null(strstr(out.p, "expected "));
    free(out.p);
    free(line.p);
}

/* Random corpora: every block size, batch size and kernel gives the same batches. */
static void test_random_corpora(void **state) {
    (void)state;
    static const char *const pieces[] = {"a",  "\"",  "\"\"", ",",        "\n", "\r\n",
                                         "\r", "xyz", " ",    "\xC3\xA9", ",,", "\xFF"};
    uint64_t seed = 4242;
    for (int round = 0; round < 60; round++) {
        text corpus = {0};
        text_print(&corpus, "a,b,c\n");
        int n = (int)(random_next(&seed) % 120);
        for (int i = 0; i < n; i++) {
            const char *piece =
                pieces[(random_next(&seed) >> 11) % (sizeof pieces / sizeof pieces[0])];
            text_add(&corpus, piece, strlen(piece));
        }
        input in = {"t.csv", corpus.p, corpus.len, {"c", "a"}};
        text wanted = read_all(&in, keep);
        expect(&in, keep, wanted.p);
        free(wanted.p);
        free(corpus.p);
    }
}

/* ---- quarantine ---- */

static void test_quarantine(void **state) {
    (void)state;
    ent_feed_error err = {0};
    const char *path = path_of("bad.csv");
    ent_bad_row bad = {.file = "t,1.csv",
                       .line = 7,
                       .column = 3,
                       .column_name = "latency",
                       .cell = "so\"on",
                       .cell_len = 5,
                       .raw = "1,2,so\"on",
                       .raw_len = 9,
                       .expected = "a duration"};
    write_file(path, "before", 6);
    ent_quarantine *q = ent_quarantine_open(path, &err);
    assert_non_null(q);
    assert_true(ent_quarantine_add(q, &bad, &err));
    ent_quarantine_abort(q);
    text content = read_file(path);
    assert_string_equal(content.p, "before");
    free(content.p);
    q = ent_quarantine_open(path, &err);
    assert_true(ent_quarantine_add(q, &bad, &err));
    bad = (ent_bad_row){
        .file = "t.csv", .line = 8, .raw = "x", .raw_len = 1, .expected = "5 cells, found 1"};
    assert_true(ent_quarantine_add(q, &bad, &err));
    assert_int_equal(ent_quarantine_count(q), 2);
    assert_true(ent_quarantine_commit(q, &err));
    content = read_file(path);
    assert_string_equal(content.p,
                        "file,line,column,cell,expected,row\n"
                        "\"t,1.csv\",7,latency,\"so\"\"on\",a duration,\"1,2,so\"\"on\"\n"
                        "t.csv,8,,,\"5 cells, found 1\",x\n");
    free(content.p);
    assert_int_equal(unlink(path), 0);
    assert_null(ent_quarantine_open("/nonexistent/bad.csv", &err));
    assert_int_equal(err.os_error, ENOENT);
    assert_null(ent_quarantine_open(folder, &err));
    assert_int_equal(err.os_error, EISDIR);
}

/* Runs with files limited to `bytes`, as on a full disk. */
static struct rlimit limit_files(rlim_t bytes) {
    struct rlimit before;
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
    struct rlimit now = {bytes, before.rlim_max};
    (void)signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &now), 0);
    return before;
}

static void test_quarantine_full(void **state) {
    (void)state;
    ent_feed_error err = {0};
    const char *path = path_of("full.csv");
    static char big[200000];
    memset(big, 'x', sizeof big);
    ent_bad_row bad = {
        .file = "t.csv", .line = 1, .raw = big, .raw_len = sizeof big, .expected = "y"};
    struct rlimit before = limit_files(1000);
    ent_quarantine *q = ent_quarantine_open(path, &err);
    assert_non_null(q);
    bool fine = ent_quarantine_add(q, &bad, &err);
    if (fine) {
        fine = ent_quarantine_commit(q, &err);
    } else {
        ent_quarantine_abort(q);
    }
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
    assert_false(fine);
    assert_int_equal(err.code, ENT_FEED_IO);
    assert_int_equal(access(path, F_OK), -1);
}

/* ---- sorter ---- */

typedef struct item {
    int64_t at;
    uint64_t order;
    uint32_t extra;
} __attribute__((packed)) item;

static void sort_and_check(const int64_t *at, uint32_t n, uint64_t memory, uint32_t fan_in,
                           bool spills) {
    ent_feed_error err = {0};
    ent_sorter_options options = {.row_size = sizeof(item),
                                  .memory_bytes_max = memory,
                                  .folder = folder,
                                  .fan_in_max = fan_in};
    ent_sorter *s = ent_sorter_new(&options, &err);
    assert_non_null(s);
    for (uint32_t i = 0; i < n; i++) {
        item one = {at[i], i, ~i};
        assert_true(ent_sorter_add(s, at[i], &one, &err));
    }
    assert_true(ent_sorter_finish(s, &err));
    assert_int_equal(ent_sorter_stats_of(s).runs > 0, spills);
    item last = {INT64_MIN, 0, 0};
    const void *row;
    int64_t when;
    uint32_t got = 0;
    while (ent_sorter_next(s, &when, &row, &err) == 1) {
        item one;
        memcpy(&one, row, sizeof one);
        assert_int_equal((uintptr_t)row % 8, 0);
        assert_true(one.at == when && one.at == at[one.order] && one.extra == ~(uint32_t)one.order);
        assert_true(got == 0 || one.at > last.at || (one.at == last.at && one.order > last.order));
        last = one;
        got++;
    }
    assert_int_equal(got, n);
    assert_int_equal(ent_sorter_next(s, &when, &row, &err), 0);
    item one = {0, 0, 0};
    assert_false(ent_sorter_add(s, 0, &one, &err));
    assert_int_equal(err.code, ENT_FEED_USE);
    ent_sorter_free(s);
}

static void test_sorter(void **state) {
    (void)state;
    enum { N = 5000 };
    static int64_t at[N];
    uint64_t seed = 5;
    for (uint32_t i = 0; i < N; i++) {
        uint64_t r = random_next(&seed);
        at[i] = i % 5 == 0 ? (int64_t)r : (int64_t)(r % 50) - 25;
    }
    at[7] = INT64_MIN;
    at[8] = INT64_MAX;
    sort_and_check(at, N, 0, 0, false);
    sort_and_check(at, N, 100000, 0, true);
    sort_and_check(at, N, 10000, 2, true);
    sort_and_check(at, N, 3000, 3, true);
    sort_and_check(at, 300, 1, 2, true);
    sort_and_check(at, 0, 0, 0, false);
    sort_and_check(at, 1, 0, 0, false);
}

static void test_sorter_many_runs(void **state) {
    (void)state;
    enum { N = 3000 };
    static int64_t at[N];
    for (uint32_t i = 0; i < N; i++) {
        at[i] = -(int64_t)(i / 2);
    }
    /* Two rows fit: over a thousand runs, so passes before the last merge. */
    ent_feed_error err = {0};
    ent_sorter_options options = {.row_size = 1, .memory_bytes_max = 1, .folder = folder};
    ent_sorter *s = ent_sorter_new(&options, &err);
    for (uint32_t i = 0; i < N; i++) {
        assert_true(ent_sorter_add(s, at[i], &(char){(char)i}, &err));
    }
    assert_true(ent_sorter_finish(s, &err));
    assert_int_equal(ent_sorter_stats_of(s).runs, N / 2);
    assert_int_equal(ent_sorter_stats_of(s).merge_passes, 1);
    assert_false(ent_sorter_stats_of(s).was_sorted);
    ent_sorter_free(s);
    sort_and_check(at, N, 1, 0, true);
}

static void test_sorter_in_order(void **state) {
    (void)state;
    ent_feed_error err = {0};
    ent_sorter_options options = {.row_size = 4, .memory_bytes_max = 1000, .folder = folder};
    ent_sorter *s = ent_sorter_new(&options, &err);
    for (uint32_t i = 0; i < 1000; i++) {
        assert_true(ent_sorter_add(s, i / 3, &i, &err));
    }
    assert_true(ent_sorter_finish(s, &err));
    assert_true(ent_sorter_stats_of(s).was_sorted);
    assert_int_equal(ent_sorter_stats_of(s).runs, 1);
    const void *row;
    for (uint32_t i = 0; i < 1000; i++) {
        assert_int_equal(ent_sorter_next(s, NULL, &row, &err), 1);
        assert_memory_equal(row, &i, 4);
    }
    ent_sorter_free(s);
}

static void test_sorter_failures(void **state) {
    (void)state;
    ent_feed_error err = {0};
    ent_sorter_options options = {.row_size = 4, .memory_bytes_max = 1, .folder = "/nonexistent"};
    ent_sorter *s = ent_sorter_new(&options, &err);
    uint32_t row = 1;
    assert_true(ent_sorter_add(s, 2, &row, &err));
    assert_true(ent_sorter_add(s, 1, &row, &err));
    assert_false(ent_sorter_add(s, 0, &row, &err));
    assert_int_equal(err.code, ENT_FEED_IO);
    assert_int_equal(err.os_error, ENOENT);
    ent_sorter_free(s);
    options.folder = folder;
    struct rlimit before = limit_files(64);
    s = ent_sorter_new(&options, &err);
    bool fine = true;
    for (int i = 0; i < 100 && fine; i++) {
        fine = ent_sorter_add(s, -i, &row, &err);
    }
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
    assert_false(fine);
    assert_int_equal(err.os_error, EFBIG);
    ent_sorter_free(s);
    options.row_size = 0;
    assert_null(ent_sorter_new(&options, &err));
    assert_int_equal(err.code, ENT_FEED_USE);
}

/* Pieces of which lines are made: most are plain, some are not JSON at all. */
static size_t random_line(char *line, unsigned *seed) {
    static const char *const keys[] = {"\"a\"", "\"b\"", "\"c.d\"", "\"b\"", "\"\\u0061\"", "a", "\"\xC3\xA9\""};
    static const char *const values[] = {"1", "-0.5", "\"x\"", "\"\"", "true", "null", "false", "12e3", "01", "1.", "-",
                                         "\"a long text of more than sixteen bytes\"", "\"\\n\"", "[1]", "{\"d\":2}",
                                         "\"open", "tru", "\"\xC3\xA9\"", "\"\x01\"", "1e", "+1"};
    static const char *const gaps[] = {"", "", " ", "\t"};
    size_t n = 0;
    unsigned members = 1 + (*seed = *seed * 1103515245U + 12345U) / 65536U % 3;
    n += (size_t)sprintf(line + n, "{");
    for (unsigned i = 0; i < members; i++) {
        unsigned r = (*seed = *seed * 1103515245U + 12345U) / 1024U;
        const char *key = keys[r % 8 < 5 ? i : r % 7];
        const char *value = values[r / 8 % 4 ? r / 32 % 8 : r / 32 % 21];
        n += (size_t)sprintf(line + n, "%s%s%s:%s%s%s", i ? "," : "", gaps[r / 1024 % 4], key, gaps[r / 4096 % 4], value,
                             gaps[r / 16384 % 8 ? 0 : 2]);
    }
    unsigned last = (*seed = *seed * 1103515245U + 12345U) / 65536U % 16;
    n += (size_t)sprintf(line + n, "%s", last == 0 ? "" : last == 1 ? "} " : last == 2 ? "}}" : "}");
    memset(line + n, '\n', ENT_JSON_PADDING);
    return n;
}

static void test_plain_json(void **state) {
    static const char *const names[] = {"a", "b", "c.d", "b.d"};
    enum { NAMES = 4, LINES = 200000 };
    ent_json_plain *plain = ent_json_plain_new(names, NAMES, ENT_SCAN_BEST);
    ent_json *json = ent_json_create(names, NAMES);
    unsigned seed = 7;
    unsigned taken = 0;
    (void)state;
    for (unsigned i = 0; i < LINES; i++) {
        char line[512 + ENT_JSON_PADDING];
        char scratch[512];
        ent_cell quick[NAMES];
        ent_cell whole[NAMES];
        ent_json_fault fault;
        size_t n = random_line(line, &seed);
        if (!ent_json_plain_line(plain, line, (uint32_t)n, quick)) {
            continue;
        }
        taken++;
        assert_int_equal(ent_json_line(json, line, n, scratch, whole, &fault), ENT_JSON_FINE);
        for (unsigned c = 0; c < NAMES; c++) {
            assert_int_equal(quick[c].state, whole[c].state);
            assert_int_equal(quick[c].len, whole[c].len);
            assert_memory_equal(quick[c].len ? quick[c].p : "", whole[c].len ? whole[c].p : "", whole[c].len);
        }
    }
    assert_true(taken > LINES / 10);
    ent_json_plain_free(plain);
    ent_json_destroy(json);
}

/* Lines of one layout, with a byte here and there that is another. */
typedef struct line_kind {
    unsigned members, damage; /* one line in so many is damaged; 0: none */
    const char *keys[4], *before[4], *behind[4];
    const char *const *values[4];
    const char *newline;
} line_kind;

static line_kind random_kind(uint64_t *seed) {
    static const char *const texts[] = {"\"\"", "\"x\"", "\"checkout-01\"", "\"null\"", "\",:}{\"",
                                        "\"a long text of more than thirty-two bytes\""};
    static const char *const numbers[] = {"0", "7", "10", "94.8", "0.5", "1234567", "12345678", "123456.7", "0.25"};
    static const char *const bare[] = {"1", "-1", "true", "false", "1e3", "0.123456789", "123456789", "null", "2.5"};
    static const char *const wrong[] = {"1", "01", "1.", ".5", "1.2.3", "00", "0.", "1:5", "", "9", "0.0", "1.25"};
    static const char *const *const values[] = {texts, numbers, bare, wrong};
    static const char *const gaps[] = {"", "", " ", "\t", "  "};
    static const char *const others[] = {"c", "provider of the thing that was probed",
                                         "a name that is longer than all which is compared in one go, by far"};
    line_kind kind = {.members = 2 + (unsigned)(random_next(seed) % 3)};
    kind.newline = random_next(seed) % 8 == 0 ? "\r\n" : "\n";
    kind.damage = random_next(seed) % 2 ? 300 : 0;
    for (unsigned i = 0; i < kind.members; i++) {
        bool spaced = random_next(seed) % 4 == 0;
        kind.keys[i] = i == 0 ? "b" : i == 1 ? "a" : others[random_next(seed) % 3];
        kind.before[i] = gaps[spaced ? random_next(seed) % 5 : 0];
        kind.behind[i] = gaps[spaced ? random_next(seed) % 5 : 0];
        kind.values[i] = values[random_next(seed) % 16 == 0 ? 3 : random_next(seed) % 3];
    }
    return kind;
}

static uint32_t put_lines(char *lines, uint32_t size, const line_kind *kind, uint64_t *seed) {
    static const unsigned counts[] = {6, 9, 9, 12};
    uint32_t n = 0;
    while (n + 600 < size) {
        uint32_t from = n;
        for (unsigned i = 0; i < kind->members; i++) {
            unsigned count = counts[kind->values[i][1][1] == 'x' ? 0 : kind->values[i][0][0] == '0' ? 1 :
                                    kind->values[i][1][0] == '-' ? 2 : 3];
            n += (uint32_t)sprintf(lines + n, "%c%s\"%s\":%s%s", i ? ',' : '{', kind->before[i], kind->keys[i],
                                   kind->behind[i], kind->values[i][random_next(seed) % count]);
        }
        n += (uint32_t)sprintf(lines + n, "}%s", kind->newline);
        if (kind->damage != 0 && random_next(seed) % kind->damage == 0) {
            lines[from + random_next(seed) % (n - from)] = "\"\n{},: a1\\\xC3"[random_next(seed) % 11];
        }
    }
    memset(lines + n, ' ', 3 * (size_t)ENT_JSON_PADDING);
    return n;
}

/* Rows from a line on as a reader takes them, batch by batch, until one fails; how many, with *to behind them. */
static uint32_t take_all(ent_json_plain *plain, const char *lines, uint32_t first, uint32_t len, uint32_t most,
                         ent_cell *cells, uint32_t *to) {
    uint32_t n = 0;
    uint32_t got;
    uint32_t at = first + 1;
    ent_plain_rows rows;
    while ((got = ent_json_plain_rows(plain, lines, at, len - 1, most - n, &rows, to)) > 0) {
        for (uint32_t i = 0; i < got; i++) {
            const uint32_t *ends = rows.ends + (size_t)i * rows.stride;
            assert_int_equal(ends[(int)rows.begin - 1] + 1 - at, 0);
            assert_true(lines[ends[rows.stride - 1]] == '\n' || lines[ends[rows.stride - 1]] == '\r');
            at = ends[rows.stride - 1] + 1 + (lines[ends[rows.stride - 1]] == '\r');
            cells[2 * (n + i)] = ent_plain_cell(&rows, rows.columns[0], i);
            cells[2 * (n + i) + 1] = ent_plain_cell(&rows, rows.columns[1], i);
        }
        assert_int_equal(*to, at);
        n += got;
        if (n == most || at >= len) {
            break;
        }
    }
    *to = at;
    return n;
}

/* Many lines at once, by each kernel and without one: the same, and what one line alone gives. */
static void test_plain_json_rows(void **state) {
    static const char *const names[] = {"a", "b"};
    enum { SIZE = 40000, MOST = 2000, ROUNDS = 1200 };
    static char lines[SIZE + 3 * ENT_JSON_PADDING];
    static ent_cell cells[2][2 * MOST];
    uint64_t seed = 11;
    uint64_t taken = 0;
    (void)state;
    for (unsigned round = 0; round < ROUNDS; round++) {
        line_kind kind = random_kind(&seed);
        uint32_t len = put_lines(lines, SIZE, &kind, &seed);
        uint32_t most = round % 3 ? MOST : 1 + (uint32_t)(random_next(&seed) % MOST);
        uint32_t first = (uint32_t)((char *)memchr(lines, '\n', len) - lines);
        /* the text may begin with the second line: then nothing stands before it */
        uint32_t skipped = round % 2 ? 0 : first + 1;
        uint32_t n[2];
        uint32_t to[2];
        for (int k = ENT_SCAN_SSE2; k <= ENT_SCAN_AVX512; k++) {
            unsigned at = k > ENT_SCAN_SSE2;
            ent_json_plain *plain = ent_json_plain_new(names, 2, (ent_scan_kind)k);
            ent_cell row[2];
            (void)ent_json_plain_line(plain, lines, first - (lines[first - 1] == '\r'), row);
            n[at] = take_all(plain, lines + skipped, first - skipped, len - skipped, most, cells[at], &to[at]);
            assert_int_equal(n[at], n[0]);
            assert_int_equal(to[at], to[0]);
            const char *line = lines + first + 1;
            for (uint32_t i = 0; i < n[at]; i++) {
                const char *end = memchr(line, '\n', len);
                assert_true(ent_json_plain_line(plain, line, (uint32_t)(end - line) - (end[-1] == '\r'), row));
                for (uint32_t c = 0; c < 2; c++) {
                    assert_ptr_equal(cells[at][2 * i + c].p, row[c].p);
                    assert_int_equal(cells[at][2 * i + c].len, row[c].len);
                    assert_int_equal(cells[at][2 * i + c].state, row[c].state);
                }
                line = end + 1;
            }
            ent_json_plain_free(plain);
        }
        taken += n[0];
    }
    assert_true(taken > 50 * ROUNDS);
}

/* ---- pieces ---- */

enum { PIECE_TEXT = 6000 };

/* Rows of up to 60 bytes; some have quotes, and newlines in them, or are long, or end otherwise. */
static text random_rows(uint64_t *seed) {
    static const char *const ends[] = {"\n", "\n", "\r\n", "\n\n"};
    uint64_t quotes = random_next(seed) % 3 == 0 ? 40 : 0;
    uint64_t longs = random_next(seed) % 3 == 0 ? 60 : 0;
    bool odd = random_next(seed) % 2 == 0;
    text t = {0};
    text_print(&t, "a,b,c\n");
    for (uint32_t i = 0; t.len < PIECE_TEXT; i++) {
        text_print(&t, "%u,", i);
        if (quotes > 0 && random_next(seed) % quotes == 0) {
            text_print(&t, "\"%s\"", random_next(seed) % 2 == 0 ? "x\ny" : "x,\"\"");
        }
        uint64_t n = longs > 0 && random_next(seed) % longs == 0 ? 400 : random_next(seed) % 40;
        for (uint64_t k = 0; k < n; k++) {
            text_add(&t, "z", 1);
        }
        text_print(&t, ",%u%s", i * 7 % 13, odd ? ends[random_next(seed) % 4] : "\n");
    }
    t.len -= random_next(seed) % 3; /* the last row may lack its end, or more */
    return t;
}

/* What one fork after the other reads of the pieces, as runtime/feed/parallel.c has them read at once. */
static void put_pieces(text *out, ent_reader *reader, size_t *n_pieces, size_t *n_back) {
    ent_feed_error err = {0};
    const ent_cells *batch;
    ent_piece piece;
    uint64_t lines, rows, first;
    uint64_t at = 0;
    uint32_t n_blocks = 1;
    ent_reader *fork = ent_reader_fork(reader, &err);
    assert_true(fork != NULL && ent_piece_init(&piece, reader, &err));
    ent_reader_place(reader, &lines, &rows);
    ent_reader_skip(reader, 0 - lines, 0 - rows);
    while (ent_reader_split(reader, n_blocks, &piece, &err) == ENT_SPLIT_TEXT) {
        bool good;
        do {
            size_t before = out->len;
            good = ent_reader_fetch(reader, &piece);
            if (good) {
                ent_reader_give(fork, &piece, lines, rows);
                while (ent_reader_next(fork, &batch, &err) > 0) {
                    ent_reader_spell(fork);
                    put_batch(out, batch);
                }
                good = !ent_reader_is_miscut(fork, &piece, true);
            }
            if (good) {
                ent_reader_place(fork, &lines, &rows);
                at = piece.end;
            } else {
                out->len = before;
            }
        } while (good && ent_reader_turn(reader, &piece));
        if (!good) {
            assert_true(ent_reader_cuts_ahead(reader, &first));
            assert_true(ent_reader_go_back(reader, at ? at : first, &err));
            ++*n_back;
            continue;
        }
        n_blocks = n_blocks % 3 + 1;
        ++*n_pieces;
    }
    if (ent_reader_cuts_ahead(reader, &first)) {
        assert_true(ent_reader_go_back(reader, at ? at : first, &err));
    }
    ent_reader_skip(reader, lines, rows);
    ent_piece_deinit(&piece);
    ent_reader_close(fork);
}

static text read_cut(const char *path, const ent_reader_options *options, bool cut, size_t *n_pieces, size_t *n_back) {
    ent_feed_error err = {0};
    ent_source_list list = {0};
    const char *const names[] = {"c", "b", "a"};
    const ent_cells *batch;
    text out = {0};
    text_add(&out, "", 0);
    assert_true(ent_source_list_add(&list, path, ENT_FORMAT_GUESS, &err));
    ent_reader *reader = ent_reader_open(&list, names, 3, options, &err);
    assert_non_null(reader);
    for (uint32_t n = 1; ent_reader_next(reader, &batch, &err) > 0; n++) {
        ent_reader_spell(reader);
        put_batch(&out, batch);
        if (cut && n == 2) {
            put_pieces(&out, reader, n_pieces, n_back);
        }
    }
    ent_reader_close(reader);
    ent_source_list_deinit(&list);
    return out;
}

static void test_pieces(void **state) {
    (void)state;
    enum { ROUNDS = 400 };
    uint64_t seed = 11;
    size_t n_pieces = 0;
    size_t n_back = 0;
    char path[128];
    (void)snprintf(path, sizeof path, "%s", path_of("pieces.csv"));
    for (int round = 0; round < ROUNDS; round++) {
        text t = random_rows(&seed);
        text packed = gzip(t.p, t.len);
        bool whole = random_next(&seed) % 4 != 0; /* else pieces are cut while they are read */
        write_file(path, whole ? t.p : packed.p, whole ? t.len : packed.len);
        ent_reader_options options = {.bad_rows = ENT_BAD_KEEP,
                                      .batch_rows = 1 + (uint32_t)(random_next(&seed) % 20),
                                      .plain = random_next(&seed) % 2 == 0};
        text one = read_cut(path, &options, false, &n_pieces, &n_back);
        options.block_size = 64 + (uint32_t)(random_next(&seed) % 900);
        text cut = read_cut(path, &options, true, &n_pieces, &n_back);
        cut.p[cut.len] = '\0';
        assert_string_equal(cut.p, one.p);
        free(one.p);
        free(cut.p);
        free(packed.p);
        free(t.p);
    }
    assert_true(n_pieces > 3 * ROUNDS && n_back > ROUNDS / 10);
    assert_int_equal(unlink(path), 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_pieces),
        cmocka_unit_test(test_compressed_sources),
        cmocka_unit_test(test_damaged_sources),
        cmocka_unit_test(test_gzip_tail),
        cmocka_unit_test(test_formats),
        cmocka_unit_test(test_source_failures),
        cmocka_unit_test(test_standard_input),
        cmocka_unit_test(test_utf8),
        cmocka_unit_test(test_kernels_agree),
        cmocka_unit_test(test_marks),
        cmocka_unit_test(test_csv_newlines),
        cmocka_unit_test(test_csv_quotes),
        cmocka_unit_test(test_csv_separators),
        cmocka_unit_test(test_csv_bad_rows),
        cmocka_unit_test(test_csv_bytes_unwanted),
        cmocka_unit_test(test_csv_policies),
        cmocka_unit_test(test_csv_calls),
        cmocka_unit_test(test_csv_headers),
        cmocka_unit_test(test_row_bound),
        cmocka_unit_test(test_several_sources),
        cmocka_unit_test(test_json_values),
        cmocka_unit_test(test_json_bad_rows),
        cmocka_unit_test(test_json_depth),
        cmocka_unit_test(test_random_corpora),
        cmocka_unit_test(test_quarantine),
        cmocka_unit_test(test_quarantine_full),
        cmocka_unit_test(test_sorter),
        cmocka_unit_test(test_plain_json),
        cmocka_unit_test(test_plain_json_rows),
        cmocka_unit_test(test_sorter_many_runs),
        cmocka_unit_test(test_sorter_in_order),
        cmocka_unit_test(test_sorter_failures),
    };
    return cmocka_run_group_tests_name("feed", tests, make_folder, remove_folder);
}
