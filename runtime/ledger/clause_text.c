/* See clause_text.h. */
#include "runtime/ledger/clause_text.h"

#include <stdlib.h>
#include <string.h>

#include "runtime/judge/clause.h"
#include "runtime/ledger/json_out.h"

void ent_clause_texts_deinit(ent_clause_texts *texts)
{
    for (size_t i = 0; i < texts->n; i++) {
        free(texts->v[i].begin);
    }
    free(texts->v);
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

static bool make(ent_clause_text *text, const ent_image *p, const ent_verdict *d)
{
    ent_clause clause = ent_verdict_clause(p, d);
    ent_json_out out;
    ent_json_init(&out, 0);
    ent_json_begin_object(&out);
    write_clause(&out, p, &clause);
    size_t n_begin = out.len - 1;
    ent_clause_source(&out, p, clause.place);
    ent_json_end_object(&out);
    bool ok = ent_json_is_complete(&out);
    if (ok) { /* without the braces, and without the comma between the two */
        memmove(out.data, out.data + 1, out.len - 1);
        *text = (ent_clause_text){out.data, out.data + n_begin + 1, n_begin, out.len - n_begin - 3};
        return true;
    }
    ent_json_deinit(&out);
    return false;
}

const ent_clause_text *ent_clause_texts_of(ent_clause_texts *texts, const ent_image *p, const ent_verdict *d)
{
    size_t n = p->n_objective + p->n_duty + p->n_pool;
    if (texts->program != p || texts->n != n || memcmp(texts->digest, p->digest, sizeof texts->digest) != 0) {
        ent_clause_texts_deinit(texts);
        texts->v = calloc(n, sizeof *texts->v);
        if (!texts->v) {
            return NULL;
        }
        texts->n = n;
        texts->program = p;
        memcpy(texts->digest, p->digest, sizeof texts->digest);
    }
    size_t first = d->kind == ENT_VERDICT_OBJECTIVE ? 0
                   : d->kind == ENT_VERDICT_DUTY    ? p->n_objective
                                                    : p->n_objective + p->n_duty;
    ent_clause_text *text = &texts->v[first + (size_t)d->clause];
    return text->begin || make(text, p, d) ? text : NULL;
}
