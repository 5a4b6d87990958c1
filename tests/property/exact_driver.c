/*
 * Runs the exact arithmetic on lines from standard input for exact_oracle.py, which knows the right
 * answers. A line is an operation and its arguments, separated by tabs; the answer is a line,
 * `fail` where the function refuses. Fractions are "n/d", doubles are their bits in hex, texts hex
 * bytes.
 */
#include "../../runtime/ledger/hash.h"
#include "../../runtime/ledger/json_out.h"
#include "../../runtime/vm/exact.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct {
    char **field;
    size_t count;
} arguments;

_Noreturn static void die(const char *what)
{
    fprintf(stderr, "exact_driver: %s\n", what);
    exit(2);
}

static ent_q to_q(const char *text)
{
    const char *slash = strchr(text, '/');
    ent_q num, den = {1, 1}, q;

    if (!ent_q_from_decimal_text(text, slash ? (size_t)(slash - text) : strlen(text), &num)
        || (slash && !ent_q_from_decimal_text(slash + 1, strlen(slash + 1), &den))
        || !ent_q_make(num.num, den.num, &q))
        die("bad fraction");
    return q;
}

static double to_double(const char *text)
{
    const uint64_t bits = strtoull(text, NULL, 16);
    double value;

    memcpy(&value, &bits, sizeof value);
    return value;
}

static char *to_bytes(const char *hex, size_t *len)
{
    char *bytes = malloc(strlen(hex) / 2 + 1);

    if (bytes == NULL)
        die("no memory");
    for (*len = 0; hex[2 * *len] != '\0'; ++*len) {
        const char pair[3] = {hex[2 * *len], hex[2 * *len + 1], '\0'};

        bytes[*len] = (char)strtoul(pair, NULL, 16);
    }
    return bytes;
}

static void print_text(bool ok, const char *text)
{
    puts(ok ? text : "fail");
}

/* Results come by pointer: the call that makes them stands in the same argument list. */
static void print_q(bool ok, const ent_q *q)
{
    char text[ENT_Q_TEXT_SIZE];

    print_text(ok && ent_q_format_fraction(*q, text, sizeof text) > 0, text);
}

static void print_i128(bool ok, const ent_i128 *value)
{
    char text[ENT_I128_TEXT_SIZE];

    print_text(ok && ent_i128_format(*value, text, sizeof text) > 0, text);
}

static void print_i64(bool ok, const int64_t *value)
{
    if (ok)
        printf("%" PRId64 "\n", *value);
    else
        puts("fail");
}

static void print_double(bool ok, const double *value)
{
    uint64_t bits;

    memcpy(&bits, value, sizeof bits);
    if (ok)
        printf("%016" PRIx64 "\n", bits);
    else
        puts("fail");
}

static void run_fsum(const arguments *a)
{
    const size_t parts = strtoul(a->field[1], NULL, 10), count = a->count - 4;
    const uint64_t n = strtoull(a->field[2], NULL, 10);
    ent_fsum *sum = calloc(parts, sizeof *sum);
    double *values = calloc(count + 1, sizeof *values), result = 0;

    if (sum == NULL || values == NULL)
        die("no memory");
    for (size_t i = 0; i < count; i++)
        values[i] = to_double(a->field[4 + i]);
    for (size_t p = 0; p < parts; p++) {
        const size_t from = count * p / parts, to = count * (p + 1) / parts;

        ent_fsum_init(&sum[p]);
        if (p % 2 == 0)
            ent_fsum_add_array(&sum[p], values + from, to - from);
        for (size_t i = from; p % 2 != 0 && i < to; i++)
            ent_fsum_add(&sum[p], values[i]);
    }
    for (size_t p = 1; p < parts; p++)
        ent_fsum_merge(&sum[0], &sum[p]);
    print_double(ent_fsum_result(&sum[0], &result), &result);
    print_double(ent_fsum_div(&sum[0], n, &result), &result);
    printf("%d\n", ent_fsum_cmp(&sum[0], n, to_double(a->field[3])));
    ent_fsum_normalise(&sum[0]);
    if (!ent_fsum_is_normalised(&sum[0]))
        die("not normalised");
    free(sum);
    free(values);
}

static void run_apportion(const arguments *a)
{
    const size_t n = a->count - 2;
    ent_q *weights = calloc(n + 1, sizeof *weights);
    ent_i128 *parts = calloc(n + 1, sizeof *parts);

    if (weights == NULL || parts == NULL)
        die("no memory");
    for (size_t i = 0; i < n; i++)
        weights[i] = to_q(a->field[2 + i]);
    if (ent_apportion(to_q(a->field[1]).num, weights, n, parts)) {
        for (size_t i = 0; i < n; i++) {
            char text[ENT_I128_TEXT_SIZE];

            ent_i128_format(parts[i], text, sizeof text);
            printf("%s%s", i ? " " : "", text);
        }
        puts("");
    } else {
        puts("fail");
    }
    free(weights);
    free(parts);
}

static bool run_rational(const char *op, const arguments *a)
{
    ent_q out = {0, 1};
    const bool is_binary = a->count > 2;
    bool (*const functions[])(ent_q, ent_q, ent_q *) = {ent_q_add, ent_q_sub, ent_q_mul, ent_q_div};
    static const char *const names[] = {"add", "sub", "mul", "div"};

    for (size_t i = 0; is_binary && i < 4; i++)
        if (strcmp(op, names[i]) == 0) {
            print_q(functions[i](to_q(a->field[1]), to_q(a->field[2]), &out), &out);
            return true;
        }
    if (strcmp(op, "cmp") == 0)
        printf("%d\n", ent_q_cmp(to_q(a->field[1]), to_q(a->field[2])));
    else if (strcmp(op, "floor") == 0)
        print_i128(true, &(ent_i128){ent_q_floor(to_q(a->field[1]))});
    else if (strcmp(op, "ceil") == 0)
        print_i128(true, &(ent_i128){ent_q_ceil(to_q(a->field[1]))});
    else if (strcmp(op, "todouble") == 0)
        print_double(true, &(double){ent_q_to_double(to_q(a->field[1]))});
    else if (strcmp(op, "fromdouble") == 0)
        print_q(ent_q_from_double(to_double(a->field[1]), &out), &out);
    else
        return false;
    return true;
}

static bool run_format(const char *op, const arguments *a)
{
    char text[ENT_Q_TEXT_SIZE];
    const int number = a->count > 2 ? atoi(a->field[2]) : 0;
    ent_i128 scaled = 0;

    if (strcmp(op, "round") == 0 || strcmp(op, "money") == 0)
        print_i128((op[0] == 'r' ? ent_q_round : ent_money_round)(
                       to_q(a->field[1]), number, (ent_round)atoi(a->field[3]), &scaled),
                   &scaled);
    else if (strcmp(op, "decimal") == 0)
        print_text(ent_q_format_decimal(to_q(a->field[1]), text, sizeof text) > 0, text);
    else if (strcmp(op, "rounded") == 0)
        print_text(ent_q_format_rounded(to_q(a->field[1]), number, atoi(a->field[3]) != 0, text,
                                        sizeof text)
                       > 0,
                   text);
    else if (strcmp(op, "seconds") == 0)
        print_text(ent_format_seconds(strtoll(a->field[1], NULL, 10), text, ENT_SECONDS_TEXT_SIZE)
                       > 0,
                   text);
    else if (strcmp(op, "moneytext") == 0)
        print_text((a->field[3][0] == '1' ? ent_money_format_grouped : ent_money_format)(
                       to_q(a->field[1]).num, number, text, sizeof text)
                       > 0,
                   text);
    else if (strcmp(op, "doubletext") == 0)
        print_text(ent_format_double(to_double(a->field[1]), text) > 0, text);
    else
        return false;
    return true;
}

static bool run_text(const char *op, const arguments *a)
{
    size_t len;
    char *bytes = to_bytes(a->field[1], &len), hash[ENT_HASH_TEXT_SIZE];
    int64_t integer = 0;
    double number = 0;
    ent_q q = {0, 1};
    bool known = true;

    if (strcmp(op, "i64") == 0) {
        print_i64(ent_parse_i64(bytes, len, &integer), &integer);
    } else if (strcmp(op, "scaled") == 0) {
        print_i64(ent_parse_decimal_scaled(bytes, len, atoi(a->field[2]), &integer), &integer);
    } else if (strcmp(op, "duration") == 0) {
        print_i64(ent_parse_duration(bytes, len, &integer), &integer);
    } else if (strcmp(op, "qtext") == 0) {
        print_q(ent_q_from_decimal_text(bytes, len, &q), &q);
    } else if (strcmp(op, "double") == 0) {
        print_double(ent_parse_double(bytes, len, &number), &number);
    } else if (strcmp(op, "hash") == 0) {
        print_text(ent_hash_hex(bytes, len, hash), hash);
    } else if (strcmp(op, "json") == 0) {
        ent_json_out out;

        ent_json_init(&out, 0);
        ent_json_text_len(&out, bytes, len);
        print_text(ent_json_is_complete(&out), out.data);
        ent_json_deinit(&out);
    } else {
        known = false;
    }
    free(bytes);
    return known;
}

int main(void)
{
    char *line = NULL, **field = NULL;
    size_t line_size = 0, field_size = 0;
    ssize_t len;

    while ((len = getline(&line, &line_size, stdin)) > 0) {
        arguments a = {field, 0};

        if (line[len - 1] == '\n')
            line[len - 1] = '\0';
        for (char *at = line; at != NULL;) {
            if (a.count == field_size) {
                field_size = field_size == 0 ? 64 : 2 * field_size;
                field = realloc(field, field_size * sizeof *field);
                if (field == NULL)
                    die("no memory");
                a.field = field;
            }
            a.field[a.count++] = strsep(&at, "\t");
        }
        if (strcmp(a.field[0], "fsum") == 0)
            run_fsum(&a);
        else if (strcmp(a.field[0], "apportion") == 0)
            run_apportion(&a);
        else if (!run_rational(a.field[0], &a) && !run_format(a.field[0], &a)
                 && !run_text(a.field[0], &a))
            die("unknown operation");
    }
    free(line);
    free(field);
    return 0;
}
