/* Whom a row leaves its key with, where it names nobody: over keys of any kind, in slices of any length, saved and
 * restored between them, against a model that looks at all rows before.  What duties make of it: tests/property. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "runtime/feed/origin.h"
#include "runtime/memory/account.h"
#include "runtime/state/state.h"
#include "tests/unit/state_saved.h"

enum { ROWS = 400 };

typedef enum key_kind { KEY_TEXT, KEY_INTEGER, KEY_MEMBER, KEY_SEVERAL, KEY_NONE, N_KEY_KINDS } key_kind;

static ent_image *club(key_kind kind)
{
    prog x = prog_new();
    int64_t agreement = prog_agreement(&x, 1, ENT_NO_DAY_FROM, ENT_NO_DAY_TO);
    int64_t keys[N_KEY_KINDS] = {
        [KEY_TEXT] = x.key_id,
        [KEY_INTEGER] = prog_key(&x, T_TRIES, -1),
        [KEY_MEMBER] = prog_key(&x, T_PRIORITY, -1),
        [KEY_SEVERAL] = prog_key(&x, T_ID, T_TRIES),
        [KEY_NONE] = 0,
    };
    (void)ent_builder_add_duty(x.b, prog_duty(&x, agreement));
    x.b->framework.v[0].ticket_time = ENT_TIME_LAST_HOLDER;
    x.b->feed.v[TICKET].first_key = keys[kind];
    x.b->feed.v[TICKET].n_keys = kind == KEY_NONE ? 0 : kind == KEY_SEVERAL ? 2 : 1;
    return prog_load(&x);
}

/* Rows of the first file, of another one, of the second from somewhere on, or of any. */
static void place_in_files(facts *all, int kind, uint64_t *seed)
{
    size_t second = next_random(seed) % all->n;
    for (size_t i = 0; i < all->n; i++) {
        uint32_t file = kind == 1 ? 7 : kind == 2 ? i >= second : kind == 3 ? (uint32_t)(next_random(seed) % 3) : 0;
        all->v[i].line = ent_origin_make(file, (uint64_t)all->v[i].line);
    }
}

/* Rows of few keys that name somebody now and then; instants fall together. */
static facts rows_of(uint64_t *seed)
{
    /* 4097 may come before an array of the first numbers reaches it, and 4099 makes it reach */
    static const int64_t tries[] = {-5, 7, 4097, 4099, INT64_C(1) << 40};
    enum { N_TRIES = sizeof tries / sizeof *tries };
    facts all = {0};
    for (int i = 0; i < ROWS; i++) {
        fact *f = facts_add(&all, TICKET, BASE_NS + i / 3 * MINUTE_NS);
        (void)snprintf(f->key, sizeof f->key, "T%d", (int)(next_random(seed) % 4));
        f->event = NOTED;
        f->tries = next_random(seed) % 8 ? tries[next_random(seed) % N_TRIES] : NO_VALUE;
        f->priority = next_random(seed) % 8 ? (int64_t)(next_random(seed) % 3) : NO_VALUE;
        f->party = next_random(seed) % 3 ? NO_VALUE : (int64_t)(next_random(seed) % N_PARTIES);
    }
    return all;
}

static bool has_key(key_kind kind, const fact *f)
{
    bool number = f->tries != NO_VALUE;
    return kind == KEY_MEMBER ? f->priority != NO_VALUE : (kind != KEY_INTEGER && kind != KEY_SEVERAL) || number;
}

static bool same_key(key_kind kind, const fact *a, const fact *b)
{
    bool text = strcmp(a->key, b->key) == 0;
    return has_key(kind, a) && has_key(kind, b) &&
           (kind == KEY_NONE || (kind == KEY_TEXT && text) || (kind == KEY_INTEGER && a->tries == b->tries) ||
            (kind == KEY_MEMBER && a->priority == b->priority) ||
            (kind == KEY_SEVERAL && text && a->tries == b->tries));
}

typedef struct model {
    int64_t party; /* -1: nobody */
    int64_t line;  /* of the row that named it, or of this one */
    bool turns;
} model;

static model model_of(key_kind kind, const facts *all, size_t row)
{
    const fact *f = &all->v[row];
    model said = {f->party == NO_VALUE ? -1 : f->party, f->line, false};
    model before = {-1, 0, false};
    bool first = has_key(kind, f);
    for (size_t i = 0; i < row; i++) {
        const fact *other = &all->v[i];
        if (same_key(kind, f, other)) {
            first = false;
            before = other->party == NO_VALUE ? before : (model){other->party, other->line, false};
        }
    }
    model out = said.party < 0 && before.party >= 0 ? before : said;
    out.turns = has_key(kind, f) && (first || out.party != before.party);
    return out;
}

static ent_engine *saved_and_restored(const ent_image *p, ent_engine *s)
{
    ent_fault error;
    stored first = {0};
    stored second = {0};
    if (!ent_engine_save(s, store, &first, &error)) {
        fail_msg("%s", error.message);
    }
    ent_engine_free(s);
    s = restored(p, &first, NULL, &error);
    if (!s || !ent_engine_save(s, store, &second, &error)) {
        fail_msg("%s", error.message);
    }
    assert_int_equal(first.n, second.n);
    assert_memory_equal(first.p, second.p, first.n);
    free(first.p);
    free(second.p);
    return s;
}

static void test_filled(void **state)
{
    (void)state;
    uint64_t seed = 20260105;
    for (int round = 0; round < 16 * N_KEY_KINDS; round++) {
        key_kind kind = (key_kind)(round % N_KEY_KINDS);
        bool saving = round / N_KEY_KINDS % 2 == 1;
        ent_fault error;
        ent_image *p = club(kind);
        facts all = rows_of(&seed);
        place_in_files(&all, round / N_KEY_KINDS / 2 % 4, &seed);
        drive_plan plan = {0};
        telling out = {0};
        ent_engine_options options = plan_options(&plan, &out);
        ent_engine *s = ent_engine_new(p, &options, &error);
        assert_non_null(s);
        assert_true(facts_push(s, all.v, all.n, &error));
        for (size_t row = 0; row < all.n;) {
            ent_feedstate *f = &s->feeds[TICKET];
            int64_t until = row + 50 < all.n ? all.v[row + next_random(&seed) % 50].at + 1 : INT64_MAX;
            assert_true(ent_feedstate_slice(s, f, until, &error));
            assert_true(ent_feedstate_turns(s, f));
            for (size_t i = 0; i < f->n; i++, row++) {
                model expected = model_of(kind, &all, row);
                assert_int_equal(ent_feedstate_holder(f, i), expected.party);
                assert_int_equal(ent_feedstate_giver(f, i), expected.line);
                assert_int_equal(f->turns[i], expected.turns);
                /* conditions still see what the row says */
                const ent_colbuf *said = &f->pending[T_PARTY];
                assert_int_equal(said->absent && said->absent[i], all.v[row].party == NO_VALUE);
            }
            assert_true(ent_feedstate_drop_slice(s, f));
            s = saving ? saved_and_restored(p, s) : s;
        }
        ent_engine_free(s);
        ent_image_destroy(p);
        free(all.v);
    }
}

/* Where in the state the number and the line of the row that gave it stand one behind the other. */
static uint8_t *place_of(const stored *state, uint8_t party, uint8_t line)
{
    const uint8_t wanted[16] = {[0] = party, [8] = line};
    for (size_t i = 0; i + sizeof wanted <= state->n; i++) {
        if (memcmp(state->p + i, wanted, sizeof wanted) == 0) {
            return state->p + i;
        }
    }
    return NULL;
}

/* Bytes that name a party that is not there are no state. */
static void test_tampered(void **state)
{
    (void)state;
    ent_fault error;
    ent_image *p = club(KEY_TEXT);
    facts all = facts_of("0 T1 noted NetCo;1 T1 noted;2 T2 noted NetCo");
    drive_plan plan = {0};
    telling out = {0};
    ent_engine_options options = plan_options(&plan, &out);
    ent_engine *s = ent_engine_new(p, &options, &error);
    assert_non_null(s);
    all.v[0].line = 101;
    assert_true(facts_push(s, all.v, all.n, &error) && ent_engine_advance(s, BASE_NS + HOUR_NS, &error));
    stored saved = {0};
    assert_true(ent_engine_save(s, store, &saved, &error));
    ent_engine_free(s);
    uint8_t *party = place_of(&saved, NETCO, 101);
    assert_non_null(party);
    static const int64_t parties[] = {-2, -1, ACME, NETCO, N_PARTIES, INT64_MAX, INT64_MIN};
    for (size_t i = 0; i < sizeof parties / sizeof *parties; i++) {
        memcpy(party, &parties[i], sizeof parties[i]);
        mend(&saved);
        s = restored(p, &saved, &out, &error);
        assert_int_equal(s != NULL, parties[i] >= -1 && parties[i] < N_PARTIES);
        ent_engine_free(s);
    }
    free(saved.p);
    free(all.v);
    ent_image_destroy(p);
}

enum { N_LIMITED = 40 };

/* Two slices with the same keys, within an account that allows so many; 0: any number. */
static bool slices_within(ent_account *account, size_t *n_named)
{
    ent_fault error;
    ent_image *p = club(KEY_INTEGER);
    facts all = {0};
    for (int i = 0; i < 2 * N_LIMITED; i++) {
        fact *f = facts_add(&all, TICKET, BASE_NS + i * MINUTE_NS);
        f->event = NOTED;
        f->tries = i % N_LIMITED;
        f->party = NETCO;
    }
    drive_plan plan = {0};
    telling out = {0};
    ent_engine_options options = plan_options(&plan, &out);
    ent_engine *s = ent_engine_new(p, &options, &error);
    assert_non_null(s);
    assert_true(facts_push(s, all.v, all.n, &error));
    ent_feedstate *f = &s->feeds[TICKET];
    ent_account *before = ent_account_enter(account);
    bool ok = ent_feedstate_slice(s, f, all.v[N_LIMITED].at, &error) && ent_feedstate_drop_slice(s, f) &&
              ent_feedstate_slice(s, f, INT64_MAX, &error);
    ent_account_leave(before);
    *n_named = f->named.n;
    ent_engine_free(s);
    ent_image_destroy(p);
    free(all.v);
    return ok;
}

/* There may be as many new keys as are allowed and not one more, and then still rows of those that are known. */
static void test_limit_of_keys(void **state)
{
    (void)state;
    size_t n_named;
    ent_account free_of_limit = {0};
    assert_true(slices_within(&free_of_limit, &n_named));
    assert_int_equal(n_named, N_LIMITED);
    assert_true(free_of_limit.keys >= N_LIMITED);
    for (uint64_t most = 1; most <= free_of_limit.keys + 1; most++) {
        ent_account account = {.keys_max = most};
        bool enough = most >= free_of_limit.keys;
        assert_int_equal(slices_within(&account, &n_named), enough);
        assert_int_equal(account.excess, enough ? ENT_WITHIN : ENT_OVER_KEYS);
        assert_int_equal(account.keys, enough ? free_of_limit.keys : most);
        assert_int_equal(n_named, most < N_LIMITED ? most : N_LIMITED);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_filled), cmocka_unit_test(test_tampered),
                                       cmocka_unit_test(test_limit_of_keys)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
