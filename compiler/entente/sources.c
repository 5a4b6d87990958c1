/* See sources.h. */
#include "compiler/entente/sources.h"

#include <stdlib.h>
#include <string.h>

static const char *base_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash && slash[1] ? slash + 1 : path;
}

static bool base_names_differ(const ent_ingest_feed *feed)
{
    for (size_t i = 0; i < feed->n_specs; i++) {
        for (size_t k = 0; k < i; k++) {
            if (strcmp(base_name(feed->specs[i]), base_name(feed->specs[k])) == 0) {
                return false;
            }
        }
    }
    return true;
}

ent_ledger_files *ent_sources_name(const ent_image *program, const ent_ingest_feed *feeds,
                                   size_t n_feeds)
{
    ent_ledger_files *files = calloc(program->n_feed + 1, sizeof *files);
    for (size_t f = 0; files && f < n_feeds; f++) {
        const ent_ingest_feed *feed = &feeds[f];
        const char **names = calloc(feed->n_specs + 1, sizeof *names);
        if (!names) {
            ent_sources_free(program, files);
            return NULL;
        }
        bool brief = base_names_differ(feed);
        for (size_t i = 0; i < feed->n_specs; i++) {
            names[i] = brief ? base_name(feed->specs[i]) : feed->specs[i];
        }
        files[feed->feed] = (ent_ledger_files){names, feed->n_specs};
    }
    return files;
}

void ent_sources_free(const ent_image *program, ent_ledger_files *files)
{
    for (size_t i = 0; files && i < program->n_feed; i++) {
        free((void *)(uintptr_t)files[i].names);
    }
    free(files);
}
