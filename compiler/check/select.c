/* See select.h. */
#include "compiler/check/select.h"

#include <string.h>

#include "compiler/syntax/arena.h"

typedef struct selection {
    const ent_model *m;
    const char **names; /* wanted, each once */
    size_t n;
} selection;

static bool wanted(const selection *s, const char *name)
{
    for (size_t i = 0; i < s->n; i++) {
        if (strcmp(s->names[i], name) == 0) {
            return true;
        }
    }
    return false;
}

static bool want(selection *s, const char *name)
{
    if (wanted(s, name)) {
        return false;
    }
    s->names[s->n++] = name;
    return true;
}

/* An objective over another agreement's outcomes cannot be decided without that agreement. */
static bool want_what_is_read(selection *s)
{
    bool more = false;
    for (size_t i = 0; i < s->m->n_objectives; i++) {
        const ent_objective_decl *o = s->m->objectives[i];
        for (size_t k = 0; wanted(s, o->agreement->name) && k < o->n_folds; k++) {
            const ent_feed_decl *feed = o->folds[k]->feed;
            if (feed != NULL && feed->kind == ENT_FEED_OUTCOMES) {
                more = want(s, feed->duty->agreement->name) || more;
            }
        }
    }
    return more;
}

static bool keeps_feed(const selection *s, const ent_feed_decl *feed)
{
    return feed->kind == ENT_FEED_SOURCE || wanted(s, feed->duty->agreement->name);
}

bool ent_model_select(const ent_model *model, const char *const *names, size_t n, ent_model *out)
{
    selection s = {.m = model};
    s.names = ent_arena_alloc_array(model->arena, model->n_agreements + n + 1, sizeof *s.names);
    *out = *model;
    out->agreements = ent_arena_alloc_array(model->arena, model->n_agreements + 1, sizeof *out->agreements);
    out->duties = ent_arena_alloc_array(model->arena, model->n_duties + 1, sizeof *out->duties);
    out->objectives =
        ent_arena_alloc_array(model->arena, model->n_objectives + 1, sizeof *out->objectives);
    out->feeds = ent_arena_alloc_array(model->arena, model->n_feeds + 1, sizeof *out->feeds);
    if (s.names == NULL || out->agreements == NULL || out->duties == NULL ||
        out->objectives == NULL || out->feeds == NULL) {
        return false;
    }
    for (size_t i = 0; i < (names == NULL ? model->n_agreements : n); i++) {
        (void)want(&s, names == NULL ? model->agreements[i]->name : names[i]);
    }
    while (want_what_is_read(&s)) {
    }
    out->n_agreements = out->n_duties = out->n_objectives = out->n_feeds = 0;
    for (size_t i = 0; i < model->n_agreements; i++) {
        if (wanted(&s, model->agreements[i]->name)) {
            model->agreements[i]->index = (int32_t)out->n_agreements;
            out->agreements[out->n_agreements++] = model->agreements[i];
        }
    }
    for (size_t i = 0; i < model->n_duties; i++) {
        if (wanted(&s, model->duties[i]->agreement->name)) {
            model->duties[i]->index = (int32_t)out->n_duties;
            out->duties[out->n_duties++] = model->duties[i];
        }
    }
    for (size_t i = 0; i < model->n_objectives; i++) {
        if (wanted(&s, model->objectives[i]->agreement->name)) {
            model->objectives[i]->index = (int32_t)out->n_objectives;
            out->objectives[out->n_objectives++] = model->objectives[i];
        }
    }
    for (size_t i = 0; i < model->n_feeds; i++) {
        if (keeps_feed(&s, model->feeds[i])) {
            model->feeds[i]->index = (int32_t)out->n_feeds;
            out->feeds[out->n_feeds++] = model->feeds[i];
        }
    }
    if (out->n_agreements < model->n_agreements) {
        out->n_pools = 0;
    }
    return true;
}
