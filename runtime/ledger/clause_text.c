/* See clause_text.h. */
#include "runtime/ledger/clause_text.h"

#include <stdlib.h>
#include <string.h>

#include "runtime/judge/clause.h"
#include "runtime/ledger/members.h"

static void free_pieces(ent_clause_piece *pieces, size_t n)
{
    for (size_t i = 0; pieces && i < n; i++) {
        free(pieces[i].p);
    }
    free(pieces);
}

void ent_clause_texts_deinit(ent_clause_texts *texts)
{
    for (size_t i = 0; i < texts->n; i++) {
        free(texts->v[i].begin.p);
        free(texts->v[i].subject.p);
        free(texts->v[i].accountable.p);
        free(texts->v[i].end.p);
    }
    free(texts->v);
    free_pieces(texts->parties, texts->n_parties);
    free_pieces(texts->spans, texts->n_spans);
    free_pieces(texts->statuses, ENT_STATUS_COUNT);
    *texts = (ent_clause_texts){.n = 0};
}

static void write_clause(ent_json_out *out, const ent_image *p, const ent_clause *clause)
{
    const ent_agreement_row *agreement = &p->agreement[clause->agreement];
    ent_json_key_text(out, "kind", clause->kind);
    ent_json_key_text(out, "agreement", ent_image_text(p, agreement->name));
    ent_json_key_int(out, "version", agreement->version);
    ent_json_key_text(out, "clause", ent_image_text(p, clause->name));
    if (clause->title >= 0) {
        ent_json_key_text(out, "title", ent_image_text(p, clause->title));
    }
}

void ent_clause_source(ent_json_out *out, const ent_image *p, int64_t place)
{
    const ent_place_row *row = &p->place[place];
    ent_json_key(out, "source");
    ent_json_begin_object(out);
    ent_json_key_text(out, "file", ent_image_text(p, p->source_file[row->file].path));
    ent_json_key_int(out, "line", row->line);
    ent_json_key_int(out, "column", row->column);
    ent_json_end_object(out);
}

/* What was written from `skip` on, which it is then empty of. */
static bool take(ent_json_out *out, size_t skip, ent_clause_piece *piece)
{
    bool ok = out->error == ENT_JSON_OK && out->len >= skip;
    piece->n = ok ? out->len - skip : 0;
    piece->p = ok ? calloc(1, piece->n + ENT_CLAUSE_PIECE_STEP) : NULL;
    if (piece->p) {
        memcpy(piece->p, out->data + skip, piece->n);
    }
    ent_json_reset(out);
    return piece->p != NULL;
}

/* Members of an object that is open: a comma takes the place of its brace. */
static bool take_members(ent_json_out *out, ent_clause_piece *piece)
{
    if (out->error == ENT_JSON_OK) {
        out->data[0] = ',';
    }
    return take(out, 0, piece);
}

static bool make(ent_clause_text *text, ent_json_out *out, const ent_engine *session, const ent_verdict *d)
{
    const ent_image *p = ent_engine_program(session);
    ent_clause clause = ent_verdict_clause(p, d);
    text->agreement = clause.agreement;
    if (ent_engine_subject_fields(session, d) == 1 && !text->subject.p) {
        ent_json_begin_object(out);
        ent_json_key(out, "subject");
        ent_json_begin_object(out);
        ent_json_key(out, ent_engine_subject_name(session, d, 0));
        ent_json_raw(out, "\"", 1);
        if (!take_members(out, &text->subject)) {
            return false;
        }
    }
    if (!text->accountable.p) {
        ent_json_begin_object(out);
        ent_members_accountable(out, p, clause.agreement);
        if (!take_members(out, &text->accountable)) {
            return false;
        }
    }
    if (!text->end.p) {
        ent_json_begin_object(out);
        ent_clause_source(out, p, clause.place);
        if (!take_members(out, &text->end)) {
            return false;
        }
    }
    ent_json_begin_object(out);
    write_clause(out, p, &clause);
    return take_members(out, &text->begin);
}

static ent_clause_piece *make_names(ent_json_out *out, const ent_image *p, size_t n,
                                    const char *(*name)(const ent_image *, size_t))
{
    ent_clause_piece *names = calloc(n + 1, sizeof *names);
    for (size_t i = 0; names && i < n; i++) {
        ent_json_text(out, name(p, i));
        out->len -= out->error == ENT_JSON_OK; /* the quote at its end */
        if (!take(out, 1, &names[i])) {
            free_pieces(names, n);
            return NULL;
        }
    }
    return names;
}

static const char *party_name(const ent_image *p, size_t i)
{
    return ent_image_text(p, p->party[i].name);
}

static const char *span_name(const ent_image *p, size_t i)
{
    return ent_image_text(p, p->span[i].name);
}

static const char *status_name(const ent_image *p, size_t i)
{
    (void)p;
    return ent_status_name((int)i);
}

static bool begin(ent_clause_texts *texts, ent_json_out *out, const ent_image *p)
{
    size_t n = p->n_objective + p->n_duty + p->n_pool;
    ent_clause_texts_deinit(texts);
    texts->v = calloc(n + 1, sizeof *texts->v);
    texts->n = texts->v ? n : 0;
    texts->parties = make_names(out, p, p->n_party, party_name);
    texts->spans = make_names(out, p, p->n_span, span_name);
    texts->statuses = make_names(out, p, ENT_STATUS_COUNT, status_name);
    texts->n_parties = p->n_party;
    texts->n_spans = p->n_span;
    if (!texts->v || !texts->parties || !texts->spans || !texts->statuses) {
        ent_clause_texts_deinit(texts);
        return false;
    }
    texts->program = p;
    memcpy(texts->digest, p->digest, sizeof texts->digest);
    return true;
}

const ent_clause_text *ent_clause_texts_of(ent_clause_texts *texts, const ent_engine *session, const ent_verdict *d)
{
    const ent_image *p = ent_engine_program(session);
    bool same = texts->program == p && texts->n == p->n_objective + p->n_duty + p->n_pool &&
                memcmp(texts->digest, p->digest, sizeof texts->digest) == 0;
    size_t first = d->kind == ENT_VERDICT_OBJECTIVE ? 0
                   : d->kind == ENT_VERDICT_DUTY    ? p->n_objective
                                                    : p->n_objective + p->n_duty;
    size_t number = first + (size_t)d->clause;
    if (same && texts->v[number].begin.p) {
        return &texts->v[number];
    }
    ent_json_out out;
    ent_json_init(&out, 0);
    bool ok = (same || begin(texts, &out, p)) && make(&texts->v[number], &out, session, d);
    ent_json_deinit(&out);
    return ok ? &texts->v[number] : NULL;
}
