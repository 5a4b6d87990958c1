/* Families of numbered texts; see numbered.h. */
#include "runtime/vm/numbered.h"

#include <stdlib.h>

/* So many pages a family has for nothing, and beyond them one place in so many is in use. */
enum { PAGES_FREE = 4, PLACES_A_TEXT = 8 };

const ent_family *ent_families_of(const ent_families *families, const ent_numbered *text)
{
    size_t n = __atomic_load_n(&families->n, __ATOMIC_ACQUIRE);
    for (size_t i = 0; i < n; i++) {
        if (ent_family_has(&families->v[i], text)) {
            return &families->v[i];
        }
    }
    return NULL;
}

/* Two new texts of a kind, one after the other, are a family: names that happen to end in a digit are mostly none. */
static ent_family *found_family(ent_families *families, const ent_numbered *text)
{
    const ent_family last = {.before = families->last.before,
                             .prefix = families->last.prefix,
                             .shape = families->last.shape};
    bool two = ent_family_has(&last, text);
    families->last = *text;
    if (!two || families->n == ENT_FAMILIES) {
        return NULL;
    }
    uint32_t numbers = 1;
    for (unsigned bits = text->shape & 0xFF; bits < 64; bits += 8) {
        numbers *= 10;
    }
    ent_family *family = &families->v[families->n];
    *family = last;
    family->n_pages = numbers / ENT_FAMILY_PAGE + 1;
    family->pages = calloc(family->n_pages, sizeof *family->pages);
    if (!family->pages) {
        return NULL;
    }
    __atomic_store_n(&families->n, families->n + 1, __ATOMIC_RELEASE);
    return family;
}

uint32_t *ent_families_add(ent_families *families, const ent_numbered *text)
{
    if ((text->shape & 0xFF) == 64) {
        return NULL;
    }
    const ent_family *known = ent_families_of(families, text);
    ent_family *family = known ? &families->v[known - families->v] : found_family(families, text);
    if (!family) {
        return NULL;
    }
    uint32_t **page = &family->pages[text->number / ENT_FAMILY_PAGE];
    family->n++;
    if (!*page) {
        size_t room = (PAGES_FREE + family->n * PLACES_A_TEXT / ENT_FAMILY_PAGE);
        uint32_t *fresh = family->n_made < room ? calloc(ENT_FAMILY_PAGE, sizeof *fresh) : NULL;
        if (!fresh) {
            return NULL;
        }
        family->n_made++;
        __atomic_store_n(page, fresh, __ATOMIC_RELEASE);
    }
    return &(*page)[text->number % ENT_FAMILY_PAGE];
}

void ent_families_deinit(ent_families *families)
{
    for (size_t i = 0; i < families->n; i++) {
        ent_family *family = &families->v[i];
        for (size_t k = 0; k < family->n_pages; k++) {
            free(family->pages[k]);
        }
        free(family->pages);
    }
}
