/* Who answers for what, by the framework's policies: settles joint causes by charge, and says who bears which
 * part of a credit (language.md, sections 7 and 12).
 *
 * A party bears its part under its own direct agreement with the client; without one its part stays with the
 * supplier, and so does the client's, or that of force majeure, where there is no relief. The structural gap's
 * part is borne by the clause's accountable party, the agreement's supplier.
 * Oracle: tests/oracle/accountability.py. */
#include "runtime/state/state.h"

static bool is_in_force(const ent_engine *s, const ent_agreement_row *a, int64_t at)
{
    const ent_zone *zone = s->zones[a->zone];
    return (a->from_day == ENT_NO_DAY_FROM || ent_zone_midnight(zone, a->from_day) <= at) &&
           (a->to_day == ENT_NO_DAY_TO || ent_zone_midnight(zone, a->to_day + 1) > at);
}

static bool is_direct(const ent_image *p, const ent_agreement_row *a, int64_t party)
{
    return a->kind == ENT_AGREEMENT_SLA && a->supplier == party &&
           p->party[a->customer].role == ENT_PARTY_CLIENT;
}

/* A charge by its period, as an amount a month of which there are twelve in 365 days. */
static bool monthly(const ent_image *p, const ent_agreement_row *a, ent_q *out)
{
    static const ent_q months[] = {{365, 12}, {365, 84}, {1, 1}, {1, 3}, {1, 12}};
    if (a->charge_unit < ENT_UNIT_DAY || a->charge_unit > ENT_UNIT_YEAR) {
        return false;
    }
    return ent_q_mul(p->constants[a->charge].v.q, months[a->charge_unit - ENT_UNIT_DAY], out);
}

/* The sum of the party's monthly charges under direct agreements in force at `at`. */
static bool charge_of_party(const ent_engine *s, int64_t party, int64_t at, ent_q *out)
{
    const ent_image *p = s->program;
    *out = ent_q_from_i64(0);
    for (size_t i = 0; i < p->n_agreement; i++) {
        const ent_agreement_row *a = &p->agreement[i];
        ent_q charge;
        if (a->charge < 0 || !is_direct(p, a, party) || !is_in_force(s, a, at)) {
            continue;
        }
        if (!monthly(p, a, &charge) || !ent_q_add(*out, charge, out)) {
            return false;
        }
    }
    return true;
}

/* The first 8 bytes of the program's digest, which is hexadecimal text. */
static uint64_t seed_of(const ent_image *p)
{
    uint64_t seed = 0;
    for (size_t i = 0; i < 16 && p->digest[i]; i++) {
        char c = p->digest[i];
        seed = seed << 4 | (uint64_t)(c <= '9' ? c - '0' : c - 'a' + 10);
    }
    return seed;
}

static ent_joint joint_of(const ent_image *p)
{
    return p->n_framework ? (ent_joint)p->framework[0].joint : ENT_JOINT_SHARED;
}

bool ent_judge_answer(ent_engine *s, int64_t end_ns, ent_answer *answer, ent_game *game)
{
    ent_q weights[ENT_ANSWER_PARTIES_MAX];
    game->n = answer->n_parts;
    game->joint = joint_of(s->program);
    game->weights = weights;
    game->seed = seed_of(s->program);
    for (size_t i = 0; i < answer->n_parts && game->joint == ENT_JOINT_BY_CHARGE; i++) {
        if (!charge_of_party(s, answer->parts[i].party, end_ns - 1, &weights[i])) {
            return false;
        }
    }
    return ent_answer_solve(answer, game);
}

static bool has_direct(const ent_image *p, int64_t party)
{
    for (size_t i = 0; i < p->n_agreement; i++) {
        if (is_direct(p, &p->agreement[i], party)) {
            return true;
        }
    }
    return false;
}

static int64_t bearer_of(const ent_image *p, const ent_agreement_row *a, int64_t party)
{
    int64_t role = p->party[party].role;
    bool relieved = p->n_framework && ((role == ENT_PARTY_CLIENT && p->framework[0].relief) ||
                                       (role == ENT_PARTY_NOBODY && p->framework[0].relief_force));
    return relieved || has_direct(p, party) ? party : a->supplier;
}

bool ent_judge_split(ent_engine *s, ent_verdict *d)
{
    const ent_image *p = s->program;
    int64_t at = d->kind == ENT_VERDICT_DUTY ? p->duty[d->clause].agreement
                                              : p->objective[d->clause].agreement;
    const ent_agreement_row *a = &p->agreement[at];
    int64_t bearers[ENT_ANSWER_PARTIES_MAX + 1];
    bool follow = p->n_framework && p->framework[0].credits == 1;
    for (size_t i = 0; i < d->answer->n_parts; i++) {
        bearers[i] = follow ? bearer_of(p, a, d->answer->parts[i].party) : a->supplier;
    }
    bearers[d->answer->n_parts] = a->supplier;
    return ent_answer_split(d->answer, joint_of(p), d->credit_minor, bearers);
}
