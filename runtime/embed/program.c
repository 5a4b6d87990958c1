/* Programs: bytes of a .entc file, decoded, verified, described and counted by reference. */
#include "runtime/embed/embed.h"

#include <stdlib.h>
#include <string.h>

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
    ent_account *before = ent_account_enter(&program->account);
    ent_image_destroy(program->image);
    free(program->agreements);
    free(program->feeds);
    free(program->parties);
    free(program->services);
    free(program->clauses);
    free(program->fields);
    free(program->texts);
    free(program->targets);
    ent_account_leave(before);
    ent_account_free(&program->account, program, sizeof *program);
}

static bool load(ent_program *program, const void *bytes, size_t len, ent_error *error)
{
    ent_load_error refused = {.offset = 0};
    ent_account *before = ent_account_enter(&program->account);
    bool ok = ent_image_decode(bytes, len, &program->image, &refused);
    if (!ok) {
        (void)ent_embed_fail(error, ENT_ERROR_PROGRAM, "%s", refused.message);
    }
    ok = ok && (ent_program_describe(program) || ent_embed_memory(error));
    ent_account_leave(before);
    if (!ok) {
        (void)ent_embed_excess(&program->account, error);
    }
    return ok;
}

bool ent_program_load(const void *bytes, size_t len, const ent_load_options *options, ent_program **out,
                      ent_error *error)
{
    ent_load_options own = {.memory_max = 0};
    if (!out) {
        return ent_embed_fail(error, ENT_ERROR_USAGE, "there is no place for the program");
    }
    *out = NULL;
    if (!bytes) {
        return ent_embed_fail(error, ENT_ERROR_USAGE, "there are no bytes to load");
    }
    if (options) {
        memcpy(&own, options, options->size == 0 || options->size > sizeof own ? sizeof own : options->size);
    }
    ent_program *program = ent_account_new(&own.allocator, sizeof *program);
    if (!program) {
        return ent_embed_memory(error);
    }
    program->account = (ent_account){.allocator = own.allocator, .memory_max = own.memory_max};
    atomic_init(&program->references, 1);
    if (!load(program, bytes, len, error)) {
        destroy(program);
        return false;
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
