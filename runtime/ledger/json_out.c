/* See json_out.h. */
#include "json_out.h"

#include <stdlib.h>
#include <string.h>

#define LEN_MAX_DEFAULT ((size_t)1 << 30)
#define SIZE_FIRST 512

void ent_json_init(ent_json_out *out, size_t len_max)
{
    memset(out, 0, sizeof *out);
    out->len_max = len_max == 0 ? LEN_MAX_DEFAULT : len_max;
    if (out->len_max > SIZE_MAX / 2) /* so that sizes cannot overflow */
        out->len_max = SIZE_MAX / 2;
}

void ent_json_deinit(ent_json_out *out)
{
    free(out->data);
    memset(out, 0, sizeof *out);
}

void ent_json_reset(ent_json_out *out)
{
    out->len = 0;
    out->in_object = 0;
    out->has_items = 0;
    out->depth = 0;
    out->after_key = false;
    out->error = ENT_JSON_OK;
    if (out->data != NULL)
        out->data[0] = '\0';
}

static void fail(ent_json_out *out, ent_json_error error)
{
    if (out->error == ENT_JSON_OK)
        out->error = error;
}

static bool grow(ent_json_out *out, size_t more)
{
    if (more > out->len_max - out->len) {
        fail(out, ENT_JSON_TOO_LONG);
        return false;
    }
    const size_t needed = out->len + more + 1;
    size_t size = out->size == 0 ? SIZE_FIRST : out->size;

    while (size < needed)
        size = size > SIZE_MAX / 2 ? needed : 2 * size;
    char *data = realloc(out->data, size);

    if (data == NULL) {
        fail(out, ENT_JSON_NO_MEMORY);
        return false;
    }
    out->data = data;
    out->size = size;
    return true;
}

static inline bool reserve(ent_json_out *out, size_t more)
{
    if (out->error != ENT_JSON_OK)
        return false;
    /* what there is room for was within len_max when the room was made, but for a doubling too many */
    if (more < out->size - out->len && more <= out->len_max - out->len)
        return true;
    return grow(out, more);
}

static inline void append(ent_json_out *out, const char *bytes, size_t len)
{
    if (!reserve(out, len))
        return;
    if (len > 0)
        memcpy(out->data + out->len, bytes, len);
    out->len += len;
    out->data[out->len] = '\0';
}

static bool at_level(const ent_json_out *out, uint64_t bits)
{
    return (bits >> out->depth & 1) != 0;
}

/* The comma before an item, and whether a value may stand here. */
static bool begin_value(ent_json_out *out)
{
    const bool needs_key = at_level(out, out->in_object);
    const bool is_second_at_top = out->depth == 0 && at_level(out, out->has_items);

    if (out->error != ENT_JSON_OK)
        return false;
    if (needs_key != out->after_key || is_second_at_top) {
        fail(out, ENT_JSON_MISUSE);
        return false;
    }
    if (!out->after_key && at_level(out, out->has_items))
        append(out, ",", 1);
    out->has_items |= (uint64_t)1 << out->depth;
    out->after_key = false;
    return out->error == ENT_JSON_OK;
}

static void begin_nested(ent_json_out *out, bool is_object)
{
    if (!begin_value(out))
        return;
    if (out->depth == ENT_JSON_DEPTH_MAX) {
        fail(out, ENT_JSON_MISUSE);
        return;
    }
    out->depth++;
    const uint64_t bit = (uint64_t)1 << out->depth;

    out->has_items &= ~bit;
    out->in_object = is_object ? out->in_object | bit : out->in_object & ~bit;
    append(out, is_object ? "{" : "[", 1);
}

static void end_nested(ent_json_out *out, bool is_object)
{
    if (out->error != ENT_JSON_OK)
        return;
    if (out->depth == 0 || out->after_key || at_level(out, out->in_object) != is_object) {
        fail(out, ENT_JSON_MISUSE);
        return;
    }
    out->depth--;
    append(out, is_object ? "}" : "]", 1);
}

void ent_json_begin_object(ent_json_out *out)
{
    begin_nested(out, true);
}

void ent_json_end_object(ent_json_out *out)
{
    end_nested(out, true);
}

void ent_json_begin_array(ent_json_out *out)
{
    begin_nested(out, false);
}

void ent_json_end_array(ent_json_out *out)
{
    end_nested(out, false);
}

/*
 * Length of the well-formed UTF-8 sequence at `at`, by the table of the Unicode standard (3-7),
 * which leaves out overlong forms and surrogates; or 0, and *bad is then the length of the maximal
 * subpart that one U+FFFD replaces.
 */
static size_t utf8_sequence(const unsigned char *at, size_t left, size_t *bad)
{
    const unsigned char lead = at[0];
    unsigned char least = 0x80, most = 0xbf;
    size_t need;

    *bad = 1;
    if (lead < 0x80)
        return 1;
    if (lead >= 0xc2 && lead <= 0xdf)
        need = 2;
    else if (lead >= 0xe0 && lead <= 0xef)
        need = 3;
    else if (lead >= 0xf0 && lead <= 0xf4)
        need = 4;
    else
        return 0;
    if (lead == 0xe0)
        least = 0xa0;
    else if (lead == 0xed)
        most = 0x9f;
    else if (lead == 0xf0)
        least = 0x90;
    else if (lead == 0xf4)
        most = 0x8f;
    for (size_t i = 1; i < need; i++) {
        if (i == left || at[i] < least || at[i] > most) {
            *bad = i;
            return 0;
        }
        least = 0x80;
        most = 0xbf;
    }
    return need;
}

static void append_escape(ent_json_out *out, unsigned char c)
{
    static const char hex[] = "0123456789abcdef";
    const char control[] = {'\\', 'u', '0', '0', hex[c >> 4], hex[c & 15]};
    const char plain[] = {'\\', (char)c};

    if (c < 0x20)
        append(out, control, sizeof control);
    else
        append(out, plain, sizeof plain);
}

/* Whether a byte of the eight has to be looked at: not ASCII, a control character, a quote or a backslash. */
static inline uint64_t special_bytes(uint64_t word)
{
    const uint64_t ones = UINT64_C(0x0101010101010101), high = ones * 0x80;
    const uint64_t quote = word ^ ones * '"', backslash = word ^ ones * '\\';

    return (word | (word - ones * 0x20) | (quote - ones) | (backslash - ones)) & high;
}

/* Whether a text that is not empty can stand in quotes as it is, as almost all can. */
static inline bool is_plain(const char *text, size_t len)
{
    uint64_t word = 0, special = 0;

    if (len >= 4 && len < sizeof word) {
        uint32_t first, last;

        memcpy(&first, text, sizeof first);
        memcpy(&last, text + len - sizeof last, sizeof last);
        return special_bytes((uint64_t)first << 32 | last) == 0;
    }
    if (len < 4) {
        for (size_t i = 0; i < len; i++)
            word = word << 8 | (unsigned char)text[i];
        return special_bytes(word | UINT64_C(0x2020202020202020) << 8 * len) == 0;
    }
    for (size_t i = 0; i + sizeof word <= len; i += sizeof word) {
        memcpy(&word, text + i, sizeof word);
        special |= special_bytes(word);
    }
    memcpy(&word, text + len - sizeof word, sizeof word);
    return (special | special_bytes(word)) == 0;
}

bool ent_json_is_plain(const char *text, size_t len)
{
    return is_plain(text, len);
}

static void append_plain(ent_json_out *out, const char *text, size_t len)
{
    if (!reserve(out, len + 2))
        return;
    char *at = out->data + out->len;

    *at++ = '"';
    memcpy(at, text, len);
    at[len] = '"';
    at[len + 1] = '\0';
    out->len += len + 2;
}

static void append_quoted(ent_json_out *out, const char *text, size_t len)
{
    if (len > 0 && len < out->len_max && is_plain(text, len)) {
        append_plain(out, text, len);
        return;
    }

    const unsigned char *bytes = (const unsigned char *)text;
    size_t start = 0, i = 0;

    append(out, "\"", 1);
    while (i < len) {
        size_t bad;
        const size_t sequence = utf8_sequence(bytes + i, len - i, &bad);
        const bool is_special = bytes[i] < 0x20 || bytes[i] == '"' || bytes[i] == '\\';

        if (sequence != 0 && !is_special) {
            i += sequence;
            continue;
        }
        append(out, text + start, i - start);
        if (is_special)
            append_escape(out, bytes[i]);
        else
            append(out, "\xef\xbf\xbd", 3);
        i += is_special ? 1 : bad;
        start = i;
    }
    if (len > start) /* text may be NULL when it is empty */
        append(out, text + start, len - start);
    append(out, "\"", 1);
}

void ent_json_key_len(ent_json_out *out, const char *key, size_t len)
{
    if (out->error != ENT_JSON_OK)
        return;
    if (!at_level(out, out->in_object) || out->after_key) {
        fail(out, ENT_JSON_MISUSE);
        return;
    }
    if (at_level(out, out->has_items))
        append(out, ",", 1);
    append_quoted(out, key, len);
    append(out, ":", 1);
    out->after_key = true;
}

static inline char *put_plain(char *at, const char *text, size_t len)
{
    *at++ = '"';
    memcpy(at, text, len);
    at[len] = '"';
    return at + len + 1;
}

/* Most members are a plain key and a plain text, which are put down in one go. */
void ent_json_plain_key_text(ent_json_out *out, const char *key, size_t key_len, const char *text, size_t len)
{
    const size_t more = key_len + len + 6;

    if (len == 0 || len >= out->len_max || out->after_key || !at_level(out, out->in_object) || !is_plain(text, len)) {
        ent_json_key_len(out, key, key_len);
        ent_json_text_len(out, text, len);
        return;
    }
    if (!reserve(out, more))
        return;
    char *at = out->data + out->len;

    if (at_level(out, out->has_items))
        *at++ = ',';
    at = put_plain(at, key, key_len);
    *at++ = ':';
    at = put_plain(at, text, len);
    *at = '\0';
    out->len = (size_t)(at - out->data);
    out->has_items |= (uint64_t)1 << out->depth;
}

void ent_json_key_text_len(ent_json_out *out, const char *key, size_t key_len, const char *text)
{
    if (text == NULL || key_len == 0 || key_len >= out->len_max || !is_plain(key, key_len)) {
        ent_json_key_len(out, key, key_len);
        ent_json_text(out, text);
        return;
    }
    ent_json_plain_key_text(out, key, key_len, text, strlen(text));
}

void ent_json_members(ent_json_out *out, const char *json, size_t len)
{
    if (out->error != ENT_JSON_OK)
        return;
    if (!at_level(out, out->in_object) || out->after_key) {
        fail(out, ENT_JSON_MISUSE);
        return;
    }
    if (at_level(out, out->has_items))
        append(out, ",", 1);
    append(out, json, len);
    out->has_items |= (uint64_t)1 << out->depth;
}

void ent_json_text_len(ent_json_out *out, const char *text, size_t len)
{
    if (begin_value(out))
        append_quoted(out, text, len);
}

void ent_json_text(ent_json_out *out, const char *text)
{
    if (text == NULL)
        ent_json_null(out);
    else
        ent_json_text_len(out, text, strlen(text));
}

static void write_integer(ent_json_out *out, bool negative, uint64_t magnitude)
{
    char text[24];
    size_t at = sizeof text;

    do {
        text[--at] = (char)('0' + (int)(magnitude % 10));
        magnitude /= 10;
    } while (magnitude != 0);
    if (negative)
        text[--at] = '-';
    ent_json_raw(out, text + at, sizeof text - at);
}

void ent_json_int(ent_json_out *out, int64_t value)
{
    write_integer(out, value < 0, value < 0 ? 0 - (uint64_t)value : (uint64_t)value);
}

void ent_json_uint(ent_json_out *out, uint64_t value)
{
    write_integer(out, false, value);
}

void ent_json_bool(ent_json_out *out, bool value)
{
    ent_json_raw(out, value ? "true" : "false", value ? 4 : 5);
}

void ent_json_null(ent_json_out *out)
{
    ent_json_raw(out, "null", 4);
}

void ent_json_raw(ent_json_out *out, const char *json, size_t len)
{
    if (begin_value(out))
        append(out, json, len);
}

void ent_json_key_int(ent_json_out *out, const char *key, int64_t value)
{
    ent_json_key(out, key);
    ent_json_int(out, value);
}

void ent_json_key_bool(ent_json_out *out, const char *key, bool value)
{
    ent_json_key(out, key);
    ent_json_bool(out, value);
}

void ent_json_reopen_object(ent_json_out *out)
{
    if (out->error != ENT_JSON_OK)
        return;
    if (out->depth != 0 || out->len == 0 || out->data[out->len - 1] != '}') {
        fail(out, ENT_JSON_MISUSE);
        return;
    }
    out->data[--out->len] = '\0';
    out->depth = 1;
    out->in_object |= 2; /* has_items of that level is as the brace found it */
}

void ent_json_end_line(ent_json_out *out)
{
    if (out->error != ENT_JSON_OK)
        return;
    if (out->depth != 0 || !at_level(out, out->has_items)) {
        fail(out, ENT_JSON_MISUSE);
        return;
    }
    out->has_items = 0;
    append(out, "\n", 1);
}

bool ent_json_is_complete(const ent_json_out *out)
{
    return out->error == ENT_JSON_OK && out->depth == 0 && out->len > 0;
}
