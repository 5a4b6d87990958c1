/* Encodes a program as an .entc file; the format is described in runtime/bytecode/format.h.
 * Invariant: equal builders give equal bytes.  Tested in tests/unit/test_verifier.c. */
#include <stdio.h>
#include <string.h>

#include "compiler/emit/builder.h"
#include "runtime/bytecode/format.h"
#include "runtime/ledger/hash.h"

typedef struct encoder {
    ent_bytes *out;
    size_t section_start;
    uint32_t n_sections;
    bool failed;
} encoder;

static void put(encoder *e, uint64_t value, unsigned n_bytes)
{
    uint8_t bytes[8];
    for (unsigned i = 0; i < n_bytes; i++) {
        bytes[i] = (uint8_t)(value >> (8 * i));
    }
    e->failed = e->failed || !ent_bytes_append(e->out, bytes, n_bytes);
}

static void put_wide(encoder *e, ent_i128 value)
{
    put(e, (uint64_t)value, 8);
    put(e, (uint64_t)(value >> 64), 8);
}

static void patch(encoder *e, size_t at, uint64_t value, unsigned n_bytes)
{
    if (!e->failed) {
        for (unsigned i = 0; i < n_bytes; i++) {
            e->out->p[at + i] = (uint8_t)(value >> (8 * i));
        }
    }
}

static void begin_section(encoder *e, uint32_t id)
{
    put(e, id, 4);
    put(e, 0, 4);
    put(e, 0, 8);
    e->section_start = e->out->n;
    e->n_sections++;
}

static void end_section(encoder *e)
{
    patch(e, e->section_start - 8, e->out->n - e->section_start, 8);
}

static void put_strings(encoder *e, const ent_builder *b)
{
    begin_section(e, ENT_ENTC_STRINGS);
    put(e, b->string.n, 8);
    for (size_t i = 0; i < b->string.n; i++) {
        put(e, b->string.v[i].len, 4);
        e->failed = e->failed || !ent_bytes_append(e->out, b->string.v[i].p, b->string.v[i].len);
    }
    end_section(e);
}

static void put_constants(encoder *e, const ent_builder *b)
{
    begin_section(e, ENT_ENTC_CONSTANTS);
    put(e, b->constant.n, 8);
    for (size_t i = 0; i < b->constant.n; i++) {
        const ent_constant *constant = &b->constant.v[i];
        uint64_t bits = 0;
        put(e, constant->cls, 1);
        switch ((ent_class)constant->cls) {
        case ENT_CLASS_B:
            put(e, constant->v.b, 1);
            break;
        case ENT_CLASS_I:
            put(e, (uint64_t)constant->v.i, 8);
            break;
        case ENT_CLASS_F:
            memcpy(&bits, &constant->v.f, sizeof bits);
            put(e, bits, 8);
            break;
        case ENT_CLASS_Q:
            put_wide(e, constant->v.q.num);
            put_wide(e, constant->v.q.den);
            break;
        }
    }
    end_section(e);
}

static void put_instructions(encoder *e, const ent_builder *b)
{
    begin_section(e, ENT_ENTC_INSTRUCTIONS);
    put(e, b->instruction.n, 8);
    for (size_t i = 0; i < b->instruction.n; i++) {
        const ent_instruction *instruction = &b->instruction.v[i];
        put(e, instruction->op, 2);
        put(e, instruction->d, 2);
        put(e, instruction->a, 2);
        put(e, instruction->b, 2);
        put(e, instruction->c, 2);
        put(e, instruction->reserved, 2);
        put(e, instruction->k, 4);
        put(e, instruction->place, 4);
    }
    end_section(e);
}

/* A row is a struct of nothing but int64_t members. */
static void put_table(encoder *e, unsigned number, const void *rows, size_t n_rows, size_t row_size)
{
    begin_section(e, ENT_ENTC_TABLE_BASE + number);
    put(e, n_rows, 8);
    put(e, row_size / sizeof(int64_t), 4);
    put(e, 0, 4);
    const int64_t *values = rows;
    for (size_t i = 0; i < n_rows * (row_size / sizeof(int64_t)); i++) {
        put(e, (uint64_t)values[i], 8);
    }
    end_section(e);
}

static const char *passed_limit(const ent_builder *b)
{
    size_t string_max = 0;
    size_t rows_max = 0;
    for (size_t i = 0; i < b->string.n; i++) {
        string_max = b->string.v[i].len > string_max ? b->string.v[i].len : string_max;
    }
#define LARGEST(number, name) rows_max = b->name.n > rows_max ? b->name.n : rows_max;
    ENT_TABLES(LARGEST)
#undef LARGEST
    if (string_max > ENT_LIMIT_STRING_BYTES) {
        return "a text of the program is longer than 64 MiB";
    }
    if (b->string.n > ENT_LIMIT_STRINGS) {
        return "the program has too many texts";
    }
    if (b->constant.n > ENT_LIMIT_CONSTANTS) {
        return "the program has too many constants";
    }
    if (b->instruction.n > ENT_LIMIT_INSTRUCTIONS) {
        return "the program has too many instructions";
    }
    return rows_max > ENT_LIMIT_TABLE_ROWS ? "a table of the program has too many rows" : NULL;
}

static void put_checksum(encoder *e, size_t start)
{
    ent_hash hash;
    unsigned char digest[ENT_HASH_SIZE];
    if (e->failed || !ent_hash_init(&hash) ||
        !ent_hash_update(&hash, e->out->p + start, e->out->n - start) ||
        !ent_hash_final(&hash, digest)) {
        e->failed = true;
        return;
    }
    e->failed = !ent_bytes_append(e->out, digest, sizeof digest);
}

bool ent_builder_write(const ent_builder *b, ent_bytes *out, char *error, size_t error_len)
{
    const char *reason = b->failed ? "out of memory" : passed_limit(b);
    encoder e = {.out = out};
    size_t start = out->n;
    if (reason == NULL) {
        e.failed = !ent_bytes_append(out, ENT_ENTC_MAGIC, 4);
        put(&e, ENT_ENTC_VERSION, 2);
        put(&e, 0, 2);
        put(&e, 0, 8);
        put(&e, 0, 8);
        put_strings(&e, b);
        put_constants(&e, b);
        put_instructions(&e, b);
#define PUT_TABLE(number, name) put_table(&e, number, b->name.v, b->name.n, sizeof *b->name.v);
        ENT_TABLES(PUT_TABLE)
#undef PUT_TABLE
        size_t file_bytes = out->n - start + ENT_ENTC_CHECKSUM_BYTES;
        patch(&e, start + 8, e.n_sections, 4);
        patch(&e, start + 16, file_bytes, 8);
        put_checksum(&e, start);
        if (file_bytes > ENT_LIMIT_FILE_BYTES) {
            reason = "the program is larger than 256 MiB";
        } else if (e.failed) {
            reason = "out of memory";
        }
    }
    if (reason != NULL) {
        out->n = start;
        if (error_len > 0) {
            (void)snprintf(error, error_len, "%s", reason);
        }
    }
    return reason == NULL;
}
