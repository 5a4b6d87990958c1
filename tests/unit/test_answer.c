/* Shares, degrees, but-for and splits of games whose answers are known: the axioms of the Shapley value, games
 * worked by hand, weights, many players by drawing, and money to the last minor unit. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "runtime/judge/answer.h"

/* v(S) = max(0, over - the sum of what the members of S exceed) */
typedef struct excesses {
    int64_t over;
    int64_t each[24];
    size_t n;
} excesses;

static bool excess_left(void *user, ent_big_pool *pool, uint64_t performing, ent_bigq *v,
                        bool *breach)
{
    const excesses *x = user;
    int64_t left = x->over;
    for (size_t i = 0; i < x->n; i++) {
        left -= (performing >> i) & 1 ? x->each[i] : 0;
    }
    left = left < 0 ? 0 : left;
    *breach = left > 0;
    *v = ent_bigq_from(pool, ent_q_from_i64(left));
    return true;
}

static ent_answer *solve(excesses *x, ent_joint joint, const ent_q *weights)
{
    ent_answer *a = ent_answer_new(x->n);
    assert_non_null(a);
    for (size_t i = 0; i < x->n; i++) {
        a->parts[i].party = (int64_t)i;
    }
    ent_game g = {.n = x->n, .joint = joint, .weights = weights, .seed = 42, .shortfall = excess_left, .user = x};
    assert_true(ent_answer_solve(a, &g));
    return a;
}

static bool excess_left_few(void *user, uint64_t performing, int64_t *v, bool *breach)
{
    ent_big_pool pool = {0};
    ent_bigq left;
    ent_i128 wide;
    bool ok = excess_left(user, &pool, performing, &left, breach) && ent_big_to_i128(left.num, &wide);
    *v = ok ? (int64_t)wide : -1;
    ent_big_pool_deinit(&pool);
    return ok;
}

static void assert_share(ent_answer *a, size_t i, const char *expected)
{
    if (!expected) {
        assert_false(a->parts[i].has_share);
        return;
    }
    assert_true(a->parts[i].has_share);
    assert_string_equal(ent_bigq_text(&a->pool, a->parts[i].share), expected);
}

static void one_cause_has_it_all(void **unused)
{
    (void)unused;
    excesses x = {9000, {10800, 0}, 2}; /* the north star: 3h beyond, 2h30m over */
    ent_answer *a = solve(&x, ENT_JOINT_SHARED, NULL);
    assert_share(a, 0, "1");
    assert_share(a, 1, NULL);
    assert_true(a->parts[0].but_for && !a->parts[1].but_for);
    assert_int_equal(a->parts[0].degree, 1);
    assert_int_equal(a->parts[1].degree, 0);
    ent_answer_free(a);
}

static void each_alone_would_do(void **unused)
{
    (void)unused;
    /* either alone mends 2 of 2: they are symmetric, both but-for */
    excesses x = {2, {2, 3}, 2};
    ent_answer *a = solve(&x, ENT_JOINT_SHARED, NULL);
    assert_share(a, 0, "1/2");
    assert_share(a, 1, "1/2");
    assert_true(a->parts[0].but_for && a->parts[1].but_for);
    ent_answer_free(a);
}

static void structural_gap_is_apart(void **unused)
{
    (void)unused;
    excesses x = {10, {3, 1}, 2};
    ent_answer *a = solve(&x, ENT_JOINT_SHARED, NULL);
    assert_share(a, 0, "3/4");
    assert_share(a, 1, "1/4");
    assert_string_equal(ent_bigq_text(&a->pool, a->all), "6");
    assert_string_equal(ent_bigq_text(&a->pool, a->gap_weight), "3/5");
    assert_false(a->parts[0].but_for);
    assert_int_equal(a->parts[0].degree, 0); /* nobody is decisive, whoever else performs */
    ent_answer_free(a);
}

static void nobody_could_mend_it(void **unused)
{
    (void)unused;
    excesses x = {10, {0}, 1};
    ent_answer *a = solve(&x, ENT_JOINT_SHARED, NULL);
    assert_false(a->has_shares);
    assert_string_equal(ent_bigq_text(&a->pool, a->gap_weight), "1");
    ent_answer_free(a);
}

static void weights_settle_joint_causes(void **unused)
{
    (void)unused;
    excesses x = {2, {2, 2, 2}, 3};
    ent_q weights[] = {{3, 1}, {1, 1}, {0, 1}};
    ent_answer *a = solve(&x, ENT_JOINT_BY_CHARGE, weights);
    /* an order's first to perform mends all; drawn last to first, the first is likely a light one:
     * party 2 always comes first */
    assert_share(a, 0, NULL);
    assert_share(a, 1, NULL);
    assert_share(a, 2, "1");
    ent_answer_free(a);
    x = (excesses){4, {2, 2}, 2}; /* both are needed for the whole: each has its own half anyhow */
    a = solve(&x, ENT_JOINT_BY_CHARGE, weights);
    assert_share(a, 0, "1/2");
    assert_share(a, 1, "1/2");
    ent_answer_free(a);
    x = (excesses){2, {2, 2}, 2}; /* party 0 is drawn last with 3/4: then 1 comes first and mends it */
    a = solve(&x, ENT_JOINT_BY_CHARGE, weights);
    assert_share(a, 0, "1/4");
    assert_share(a, 1, "3/4");
    ent_answer_free(a);
}

static void jointly_each_has_the_whole(void **unused)
{
    (void)unused;
    excesses x = {2, {2, 2, 0}, 3};
    ent_answer *a = solve(&x, ENT_JOINT_JOINTLY, NULL);
    assert_share(a, 0, "1");
    assert_share(a, 1, "1");
    assert_share(a, 2, NULL);
    int64_t bearers[] = {0, 1, 2, 0};
    assert_true(ent_answer_split(a, ENT_JOINT_JOINTLY, 101, bearers));
    assert_true(a->parts[0].amount_minor == 51 && a->parts[1].amount_minor == 50);
    ent_answer_free(a);
}

/* Leaving out only player 1's samples worsens the figure: v = 2 by nobody, 0 by 0, 3 by 1, 0 by both. */
static bool worse_without(void *user, ent_big_pool *pool, uint64_t performing, ent_bigq *v,
                          bool *breach)
{
    static const int64_t left[] = {2, 0, 3, 0};
    (void)user;
    *breach = left[performing] > 0;
    *v = ent_bigq_from(pool, ent_q_from_i64(left[performing]));
    return true;
}

static ent_answer *solve_worse(ent_joint joint)
{
    ent_answer *a = ent_answer_new(2);
    assert_non_null(a);
    a->parts[1].party = 1;
    ent_game g = {.n = 2, .joint = joint, .seed = 42, .shortfall = worse_without};
    assert_true(ent_answer_solve(a, &g));
    return a;
}

static void who_made_it_better_does_not_answer_jointly(void **unused)
{
    (void)unused;
    ent_answer *a = solve_worse(ENT_JOINT_SHARED);
    assert_share(a, 0, "5/4");
    assert_share(a, 1, "-1/4");
    int64_t bearers[] = {0, 1, 0};
    assert_true(ent_answer_split(a, ENT_JOINT_SHARED, 101, bearers));
    /* 126.25 and -25.25, down: 126 and -26; the unit that is left goes to -25.25, the larger remainder */
    assert_true(a->parts[0].amount_minor == 126 && a->parts[1].amount_minor == -25);
    ent_answer_free(a);
    a = solve_worse(ENT_JOINT_JOINTLY);
    assert_share(a, 0, "1");
    assert_share(a, 1, NULL);
    ent_answer_free(a);
}

static uint64_t draws = 7;

static int64_t below(int64_t n)
{
    draws = draws * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (int64_t)((draws >> 33) % (uint64_t)n);
}

static void shares_sum_to_one_and_money_to_the_whole(void **unused)
{
    (void)unused;
    for (int round = 0; round < 400; round++) {
        excesses x = {.over = 1 + below(50), .n = 1 + (size_t)below(7)};
        for (size_t i = 0; i < x.n; i++) {
            x.each[i] = below(20);
        }
        ent_answer *a = solve(&x, ENT_JOINT_SHARED, NULL);
        ent_bigq sum = ent_bigq_from(&a->pool, ent_q_from_i64(0));
        int64_t bearers[25];
        for (size_t i = 0; i < x.n; i++) {
            bearers[i] = (int64_t)i;
            if (a->parts[i].has_share) {
                sum = ent_bigq_add(&a->pool, sum, a->parts[i].share);
            }
        }
        bearers[x.n] = 0;
        if (a->has_shares) {
            assert_string_equal(ent_bigq_text(&a->pool, ent_bigq_reduce(&a->pool, sum)), "1");
        }
        ent_i128 credit = 1 + below(1000000);
        ent_i128 paid = 0;
        assert_true(ent_answer_split(a, ENT_JOINT_SHARED, credit, bearers));
        for (size_t i = 0; i < a->n_parts; i++) {
            paid += a->parts[i].has_amount ? a->parts[i].amount_minor : 0;
        }
        assert_true(paid == credit);
        assert_true(ent_answer_seal(a));
        ent_answer_free(a);
    }
}

static void equal_remainders_go_by_party(void **unused)
{
    (void)unused;
    excesses x = {3, {3, 3, 3}, 3};
    ent_answer *a = solve(&x, ENT_JOINT_SHARED, NULL);
    int64_t bearers[] = {0, 1, 2, 0};
    assert_true(ent_answer_split(a, ENT_JOINT_SHARED, 101, bearers));
    assert_true(a->parts[0].amount_minor == 34 && a->parts[1].amount_minor == 34 &&
                a->parts[2].amount_minor == 33);
    ent_answer_free(a);
}

static void a_bearer_without_a_part_gets_one(void **unused)
{
    (void)unused;
    excesses x = {10, {3}, 1};
    ent_answer *a = solve(&x, ENT_JOINT_SHARED, NULL);
    int64_t bearers[] = {5, 2}; /* its part stays with 5, the gap with 2 */
    assert_true(ent_answer_split(a, ENT_JOINT_SHARED, 1000, bearers));
    assert_int_equal(a->n_parts, 3);
    assert_int_equal(a->parts[1].party, 2);
    assert_true(a->parts[1].amount_minor == 700 && a->parts[2].amount_minor == 300);
    assert_false(a->parts[0].has_amount);
    ent_answer_free(a);
}

/* Additive games have the excesses themselves as their values, whatever is drawn. */
static void many_players_are_drawn(void **unused)
{
    (void)unused;
    excesses x = {.over = 210, .n = 20};
    for (size_t i = 0; i < x.n; i++) {
        x.each[i] = (int64_t)i + 1;
    }
    ent_answer *a = solve(&x, ENT_JOINT_SHARED, NULL);
    assert_true(a->sampled);
    assert_share(a, 0, "1/210");
    assert_share(a, 19, "2/21");
    assert_true(a->parts[0].error == 0);
    ent_answer_free(a);
    x.over = 100;
    a = solve(&x, ENT_JOINT_SHARED, NULL);
    ent_bigq sum = ent_bigq_from(&a->pool, ent_q_from_i64(0));
    for (size_t i = 0; i < x.n; i++) {
        sum = ent_bigq_add(&a->pool, sum, a->parts[i].share);
        assert_true(a->parts[i].error > 0 && a->parts[i].error < 0.001);
    }
    assert_string_equal(ent_bigq_text(&a->pool, ent_bigq_reduce(&a->pool, sum)), "1");
    ent_answer *again = solve(&x, ENT_JOINT_SHARED, NULL);
    assert_string_equal(ent_bigq_text(&a->pool, a->parts[7].share),
                        ent_bigq_text(&again->pool, again->parts[7].share));
    ent_answer_free(again);
    ent_answer_free(a);
}

static void assert_same_text(const char *a, const char *b)
{
    assert_true((a == NULL) == (b == NULL));
    if (a) {
        assert_string_equal(a, b);
    }
}

/* What money is made of, before the texts are made. */
static void assert_same_figures(ent_answer *a, ent_answer *b)
{
    assert_string_equal(ent_bigq_text(&a->pool, a->none), ent_bigq_text(&b->pool, b->none));
    assert_string_equal(ent_bigq_text(&a->pool, a->all), ent_bigq_text(&b->pool, b->all));
    assert_string_equal(ent_bigq_text(&a->pool, a->gap_weight), ent_bigq_text(&b->pool, b->gap_weight));
    for (size_t i = 0; i < a->n_parts; i++) {
        const ent_part *p = &a->parts[i];
        const ent_part *q = &b->parts[i];
        assert_true(p->has_share == q->has_share && p->but_for == q->but_for && p->degree == q->degree);
        if (p->has_share) {
            assert_string_equal(ent_bigq_text(&a->pool, p->weight), ent_bigq_text(&b->pool, q->weight));
        }
    }
}

static void games_of_few_are_as_any(void **unused)
{
    (void)unused;
    static const ent_joint joints[] = {ENT_JOINT_SHARED, ENT_JOINT_JOINTLY};
    for (int round = 0; round < 4000; round++) {
        int64_t scale = round % 3 == 0 ? 1 : round % 3 == 1 ? 1000000007 : INT64_C(40000000000000003);
        excesses x = {below(20) * scale, {(below(25) - 3) * scale, (below(25) - 3) * scale}, 1 + (size_t)round % 2};
        ent_joint joint = joints[round / 2 % 2];
        ent_answer *plain = solve(&x, joint, NULL);
        ent_answer *few = ent_answer_new_with(x.n, x.n, 0);
        for (size_t i = 0; i < x.n; i++) {
            few->parts[i].party = (int64_t)i;
        }
        ent_game g = {.n = x.n, .joint = joint, .shortfall = excess_left, .shortfall_few = excess_left_few, .user = &x};
        assert_true(ent_answer_solve(few, &g));
        assert_same_figures(plain, few);
        if (round % 5 == 0) { /* money, too, and a bearer that has no part */
            int64_t bearers[] = {0, 7, 9};
            assert_true(ent_answer_split(plain, joint, 1001, bearers) && ent_answer_split(few, joint, 1001, bearers));
        }
        assert_true(ent_answer_seal(plain) && ent_answer_seal(few));
        assert_true(plain->n_parts == few->n_parts && plain->has_gap == few->has_gap && plain->gap_fits == few->gap_fits);
        assert_true(!plain->has_gap || ent_q_cmp(plain->gap, few->gap) == 0);
        assert_same_text(plain->gap_text, few->gap_text);
        for (size_t i = 0; i < plain->n_parts; i++) {
            assert_same_text(plain->parts[i].share_text, few->parts[i].share_text);
            assert_true(plain->parts[i].amount_minor == few->parts[i].amount_minor);
        }
        ent_answer_free(plain);
        ent_answer_free(few);
    }
}

static void facts_and_parts_outgrow_their_answer(void **unused)
{
    (void)unused;
    ent_answer *a = ent_answer_new_with(1, 2, 3);
    a->parts[0].party = 5;
    for (int64_t i = 0; i < ENT_FACTS_MAX + 2; i++) {
        assert_true(ent_answer_fact(a, (ent_fact){.from_ns = i}));
    }
    for (int64_t party = 9; party >= 0; party--) {
        assert_non_null(ent_answer_part(a, party));
    }
    assert_true(a->n_facts == ENT_FACTS_MAX && a->facts_left_out == 2 && a->n_parts == 10);
    for (int64_t i = 0; i < ENT_FACTS_MAX; i++) {
        assert_true(a->facts[i].from_ns == i);
    }
    for (int64_t party = 0; party < 10; party++) {
        assert_true(a->parts[party].party == party);
    }
    ent_answer_free(a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_cause_has_it_all),
        cmocka_unit_test(each_alone_would_do),
        cmocka_unit_test(structural_gap_is_apart),
        cmocka_unit_test(nobody_could_mend_it),
        cmocka_unit_test(weights_settle_joint_causes),
        cmocka_unit_test(jointly_each_has_the_whole),
        cmocka_unit_test(who_made_it_better_does_not_answer_jointly),
        cmocka_unit_test(shares_sum_to_one_and_money_to_the_whole),
        cmocka_unit_test(equal_remainders_go_by_party),
        cmocka_unit_test(a_bearer_without_a_part_gets_one),
        cmocka_unit_test(many_players_are_drawn),
        cmocka_unit_test(games_of_few_are_as_any),
        cmocka_unit_test(facts_and_parts_outgrow_their_answer),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
