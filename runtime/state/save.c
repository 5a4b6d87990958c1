/* See save.h: the frame around the sections, and what of the state a question may still be
 * about. */
#include "runtime/state/save.h"

#include <stdlib.h>
#include <string.h>

#include "runtime/ledger/hash.h"
#include "runtime/state/save_io.h"

#define MAGIC "ENTSTATE"
#define MAGIC_LEN 8
#define DIGEST_LEN 64
/* How much is asked for at once: a length that is a lie costs no more memory than this. */
#define STEP 65536
#define NOT_SAVED "the session counts whose time clocks were, which is no part of a saved state"

/* number, what passes over it; in the order in which they stand in the stream */
#define SECTIONS(X)                                                                                \
    X(1, ent_save_session)                                                                         \
    X(2, ent_save_feeds)                                                                           \
    X(3, ent_save_spans)                                                                           \
    X(4, ent_save_duties)                                                                          \
    X(5, ent_save_objectives)                                                                      \
    X(6, ent_save_pools)                                                                           \
    X(7, ent_save_money)                                                                           \
    X(8, ent_save_decisions)                                                                       \
    X(9, ent_save_warnings)

typedef struct section {
    uint32_t number;
    bool (*pass)(ent_io *x);
} section;

#define SECTION(number, pass) {(number), (pass)},
static const section sections[] = {SECTIONS(SECTION)};
#undef SECTION
enum { N_SECTIONS = sizeof sections / sizeof *sections };

bool ent_save_session(ent_io *x)
{
    ent_engine *s = x->s;
    ent_engine_options *o = &s->options;
    uint64_t settle_at = s->settle_at;
    bool ok = ent_io_i64(x, &s->from) && ent_io_i64(x, &s->to) && ent_io_i64(x, &s->watermark) &&
              ent_io_bool(x, &s->from_set) && ent_io_bool(x, &s->to_set) &&
              ent_io_bool(x, &s->started) && ent_io_bool(x, &s->ended) &&
              ent_io_bool(x, &o->has_as_of) && ent_io_i64(x, &o->as_of_ns) &&
              ent_io_bool(x, &o->notices) && ent_io_u64(x, &settle_at);
    s->settle_at = (size_t)settle_at;
    return ok && ent_io_check(x, (s->to_set || s->to == INT64_MAX) && s->watermark <= s->to &&
                                     (s->from_set || !s->started), "a period that is none");
}

/* --- what is out of reach --- */

static int64_t least(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

static int64_t oldest_of_duty(const ent_dutystate *d, int64_t oldest)
{
    for (size_t i = 0; i < d->n_clocks; i++) {
        const ent_clock *c = d->clocks[i];
        oldest = least(oldest, c->trigger_at);
        oldest = c->start == INT64_MIN ? oldest : least(oldest, c->start);
    }
    for (size_t i = 0; i < d->n_counted; i++) {
        oldest = least(oldest, d->counted_at[i]);
    }
    return oldest;
}

/* Spans are asked about from the beginning of a clock or of a window on, and by rows that are
 * still to come. */
static int64_t oldest_question(const ent_engine *s)
{
    int64_t oldest = s->watermark;
    for (size_t i = 0; i < s->program->n_duty; i++) {
        oldest = oldest_of_duty(&s->duties[i], oldest);
    }
    for (size_t i = 0; i < s->program->n_objective; i++) {
        const ent_objectivestate *o = &s->objectives[i];
        for (size_t k = 0; k < o->n_active; k++) {
            oldest = least(oldest, o->active[k]->lo);
        }
    }
    return oldest;
}

/* --- writing --- */

typedef struct sink {
    ent_engine_writer writer;
    void *user;
    ent_hash hash;
    ent_fault *error;
} sink;

static bool put(sink *to, const void *bytes, size_t n)
{
    if (!ent_hash_update(&to->hash, bytes, n)) {
        return ent_fail(NULL, to->error, ENT_FAULT_ENVIRONMENT, "the state cannot be hashed");
    }
    return to->writer(to->user, bytes, n) ||
           ent_fail(NULL, to->error, ENT_FAULT_ENVIRONMENT, "the state cannot be written");
}

static bool put_number(sink *to, uint64_t v, size_t n)
{
    uint8_t b[8];
    for (size_t i = 0; i < n; i++) {
        b[i] = (uint8_t)(v >> (8 * i));
    }
    return put(to, b, n);
}

static bool put_end(sink *to)
{
    unsigned char digest[ENT_HASH_SIZE];
    if (!put_number(to, 0, 4)) {
        return false;
    }
    if (!ent_hash_final(&to->hash, digest)) {
        return ent_fail(NULL, to->error, ENT_FAULT_ENVIRONMENT, "the state cannot be hashed");
    }
    return to->writer(to->user, digest, sizeof digest) ||
           ent_fail(NULL, to->error, ENT_FAULT_ENVIRONMENT, "the state cannot be written");
}

bool ent_engine_save(const ent_engine *engine, ent_engine_writer writer, void *user,
                     ent_fault *error)
{
    *error = (ent_fault){.place = -1};
    if (engine->options.whose_time) {
        return ent_fail(NULL, error, ENT_FAULT_USAGE, NOT_SAVED);
    }
    if (engine->failed || engine->giving) {
        return ent_fail(NULL, error, ENT_FAULT_USAGE, "the session %s: it cannot be saved",
                        engine->failed ? "has failed before" : "is giving out decisions");
    }
    sink to = {.writer = writer, .user = user, .error = error};
    ent_io x = {.s = (ent_engine *)(uintptr_t)engine,
                .error = error,
                .oldest = oldest_question(engine)};
    bool ok = ent_hash_init(&to.hash) ||
              ent_fail(NULL, error, ENT_FAULT_ENVIRONMENT, "the state cannot be hashed");
    ok = ok && put(&to, MAGIC, MAGIC_LEN) && put_number(&to, ENT_STATE_VERSION, 4) &&
         put(&to, engine->program->digest, DIGEST_LEN);
    for (size_t i = 0; ok && i < N_SECTIONS; i++) {
        x.n = 0;
        ok = sections[i].pass(&x) && put_number(&to, sections[i].number, 4) &&
             put_number(&to, x.n, 8) && put(&to, x.out, x.n);
    }
    ok = ok && put_end(&to);
    ent_io_deinit(&x);
    return ok;
}

/* --- reading --- */

typedef struct source {
    ent_engine_reader reader;
    void *user;
    ent_hash hash;
    ent_fault *error;
    uint8_t *v; /* all sections */
    size_t n, capacity;
    size_t from[N_SECTIONS], length[N_SECTIONS];
} source;

static bool get_unhashed(source *from, void *bytes, size_t n)
{
    return from->reader(from->user, bytes, n) ||
           ent_fail(NULL, from->error, ENT_FAULT_DATA, "the saved state is cut short");
}

static bool get(source *from, void *bytes, size_t n)
{
    return get_unhashed(from, bytes, n) &&
           (ent_hash_update(&from->hash, bytes, n) ||
            ent_fail(NULL, from->error, ENT_FAULT_ENVIRONMENT, "the state cannot be hashed"));
}

static bool get_number(source *from, uint64_t *v, size_t n)
{
    uint8_t b[8];
    *v = 0;
    if (!get(from, b, n)) {
        return false;
    }
    for (size_t i = 0; i < n; i++) {
        *v |= (uint64_t)b[i] << (8 * i);
    }
    return true;
}

static bool get_head(source *from, const ent_image *program)
{
    char magic[MAGIC_LEN];
    char digest[DIGEST_LEN];
    uint64_t version;
    if (!get(from, magic, sizeof magic)) {
        return false;
    }
    if (memcmp(magic, MAGIC, sizeof magic) != 0) {
        return ent_fail(NULL, from->error, ENT_FAULT_DATA, "this is no saved state");
    }
    if (!get_number(from, &version, 4)) {
        return false;
    }
    if (version != ENT_STATE_VERSION) {
        return ent_fail(NULL, from->error, ENT_FAULT_DATA,
                        "the saved state has version %u, and this program reads version %d",
                        (unsigned)version, ENT_STATE_VERSION);
    }
    if (!get(from, digest, sizeof digest)) {
        return false;
    }
    return memcmp(digest, program->digest, sizeof digest) == 0 ||
           ent_fail(NULL, from->error, ENT_FAULT_USAGE,
                    "the saved state is of another program: its digest begins with %.16s, this "
                    "program's with %.16s", digest, program->digest);
}

static bool get_section(source *from, size_t i)
{
    uint64_t number;
    uint64_t length;
    if (!get_number(from, &number, 4) || !get_number(from, &length, 8)) {
        return false;
    }
    if (number != sections[i].number) {
        return ent_fail(NULL, from->error, ENT_FAULT_DATA,
                        "the saved state is damaged: a section is not where it should be");
    }
    from->from[i] = from->n;
    while (length > 0) {
        size_t step = length < STEP ? (size_t)length : STEP;
        if (!ent_reserve((void **)&from->v, &from->capacity, from->n + step, 1)) {
            return ent_no_memory(from->error);
        }
        if (!get(from, from->v + from->n, step)) {
            return false;
        }
        from->n += step;
        length -= step;
    }
    from->length[i] = from->n - from->from[i];
    return true;
}

static bool get_end(source *from)
{
    unsigned char digest[ENT_HASH_SIZE];
    unsigned char told[ENT_HASH_SIZE];
    uint64_t number;
    if (!get_number(from, &number, 4)) {
        return false;
    }
    if (!ent_hash_final(&from->hash, digest)) {
        return ent_fail(NULL, from->error, ENT_FAULT_ENVIRONMENT, "the state cannot be hashed");
    }
    if (!get_unhashed(from, told, sizeof told)) {
        return false;
    }
    return (number == 0 && memcmp(digest, told, sizeof told) == 0) ||
           ent_fail(NULL, from->error, ENT_FAULT_DATA,
                    "the saved state is damaged: its bytes are not those that were written");
}

static bool get_all(source *from, const ent_image *program)
{
    if (!ent_hash_init(&from->hash)) {
        return ent_fail(NULL, from->error, ENT_FAULT_ENVIRONMENT, "the state cannot be hashed");
    }
    bool ok = get_head(from, program);
    for (size_t i = 0; ok && i < N_SECTIONS; i++) {
        ok = get_section(from, i);
    }
    return ok && get_end(from);
}

static bool take_sections(const source *from, ent_engine *s, ent_fault *error)
{
    ent_io x = {.reading = true, .s = s, .error = error};
    bool ok = true;
    for (size_t i = 0; ok && i < N_SECTIONS; i++) {
        static const uint8_t none[1] = {0};
        x.at = from->v ? from->v + from->from[i] : none;
        x.end = x.at + from->length[i];
        ok = sections[i].pass(&x) &&
             ent_io_check(&x, x.at == x.end, "a section has more than it should");
    }
    ent_io_deinit(&x);
    return ok;
}

bool ent_engine_restore(const ent_image *program, const ent_engine_options *options,
                        ent_engine_reader reader, void *user, ent_engine **out, ent_fault *error)
{
    *out = NULL;
    *error = (ent_fault){.place = -1};
    if (options->whose_time) {
        return ent_fail(NULL, error, ENT_FAULT_USAGE, NOT_SAVED);
    }
    source from = {.reader = reader, .user = user, .error = error};
    ent_engine *s = NULL;
    bool ok = get_all(&from, program);
    if (ok) {
        s = ent_engine_new(program, options, error);
        ok = s && take_sections(&from, s, error);
    }
    free(from.v);
    if (!ok) {
        ent_engine_free(s);
        return false;
    }
    *out = s;
    return true;
}
