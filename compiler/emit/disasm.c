/* The disassembler: `entente disasm`.
 *
 * Kernels come first, each with the source line of every run of instructions that shares one; then
 * all tables but those that kernels have shown (instructions, registers, inputs, outputs) and the
 * source texts.  Fields are printed by their KIND: a string as its text, a reference as
 * table#index, a constant as its value, so that no table needs code of its own. Tested in
 * tests/unit/test_verifier.c. */
#include "compiler/emit/disasm.h"

#include <stdio.h>
#include <string.h>

#include "runtime/bytecode/opcodes.h"

enum { TEXT_SHOWN = 48, SOURCE_COLUMN = 46, LINE_SHOWN = 70 };

/* The text in quotes on one line, cut if long. */
static void put_text(ent_text *out, const ent_string *text)
{
    size_t len = text->len;
    bool cut = false;
    if (len > TEXT_SHOWN) {
        cut = true;
        len = TEXT_SHOWN;
        while (len > 0 && ((unsigned char)text->p[len] & 0xC0) == 0x80) {
            len--;
        }
    }
    ent_text_json(out, text->p, len);
    if (cut) {
        ent_text_puts(out, "…");
    }
}

static void put_constant(ent_text *out, const ent_constant *constant)
{
    char text[ENT_Q_TEXT_SIZE] = "";
    switch ((ent_class)constant->cls) {
    case ENT_CLASS_B:
        ent_text_puts(out, constant->v.b ? "true" : "false");
        break;
    case ENT_CLASS_I:
        ent_text_printf(out, "%lld", (long long)constant->v.i);
        break;
    case ENT_CLASS_F:
        (void)ent_format_double(constant->v.f, text);
        ent_text_puts(out, text);
        break;
    case ENT_CLASS_Q:
        (void)ent_q_format_fraction(constant->v.q, text, sizeof text);
        ent_text_puts(out, text);
        break;
    }
}

/* --- source lines --- */

static void put_place(const ent_image *p, ent_text *out, int64_t place)
{
    const ent_place_row *row = &p->place[place];
    ent_text_printf(out, "%s:%lld:%lld", ent_image_text(p, p->source_file[row->file].path),
                    (long long)row->line, (long long)row->column);
}

/* The line of the source, without its blanks at the beginning. */
static void put_source_line(const ent_image *p, ent_text *out, int64_t place)
{
    const ent_place_row *row = &p->place[place];
    const ent_string *text = &p->strings[p->source_file[row->file].text];
    const char *at = text->p;
    const char *end = text->p + text->len;
    for (int64_t line = 1; line < row->line && at < end; line++) {
        const char *newline = memchr(at, '\n', (size_t)(end - at));
        at = newline == NULL ? end : newline + 1;
    }
    const char *newline = memchr(at, '\n', (size_t)(end - at));
    end = newline == NULL ? end : newline;
    while (at < end && (*at == ' ' || *at == '\t')) {
        at++;
    }
    size_t len = (size_t)(end - at);
    if (len > LINE_SHOWN) {
        len = LINE_SHOWN;
        while (len > 0 && ((unsigned char)at[len] & 0xC0) == 0x80) {
            len--;
        }
    }
    ent_text_add(out, at, len);
}

/* --- kernels --- */

static void put_register(const ent_image *p, const ent_kernel_row *row, ent_text *out,
                         uint16_t reg)
{
    ent_text_printf(out, "%c%u", "bifq"[p->reg[row->first_reg + reg].cls & 3], (unsigned)reg);
}

static void put_input(const ent_image *p, const ent_kernel_row *row, ent_text *out,
                      int64_t number)
{
    static const char *const kinds[] = {"field", "previous", "column", "fold",
                                        "charge", "measure", "element", "parameter"};
    _Static_assert(sizeof kinds / sizeof *kinds == ENT_INPUT_PARAM + 1, "each kind has a name");
    const ent_input_row *input = &p->input[row->first_input + number];
    ent_text_puts(out, kinds[input->kind]);
    if (input->kind == ENT_INPUT_FIELD || input->kind == ENT_INPUT_PREVIOUS) {
        int64_t field = p->feed[row->feed].first_field + input->index;
        ent_text_printf(out, " %s.%s", ent_image_text(p, p->feed[row->feed].name),
                        ent_image_text(p, p->field[field].name));
    } else if (input->kind == ENT_INPUT_COLUMN || input->kind == ENT_INPUT_FOLD ||
               input->kind == ENT_INPUT_ELEMENT || input->kind == ENT_INPUT_PARAM) {
        ent_text_printf(out, " %lld", (long long)input->index);
    }
}

static void put_number(const ent_image *p, const ent_kernel_row *row, ent_text *out,
                       const ent_instruction *i)
{
    switch ((ent_format)ent_opcode_describe(i->op)->format) {
    case ENT_FORMAT_DK:
        put_constant(out, &p->constants[i->k]);
        break;
    case ENT_FORMAT_DN:
        put_input(p, row, out, i->k);
        break;
    case ENT_FORMAT_DAS:
        ent_text_printf(out, "%u", (unsigned)i->k);
        break;
    case ENT_FORMAT_DAW:
    case ENT_FORMAT_AW:
        put_text(out, &p->strings[i->k]);
        break;
    case ENT_FORMAT_DAT:
        put_text(out, &p->strings[p->timefmt[i->k].format]);
        ent_text_puts(out, " ");
        put_text(out, &p->strings[p->timefmt[i->k].zone]);
        break;
    case ENT_FORMAT_DAE:
        put_text(out, &p->strings[p->enumeration[i->k].name]);
        break;
    case ENT_FORMAT_DABCF:
        put_text(out, &p->strings[p->native[i->k].name]);
        break;
    case ENT_FORMAT_AJ:
    case ENT_FORMAT_J:
        ent_text_printf(out, "-> %u", (unsigned)i->k);
        break;
    default:
        break;
    }
}

static void put_instruction(const ent_image *p, const ent_kernel_row *row, ent_text *out,
                            const ent_instruction *i, unsigned depth)
{
    const ent_opcode_info *info = ent_opcode_describe(i->op);
    ent_format format = (ent_format)info->format;
    uint16_t sources[3] = {i->a, i->b, i->c};
    ent_text_fill(out, ' ', 2 * (size_t)depth);
    if (ent_format_has_d(format)) {
        put_register(p, row, out, i->d);
        ent_text_puts(out, " = ");
    }
    ent_text_puts(out, info->mnemonic);
    for (unsigned s = 0; s < ent_format_sources(format); s++) {
        ent_text_puts(out, s == 0 ? " " : ", ");
        put_register(p, row, out, sources[s]);
    }
    size_t before = out->len;
    ent_text_puts(out, ent_format_sources(format) > 0 ? ", " : " ");
    size_t after = out->len;
    put_number(p, row, out, i);
    if (out->len == after && out->data != NULL) { /* there is no number */
        out->len = before;
        out->data[before] = '\0';
    }
}

static void put_code(const ent_image *p, const ent_kernel_row *row, ent_text *out)
{
    unsigned depth = 0;
    uint32_t shown = UINT32_MAX;
    for (int64_t at = 0; at < row->n_instructions; at++) {
        const ent_instruction *i = &p->instructions[row->first_instruction + at];
        depth -= i->op == ENT_BC_END || i->op == ENT_BC_ELSE ? 1u : 0u;
        ent_text_printf(out, "  %4lld  ", (long long)at);
        size_t start = out->len;
        put_instruction(p, row, out, i, depth);
        if (i->place != shown) {
            size_t width = out->len - start;
            ent_text_fill(out, ' ', width < SOURCE_COLUMN ? SOURCE_COLUMN - width : 1);
            ent_text_printf(out, "| %lld  ", (long long)p->place[i->place].line);
            put_source_line(p, out, i->place);
            shown = i->place;
        }
        ent_text_puts(out, "\n");
        depth += i->op == ENT_BC_IF || i->op == ENT_BC_ELSE ? 1u : 0u;
    }
}

bool ent_disasm_kernel(const ent_image *p, int64_t kernel, ent_text *out)
{
    static const char *const kinds[] = {"row", "bind", "decision", "rule"};
    const ent_kernel_row *row = &p->kernel[kernel];
    ent_text_printf(out, "kernel %lld  %s", (long long)kernel, kinds[row->kind]);
    if (row->feed >= 0) {
        ent_text_printf(out, " of feed %s", ent_image_text(p, p->feed[row->feed].name));
    }
    ent_text_puts(out, "  (");
    put_place(p, out, row->place);
    ent_text_puts(out, ")\n");
    put_code(p, row, out);
    for (int64_t o = 0; o < row->n_outputs; o++) {
        ent_text_printf(out, "  output %lld: ", (long long)o);
        put_register(p, row, out, (uint16_t)p->output[row->first_output + o].reg);
        ent_text_puts(out, "\n");
    }
    ent_text_puts(out, "\n");
    return !out->failed;
}

/* --- tables --- */

static void put_field(const ent_image *p, ent_text *out, const ent_field_info *field,
                      int64_t value)
{
    const ent_table_info *target = NULL;
    switch (field->kind) {
    case ENT_KIND_STR:
    case ENT_KIND_STR_OPT:
        put_text(out, &p->strings[value]);
        break;
    case ENT_KIND_CONST:
    case ENT_KIND_CONST_OPT:
        put_constant(out, &p->constants[value]);
        break;
    case ENT_KIND_REF:
    case ENT_KIND_REF_OPT:
    case ENT_KIND_FIRST:
        if (field->bound == ENT_TABLE_place) {
            put_place(p, out, value);
            break;
        }
        target = ent_table_describe((unsigned)field->bound);
        ent_text_printf(out, "%s#%lld", target == NULL ? "?" : target->name, (long long)value);
        break;
    default:
        ent_text_printf(out, "%lld", (long long)value);
        break;
    }
}

/* Says nothing about what is not there: -1 of an optional field, an empty run. */
static bool is_silent(const ent_table_info *info, const int64_t *row, unsigned f)
{
    ent_kind kind = info->fields[f].kind;
    bool optional = kind == ENT_KIND_STR_OPT || kind == ENT_KIND_REF_OPT ||
                    kind == ENT_KIND_CONST_OPT || kind == ENT_KIND_SLOT || kind == ENT_KIND_FLD ||
                    kind == ENT_KIND_OPT;
    if (kind == ENT_KIND_FIRST) {
        return f + 1 < info->n_fields && row[f + 1] == 0;
    }
    return (optional && row[f] == -1) || (kind == ENT_KIND_COUNT && row[f] == 0);
}

static void put_table(const ent_image *p, ent_text *out, const ent_table_info *info,
                      const int64_t *rows, size_t n_rows)
{
    if (n_rows == 0) {
        return;
    }
    ent_text_printf(out, "table %s  (%zu)\n", info->name, n_rows);
    for (size_t i = 0; i < n_rows; i++) {
        const int64_t *row = rows + i * info->n_fields;
        ent_text_printf(out, "  %4zu ", i);
        for (unsigned f = 0; f < info->n_fields; f++) {
            if (!is_silent(info, row, f)) {
                ent_text_printf(out, " %s=", info->fields[f].name);
                put_field(p, out, &info->fields[f], row[f]);
            }
        }
        ent_text_puts(out, "\n");
    }
    ent_text_puts(out, "\n");
}

/* Shown with the kernels, or of no use to a reader. */
static bool is_shown_elsewhere(unsigned table)
{
    return table == ENT_TABLE_source_file || table == ENT_TABLE_place || table == ENT_TABLE_reg ||
           table == ENT_TABLE_input || table == ENT_TABLE_output || table == ENT_TABLE_kernel;
}

bool ent_disasm(const ent_image *p, ent_text *out)
{
    ent_text_printf(out, "program %s\n", p->digest);
    for (size_t i = 0; i < p->n_source_file; i++) {
        ent_text_printf(out, "  source %s\n", ent_image_text(p, p->source_file[i].path));
    }
    ent_text_puts(out, "\n");
    for (size_t i = 0; i < p->n_kernel; i++) {
        (void)ent_disasm_kernel(p, (int64_t)i, out);
    }
#define PUT(number, name)                                                                          \
    if (!is_shown_elsewhere(number)) {                                                             \
        put_table(p, out, ent_table_describe(number), (const int64_t *)p->name, p->n_##name);      \
    }
    ENT_TABLES(PUT)
#undef PUT
    return !out->failed;
}
