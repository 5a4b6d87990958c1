/* The smallest honest host: pushes CSV files of facts through the public interface and writes the ledger to stdout.
 * What it writes must be what `entente run` writes.
 *
 *   host PROGRAM.entc [-live] [-text] [-assume-signed] [-rows N] [-from NS] [-to NS] NAME=FILE.csv…
 *
 * Cells are separated by commas and have no quotes.  -rows N: so many rows a push, feed by feed;
 * -text: files as they are, through the feed's bind. */
#include <entente.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { COLUMNS_MAX = 64, FEEDS_MAX = 16 };

typedef struct table {
    const char *feed;
    const char *path;
    char *text;
    char *names[COLUMNS_MAX];
    size_t n_columns, n_rows, next;
    char **cells; /* row by row */
} table;

static char *read_file(const char *path, size_t *len)
{
    FILE *f = fopen(path, "rb");
    if (!f) {
        perror(path);
        exit(4);
    }
    size_t capacity = 1 << 16;
    char *bytes = malloc(capacity);
    *len = 0;
    for (size_t got; (got = fread(bytes + *len, 1, capacity - *len - 1, f)) > 0;) {
        *len += got;
        if (capacity - *len < 2) {
            bytes = realloc(bytes, capacity *= 2);
        }
    }
    bytes[*len] = 0;
    fclose(f);
    return bytes;
}

static char *next_line(char **at)
{
    char *line = *at;
    char *end = strchr(line, '\n');
    if (!*line) {
        return NULL;
    }
    *at = end ? end + 1 : line + strlen(line);
    if (end) {
        *end = 0;
        if (end > line && end[-1] == '\r') {
            end[-1] = 0;
        }
    }
    return line;
}

static void read_table(table *t, const char *argument)
{
    size_t len;
    char *equals = strchr(argument, '=');
    t->feed = strndup(argument, (size_t)(equals - argument));
    t->path = equals + 1;
    t->text = read_file(t->path, &len);
    char *at = t->text;
    char *line = next_line(&at);
    for (char *cell; line && (cell = strsep(&line, ",")) && t->n_columns < COLUMNS_MAX;) {
        t->names[t->n_columns++] = cell;
    }
    size_t capacity = 1024;
    t->cells = malloc(capacity * t->n_columns * sizeof *t->cells);
    while ((line = next_line(&at))) {
        if (*line == 0) {
            continue;
        }
        if (t->n_rows == capacity) {
            capacity *= 2;
            t->cells = realloc(t->cells, capacity * t->n_columns * sizeof *t->cells);
        }
        for (size_t i = 0; i < t->n_columns; i++) {
            char *cell = strsep(&line, ",");
            t->cells[t->n_rows * t->n_columns + i] = cell ? cell : "";
        }
        t->n_rows++;
    }
}

static bool has_field(const ent_program *program, const char *feed, const char *name)
{
    const ent_feed_info *info;
    for (size_t i = 0; (info = ent_program_feed(program, i)); i++) {
        for (size_t k = 0; strcmp(info->name, feed) == 0 && k < info->n_fields; k++) {
            if (strcmp(info->fields[k].name, name) == 0) {
                return true;
            }
        }
    }
    return false;
}

static bool on_line(void *user, const char *line, size_t len)
{
    (void)user;
    return fwrite(line, 1, len, stdout) == len;
}

static void fail(const ent_error *error)
{
    fprintf(stderr, "error: %s\n", error->message);
    if (error->line) {
        fprintf(stderr, " --> %s:%u:%u\n", error->file, error->line, error->column);
    }
    exit(error->code == ENT_ERROR_DATA ? 3 : 4);
}

static void push(ent_program *program, ent_session *session, table *t, size_t n)
{
    ent_column columns[COLUMNS_MAX + 1] = {{0}};
    ent_error error = {0};
    const char **data[COLUMNS_MAX];
    size_t n_columns = 0;
    for (size_t i = 0; i < t->n_columns; i++) {
        if (!has_field(program, t->feed, t->names[i])) {
            continue;
        }
        data[n_columns] = malloc((n + 1) * sizeof **data);
        for (size_t k = 0; k < n; k++) {
            data[n_columns][k] = t->cells[(t->next + k) * t->n_columns + i];
        }
        columns[n_columns] = (ent_column){.name = t->names[i], .type = ENT_COLUMN_TEXT, .data = data[n_columns]};
        n_columns++;
    }
    if (!ent_session_push(session, t->feed, columns, n, &error)) {
        fail(&error);
    }
    t->next += n;
    while (n_columns > 0) {
        free(data[--n_columns]);
    }
}

static void push_file(ent_session *session, const table *t)
{
    size_t len;
    char *text = read_file(t->path, &len);
    ent_error error = {0};
    if (!ent_session_push_text(session, t->feed, NULL, text, len, &error)) {
        fail(&error);
    }
    free(text);
}

int main(int argc, char **argv)
{
    ent_session_options options = {.on_line = on_line, .ledger = ENT_LEDGER_WHOLE};
    table tables[FEEDS_MAX] = {{0}};
    size_t n_tables = 0;
    size_t rows = SIZE_MAX;
    bool text = false;
    for (int i = 2; i < argc; i++) {
        if (strcmp(argv[i], "-live") == 0) {
            options.ledger = ENT_LEDGER_LIVE;
        } else if (strcmp(argv[i], "-text") == 0) {
            text = true;
        } else if (strcmp(argv[i], "-assume-signed") == 0) {
            options.assume_signed = true;
        } else if (strcmp(argv[i], "-rows") == 0) {
            rows = strtoul(argv[++i], NULL, 10);
        } else if (strcmp(argv[i], "-from") == 0) {
            options.has_from = true;
            options.from_ns = strtoll(argv[++i], NULL, 10);
        } else if (strcmp(argv[i], "-to") == 0) {
            options.has_to = true;
            options.to_ns = strtoll(argv[++i], NULL, 10);
        } else if (n_tables < FEEDS_MAX) {
            read_table(&tables[n_tables++], argv[i]);
        }
    }
    size_t len;
    char *bytes = read_file(argv[1], &len);
    ent_program *program;
    ent_session *session;
    ent_error error = {0};
    if (!ent_program_load(bytes, len, NULL, &program, &error) ||
        !ent_session_new(program, &options, &session, &error)) {
        fail(&error);
    }
    ent_program_release(program);
    for (size_t i = 0; text && i < n_tables; i++) {
        push_file(session, &tables[i]);
    }
    for (bool more = !text; more;) {
        more = false;
        for (size_t i = 0; i < n_tables; i++) {
            size_t left = tables[i].n_rows - tables[i].next;
            push(program, session, &tables[i], left < rows ? left : rows);
            more |= tables[i].next < tables[i].n_rows;
        }
    }
    if (!ent_session_finish(session, &error)) {
        fail(&error);
    }
    ent_session_free(session);
    for (size_t i = 0; i < n_tables; i++) {
        free(tables[i].cells);
        free(tables[i].text);
        free((char *)tables[i].feed);
    }
    free(bytes);
    return 0;
}
