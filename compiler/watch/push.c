/* POST /feed/NAME: rows as JSON Lines or CSV.
 *
 * An answer of 200 says that the rows are on the disk (with --state) and counted; the same
 * Idempotency-Key, or without one the same body, is taken once.  429 and 503 mean: later, see
 * Retry-After. */
#include "compiler/watch/server.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { RETRY_SECONDS = 5 };

void ent_watch_reply_error(ent_watch_reply *reply, unsigned status, const char *format, ...)
{
    char text[768];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    reply->status = status;
    reply->type = "application/json";
    ent_json_reset(&reply->out);
    ent_json_begin_object(&reply->out);
    ent_json_key_text(&reply->out, "error", text);
    ent_json_end_object(&reply->out);
    ent_json_end_line(&reply->out);
}

static void say_totals(const ent_watch_totals *before, const ent_watch_totals *after, bool repeated,
                       ent_watch_reply *reply)
{
    ent_json_out *out = &reply->out;
    reply->status = 200;
    reply->type = "application/json";
    ent_json_reset(out);
    ent_json_begin_object(out);
    ent_json_key_int(out, "rows", (int64_t)(after->rows - before->rows));
    ent_json_key_int(out, "bad", (int64_t)(after->bad - before->bad));
    ent_json_key_int(out, "late", (int64_t)(after->late - before->late));
    ent_json_key_int(out, "skipped", (int64_t)(after->skipped - before->skipped));
    if (repeated) {
        ent_json_key_bool(out, "repeated", true);
    }
    ent_json_end_object(out);
    ent_json_end_line(out);
}

void ent_watch_push_batch(ent_watch *w, const ent_watch_batch *batch, ent_watch_reply *reply)
{
    char message[512];
    ent_watch_totals before = batch->source->totals;
    ent_watch_answer answer = ent_watch_accept(w, batch, message, sizeof message);
    switch (answer) {
    case ENT_WATCH_BUSY:
        reply->retry_after = RETRY_SECONDS;
        ent_watch_reply_error(reply, w->disk_trouble[0] || w->finished ? 503 : 429, "%s", message);
        break;
    case ENT_WATCH_REFUSED:
        ent_watch_reply_error(reply, 400, "%s", message);
        break;
    case ENT_WATCH_FAILED:
        ent_watch_reply_error(reply, 500, "the watch cannot go on");
        break;
    default:
        say_totals(&before, &batch->source->totals, answer == ENT_WATCH_REPEATED, reply);
    }
}

static ent_watch_source *find_push(ent_watch *w, const char *name, bool *known)
{
    *known = false;
    for (size_t i = 0; i < w->n_sources; i++) {
        if (strcmp(w->sources[i].feed_name, name) == 0) {
            *known = true;
            if (w->sources[i].kind == ENT_WATCH_PUSH) {
                return &w->sources[i];
            }
        }
    }
    return NULL;
}

static bool is_type(const char *type, const char *wanted)
{
    size_t n = strcspn(type, "; ");
    return n == strlen(wanted) && strncasecmp(type, wanted, n) == 0;
}

static ent_format format_of(const ent_watch_request *r)
{
    if (is_type(r->type, "text/csv")) {
        return ENT_FORMAT_CSV;
    }
    if (is_type(r->type, "text/tab-separated-values")) {
        return ENT_FORMAT_TSV;
    }
    if (is_type(r->type, "application/x-ndjson") || is_type(r->type, "application/jsonl") ||
        is_type(r->type, "application/json")) {
        return ENT_FORMAT_JSONL;
    }
    size_t i = 0;
    while (i < r->len && strchr(" \t\r\n", r->body[i])) {
        i++;
    }
    return i < r->len && r->body[i] == '{' ? ENT_FORMAT_JSONL : ENT_FORMAT_CSV;
}

static uint64_t count_newlines(const char *text, size_t n)
{
    uint64_t lines = 0;
    for (const char *p = text; (p = memchr(p, '\n', n - (size_t)(p - text))) != NULL; p++) {
        lines++;
    }
    return lines;
}

void ent_watch_push_rows(ent_watch *w, const ent_watch_request *r, ent_watch_reply *reply)
{
    bool known;
    const char *name = r->path + strlen("/feed/");
    ent_watch_source *s = find_push(w, name, &known);
    if (!s) {
        ent_watch_reply_error(
            reply, known ? 409 : 404,
            known ? "feed `%.80s` takes no pushes: start with --feed %.80s=push"
                  : "there is no feed `%.80s` that is watched, see --feed %.80s=push",
            name, name);
        return;
    }
    if (r->coding[0] && strcmp(r->coding, "identity") != 0) {
        ent_watch_reply_error(reply, 415, "rows come as they are, not as `%.60s`", r->coding);
        return;
    }
    if (r->len == 0 || memchr(r->body, 0, r->len) || !ent_watch_is_text(r->body, r->len)) {
        ent_watch_reply_error(reply, 400, r->len == 0 ? "there are no rows" : "this is no text");
        return;
    }
    ent_watch_batch b = {.source = s,
                         .format = format_of(r),
                         .text = r->body,
                         .len = r->len,
                         .line = s->place.line,
                         .now_ns = w->now_ns,
                         .after = s->place,
                         .watermark_ns = INT64_MIN};
    if (b.format != ENT_FORMAT_JSONL) {
        const char *end = memchr(r->body, '\n', r->len);
        b.header = r->body;
        b.header_len = end ? (size_t)(end - r->body) : r->len;
        b.text = end ? end + 1 : r->body + r->len;
        b.len = r->len - (size_t)(b.text - r->body);
        b.header_len -= b.header_len > 0 && b.header[b.header_len - 1] == '\r';
    }
    b.after.line += count_newlines(b.text, b.len) + (b.len > 0 && b.text[b.len - 1] != '\n');
    if (!(r->key ? ent_watch_digest(r->key, strlen(r->key), b.id)
                 : ent_watch_digest(r->body, r->len, b.id))) {
        ent_watch_reply_error(reply, 500, "no digest");
        return;
    }
    ent_watch_push_batch(w, &b, reply);
}
