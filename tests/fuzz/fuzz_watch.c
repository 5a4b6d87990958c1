/* Fuzzer for what `entente watch` reads of others: the journal and the checkpoint of its state folder, answers of
 * Prometheus and of text endpoints, remote write, pushes, credentials.
 *
 *     fuzz_watch [-n COUNT] [-s SEED] [FILE...]      FILEs, which once were found, are given first
 *     fuzz_watch --samples FOLDER                    writes the valid inputs, for libFuzzer to begin with
 *
 * Run from the root of the repository: the agreements are tests/fuzz/watch.ent.  The first byte of an input chooses
 * the reader, what follows is given to it.  Nothing may crash, leak or hang; what comes over the network may never
 * end the watch; what /standing, /decisions and the quarantine say afterwards must be JSON; and a state folder that
 * is not as it was written is refused and not half taken up.  Without libFuzzer (ENT_FUZZ_LIBFUZZER) inputs are
 * valid ones that were changed at random, from a seed. */
#include <jansson.h>
#include <snappy-c.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "compiler/entente/compile.h"
#include "compiler/watch/clients.h"
#include "compiler/watch/server.h"
#include "tests/fuzz/random.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char *const program_path = "tests/fuzz/watch.ent";
static const int64_t NOW = INT64_C(1772409600) * ENT_WATCH_SECOND; /* 2026-03-02 */

static const ent_watch_feed feeds[] = {{"ticket", 6, "push"},
                                       {"probe", 5, "remote-write"},
                                       {"disk", 4, "scrape+http://127.0.0.1:1/metrics"},
                                       {"load", 4, "prometheus+http://127.0.0.1:1"}};
enum { TICKET, PROBE, DISK, LOAD };

typedef struct setting {
    ent_image *program;
    FILE *nowhere;
    char folder[64];
} setting;

static void die(const char *what, const char *text)
{
    (void)fprintf(stderr, "fuzz_watch: %s: %.400s\n", what, text);
    abort();
}

/* Made once: the program is the same for all inputs. */
static const setting *prepare(void)
{
    static setting s;
    if (!s.program) {
        const ent_compile_options options = {0};
        s.nowhere = fopen("/dev/null", "we");
        snprintf(s.folder, sizeof s.folder, "%s/entente-fuzz-XXXXXX",
                 access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
        if (!s.nowhere || !mkdtemp(s.folder) ||
            ent_obtain_program(&program_path, 1, &options, &s.program) != 0) {
            die("it cannot begin", program_path);
        }
    }
    return &s;
}

/* --- a watch without a loop --- */

static const ent_watch_options options = {.feeds = feeds,
                                          .n_feeds = sizeof feeds / sizeof *feeds,
                                          .ahead_ns = 3600 * ENT_WATCH_SECOND,
                                          .behind_ns = 40 * 86400 * ENT_WATCH_SECOND,
                                          .pending_max = 1000000};

static void open_watch(ent_watch *w, const ent_watch_options *o)
{
    const setting *s = prepare();
    *w = (ent_watch){.options = o, .err = s->nowhere, .program = s->program, .now_ns = NOW};
    w->ledger_file.fd = w->quarantine.fd = -1;
    ent_ledger_init(&w->ledger);
    if (!ent_watch_store_open(&w->store, o->state_dir) || !ent_watch_resolve(w) ||
        !ent_watch_log_open(&w->ledger_file, NULL) || !ent_watch_log_open(&w->quarantine, NULL) ||
        !ent_watch_club_open(w)) {
        die("no watch", w->store.message);
    }
}

static void open_inputs(ent_watch *w)
{
    if (!ent_watch_poll_open(w, &w->sources[DISK]) || !ent_watch_poll_open(w, &w->sources[LOAD])) {
        die("no watch", "inputs");
    }
}

static void close_watch(ent_watch *w)
{
    ent_watch_poll_close(w, &w->sources[DISK]);
    ent_watch_poll_close(w, &w->sources[LOAD]);
    ent_watch_club_close(w);
    ent_watch_free_sources(w);
    ent_watch_standing_free(w);
    free(w->lines);
    free(w->told_clocks.v);
    free(w->told_budgets.v);
    ent_ledger_deinit(&w->ledger);
    ent_watch_log_close(&w->ledger_file);
    ent_watch_log_close(&w->quarantine);
    ent_watch_store_close(&w->store);
}

static void remove_file(const char *name)
{
    char path[128];
    snprintf(path, sizeof path, "%s/%s", prepare()->folder, name);
    (void)unlink(path);
}

static void empty_folder(void)
{
    remove_file("checkpoint");
    remove_file("journal-00000000");
    remove_file("journal-00000001");
    remove_file("lock");
    remove_file("ledger.jsonl");
}

/* --- what must hold afterwards --- */

static void must_be_json(const char *text, size_t n, const char *what)
{
    json_error_t error;
    json_t *root = json_loadb(text, n, JSON_ALLOW_NUL, &error);
    if (!root) {
        die(what, error.text);
    }
    json_decref(root);
}

static void look_at_lines(const ent_watch_log *log, const char *what)
{
    char *text = malloc((size_t)log->at + 1);
    if (!text) {
        die("no memory", what);
    }
    size_t n = ent_watch_log_read(log, 0, text, (size_t)log->at);
    for (char *p = text; p < text + n;) {
        char *end = memchr(p, '\n', (size_t)(text + n - p));
        if (!end) {
            die("half a line", what);
        }
        must_be_json(p, (size_t)(end - p), what);
        p = end + 1;
    }
    free(text);
}

static void look(ent_watch *w)
{
    ent_watch_query query = {.limit = 50};
    ent_json_out out;
    ent_watch_bytes metrics = {0};
    if (w->status != 0) {
        die("what came over the network ended the watch", "");
    }
    const ent_json_out *standing = ent_watch_show_standing(w);
    must_be_json(standing->data, standing->len, "standing");
    ent_json_init(&out, 0);
    ent_watch_show_decisions(w, &query, &out);
    must_be_json(out.data, out.len, "decisions");
    ent_json_deinit(&out);
    ent_watch_show_metrics(w, &metrics);
    ent_watch_bytes_deinit(&metrics);
    look_at_lines(&w->quarantine, "quarantine");
    look_at_lines(&w->ledger_file, "ledger");
}

/* --- readers --- */

static void answered(ent_watch_reply *reply)
{
    if (reply->status != 204) {
        must_be_json(reply->out.data, reply->out.len, "reply");
    }
    ent_json_deinit(&reply->out);
    ent_watch_bytes_deinit(&reply->text);
}

/* The body is copied, exactly as long as it is, so that reading past it is seen. */
static void push(const char *path, const char *type, const char *coding, const void *body, size_t n)
{
    ent_watch w;
    open_watch(&w, &options);
    ent_watch_request request = {
        .path = path, .type = type, .coding = coding, .body = body, .len = n};
    for (int twice = 0; twice < 2; twice++) {
        ent_watch_reply reply = {0};
        ent_json_init(&reply.out, 0);
        (strcmp(coding, "snappy") == 0 ? ent_watch_push_remote : ent_watch_push_rows)(&w, &request,
                                                                                      &reply);
        answered(&reply);
    }
    look(&w);
    close_watch(&w);
}

static void push_packed(const uint8_t *data, size_t size)
{
    size_t n = snappy_max_compressed_length(size);
    char *packed = malloc(n);
    if (packed && snappy_compress((const char *)data, size, packed, &n) == SNAPPY_OK) {
        push("/api/v1/write", "application/x-protobuf", "snappy", packed, n);
    }
    free(packed);
}

static void answer(size_t source, const uint8_t *data, size_t size)
{
    ent_watch w;
    ent_watch_bytes bytes = {0};
    open_watch(&w, &options);
    open_inputs(&w);
    ent_watch_put(&bytes, data, size);
    (void)ent_watch_poll_take(&w, &w.sources[source], &bytes);
    ent_watch_bytes_deinit(&bytes);
    look(&w);
    close_watch(&w);
}

static ent_watch_options with_state(void)
{
    ent_watch_options o = options;
    o.state_dir = prepare()->folder;
    return o;
}

static void write_file(const char *name, const uint8_t *data, size_t size)
{
    char path[128];
    snprintf(path, sizeof path, "%s/%s", prepare()->folder, name);
    FILE *file = fopen(path, "we");
    if (!file || fwrite(data, 1, size, file) != size || fclose(file) != 0) {
        die("cannot write", path);
    }
}

/* Either the state is taken up, or it is refused with a status that says so. */
static void recover(void)
{
    ent_watch w;
    ent_watch_options o = with_state();
    open_watch(&w, &o);
    if (ent_watch_recover(&w)) {
        look(&w);
    } else if (w.status == 0) {
        die("refused without a status", w.store.message);
    }
    close_watch(&w);
    empty_folder();
}

/* Bytes under the checksums of the state folder: of one entry of the journal, or of the checkpoint. */
static void recover_sound(bool checkpoint, const uint8_t *data, size_t size)
{
    ent_watch_store store;
    if (!ent_watch_store_open(&store, prepare()->folder)) {
        die("no store", store.message);
    }
    bool ok = checkpoint ? ent_watch_store_checkpoint(&store, data, size)
                         : ent_watch_store_replay(&store, 0, 0, NULL, NULL) &&
                               ent_watch_store_append(&store, 1, data, size);
    ent_watch_store_close(&store);
    if (!ok) {
        die("no store", "it takes nothing");
    }
    recover();
}

static void credentials(const uint8_t *data, size_t size)
{
    char token[] = "token";
    ent_watch_access access = {.push = token};
    char *text = malloc(size + 1);
    if (text) {
        memcpy(text, data, size);
        text[size] = 0;
        if (ent_watch_may_push(&access, text) && strcmp(text, "Bearer token") != 0) {
            die("let in with", text);
        }
        (void)ent_watch_may_look(&access, text);
    }
    free(text);
}

typedef enum reader {
    READ_JSONL,
    READ_CSV,
    READ_REMOTE,
    READ_SNAPPY,
    READ_RANGE,
    READ_SCRAPE,
    READ_JOURNAL,
    READ_ENTRY,
    READ_CHECKPOINT,
    READ_STATE,
    READ_CREDENTIALS,
    READERS
} reader;

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0) {
        return 0;
    }
    reader which = data[0] % READERS;
    data++;
    size--;
    switch (which) {
    case READ_JSONL:
        push("/feed/ticket", "application/x-ndjson", "", data, size);
        break;
    case READ_CSV:
        push("/feed/ticket", "text/csv", "", data, size);
        break;
    case READ_REMOTE:
        push_packed(data, size);
        break;
    case READ_SNAPPY:
        push("/api/v1/write", "", "snappy", data, size);
        break;
    case READ_RANGE:
        answer(LOAD, data, size);
        break;
    case READ_SCRAPE:
        answer(DISK, data, size);
        break;
    case READ_JOURNAL:
        write_file("journal-00000000", data, size);
        recover();
        break;
    case READ_ENTRY:
        recover_sound(false, data, size);
        break;
    case READ_CHECKPOINT:
        write_file("checkpoint", data, size);
        recover();
        break;
    case READ_STATE:
        recover_sound(true, data, size);
        break;
    default:
        credentials(data, size);
    }
    return 0;
}

#ifndef ENT_FUZZ_LIBFUZZER

enum { INPUT_MAX = 1 << 16, SLOW_MS = 5000 };

static const char jsonl[] =
    "{\"at\":\"2026-03-01T10:00:00Z\",\"id\":\"A\",\"event\":\"opened\",\"priority\":\"P1\",\"effort\":1.5,"
    "\"count\":3,\"share\":\"50%\",\"took\":\"5m\",\"urgent\":true}\n"
    "{\"at\":\"2026-03-01T10:20:00Z\",\"id\":\"A\",\"event\":\"pended\",\"priority\":\"P1\"}\n"
    "{\"at\":\"2026-03-01T10:40:00Z\",\"id\":\"A\",\"event\":\"resumed\",\"priority\":\"P1\"}\n"
    "{\"at\":\"2026-03-01T12:40:00Z\",\"id\":\"A\",\"event\":\"resolved\",\"priority\":\"P1\"}\n";
static const char csv[] = "at,id,event,priority,effort,count,share,took,urgent\r\n"
                          "2026-03-01T10:00:00Z,A,opened,P1,1.5,3,0.5,5m,true\r\n"
                          "2026-03-01T11:00:00Z,\"A,\"\"b\"\"\n c\",opened,P2,,,,,\r\n"
                          "2026-03-01T13:30:00Z,A,resolved,P1,2,4,0.25,1h,no\r\n";
static const char range[] =
    "{\"status\":\"success\",\"data\":{\"resultType\":\"matrix\",\"result\":[{\"metric\":{\"host\":\"a\"},\"values\":"
    "[[1772400000,\"1.5\"],[1772400060.25,\"2\"],[1772400120,\"NaN\"]]},{\"metric\":{\"host\":\"b\\\"\"},\"values\":"
    "[[1772400000,\"7\"],[1772400060,\"+Inf\"]]}]}}";
static const char scrape[] =
    "# HELP free bytes\n# TYPE free gauge\nfree{host=\"a\",mount=\"/\"} 12.5\nfree{host=\"b\\\\\\\"\\n\"} 1e3 1772400000000\n"
    "other 5\nfree{host=\"c\"} NaN\nfree 3\n";
static const uint8_t remote[] = /* probe_up{instance="web",job="x"}: two samples */
    "\x0a\x56\x0a\x14\x0a\x08__name__\x12\x08probe_up\x0a\x0f\x0a\x08instance\x12\x03web\x0a\x08\x0a\x03job\x12\x01x"
    "\x12\x10\x09\x00\x00\x00\x00\x00\x00\xf0\x3f\x10\x80\xb0\xab\xd8\xca\x33"
    "\x12\x10\x09\x00\x00\x00\x00\x00\x00\x00\x00\x10\xe0\x84\xaf\xd8\xca\x33";

typedef struct sample {
    uint8_t *bytes;
    size_t n;
} sample;

static void keep(sample *s, const void *bytes, size_t n)
{
    s->bytes = malloc(n + 1);
    if (!s->bytes) {
        die("no memory", "");
    }
    memcpy(s->bytes, bytes, n);
    s->n = n;
}

static void keep_file(sample *s, const char *name)
{
    char path[128];
    uint8_t bytes[INPUT_MAX];
    snprintf(path, sizeof path, "%s/%s", prepare()->folder, name);
    FILE *file = fopen(path, "re");
    size_t n = file ? fread(bytes, 1, sizeof bytes, file) : 0;
    if (n == 0 || fclose(file) != 0) {
        die("cannot read", path);
    }
    keep(s, bytes, n);
}

/* A state folder as a watch leaves it. */
static void make_state(sample *samples)
{
    enum { JOURNAL_HEAD = 8, JOURNAL_HASH = 16, CHECKPOINT_HEAD = 24, CHECKPOINT_HASH = 32 };
    ent_watch w;
    ent_watch_options o = with_state();
    ent_watch_request request = {
        .path = "/feed/ticket", .type = "", .coding = "", .body = jsonl, .len = sizeof jsonl - 1};
    ent_watch_reply reply = {0};
    open_watch(&w, &o);
    ent_json_init(&reply.out, 0);
    if (!ent_watch_recover(&w)) {
        die("no watch", "to begin with");
    }
    ent_watch_push_rows(&w, &request, &reply);
    if (reply.status != 200) {
        die("the sample is refused", reply.out.data);
    }
    answered(&reply);
    keep_file(&samples[READ_JOURNAL], "journal-00000000");
    ent_watch_checkpoint(&w);
    close_watch(&w);
    keep_file(&samples[READ_CHECKPOINT], "checkpoint");
    empty_folder();
    const sample *j = &samples[READ_JOURNAL];
    const sample *c = &samples[READ_CHECKPOINT];
    keep(&samples[READ_ENTRY], j->bytes + JOURNAL_HEAD, j->n - JOURNAL_HEAD - JOURNAL_HASH);
    keep(&samples[READ_STATE], c->bytes + CHECKPOINT_HEAD,
         c->n - CHECKPOINT_HEAD - CHECKPOINT_HASH);
}

static void make_samples(sample *samples)
{
    char packed[512];
    size_t n = sizeof packed;
    keep(&samples[READ_JSONL], jsonl, sizeof jsonl - 1);
    keep(&samples[READ_CSV], csv, sizeof csv - 1);
    keep(&samples[READ_REMOTE], remote, sizeof remote - 1);
    if (snappy_compress((const char *)remote, sizeof remote - 1, packed, &n) != SNAPPY_OK) {
        die("no snappy", "");
    }
    keep(&samples[READ_SNAPPY], packed, n);
    keep(&samples[READ_RANGE], range, sizeof range - 1);
    keep(&samples[READ_SCRAPE], scrape, sizeof scrape - 1);
    keep(&samples[READ_CREDENTIALS], "Basic eDp0b2tlbg==", 18);
    make_state(samples);
}

/* What numbers, instants and lengths may be made of. */
static const char *const pieces[] = {
    "0", "-1", "1e308", "-1e308", "1e-400", "9223372036854775807", "-9223372036854775808", "99999999999999999999",
    "170141183460469231731687303715884105727", "0.00000000000000000000001", "NaN", "+Inf", "null", "true", "{}", "[]",
    "\"", "\\", "\\u0000", "\n", ",", "{", "}", "[[[[[[[[", "\xff\xff\xff\xff\xff\xff\xff\xff\x7f", "\x00\x00\x00\x00",
    "2026-03-02T00:00:00Z", "0001-01-01T00:00:00Z", "9999-12-31T23:59:59.999999999Z", "2026-03-01T10:00:00Z",
    "1772400000", "-62135596800", "253402300799", "A", "opened", "P1", "P9", "\xef\xbb\xbf", "\xc3\x28", "\r\n"};

/* Some bytes are changed, taken out, doubled, or others put in their place. */
static size_t change(uint64_t *state, uint8_t *out, size_t n)
{
    for (size_t edits = below(state, 6); edits > 0 && n > 0; edits--) {
        size_t at = below(state, n);
        size_t len = 1 + below(state, 16);
        len = len > n - at ? n - at : len;
        const char *piece = pieces[below(state, sizeof pieces / sizeof *pieces)];
        size_t more = piece[0] ? strlen(piece) : 4;
        switch (below(state, 5)) {
        case 0:
            out[at] = (uint8_t)next_random(state);
            break;
        case 1:
            memmove(out + at, out + at + len, n - at - len);
            n -= len;
            break;
        case 2:
            if (n + len <= INPUT_MAX) {
                memmove(out + at + len, out + at, n - at);
                n += len;
            }
            break;
        case 3: /* bits of a length or a count */
            out[at] ^= (uint8_t)(1U << below(state, 8));
            break;
        default:
            len = below(state, 2) ? 0 : len;
            if (n - len + more <= INPUT_MAX) {
                memmove(out + at + more, out + at + len, n - at - len);
                memcpy(out + at, piece, more);
                n = n - len + more;
            }
        }
    }
    return below(state, 20) == 0 ? below(state, n + 1) : n;
}

/* A file for each reader, as LLVMFuzzerTestOneInput takes them. */
static void write_samples(const sample *samples, const char *folder)
{
    for (size_t i = 0; i < READERS; i++) {
        char path[4096];
        snprintf(path, sizeof path, "%s/%zu", folder, i);
        FILE *file = fopen(path, "we");
        if (!file || fputc((int)i, file) == EOF ||
            fwrite(samples[i].bytes, 1, samples[i].n, file) != samples[i].n || fclose(file) != 0) {
            die("cannot write", path);
        }
    }
}

static uint64_t now_ms(void)
{
    struct timespec t;
    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

static void again(const char *path)
{
    static uint8_t input[INPUT_MAX];
    FILE *file = fopen(path, "re");
    if (!file) {
        die("cannot read", path);
    }
    size_t n = fread(input, 1, sizeof input, file);
    (void)fclose(file);
    uint8_t *exact = malloc(n + 1);
    if (!exact) {
        die("no memory", path);
    }
    memcpy(exact, input, n);
    (void)LLVMFuzzerTestOneInput(exact, n);
    free(exact);
}

/* The exit status. */
static int fuzz(const sample *samples, uint64_t seed, size_t count)
{
    static uint8_t input[INPUT_MAX + 16];
    for (size_t i = 0; i < count; i++) {
        uint64_t state = seed * 0x100000001B3U + i;
        size_t which = i % READERS;
        memcpy(input, samples[which].bytes, samples[which].n);
        size_t n = i < READERS ? samples[which].n : change(&state, input, samples[which].n);
        uint8_t *exact = malloc(n + 1);
        if (!exact) {
            return 2;
        }
        exact[0] = (uint8_t)which;
        memcpy(exact + 1, input, n);
        uint64_t begun = now_ms();
        (void)LLVMFuzzerTestOneInput(exact, n + 1);
        free(exact);
        if (now_ms() - begun > SLOW_MS) {
            (void)printf("input %zu took more than %d ms\n", i, (int)SLOW_MS);
            return 1;
        }
    }
    (void)printf("fuzz_watch: %zu passed, 0 failed\n", count);
    return 0;
}

int main(int argc, char **argv)
{
    uint64_t seed = 1;
    uint64_t count = 5000;
    const char *folder = NULL;
    sample samples[READERS] = {0};
    int status = 0;
    make_samples(samples);
    for (int i = 1; i < argc; i++) {
        bool more = i + 1 < argc;
        if (more && strcmp(argv[i], "--samples") == 0) {
            folder = argv[++i];
        } else if (more && strcmp(argv[i], "-s") == 0) {
            seed = strtoull(argv[++i], NULL, 10);
        } else if (more && strcmp(argv[i], "-n") == 0) {
            count = strtoull(argv[++i], NULL, 10);
        } else {
            again(argv[i]);
        }
    }
    if (folder) {
        write_samples(samples, folder);
    } else {
        (void)printf("fuzz_watch: seed %llu, %llu inputs\n", (unsigned long long)seed,
                     (unsigned long long)count);
        (void)fflush(stdout);
        status = fuzz(samples, seed, (size_t)count);
    }
    for (size_t i = 0; i < READERS; i++) {
        free(samples[i].bytes);
    }
    (void)rmdir(prepare()->folder);
    ent_image_destroy(prepare()->program);
    return status;
}
#endif
