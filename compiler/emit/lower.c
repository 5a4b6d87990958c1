/* Lowering: the club's own tables, places, constants and amounts.  See lower.h. */
#include "compiler/emit/lower.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "compiler/consent/canonical.h"
#include "compiler/emit/lower_internal.h"
#include "runtime/ledger/hash.h"

/* --- errors --- */

int64_t ent_lower_fail(ent_lower *lw, ent_span span, const char *format, ...)
{
    if (!lw->failed) {
        va_list args;
        va_start(args, format);
        (void)vsnprintf(lw->error->message, sizeof lw->error->message, format, args);
        va_end(args);
        lw->error->span = span;
        lw->failed = true;
    }
    return -1;
}

int64_t ent_lower_no_memory(ent_lower *lw)
{
    if (!lw->failed) {
        lw->error->out_of_memory = true;
    }
    return ent_lower_fail(lw, ENT_NO_SPAN, "out of memory");
}

/* --- places --- */

static size_t place_slot(const ent_lower *lw, ent_span span)
{
    uint64_t h = ((uint64_t)span.start << 32 | span.end) * UINT64_C(0x9E3779B97F4A7C15);
    h = (h ^ span.file) * UINT64_C(0xD6E8FEB86659FD93);
    size_t at = (size_t)(h >> 20) & (lw->places_cap - 1);
    while (lw->places[at].place >= 0 &&
           (lw->places[at].span.file != span.file || lw->places[at].span.start != span.start ||
            lw->places[at].span.end != span.end)) {
        at = (at + 1) & (lw->places_cap - 1);
    }
    return at;
}

static bool grow_places(ent_lower *lw)
{
    if (lw->places_cap > 0 && lw->n_places < lw->places_cap / 2) {
        return true;
    }
    size_t old_cap = lw->places_cap;
    ent_place_slot *old = lw->places;
    size_t cap = old_cap == 0 ? 256 : old_cap * 2;
    lw->places = malloc(cap * sizeof *lw->places);
    if (lw->places == NULL) {
        lw->places = old;
        return ent_lower_no_memory(lw) >= 0;
    }
    lw->places_cap = cap;
    for (size_t i = 0; i < cap; i++) {
        lw->places[i].place = -1;
    }
    for (size_t i = 0; i < old_cap; i++) {
        if (old[i].place >= 0) {
            lw->places[place_slot(lw, old[i].span)] = old[i];
        }
    }
    free(old);
    return true;
}

/* Code points of the span on its first line. */
static int64_t shown_length(const ent_lower *lw, ent_span span)
{
    size_t len = 0;
    const char *text = ent_sources_text(lw->m->sources, span.file, &len);
    int64_t n = 0;
    for (size_t i = span.start; text != NULL && i < span.end && i < len && text[i] != '\n'; i++) {
        n += ((unsigned char)text[i] & 0xC0) != 0x80;
    }
    return n;
}

int64_t ent_lower_place(ent_lower *lw, ent_span span)
{
    if (lw->failed || span.file >= ent_sources_count(lw->m->sources)) {
        return 0;
    }
    if (!grow_places(lw)) {
        return 0;
    }
    size_t at = place_slot(lw, span);
    if (lw->places[at].place < 0) {
        ent_position p = ent_source_position(lw->m->sources, span.file, span.start);
        int64_t place = ent_builder_add_place(
            lw->b, (ent_place_row){span.file, p.line, p.column, shown_length(lw, span)});
        lw->places[at] = (ent_place_slot){span, place};
        lw->n_places++;
    }
    return lw->places[at].place;
}

static void lower_sources(ent_lower *lw)
{
    uint32_t n = ent_sources_count(lw->m->sources);
    for (uint32_t i = 0; i < n; i++) {
        size_t len = 0;
        const char *text = ent_sources_text(lw->m->sources, i, &len);
        ent_builder_add_source_file(
            lw->b,
            (ent_source_file_row){ent_builder_text(lw->b, ent_sources_path(lw->m->sources, i)),
                                  ent_builder_string(lw->b, text, len)});
    }
    /* place 0 is the beginning: where what stands in no file is said to be */
    if (n == 0) {
        int64_t empty = ent_builder_text(lw->b, "");
        ent_builder_add_source_file(lw->b, (ent_source_file_row){empty, empty});
    }
    ent_builder_add_place(lw->b, (ent_place_row){0, 1, 1, 0});
}

/* --- values --- */

int64_t ent_lower_type_param(ent_lower *lw, ent_type type)
{
    switch (type.kind) {
    case ENT_TYPE_DECIMAL:
    case ENT_TYPE_ENUM:
        return type.param;
    case ENT_TYPE_MONEY:
        return ent_builder_text(lw->b, type.currency == NULL ? "" : type.currency);
    default:
        return -1;
    }
}

int64_t ent_lower_word(ent_lower *lw, const ent_value *value)
{
    return value->type.kind == ENT_TYPE_TEXT
               ? ent_builder_string(lw->b, value->text, value->text_len)
               : value->i;
}

int64_t ent_lower_real(ent_lower *lw, const ent_value *value)
{
    ent_q q = ent_q_from_i64(value->i);
    ent_i128 scale = 1;
    switch (value->type.kind) {
    case ENT_TYPE_NUMBER:
        return ent_builder_const_f(lw->b, value->f);
    case ENT_TYPE_RATIO:
    case ENT_TYPE_MONEY:
        q = value->q;
        break;
    case ENT_TYPE_DECIMAL:
        for (int32_t i = 0; i < value->type.param; i++) {
            scale *= 10;
        }
        if (!ent_q_make(value->i, scale, &q)) {
            return ent_lower_fail(lw, value->span, "the value does not fit");
        }
        break;
    default:
        break;
    }
    return ent_builder_const_q(lw->b, q);
}

bool ent_lower_finish_kernel(ent_lower *lw, ent_kb *kb, ent_span span, int64_t *kernel)
{
    char reason[160] = "";
    if (lw->failed) {
        ent_kb_abandon(kb);
        return false;
    }
    *kernel = ent_kb_finish(kb, reason, sizeof reason);
    if (*kernel < 0) {
        return lw->b->failed ? ent_lower_no_memory(lw) >= 0
                             : ent_lower_fail(lw, span, "this cannot be compiled: %s", reason) >= 0;
    }
    return true;
}

static int64_t amount_kernel(ent_lower *lw, const ent_amount_decl *amount,
                             const ent_objective_decl *objective)
{
    int64_t place = ent_lower_place(lw, amount->span);
    ent_lower_env env = {.lw = lw, .kind = ENT_KERNEL_DECISION, .objective = objective};
    env.kb = ent_kb_new(lw->b, ENT_KERNEL_DECISION, -1, place);
    if (env.kb == NULL) {
        return ent_lower_no_memory(lw);
    }
    int32_t reg = ent_lower_expr(&env, amount->expr);
    reg = ent_lower_to_class(&env, reg, amount->expr->type, ENT_CLASS_Q, place);
    (void)ent_kb_output(env.kb, reg);
    int64_t kernel = -1;
    (void)ent_lower_finish_kernel(lw, env.kb, amount->span, &kernel);
    return kernel;
}

int64_t ent_lower_amount(ent_lower *lw, const ent_amount_decl *amount,
                         const ent_objective_decl *objective)
{
    ent_amount_row row = {.kind = 0, .value = -1, .kernel = -1, .of = -1};
    if (amount == NULL) {
        return -1;
    }
    row.text = ent_builder_text(lw->b, amount->text == NULL ? "" : amount->text);
    switch (amount->kind) {
    case ENT_AMOUNT_PERCENT:
    case ENT_AMOUNT_MONEY:
        row.kind = amount->kind == ENT_AMOUNT_PERCENT ? 1 : 2;
        row.value = ent_builder_const_q(lw->b, amount->q);
        break;
    case ENT_AMOUNT_WEIGHT:
        row.kind = 4;
        row.value = ent_builder_const_q(lw->b, amount->q);
        row.of = ent_lower_amount(lw, amount->of, NULL);
        break;
    case ENT_AMOUNT_EXPR:
        row.kind = 3;
        row.kernel = amount_kernel(lw, amount, objective);
        row.kernel_ratio = amount->expr->type.kind == ENT_TYPE_RATIO;
        break;
    default:
        break;
    }
    return lw->failed ? -1 : ent_builder_add_amount(lw->b, row);
}

/* --- the club --- */

static int64_t lower_aliases(ent_lower *lw, const char **aliases, size_t n)
{
    int64_t first = (int64_t)lw->b->alias.n;
    for (size_t i = 0; i < n; i++) {
        ent_builder_add_alias(lw->b, (ent_alias_row){ent_builder_text(lw->b, aliases[i])});
    }
    return first;
}

/* The digest of what the parties of the agreement sign; -1 for the framework's own clauses. */
static int64_t lower_digest(ent_lower *lw, const ent_agreement_decl *a)
{
    char digest[ENT_HASH_TEXT_SIZE];
    if (a->is_framework) {
        return -1;
    }
    if (!ent_canonical_digest(lw->m, a, digest)) {
        (void)ent_lower_no_memory(lw);
        return -1;
    }
    return ent_builder_text(lw->b, digest);
}

static int64_t needs_consent(const ent_framework_decl *f)
{
    for (size_t i = 0; i < f->n_requires; i++) {
        if (f->requires[i].is_signed) {
            return 1;
        }
    }
    return 0;
}

static void lower_party(ent_lower *lw, const ent_party_decl *p)
{
    ent_builder_add_party(lw->b,
                          (ent_party_row){.name = ent_builder_text(lw->b, p->name),
                                          .title = ent_builder_text_or_none(lw->b, p->title),
                                          .role = p->role,
                                          .first_alias = lower_aliases(lw, p->aliases, p->n_aliases),
                                          .n_aliases = (int64_t)p->n_aliases,
                                          .place = ent_lower_place(lw, p->span)});
    for (size_t k = 0; k < p->n_keys; k++) {
        ent_builder_add_party_key(
            lw->b, (ent_party_key_row){p->index, ent_builder_text(lw->b, p->keys[k])});
    }
}

static void lower_parties(ent_lower *lw)
{
    for (size_t i = 0; i < lw->m->n_parties; i++) {
        lower_party(lw, lw->m->parties[i]);
    }
    if (lw->m->force != NULL) {
        lower_party(lw, lw->m->force);
    }
    for (size_t i = 0; i < lw->m->n_services; i++) {
        const ent_service_decl *s = lw->m->services[i];
        int64_t first = (int64_t)lw->b->dependency.n;
        for (size_t k = 0; k < s->n_dependencies; k++) {
            ent_builder_add_dependency(lw->b, (ent_dependency_row){s->dependencies[k]->index});
        }
        ent_builder_add_service(
            lw->b, (ent_service_row){.name = ent_builder_text(lw->b, s->name),
                                     .title = ent_builder_text_or_none(lw->b, s->title),
                                     .provider = s->provider->index,
                                     .first_dependency = first,
                                     .n_dependencies = (int64_t)s->n_dependencies,
                                     .first_alias = lower_aliases(lw, s->aliases, s->n_aliases),
                                     .n_aliases = (int64_t)s->n_aliases,
                                     .place = ent_lower_place(lw, s->span)});
    }
}

static void lower_enumerations(ent_lower *lw)
{
    for (size_t i = 0; i < lw->m->n_enumerations; i++) {
        const ent_enumeration_decl *e = lw->m->enumerations[i];
        int64_t first = (int64_t)lw->b->member.n;
        for (size_t k = 0; k < e->n_members; k++) {
            ent_builder_add_member(lw->b, (ent_member_row){ent_builder_text(lw->b, e->members[k])});
        }
        ent_builder_add_enumeration(lw->b, (ent_enumeration_row){ent_builder_text(lw->b, e->name),
                                                                 first, (int64_t)e->n_members});
    }
}

static void lower_cap(ent_lower *lw, const ent_cap_decl *c)
{
    ent_builder_add_cap(lw->b, (ent_cap_row){.amount = ent_lower_amount(lw, c->amount, NULL),
                                             .unit = c->unit,
                                             .months = c->months,
                                             .weighted = c->weighted,
                                             .place = ent_lower_place(lw, c->span)});
}

/* A run for each agreement: inherited caps are repeated. */
static int64_t lower_caps(ent_lower *lw, ent_cap_decl *const *caps, size_t n,
                          const ent_cap_decl *at_risk)
{
    int64_t first = (int64_t)lw->b->cap.n;
    for (size_t i = 0; i < n; i++) {
        lower_cap(lw, caps[i]);
    }
    if (at_risk != NULL) {
        lower_cap(lw, at_risk);
    }
    return first;
}

static bool has_policy(const ent_framework_decl *f, int policy)
{
    return (f->policies >> policy) & 1;
}

static int64_t ticket_time(const ent_framework_decl *f)
{
    return has_policy(f, ENT_POLICY_TIME_LAST_HOLDER) ? ENT_TIME_LAST_HOLDER
           : has_policy(f, ENT_POLICY_TIME_HOLDER)    ? ENT_TIME_HOLDER
                                                      : ENT_TIME_OWNER;
}

static int64_t joint_causes(const ent_framework_decl *f)
{
    return has_policy(f, ENT_POLICY_JOINT_BY_CHARGE) ? ENT_JOINT_BY_CHARGE
           : has_policy(f, ENT_POLICY_JOINT_FIRST)   ? ENT_JOINT_FIRST
           : has_policy(f, ENT_POLICY_JOINT_JOINTLY) ? ENT_JOINT_JOINTLY
                                                     : ENT_JOINT_SHARED;
}

static int64_t performance_party(const ent_lower *lw, const ent_framework_decl *f)
{
    for (size_t i = 0; f->n_answers > 0 && i < lw->m->n_parties; i++) {
        if (lw->m->parties[i]->role == f->answers[0].from_role) {
            return lw->m->parties[i]->index;
        }
    }
    return -1;
}

static int64_t claim_field(ent_lower *lw, const ent_field_decl *field)
{
    if (field == NULL) {
        return -1;
    }
    ent_lower_use_field(lw, field);
    return field->index;
}

/* The row of the feed that carries the claims. */
static int64_t lower_claim(ent_lower *lw, const ent_claim_decl *c)
{
    int64_t feed = ent_lower_feed_row(lw, c->feed);
    for (size_t i = 0; i < lw->b->claim.n; i++) {
        if (lw->b->claim.v[i].feed == feed) {
            return (int64_t)i;
        }
    }
    return ent_builder_add_claim(lw->b, (ent_claim_row){.feed = feed,
                                                        .agreement = claim_field(lw, c->agreement),
                                                        .clause = claim_field(lw, c->clause),
                                                        .subject = claim_field(lw, c->subject),
                                                        .about = claim_field(lw, c->about),
                                                        .place = ent_lower_place(lw, c->span)});
}

/* Once there are feeds. */
static bool lower_claims(ent_lower *lw)
{
    for (size_t i = 0; i < lw->m->n_agreements && !lw->failed && !lw->b->failed; i++) {
        const ent_claim_decl *c = lw->m->agreements[i]->claims;
        if (c != NULL) {
            int64_t row = lower_claim(lw, c);
            lw->b->agreement.v[i].claims = row;
            lw->b->agreement.v[i].claim_ns = c->within_ns;
        }
    }
    return !lw->failed;
}

static void lower_agreements(ent_lower *lw)
{
    const ent_framework_decl *f = lw->m->framework;
    if (f != NULL) {
        ent_builder_add_framework(
            lw->b, (ent_framework_row){.name = ent_builder_text(lw->b, f->name),
                                       .title = ent_builder_text_or_none(lw->b, f->title),
                                       .version = f->version,
                                       .from_day = f->from_day,
                                       .to_day = f->to_day,
                                       .zone = ent_builder_text(lw->b, f->zone),
                                       .currency = ent_builder_text_or_none(lw->b, f->currency),
                                       .cap = -1,
                                       .outages = has_policy(f, ENT_POLICY_OUTAGES_DEPENDENCIES),
                                       .ticket_time = ticket_time(f),
                                       .credits = has_policy(f, ENT_POLICY_CREDITS_RESPONSIBILITY),
                                       .relief = has_policy(f, ENT_POLICY_RELIEF_CLIENT),
                                       .joint = joint_causes(f),
                                       .performance = performance_party(lw, f),
                                       .relief_force = has_policy(f, ENT_POLICY_RELIEF_FORCE),
                                       .consent = needs_consent(f),
                                       .place = ent_lower_place(lw, f->span)});
    }
    for (size_t i = 0; i < lw->m->n_agreements; i++) {
        const ent_agreement_decl *a = lw->m->agreements[i];
        ent_builder_add_agreement(
            lw->b, (ent_agreement_row){
                       .kind = a->is_framework ? 2 : a->kind,
                       .name = ent_builder_text(lw->b, a->name),
                       .title = ent_builder_text_or_none(lw->b, a->title),
                       .version = a->version,
                       .supplier = a->supplier->index,
                       .customer = a->customer->index,
                       .from_day = a->from_day,
                       .to_day = a->to_day,
                       .zone = ent_builder_text(lw->b, a->zone),
                       .currency = ent_builder_text_or_none(lw->b, a->currency),
                       .charge = a->has_charge ? ent_builder_const_q(lw->b, a->charge) : -1,
                       .charge_unit = a->has_charge ? a->charge_unit : 0,
                       .first_cap = lower_caps(lw, a->caps, a->n_caps, a->at_risk),
                       .n_caps = (int64_t)a->n_caps + (a->at_risk != NULL),
                       .doc = ent_builder_text_or_none(lw->b, a->doc),
                       .place = ent_lower_place(lw, a->span),
                       .digest = lower_digest(lw, a),
                       .claims = -1});
    }
}

static void lower_calendars(ent_lower *lw)
{
    for (size_t i = 0; i < lw->m->n_calendars; i++) {
        const ent_calendar_decl *c = lw->m->calendars[i];
        ent_calendar_row row = {.name = ent_builder_text(lw->b, c->name),
                                .zone = ent_builder_text(lw->b, c->zone),
                                .first_rule = (int64_t)lw->b->rule.n,
                                .n_rules = (int64_t)c->n_openings,
                                .first_closed = (int64_t)lw->b->closed.n,
                                .n_closed = (int64_t)c->n_closed,
                                .place = ent_lower_place(lw, c->span)};
        for (size_t k = 0; k < c->n_openings; k++) {
            ent_builder_add_rule(lw->b, (ent_rule_row){c->openings[k].days, c->openings[k].open_ns,
                                                       c->openings[k].close_ns});
        }
        for (size_t k = 0; k < c->n_closed; k++) {
            ent_builder_add_closed(
                lw->b, (ent_closed_row){c->closed[k].day,
                                        ent_builder_text_or_none(lw->b, c->closed[k].name)});
        }
        int64_t calendar = ent_builder_add_calendar(lw->b, row);
        for (size_t k = 0; k < c->n_files; k++) {
            char digest[ENT_HASH_TEXT_SIZE];
            if (!ent_hash_hex(c->files[k].bytes, c->files[k].n_bytes, digest)) {
                (void)ent_lower_no_memory(lw);
                return;
            }
            ent_builder_add_calendar_file(
                lw->b, (ent_calendar_file_row){calendar, ent_builder_text(lw->b, c->files[k].path),
                                               ent_builder_text(lw->b, digest)});
        }
    }
}

void ent_lower_club(ent_lower *lw)
{
    lower_sources(lw);
    lower_enumerations(lw);
    lower_parties(lw);
}

bool ent_lower_model(const ent_model *model, ent_builder *b, ent_lower_error *error)
{
    *error = (ent_lower_error){.span = ENT_NO_SPAN};
    ent_lower lw = {.m = model, .b = b, .error = error, .nodes_left = ENT_LOWER_NODES_MAX};
    lw.feed_rows = calloc(model->n_feeds + 1, sizeof *lw.feed_rows);
    lw.kernels = calloc(model->n_feeds + 1, sizeof *lw.kernels);
    if (lw.feed_rows == NULL || lw.kernels == NULL) {
        (void)ent_lower_no_memory(&lw);
    } else {
        ent_lower_club(&lw);
        lower_agreements(&lw);
        lower_calendars(&lw);
        bool ok = ent_lower_feeds(&lw) && lower_claims(&lw) && ent_lower_spans(&lw) && ent_lower_duties(&lw) &&
                  ent_lower_objectives(&lw) && ent_lower_pools(&lw) && ent_lower_binds(&lw) &&
                  ent_lower_functions(&lw);
        (void)(ok && ent_lower_kernels(&lw));
        for (size_t i = 0; i < model->n_feeds; i++) {
            ent_kb_abandon(lw.kernels[i]);
        }
    }
    if (b->failed) {
        (void)ent_lower_no_memory(&lw);
    }
    free(lw.feed_rows);
    free(lw.kernels);
    free(lw.places);
    return !lw.failed;
}
