/* What a host may ask about a program, made once when it is loaded, so that asking needs no lock and no memory. */
#include "runtime/embed/embed.h"

#include <stdlib.h>
#include <string.h>

#include "runtime/consent/consent.h"

#define SAME(public, internal) _Static_assert((int)(public) == (int)(internal), #public)
SAME(ENT_FIELD_BOOL, ENT_TYPE_BOOL);
SAME(ENT_FIELD_INT, ENT_TYPE_INT);
SAME(ENT_FIELD_NUMBER, ENT_TYPE_NUMBER);
SAME(ENT_FIELD_DECIMAL, ENT_TYPE_DECIMAL);
SAME(ENT_FIELD_RATIO, ENT_TYPE_RATIO);
SAME(ENT_FIELD_MONEY, ENT_TYPE_MONEY);
SAME(ENT_FIELD_DURATION, ENT_TYPE_DURATION);
SAME(ENT_FIELD_INSTANT, ENT_TYPE_INSTANT);
SAME(ENT_FIELD_TIME, ENT_TYPE_TIME);
SAME(ENT_FIELD_TEXT, ENT_TYPE_TEXT);
SAME(ENT_FIELD_ENUM, ENT_TYPE_ENUM);
SAME(ENT_FIELD_PARTY, ENT_TYPE_PARTY);
SAME(ENT_FIELD_SERVICE, ENT_TYPE_SERVICE);
SAME(ENT_PARTY_IS_CLIENT, ENT_PARTY_CLIENT);
SAME(ENT_PARTY_IS_INTEGRATOR, ENT_PARTY_INTEGRATOR);
SAME(ENT_PARTY_IS_PROVIDER, ENT_PARTY_PROVIDER);
SAME(ENT_PARTY_IS_NOBODY, ENT_PARTY_NOBODY);
SAME(ENT_AGREEMENT_IS_SLA, ENT_AGREEMENT_SLA);
SAME(ENT_AGREEMENT_IS_OLA, ENT_AGREEMENT_OLA);
SAME(ENT_CLAUSE_OBJECTIVE, ENT_VERDICT_OBJECTIVE);
SAME(ENT_CLAUSE_DUTY, ENT_VERDICT_DUTY);
SAME(ENT_CLAUSE_POOL, ENT_VERDICT_POOL);

static const char *text_or_null(const ent_image *p, int64_t index)
{
    return index < 0 ? NULL : ent_image_text(p, index);
}

static size_t count_texts(const ent_image *p)
{
    size_t n = p->n_dependency;
    for (size_t i = 0; i < p->n_field; i++) {
        if (p->field[i].type == ENT_TYPE_ENUM) {
            n += (size_t)p->enumeration[p->field[i].param].n_members;
        }
    }
    return n;
}

static void describe_field(const ent_image *p, const ent_field_row *row, ent_feed_field *out, const char ***texts)
{
    enum { MARK_KEY = 1, MARK_HOLDER = 2, MARK_RECORDED = 4 };
    *out = (ent_feed_field){.name = ent_image_text(p, row->name),
                            .type = (ent_field_type)row->type,
                            .used = row->used != 0,
                            .key = (row->marks & MARK_KEY) != 0,
                            .holder = (row->marks & MARK_HOLDER) != 0,
                            .recorded = (row->marks & MARK_RECORDED) != 0};
    if (row->type == ENT_TYPE_DECIMAL) {
        out->digits = (int)row->param;
    } else if (row->type == ENT_TYPE_MONEY) {
        out->currency = ent_image_text(p, row->param);
    } else if (row->type == ENT_TYPE_ENUM) {
        const ent_enumeration_row *e = &p->enumeration[row->param];
        out->words = *texts;
        out->n_words = (size_t)e->n_members;
        for (int64_t i = 0; i < e->n_members; i++) {
            *(*texts)++ = ent_image_text(p, p->member[e->first_member + i].name);
        }
    }
}

static void describe_feeds(ent_program *program, const char ***texts)
{
    const ent_image *p = program->image;
    size_t n = 0;
    for (size_t i = 0; i < p->n_field; i++) {
        describe_field(p, &p->field[i], &program->fields[i], texts);
    }
    for (size_t i = 0; i < p->n_feed; i++) {
        const ent_feed_row *row = &p->feed[i];
        if (row->kind != 0) {
            continue;
        }
        program->fields[row->first_field + row->at].used = row->used != 0;
        program->feeds[n++] = (ent_feed_info){.name = ent_image_text(p, row->name),
                                              .fields = &program->fields[row->first_field],
                                              .n_fields = (size_t)row->n_fields,
                                              .used = row->used != 0,
                                              .interval_ns = row->interval_ns,
                                              .lateness_ns = row->lateness_ns,
                                              .bound = row->bind >= 0};
    }
}

static void describe_parties(ent_program *program, const char ***texts)
{
    const ent_image *p = program->image;
    for (size_t i = 0; i < p->n_party; i++) {
        const ent_party_row *row = &p->party[i];
        program->parties[i] = (ent_party_info){ent_image_text(p, row->name), text_or_null(p, row->title),
                                               (ent_party_kind)row->role};
    }
    for (size_t i = 0; i < p->n_service; i++) {
        const ent_service_row *row = &p->service[i];
        program->services[i] = (ent_service_info){.name = ent_image_text(p, row->name),
                                                  .title = text_or_null(p, row->title),
                                                  .provider = ent_image_text(p, p->party[row->provider].name),
                                                  .depends_on = *texts,
                                                  .n_depends_on = (size_t)row->n_dependencies};
        for (int64_t k = 0; k < row->n_dependencies; k++) {
            const ent_dependency_row *dependency = &p->dependency[row->first_dependency + k];
            *(*texts)++ = ent_image_text(p, p->service[dependency->service].name);
        }
    }
}

/* A clause of the agreement, in the order of the source among those that are there already. */
static void add_clause(const ent_image *p, ent_agreement_info *a, ent_clause_info *clauses, int64_t *orders,
                       ent_clause_info clause, int64_t place, int64_t order)
{
    const ent_place_row *row = &p->place[place];
    size_t at = a->n_clauses++;
    clause.file = ent_image_text(p, p->source_file[row->file].path);
    clause.line = row->line;
    clause.column = row->column;
    for (; at > 0 && orders[at - 1] > order; at--) {
        clauses[at] = clauses[at - 1];
        orders[at] = orders[at - 1];
    }
    clauses[at] = clause;
    orders[at] = order;
}

static void describe_clauses(ent_program *program, int64_t agreement, ent_clause_info *clauses, int64_t *orders,
                             char **targets)
{
    const ent_image *p = program->image;
    ent_agreement_info *a = &program->agreements[agreement];
    a->clauses = clauses;
    for (size_t i = 0; i < p->n_objective; i++) {
        const ent_objective_row *row = &p->objective[i];
        if (row->agreement == agreement) {
            size_t len = ent_ledger_target(p, row, *targets, strlen(ent_image_text(p, row->target_text)) + 16);
            ent_clause_info clause = {.kind = ENT_CLAUSE_OBJECTIVE,
                                      .name = ent_image_text(p, row->name),
                                      .title = text_or_null(p, row->title),
                                      .target = *targets};
            *targets += len + 1;
            add_clause(p, a, clauses, orders, clause, row->place, row->order);
        }
    }
    for (size_t i = 0; i < p->n_duty; i++) {
        const ent_duty_row *row = &p->duty[i];
        if (row->agreement == agreement) {
            ent_clause_info clause = {.kind = ENT_CLAUSE_DUTY,
                                      .name = ent_image_text(p, row->name),
                                      .title = text_or_null(p, row->title)};
            add_clause(p, a, clauses, orders, clause, row->place, row->order);
        }
    }
    for (size_t i = 0; i < p->n_pool; i++) {
        const ent_pool_row *row = &p->pool[i];
        if (row->agreement == agreement) {
            ent_clause_info clause = {.kind = ENT_CLAUSE_POOL,
                                      .name = ent_image_text(p, row->name),
                                      .title = text_or_null(p, row->title)};
            add_clause(p, a, clauses, orders, clause, row->place, row->order);
        }
    }
}

static void describe_agreements(ent_program *program, int64_t *orders)
{
    const ent_image *p = program->image;
    ent_clause_info *clauses = program->clauses;
    char *targets = program->targets;
    bool signatures = ent_consent_is_required(p);
    for (size_t i = 0; i < p->n_agreement; i++) {
        const ent_agreement_row *row = &p->agreement[i];
        program->agreements[i] =
            (ent_agreement_info){.type = (ent_agreement_type)row->kind,
                                 .name = ent_image_text(p, row->name),
                                 .title = text_or_null(p, row->title),
                                 .version = row->version,
                                 .supplier = ent_image_text(p, p->party[row->supplier].name),
                                 .customer = ent_image_text(p, p->party[row->customer].name),
                                 .currency = text_or_null(p, row->currency),
                                 .needs_signatures = signatures && ent_consent_is_needed(p, (int64_t)i)};
        describe_clauses(program, (int64_t)i, clauses, orders, &targets);
        clauses += program->agreements[i].n_clauses;
    }
}

bool ent_program_describe(ent_program *program)
{
    enum { BOUND_WORDS = 16 }; /* "at least " and the like */
    const ent_image *p = program->image;
    size_t n_clauses = p->n_objective + p->n_duty + p->n_pool;
    size_t n_targets = 1;
    for (size_t i = 0; i < p->n_objective; i++) {
        n_targets += strlen(ent_image_text(p, p->objective[i].target_text)) + BOUND_WORDS;
    }
    int64_t *orders = malloc((n_clauses + 1) * sizeof *orders);
    program->agreements = calloc(p->n_agreement + 1, sizeof *program->agreements);
    program->feeds = calloc(p->n_feed + 1, sizeof *program->feeds);
    program->parties = calloc(p->n_party + 1, sizeof *program->parties);
    program->services = calloc(p->n_service + 1, sizeof *program->services);
    program->clauses = calloc(n_clauses + 1, sizeof *program->clauses);
    program->fields = calloc(p->n_field + 1, sizeof *program->fields);
    program->texts = calloc(count_texts(p) + 1, sizeof *program->texts);
    program->targets = calloc(n_targets, 1);
    bool ok = orders && program->agreements && program->feeds && program->parties && program->services &&
              program->clauses && program->fields && program->texts && program->targets;
    if (ok) {
        const char **texts = program->texts;
        describe_feeds(program, &texts);
        describe_parties(program, &texts);
        describe_agreements(program, orders);
    }
    free(orders);
    return ok;
}
