/* What is known of all lanes of a slice.
 *
 * Objectives ask for the same: which number each key has, how many lanes have it, what they come to, where a condition
 * fails.  It is found out when it is first asked for, and kept until the next slice; or before the engine has the
 * slice, on the thread that read its rows (ahead.c), so that the engine need not look at the rows at all.
 * Tested by tests/unit/test_objectives.c and tests/property/invariance.sh. */
#include <stdlib.h>
#include <string.h>

#include "runtime/state/objective.h"
#include "runtime/vm/simd.h"

void ent_slice_forget(ent_feedstate *f)
{
    f->turns_valid = false;
    for (size_t i = 0; i < f->n_keycolumns; i++) {
        f->keycolumns[i].valid = false;
    }
    for (size_t i = 0; i < f->n_keyids; i++) {
        f->keyids[i].valid = false;
    }
    for (size_t i = 0; i < f->n_slots; i++) {
        f->ranges[i].valid = false;
        f->failed[i].valid = false;
    }
}

void ent_slice_deinit(ent_feedstate *f)
{
    for (size_t i = 0; i < f->n_keyids; i++) {
        for (size_t k = 0; k < f->keyids[i].n_sums; k++) {
            free(f->keyids[i].sums[k].v);
        }
        free(f->keyids[i].sums);
    }
    for (size_t i = 0; f->failed && i < f->n_slots; i++) {
        free(f->failed[i].lanes);
    }
    free(f->failed);
}

/* --- sums --- */

static ent_keysums *sums_of(ent_keyids *k, int64_t slot)
{
    for (size_t i = 0; i < k->n_sums; i++) {
        if (k->sums[i].slot == slot) {
            return &k->sums[i];
        }
    }
    ent_keysums *grown = realloc(k->sums, (k->n_sums + 1) * sizeof *grown);
    if (!grown) {
        return NULL;
    }
    k->sums = grown;
    grown[k->n_sums] = (ent_keysums){.slot = slot};
    return &grown[k->n_sums++];
}

const int64_t *ent_slice_sums(const ent_feedstate *f, ent_keyids *k, int64_t slot)
{
    ent_keysums *sums = sums_of(k, slot);
    size_t n_keys = (size_t)k->n + 1;
    if (!sums || (!sums->valid && !ent_reserve((void **)&sums->v, &sums->capacity, n_keys, sizeof *sums->v))) {
        return NULL;
    }
    if (!sums->valid) {
        const uint32_t *ids = k->ids;
        const int64_t *values = f->slots[slot].data;
        const size_t n = f->n;
        int64_t *v = sums->v;
        memset(v, 0, n_keys * sizeof *v);
        ENT_UNROLLED
        for (size_t i = 0; i < n; i++) {
            v[ids[i]] += values[i];
        }
        sums->valid = true;
    }
    return sums->v;
}

/* --- conditions --- */

/* Few fail, so these are looked for; where one does, the lanes behind it are looked at one by one, as many may. */
const ent_failed *ent_slice_failed(ent_feedstate *f, int64_t slot)
{
    enum { AT_ONCE = 64 };
    ent_failed *failed = &f->failed[slot];
    const uint8_t *test = f->slots[slot].data;
    const uint8_t *found;
    const size_t n = f->n;
    if (failed->valid) {
        return failed;
    }
    failed->n = 0;
    for (size_t i = 0; i < n && (found = memchr(test + i, 0, n - i)) != NULL;) {
        i = (size_t)(found - test);
        size_t end = n - i < AT_ONCE ? n : i + AT_ONCE;
        if (!ent_reserve((void **)&failed->lanes, &failed->capacity, failed->n + AT_ONCE, sizeof *failed->lanes)) {
            return NULL;
        }
        for (; i < end; i++) {
            failed->lanes[failed->n] = (uint32_t)i;
            failed->n += !test[i];
        }
    }
    failed->valid = true;
    return failed;
}

/* --- ahead of the engine --- */

/* Keys of several fields are numbered by the engine, in the order of their rows. */
static bool prepare_fold(ent_engine *s, ent_feedstate *f, const ent_objectivestate *o, const ent_fold_row *fold)
{
    bool ok = true;
    if (ent_fold_tracks(s, fold) && f->row->n_keys <= 1) {
        ok = ent_feedstate_ids(s, f, f->row->first_key, f->row->n_keys) != NULL;
    }
    if (fold->value >= 0 && f->slots[fold->value].cls == ENT_CLASS_I) {
        (void)ent_feedstate_range(f, fold->value);
    }
    if (fold->test >= 0) {
        ok = ok && ent_slice_failed(f, fold->test);
    }
    if (!ok || o->lender >= 0 || fold->n_groups > 1) {
        return ok;
    }
    ent_keyids *k = ent_feedstate_ids(s, f, fold->first_group, fold->n_groups);
    if (!k) {
        return false;
    }
    (void)ent_keyids_rows(k, 0, f->n);
    bool sums = ent_fold_is_summed(fold) && ent_sums_are_small(ent_feedstate_range(f, fold->value), f->n);
    return !sums || ent_slice_sums(f, k, fold->value);
}

bool ent_slice_prepare(ent_engine *s, ent_feedstate *f, const ent_objectivestate *objectives)
{
    const ent_image *p = s->program;
    bool ok = true;
    for (size_t i = 0; ok && i < p->n_objective; i++) {
        const ent_objectivestate *o = &objectives[i];
        for (int64_t k = 0; ok && k < o->row->n_folds; k++) {
            const ent_fold_row *fold = &p->fold[o->row->first_fold + k];
            bool folds = (o->lender < 0 || o->own_causes) && fold->feed == f->index;
            ok = !folds || prepare_fold(s, f, o, fold);
        }
    }
    return ok;
}
