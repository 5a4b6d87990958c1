/* Programs: bytes of a .entc file, decoded, verified, described and counted by reference. */
#include "runtime/embed/embed.h"

#include <stdlib.h>

const char *ent_version(void)
{
    return ENT_VERSION_TEXT;
}

int ent_version_number(void)
{
    return ENT_VERSION_NUMBER;
}

static void destroy(ent_program *program)
{
    ent_image_destroy(program->image);
    free(program->agreements);
    free(program->feeds);
    free(program->parties);
    free(program->services);
    free(program->clauses);
    free(program->fields);
    free(program->texts);
    free(program->targets);
    free(program);
}

bool ent_program_load(const void *bytes, size_t len, const ent_load_options *options, ent_program **out,
                      ent_error *error)
{
    ent_load_error refused = {.offset = 0};
    (void)options;
    if (!out) {
        return ent_embed_fail(error, ENT_ERROR_USAGE, "there is no place for the program");
    }
    *out = NULL;
    if (!bytes) {
        return ent_embed_fail(error, ENT_ERROR_USAGE, "there are no bytes to load");
    }
    ent_program *program = calloc(1, sizeof *program);
    if (!program) {
        return ent_embed_memory(error);
    }
    atomic_init(&program->references, 1);
    if (!ent_image_decode(bytes, len, &program->image, &refused)) {
        destroy(program);
        return ent_embed_fail(error, ENT_ERROR_PROGRAM, "%s", refused.message);
    }
    if (!ent_program_describe(program)) {
        destroy(program);
        return ent_embed_memory(error);
    }
    *out = program;
    return true;
}

ent_program *ent_program_retain(ent_program *program)
{
    if (program) {
        atomic_fetch_add_explicit(&program->references, 1, memory_order_relaxed);
    }
    return program;
}

void ent_program_release(ent_program *program)
{
    if (program && atomic_fetch_sub_explicit(&program->references, 1, memory_order_acq_rel) == 1) {
        destroy(program);
    }
}

const char *ent_program_digest(const ent_program *program)
{
    return program->image->digest;
}

const ent_agreement_info *ent_program_agreement(const ent_program *program, size_t index)
{
    return index < program->image->n_agreement ? &program->agreements[index] : NULL;
}

/* The outcomes of duties are feeds too, which no host pushes; they stand behind the others. */
const ent_feed_info *ent_program_feed(const ent_program *program, size_t index)
{
    return index < program->image->n_feed && program->feeds[index].name ? &program->feeds[index] : NULL;
}

const ent_party_info *ent_program_party(const ent_program *program, size_t index)
{
    return index < program->image->n_party ? &program->parties[index] : NULL;
}

const ent_service_info *ent_program_service(const ent_program *program, size_t index)
{
    return index < program->image->n_service ? &program->services[index] : NULL;
}
