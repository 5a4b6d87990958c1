/* Decodes .entc bytes into a program; the format is described in format.h.
 *
 * The bytes come from anywhere.  Sizes are checked against what is left before anything is
 * allocated, so that memory is at most a small multiple of the file; one allocation holds the whole
 * program. Decoding only gives the bytes a shape: what they say is checked by verifier.c. Tested in
 * tests/unit/test_verifier.c, with mutated files. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/bytecode/format.h"
#include "runtime/bytecode/opcodes.h"
#include "runtime/bytecode/verifier.h"
#include "runtime/ledger/hash.h"
#include "runtime/native/native.h"

typedef struct section {
    const uint8_t *p; /* after the counts */
    size_t len;
    size_t n; /* entries */
} section;

typedef struct decoder {
    const uint8_t *bytes;
    size_t len; /* without the checksum */
    section strings, constants, instructions;
    section tables[ENT_TABLE_LIMIT];
    size_t string_bytes; /* with a NUL each */
    ent_load_error *error;
} decoder;

static uint64_t get(const uint8_t *p, unsigned n_bytes)
{
    uint64_t value = 0;
    for (unsigned i = 0; i < n_bytes; i++) {
        value |= (uint64_t)p[i] << (8 * i);
    }
    return value;
}

static ent_i128 get_wide(const uint8_t *p)
{
    ent_u128 low = get(p, 8);
    ent_u128 high = get(p + 8, 8);
    return (ent_i128)(low | (high << 64));
}

static bool refuse_at(decoder *d, const uint8_t *at, const char *reason)
{
    d->error->offset = (size_t)(at - d->bytes);
    return ent_verify_refuse(d->error, "%s", reason);
}

static bool check_header(decoder *d, size_t file_len)
{
    const uint8_t *p = d->bytes;
    if (file_len < ENT_ENTC_HEADER_BYTES + ENT_ENTC_CHECKSUM_BYTES ||
        memcmp(p, ENT_ENTC_MAGIC, 4) != 0) {
        return refuse_at(d, p, "this is no Entente program (.entc)");
    }
    if (file_len > ENT_LIMIT_FILE_BYTES) {
        return refuse_at(d, p, "the program is larger than 256 MiB");
    }
    if (get(p + 4, 2) != ENT_ENTC_VERSION) {
        return ent_verify_refuse(d->error,
                                 "the program is of bytecode version %u, this is version %d",
                                 (unsigned)get(p + 4, 2), (int)ENT_ENTC_VERSION);
    }
    if (get(p + 6, 2) != 0 || get(p + 12, 4) != 0) {
        return refuse_at(d, p + 6, "a reserved field is not zero");
    }
    if (get(p + 16, 8) != file_len) {
        return refuse_at(d, p + 16, "the program is cut short or has bytes behind its end");
    }
    ent_hash hash;
    unsigned char digest[ENT_HASH_SIZE];
    if (!ent_hash_init(&hash) || !ent_hash_update(&hash, p, d->len) ||
        !ent_hash_final(&hash, digest)) {
        return refuse_at(d, p, "the checksum cannot be computed");
    }
    if (memcmp(digest, p + d->len, sizeof digest) != 0) {
        return refuse_at(d, p + d->len, "the checksum does not fit: the file is damaged");
    }
    return true;
}

/* Reads the count at the start of a section and checks it against the entry's least size. */
static bool take_count(decoder *d, section *s, size_t entry_bytes, uint64_t limit)
{
    if (s->len < 8) {
        return refuse_at(d, s->p, "a section is cut short");
    }
    uint64_t n = get(s->p, 8);
    s->p += 8;
    s->len -= 8;
    if (n > limit || n > s->len / entry_bytes) {
        return refuse_at(d, s->p - 8,
                         "a section counts more entries than it holds or than are allowed");
    }
    s->n = (size_t)n;
    return true;
}

static bool measure_strings(decoder *d)
{
    section *s = &d->strings;
    if (!take_count(d, s, 4, ENT_LIMIT_STRINGS)) {
        return false;
    }
    const uint8_t *p = s->p;
    size_t left = s->len;
    for (size_t i = 0; i < s->n; i++) {
        size_t len = left < 4 ? SIZE_MAX : (size_t)get(p, 4);
        if (left < 4 || len > left - 4 || len > ENT_LIMIT_STRING_BYTES) {
            return refuse_at(d, p, "a string is cut short or too long");
        }
        p += 4 + len;
        left -= 4 + len;
        d->string_bytes += len + 1;
    }
    return left == 0 || refuse_at(d, p, "bytes are left after the strings");
}

static bool measure_constants(decoder *d)
{
    static const uint8_t sizes[] = {1, 8, 8, 32};
    section *s = &d->constants;
    if (!take_count(d, s, 2, ENT_LIMIT_CONSTANTS)) {
        return false;
    }
    const uint8_t *p = s->p;
    size_t left = s->len;
    for (size_t i = 0; i < s->n; i++) {
        if (left < 1 || p[0] >= sizeof sizes || left - 1 < sizes[p[0]]) {
            return refuse_at(d, p, "a constant is cut short or of an unknown class");
        }
        left -= 1u + sizes[p[0]];
        p += 1 + sizes[p[0]];
    }
    return left == 0 || refuse_at(d, p, "bytes are left after the constants");
}

static bool measure_table(decoder *d, section *s, const ent_table_info *info)
{
    size_t row_bytes = info->n_fields * sizeof(int64_t);
    if (s->len < 16 || get(s->p + 8, 4) != info->n_fields || get(s->p + 12, 4) != 0) {
        return refuse_at(d, s->p, "a table does not have the fields of this bytecode version");
    }
    uint64_t n = get(s->p, 8);
    s->p += 16;
    s->len -= 16;
    if (n > ENT_LIMIT_TABLE_ROWS || n * row_bytes != s->len) {
        return refuse_at(d, s->p, "a table's length does not fit its count");
    }
    s->n = (size_t)n;
    return true;
}

static bool take_section(decoder *d, const uint8_t **at, uint32_t id, section *out)
{
    const uint8_t *p = *at;
    size_t left = d->len - (size_t)(p - d->bytes);
    if (left < ENT_ENTC_SECTION_HEADER_BYTES) {
        return refuse_at(d, p, "a section is missing");
    }
    if (get(p, 4) != id || get(p + 4, 4) != 0) {
        return refuse_at(d, p, "sections are not those of this bytecode version, in their order");
    }
    uint64_t len = get(p + 8, 8);
    if (len > left - ENT_ENTC_SECTION_HEADER_BYTES) {
        return refuse_at(d, p + 8, "a section reaches beyond the end");
    }
    out->p = p + ENT_ENTC_SECTION_HEADER_BYTES;
    out->len = (size_t)len;
    *at = out->p + len;
    return true;
}

static bool measure(decoder *d)
{
    const uint8_t *p = d->bytes + ENT_ENTC_HEADER_BYTES;
    uint32_t n_sections = 3;
    if (!take_section(d, &p, ENT_ENTC_STRINGS, &d->strings) || !measure_strings(d) ||
        !take_section(d, &p, ENT_ENTC_CONSTANTS, &d->constants) || !measure_constants(d) ||
        !take_section(d, &p, ENT_ENTC_INSTRUCTIONS, &d->instructions) ||
        !take_count(d, &d->instructions, ENT_ENTC_INSTRUCTION_BYTES, ENT_LIMIT_INSTRUCTIONS)) {
        return false;
    }
    if (d->instructions.n * ENT_ENTC_INSTRUCTION_BYTES != d->instructions.len) {
        return refuse_at(d, d->instructions.p, "bytes are left after the instructions");
    }
    for (unsigned i = 0; i < ENT_TABLE_LIMIT; i++) {
        const ent_table_info *info = ent_table_describe(i);
        if (info != NULL) {
            n_sections++;
            if (!take_section(d, &p, ENT_ENTC_TABLE_BASE + i, &d->tables[i]) ||
                !measure_table(d, &d->tables[i], info)) {
                return false;
            }
        }
    }
    if (p != d->bytes + d->len || get(d->bytes + 8, 4) != n_sections) {
        return refuse_at(d, p, "there are more sections than this bytecode version has");
    }
    return true;
}

/* Cuts a piece off the program's memory, aligned for any member. */
static void *cut(uint8_t **at, size_t bytes)
{
    void *piece = *at;
    *at += (bytes + 15) & ~(size_t)15;
    return piece;
}

static size_t rounded(size_t bytes)
{
    return (bytes + 15) & ~(size_t)15;
}

static size_t memory_needed(const decoder *d)
{
    size_t bytes = rounded(d->strings.n * sizeof(ent_string)) + rounded(d->string_bytes) +
                   rounded(d->constants.n * sizeof(ent_constant)) +
                   rounded(d->instructions.n * sizeof(ent_instruction));
    for (unsigned i = 0; i < ENT_TABLE_LIMIT; i++) {
        bytes += rounded(d->tables[i].len);
    }
    return bytes;
}

static void decode_strings(const section *s, ent_string *out, char *text)
{
    const uint8_t *p = s->p;
    for (size_t i = 0; i < s->n; i++) {
        uint32_t len = (uint32_t)get(p, 4);
        out[i] = (ent_string){text, len};
        memcpy(text, p + 4, len);
        text[len] = '\0';
        text += (size_t)len + 1;
        p += 4 + (size_t)len;
    }
}

static void decode_constants(const section *s, ent_constant *out)
{
    const uint8_t *p = s->p;
    for (size_t i = 0; i < s->n; i++) {
        uint64_t bits = 0;
        out[i].cls = *p++;
        switch ((ent_class)out[i].cls) {
        case ENT_CLASS_B:
            out[i].v.b = *p++;
            break;
        case ENT_CLASS_I:
            out[i].v.i = (int64_t)get(p, 8);
            p += 8;
            break;
        case ENT_CLASS_F:
            bits = get(p, 8);
            memcpy(&out[i].v.f, &bits, sizeof bits);
            p += 8;
            break;
        case ENT_CLASS_Q:
            out[i].v.q.num = get_wide(p);
            out[i].v.q.den = get_wide(p + 16);
            p += 32;
            break;
        }
    }
}

static void decode_instructions(const section *s, ent_instruction *out)
{
    const uint8_t *p = s->p;
    for (size_t i = 0; i < s->n; i++, p += ENT_ENTC_INSTRUCTION_BYTES) {
        out[i] = (ent_instruction){
            .op = (uint16_t)get(p, 2),
            .d = (uint16_t)get(p + 2, 2),
            .a = (uint16_t)get(p + 4, 2),
            .b = (uint16_t)get(p + 6, 2),
            .c = (uint16_t)get(p + 8, 2),
            .reserved = (uint16_t)get(p + 10, 2),
            .k = (uint32_t)get(p + 12, 4),
            .place = (uint32_t)get(p + 16, 4),
        };
    }
}

static void *decode_table(const section *s, uint8_t **memory)
{
    int64_t *values = cut(memory, s->len);
    for (size_t i = 0; i < s->len / 8; i++) {
        values[i] = (int64_t)get(s->p + 8 * i, 8);
    }
    return values;
}

static ent_image *build(const decoder *d)
{
    ent_image *p = calloc(1, sizeof *p);
    size_t bytes = memory_needed(d);
    uint8_t *at = calloc(1, bytes == 0 ? 1 : bytes);
    if (p == NULL || at == NULL) {
        free(p);
        free(at);
        return NULL;
    }
    p->memory = at;
    p->n_strings = d->strings.n;
    p->strings = cut(&at, d->strings.n * sizeof *p->strings);
    decode_strings(&d->strings, p->strings, cut(&at, d->string_bytes));
    p->n_constants = d->constants.n;
    p->constants = cut(&at, d->constants.n * sizeof *p->constants);
    decode_constants(&d->constants, p->constants);
    p->n_instructions = d->instructions.n;
    p->instructions = cut(&at, d->instructions.n * sizeof *p->instructions);
    decode_instructions(&d->instructions, p->instructions);
#define DECODE_TABLE(number, name)                                                                 \
    p->n_##name = d->tables[number].n;                                                             \
    p->name = decode_table(&d->tables[number], &at);
    ENT_TABLES(DECODE_TABLE)
#undef DECODE_TABLE
    return p;
}

typedef struct table_view {
    const int64_t *rows;
    size_t n;
} table_view;

static table_view view_of(const ent_image *p, unsigned number)
{
    switch (number) {
#define VIEW(table_number, name)                                                                   \
    case table_number:                                                                             \
        return (table_view){(const int64_t *)p->name, p->n_##name};
        ENT_TABLES(VIEW)
#undef VIEW
    default:
        return (table_view){NULL, 0};
    }
}

/* Marks the strings that only name or hold source files: they are no part of what the program
 * means. */
static void mark_source_strings(const ent_image *p, uint8_t *source)
{
    for (size_t i = 0; i < p->n_source_file; i++) {
        source[p->source_file[i].path] = 1;
        source[p->source_file[i].text] = 1;
    }
    for (unsigned number = 0; number < ENT_TABLE_LIMIT; number++) {
        const ent_table_info *info = ent_table_describe(number);
        if (info == NULL || number == ENT_TABLE_source_file) {
            continue;
        }
        table_view view = view_of(p, number);
        for (unsigned f = 0; f < info->n_fields; f++) {
            ent_kind kind = info->fields[f].kind;
            for (size_t i = 0; (kind == ENT_KIND_STR || kind == ENT_KIND_STR_OPT) && i < view.n;
                 i++) {
                int64_t string = view.rows[i * info->n_fields + f];
                if (string >= 0) {
                    source[string] = 0;
                }
            }
        }
    }
}

/* Messages and currencies of instructions are strings too. */
static void unmark_instruction_strings(const ent_image *p, uint8_t *source)
{
    for (size_t i = 0; i < p->n_instructions; i++) {
        ent_format format = (ent_format)ent_opcode_describe(p->instructions[i].op)->format;
        if ((format == ENT_FORMAT_AW || format == ENT_FORMAT_DAW) &&
            p->instructions[i].k < p->n_strings) {
            source[p->instructions[i].k] = 0;
        }
    }
}

static bool digest_number(ent_hash *hash, uint64_t value)
{
    uint8_t bytes[8];
    for (unsigned i = 0; i < 8; i++) {
        bytes[i] = (uint8_t)(value >> (8 * i));
    }
    return ent_hash_update(hash, bytes, sizeof bytes);
}

static bool digest_tables(const ent_image *p, ent_hash *hash)
{
    bool ok = true;
    for (unsigned number = 0; ok && number < ENT_TABLE_LIMIT; number++) {
        const ent_table_info *info = ent_table_describe(number);
        if (info == NULL || number == ENT_TABLE_source_file || number == ENT_TABLE_place) {
            continue;
        }
        table_view view = view_of(p, number);
        ok = digest_number(hash, view.n);
        for (size_t i = 0; ok && i < view.n * info->n_fields; i++) {
            const ent_field_info *field = &info->fields[i % info->n_fields];
            bool is_place = field->kind == ENT_KIND_REF && field->bound == ENT_TABLE_place;
            ok = is_place || digest_number(hash, (uint64_t)view.rows[i]);
        }
    }
    return ok;
}

/* The program's identity: all that it means, without where in the sources it was written.
 * Formatting and comments do not change it. */
static bool make_digest(const decoder *d, ent_image *p)
{
    uint8_t *source = calloc(p->n_strings + 1, 1);
    ent_hash hash;
    bool ok = source != NULL && ent_hash_init(&hash);
    if (ok) {
        mark_source_strings(p, source);
        unmark_instruction_strings(p, source);
        ok = digest_number(&hash, p->n_strings);
    }
    for (size_t i = 0; ok && i < p->n_strings; i++) {
        uint32_t len = source[i] ? 0 : p->strings[i].len;
        ok = digest_number(&hash, len) && ent_hash_update(&hash, p->strings[i].p, len);
    }
    ok = ok && digest_number(&hash, p->n_constants) &&
         ent_hash_update(&hash, d->constants.p, d->constants.len) &&
         digest_number(&hash, p->n_instructions);
    for (size_t i = 0; ok && i < p->n_instructions; i++) {
        ok = ent_hash_update(&hash, d->instructions.p + i * ENT_ENTC_INSTRUCTION_BYTES,
                             ENT_ENTC_INSTRUCTION_BYTES - 4);
    }
    ok = ok && digest_tables(p, &hash) && ent_hash_final_hex(&hash, p->digest);
    free(source);
    return ok;
}

bool ent_image_decode(const void *bytes, size_t len, ent_image **out, ent_load_error *error)
{
    *out = NULL;
    *error = (ent_load_error){.offset = 0};
    if (len < ENT_ENTC_CHECKSUM_BYTES) {
        return ent_verify_refuse(error, "this is no Entente program (.entc)");
    }
    decoder d = {.bytes = bytes, .len = len - ENT_ENTC_CHECKSUM_BYTES, .error = error};
    if (!check_header(&d, len) || !measure(&d)) {
        return false;
    }
    ent_image *p = build(&d);
    if (p == NULL) {
        return ent_verify_refuse(error, "out of memory");
    }
    if (!ent_verify_program(p, error)) {
        ent_image_destroy(p);
        return false;
    }
    if (!make_digest(&d, p)) {
        ent_image_destroy(p);
        return ent_verify_refuse(error, "out of memory");
    }
    *out = p;
    return true;
}

void ent_image_destroy(ent_image *program)
{
    if (program != NULL) {
        ent_natives_close(program->natives);
        free(program->memory);
        free(program);
    }
}

const char *ent_image_text(const ent_image *program, int64_t index)
{
    return index < 0 || (uint64_t)index >= program->n_strings ? "" : program->strings[index].p;
}
