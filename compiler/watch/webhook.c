/* Webhooks: warnings, runnings-out, budgets and breaches are posted as they stand in the ledger.
 *
 * The ledger is the queue.  What is remembered of a hook is the number of the last line it has
 * answered with 2xx; it is written after each (state folder, `hook-…`), so a delivery may come
 * twice after a crash and none is lost.  A hook that does not answer is tried again, 1 s, 2 s, … up
 * to 5 minutes apart, and what follows waits behind it.
 *
 *     POST url
 *     Content-Type: application/json
 *     Entente-Line: 17                        the line's number; the same line always has the same
 *     Entente-Timestamp: 1790000000           seconds since 1970
 *     Entente-Signature: hmac-sha256=HEX      or ed25519=HEX, over TIMESTAMP "." BODY
 *
 * Entente-Key names the public key of Ed25519. */
#include "compiler/watch/clients.h"
#include "compiler/watch/keys.h"
#include "runtime/ledger/file.h"

#include <errno.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>


enum { BACKOFF_MAX = 300, LOOK_AT = 2000, KEY_MAX = 4096 };

typedef struct hook {
    ent_watch_transfer transfer;
    const char *url;
    char name[40];    /* of the file in the state folder */
    uint64_t seen;    /* lines that need no delivery any more */
    uint64_t sending; /* the line on its way */
    int64_t next_ns, backoff_s;
    uint64_t delivered, failed;
} hook;

struct ent_watch_hooks {
    hook *v;
    size_t n;
    bool hmac, ed25519;
    char key[KEY_MAX];
    size_t key_len;
    unsigned char public_key[crypto_sign_PUBLICKEYBYTES];
    unsigned char secret_key[crypto_sign_SECRETKEYBYTES];
};

size_t ent_watch_hooks_count(const ent_watch *w)
{
    return w->hooks ? w->hooks->n : 0;
}

ent_watch_hook_totals ent_watch_hooks_totals(const ent_watch *w, size_t index)
{
    const hook *h = &w->hooks->v[index];
    return (ent_watch_hook_totals){h->url, h->delivered, h->failed,
                                   w->n_lines > h->seen ? w->n_lines - h->seen : 0};
}

/* --- set-up --- */

static bool read_key(ent_watch *w)
{
    struct ent_watch_hooks *hooks = w->hooks;
    unsigned char seed[crypto_sign_SEEDBYTES];
    size_t n;
    FILE *file = fopen(w->options->webhook_key, "re");
    hooks->key_len = file ? fread(hooks->key, 1, KEY_MAX - 1, file) : 0;
    if (file) {
        fclose(file);
    }
    while (hooks->key_len > 0 && strchr("\r\n", hooks->key[hooks->key_len - 1])) {
        hooks->key_len--;
    }
    if (hooks->key_len == 0) {
        return ent_watch_fail(w, 4, "cannot read a key in `%s`", w->options->webhook_key);
    }
    hooks->ed25519 = hooks->key_len > 8 && memcmp(hooks->key, "ed25519:", 8) == 0;
    hooks->hmac = !hooks->ed25519;
    if (hooks->hmac) {
        return true;
    }
    bool ok =
        sodium_hex2bin(seed, sizeof seed, hooks->key + 8, hooks->key_len - 8, " ", &n, NULL) == 0 &&
        n == sizeof seed &&
        crypto_sign_seed_keypair(hooks->public_key, hooks->secret_key, seed) == 0;
    sodium_memzero(seed, sizeof seed);
    return ok || ent_watch_fail(w, 2, "the key in `%s` is not `ed25519:` and 64 hex digits",
                                w->options->webhook_key);
}

static void read_seen(const ent_watch *w, hook *h)
{
    char path[4096];
    unsigned long long seen;
    h->seen = w->n_lines; /* a new hook hears of what comes */
    if (!w->store.folder || !ent_watch_store_path(&w->store, h->name, path, sizeof path)) {
        return;
    }
    FILE *file = fopen(path, "re");
    if (file) {
        if (fscanf(file, "%llu", &seen) == 1 && seen < h->seen) {
            h->seen = seen;
        }
        fclose(file);
    } else if (w->accepted == 0 && w->n_lines <= 1) {
        h->seen = 0;
    }
}

static void write_seen(ent_watch *w, const hook *h)
{
    char path[4096];
    char text[32];
    ent_file file;
    if (!w->store.folder || !ent_watch_store_path(&w->store, h->name, path, sizeof path)) {
        return;
    }
    if (ent_file_create(&file, path)) {
        ent_file_write(&file, text,
                       (size_t)snprintf(text, sizeof text, "%llu\n", (unsigned long long)h->seen));
        (void)ent_file_commit(&file); /* if it fails, a delivery is made again */
    }
}

static void on_answer(ent_watch *w, ent_watch_transfer *t, const char *problem)
{
    hook *h = t->user;
    ent_watch_bytes_deinit(&t->answer);
    if (problem) {
        h->failed++;
        if (h->backoff_s == 0) {
            ent_watch_say(w, "warning: webhook `%s`: %s; trying again", h->url, problem);
        }
        h->backoff_s = h->backoff_s == 0                ? 1
                       : h->backoff_s * 2 > BACKOFF_MAX ? BACKOFF_MAX
                                                        : h->backoff_s * 2;
        h->next_ns = w->now_ns + h->backoff_s * ENT_WATCH_SECOND;
        return;
    }
    if (h->backoff_s > 0) {
        ent_watch_say(w, "note: webhook `%s` answers again", h->url);
    }
    h->backoff_s = 0;
    h->delivered++;
    h->seen = h->sending;
    write_seen(w, h);
}

bool ent_watch_hooks_open(ent_watch *w)
{
    const ent_watch_options *o = w->options;
    if (o->n_webhooks == 0) {
        return true;
    }
    w->hooks = calloc(1, sizeof *w->hooks);
    hook *v = calloc(o->n_webhooks, sizeof *v);
    if (!w->hooks || !v || sodium_init() < 0) {
        free(v);
        return ent_watch_fail(w, 4, "out of memory");
    }
    w->hooks->v = v;
    w->hooks->n = o->n_webhooks;
    for (size_t i = 0; i < o->n_webhooks; i++) {
        unsigned char id[16];
        char hex[17];
        if (!ent_watch_digest(o->webhooks[i], strlen(o->webhooks[i]), id)) {
            return ent_watch_fail(w, 4, "no digest");
        }
        sodium_bin2hex(hex, sizeof hex, id, 8);
        v[i].url = o->webhooks[i];
        v[i].transfer.done = on_answer;
        v[i].transfer.user = &v[i];
        snprintf(v[i].name, sizeof v[i].name, "hook-%s", hex);
        read_seen(w, &v[i]);
        write_seen(w, &v[i]);
    }
    return !o->webhook_key || read_key(w);
}

void ent_watch_hooks_close(ent_watch *w)
{
    for (size_t i = 0; w->hooks && i < w->hooks->n; i++) {
        ent_watch_transfer_cancel(w, &w->hooks->v[i].transfer);
    }
    if (w->hooks) {
        sodium_memzero(w->hooks->secret_key, sizeof w->hooks->secret_key);
        sodium_memzero(w->hooks->key, sizeof w->hooks->key);
        free(w->hooks->v);
        free(w->hooks);
        w->hooks = NULL;
    }
}

/* --- deliveries --- */

static bool is_wanted(ent_json_slice line)
{
    ent_json_slice kind = ent_json_member(line, "kind");
    return ent_watch_says(ent_json_member(line, "status"), "breach") ||
           ent_watch_says(kind, "warning") || ent_watch_says(kind, "run_out") ||
           ent_watch_says(kind, "budget");
}

/* TIMESTAMP "." BODY, signed; false: not signed. */
static bool sign(const struct ent_watch_hooks *hooks, const char *stamp, const char *body,
                 size_t len, char *out, size_t size)
{
    unsigned char mac[crypto_auth_hmacsha256_BYTES];
    unsigned char signature[crypto_sign_BYTES];
    char hex[2 * crypto_sign_BYTES + 1];
    crypto_auth_hmacsha256_state hmac;
    if (hooks->hmac) {
        crypto_auth_hmacsha256_init(&hmac, (const unsigned char *)hooks->key, hooks->key_len);
        crypto_auth_hmacsha256_update(&hmac, (const unsigned char *)stamp, strlen(stamp));
        crypto_auth_hmacsha256_update(&hmac, (const unsigned char *)".", 1);
        crypto_auth_hmacsha256_update(&hmac, (const unsigned char *)body, len);
        crypto_auth_hmacsha256_final(&hmac, mac);
        sodium_bin2hex(hex, sizeof hex, mac, sizeof mac);
        snprintf(out, size, "Entente-Signature: hmac-sha256=%s", hex);
        return true;
    }
    size_t stamp_len = strlen(stamp);
    unsigned char *message = hooks->ed25519 ? malloc(stamp_len + 1 + len) : NULL;
    if (!message) {
        return false;
    }
    memcpy(message, stamp, stamp_len);
    message[stamp_len] = '.';
    memcpy(message + stamp_len + 1, body, len);
    crypto_sign_detached(signature, NULL, message, stamp_len + 1 + len, hooks->secret_key);
    free(message);
    sodium_bin2hex(hex, sizeof hex, signature, sizeof signature);
    snprintf(out, size, "Entente-Signature: ed25519=%s", hex);
    return true;
}

static void send_line(ent_watch *w, hook *h, uint64_t number, const char *body, size_t len)
{
    char line[64], stamp[32], stamp_header[64], signature[256], public_key[128];
    char hex[2 * crypto_sign_PUBLICKEYBYTES + 1];
    const char *headers[6] = {"Content-Type: application/json", line, stamp_header};
    snprintf(line, sizeof line, "Entente-Line: %llu", (unsigned long long)number - 1);
    snprintf(stamp, sizeof stamp, "%lld", (long long)(w->now_ns / ENT_WATCH_SECOND));
    snprintf(stamp_header, sizeof stamp_header, "Entente-Timestamp: %s", stamp);
    if (sign(w->hooks, stamp, body, len, signature, sizeof signature)) {
        headers[3] = signature;
        if (w->hooks->ed25519) {
            sodium_bin2hex(hex, sizeof hex, w->hooks->public_key, sizeof w->hooks->public_key);
            snprintf(public_key, sizeof public_key, "Entente-Key: %s", hex);
            headers[4] = public_key;
        }
    }
    h->sending = number;
    if (!ent_watch_transfer_begin(w, &h->transfer, h->url, body, len, headers)) {
        on_answer(w, &h->transfer, "it cannot be asked");
    }
}

static void look_for_more(ent_watch *w, hook *h)
{
    char *buf = NULL;
    size_t capacity = 0;
    uint64_t before = h->seen;
    while (h->seen < w->n_lines && h->seen - before < LOOK_AT) {
        size_t len = ent_watch_line_read(w, h->seen + 1, &buf, &capacity);
        if (len < 2) {
            break; /* not on the disk yet */
        }
        if (is_wanted((ent_json_slice){buf, len - 1})) {
            send_line(w, h, h->seen + 1, buf, len - 1);
            break;
        }
        h->seen++;
    }
    free(buf);
}

void ent_watch_hooks_turn(ent_watch *w)
{
    for (size_t i = 0; w->hooks && i < w->hooks->n; i++) {
        hook *h = &w->hooks->v[i];
        if (!h->transfer.easy && w->now_ns >= h->next_ns && h->seen < w->n_lines) {
            look_for_more(w, h);
        }
    }
}
