/* Programs: bytes of a .entc file, decoded, verified, described and counted by reference. */
#include "runtime/embed/embed.h"

#include <stdlib.h>
#include <string.h>

#include "runtime/native/native.h"

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

static bool open_natives(ent_program *program, const char *const *allowed, ent_error *error)
{
    ent_native_error refused;
    size_t n = 0;
    while (allowed && allowed[n]) {
        n++;
    }
    if (ent_natives_open(program->image, allowed, n, &refused)) {
        return true;
    }
    (void)ent_embed_fail(error, refused.memory ? ENT_ERROR_MEMORY : ENT_ERROR_PROGRAM, "%s", refused.message);
    return ent_embed_place(program, error, refused.place);
}

static bool load(ent_program *program, const void *bytes, size_t len, const char *const *allowed, ent_error *error)
{
    ent_load_error refused = {.offset = 0};
    ent_account *before = ent_account_enter(&program->account);
    bool ok = ent_image_decode(bytes, len, &program->image, &refused);
    if (!ok) {
        (void)ent_embed_fail(error, ENT_ERROR_PROGRAM, "%s", refused.message);
    }
    ok = ok && open_natives(program, allowed, error) && (ent_program_describe(program) || ent_embed_memory(error));
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
    if (!load(program, bytes, len, own.allow_libraries, error)) {
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

bool ent_bind(ent_program *program, const char *name, void *function, const char *signature, ent_error *error)
{
    char declared[192];
    if (!program || !name || !function || !signature) {
        return ent_embed_fail(error, ENT_ERROR_USAGE, "a function is bound by its name, its address and its signature");
    }
    int64_t at = ent_native_find(program->image, name);
    if (at < 0) {
        return ent_embed_fail(error, ENT_ERROR_USAGE, "the program has no `extern fn %.100s`", name);
    }
    const ent_native_row *row = &program->image->native[at];
    ent_native *native = &program->image->natives->v[at];
    ent_native_signature(program->image, row->type, row->param, row->first_param, row->n_params, declared,
                         sizeof declared);
    if (native->library) {
        (void)ent_embed_fail(error, ENT_ERROR_USAGE, "`extern fn %.100s` is of library `%.100s`, not of the host", name,
                             ent_image_text(program->image, row->library));
    } else if (!ent_native_same_signature(declared, signature)) {
        (void)ent_embed_fail(error, ENT_ERROR_USAGE, "`extern fn %.100s` is declared as `%s`, not as `%.100s`", name,
                             declared, signature);
    } else {
        memcpy(&native->call, &function, sizeof native->call);
        return true;
    }
    return ent_embed_place(program, error, row->place);
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
