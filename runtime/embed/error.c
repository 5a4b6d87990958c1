/* Errors of the public interface: values that the host owns. */
#include "runtime/embed/embed.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

bool ent_embed_fail(ent_error *error, ent_error_code code, const char *format, ...)
{
    if (error) {
        va_list list;
        *error = (ent_error){.code = (int)code};
        va_start(list, format);
        (void)vsnprintf(error->message, sizeof error->message, format, list);
        va_end(list);
    }
    return false;
}

bool ent_embed_memory(ent_error *error)
{
    return ent_embed_fail(error, ENT_ERROR_MEMORY, "out of memory");
}

bool ent_embed_excess(const ent_account *account, ent_error *error)
{
    switch (account->excess) {
    case ENT_WITHIN:
        break;
    case ENT_NO_MEMORY:
        (void)ent_embed_memory(error);
        break;
    case ENT_OVER_MEMORY:
        (void)ent_embed_fail(error, ENT_ERROR_LIMIT, "more memory than the %" PRIu64 " bytes that are allowed",
                             account->memory_max);
        break;
    case ENT_OVER_INSTRUCTIONS:
        (void)ent_embed_fail(error, ENT_ERROR_LIMIT, "more instructions than the %" PRIu64 " that a call is allowed",
                             account->instructions_max);
        break;
    case ENT_OVER_KEYS:
        (void)ent_embed_fail(error, ENT_ERROR_LIMIT, "more keys than the %" PRIu64 " that are allowed",
                             account->keys_max);
        break;
    }
    return account->excess != ENT_WITHIN;
}

bool ent_embed_fault(const ent_program *program, ent_error *error, const ent_fault *fault)
{
    static const ent_error_code codes[] = {[ENT_FAULT_NONE] = ENT_ERROR_ENVIRONMENT,
                                           [ENT_FAULT_USAGE] = ENT_ERROR_USAGE,
                                           [ENT_FAULT_DATA] = ENT_ERROR_DATA,
                                           [ENT_FAULT_ENVIRONMENT] = ENT_ERROR_ENVIRONMENT};
    (void)ent_embed_fail(error, codes[fault->code], "%s", fault->message);
    return ent_embed_place(program, error, fault->place);
}

bool ent_embed_place(const ent_program *program, ent_error *error, int64_t index)
{
    const ent_image *p = program->image;
    if (error && index >= 0 && (size_t)index < p->n_place) {
        const ent_place_row *place = &p->place[index];
        error->line = (uint32_t)place->line;
        error->column = (uint32_t)place->column;
        error->length = (uint32_t)place->length;
        (void)snprintf(error->file, sizeof error->file, "%s", ent_image_text(p, p->source_file[place->file].path));
    }
    return false;
}
