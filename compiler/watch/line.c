/* What is read back out of the ledger's lines: where each begins, and what every clause has come
 * to.
 *
 * The counts come from the lines and not from the engine, so after a restart they are read from the
 * file. */
#include "compiler/watch/internal.h"
#include "compiler/watch/keys.h"

#include <stdlib.h>
#include <string.h>


static bool is_named(const ent_watch *w, int64_t agreement, int64_t name, ent_json_slice a,
                     ent_json_slice version, ent_json_slice clause)
{
    char number[24];
    snprintf(number, sizeof number, "%lld", (long long)w->program->agreement[agreement].version);
    return ent_watch_says(clause, ent_image_text(w->program, name)) &&
           ent_watch_says(a, ent_image_text(w->program, w->program->agreement[agreement].name)) &&
           ent_json_is(version, number);
}

/* The clause that the line is about, NULL: none that this program has. */
static ent_watch_clause *find_clause(const ent_watch *w, ent_json_slice line)
{
    const ent_image *p = w->program;
    ent_json_slice a = ent_json_member(line, "agreement");
    ent_json_slice version = ent_json_member(line, "version");
    ent_json_slice clause = ent_json_member(line, "clause");
    for (size_t i = 0; i < p->n_duty; i++) {
        if (is_named(w, p->duty[i].agreement, p->duty[i].name, a, version, clause)) {
            return &w->duties[i];
        }
    }
    for (size_t i = 0; i < p->n_objective; i++) {
        if (is_named(w, p->objective[i].agreement, p->objective[i].name, a, version, clause)) {
            return &w->objectives[i];
        }
    }
    for (size_t i = 0; i < p->n_pool; i++) {
        if (is_named(w, p->pool[i].agreement, p->pool[i].name, a, version, clause)) {
            return &w->pools[i];
        }
    }
    return NULL;
}

static void count(ent_watch *w, const char *text, size_t len)
{
    ent_json_slice line = {text, len > 0 && text[len - 1] == '\n' ? len - 1 : len};
    ent_watch_clause *c = find_clause(w, line);
    if (!c) {
        return;
    }
    ent_json_slice status = ent_json_member(line, "status");
    if (!status.p) {
        c->warnings++;
        return;
    }
    for (int i = 0; i < ENT_STATUS_COUNT; i++) {
        if (ent_watch_says(status, ent_status_name(i))) {
            c->by_status[i]++;
            c->last_line = w->n_lines;
            c->last_breach = i == ENT_STATUS_BREACH ? w->n_lines : c->last_breach;
        }
    }
}

bool ent_watch_line_seen(ent_watch *w, const char *line, size_t len)
{
    if (w->n_lines + 2 > w->lines_capacity) {
        size_t capacity = w->lines_capacity ? w->lines_capacity * 2 : 1024;
        uint64_t *grown = realloc(w->lines, capacity * sizeof *grown);
        if (!grown) {
            return false;
        }
        w->lines = grown;
        w->lines_capacity = capacity;
        w->lines[0] = w->n_lines == 0 ? 0 : w->lines[0];
    }
    w->n_lines++;
    w->lines[w->n_lines] = w->lines[w->n_lines - 1] + len;
    count(w, line, len);
    return true;
}

size_t ent_watch_line_read(const ent_watch *w, uint64_t n, char **buf, size_t *capacity)
{
    if (n == 0 || n > w->n_lines || w->lines[n] > w->ledger_file.at) {
        return 0;
    }
    size_t len = (size_t)(w->lines[n] - w->lines[n - 1]);
    if (len > *capacity) {
        char *grown = realloc(*buf, len);
        if (!grown) {
            return 0;
        }
        *buf = grown;
        *capacity = len;
    }
    return ent_watch_log_read(&w->ledger_file, w->lines[n - 1], *buf, len) == len ? len : 0;
}
