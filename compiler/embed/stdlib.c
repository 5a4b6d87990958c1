/* The standard library's modules as bytes of the library, so that a host needs no folder of them.
 * The list is that of the folder: the build writes stdlib.def. */
#include "compiler/embed/embed.h"

#include <string.h>

#define MODULE(name)                                                                               \
    __asm__(".section .rodata\n"                                                                   \
            ".global ent_stdlib_" #name "_begin\n.hidden ent_stdlib_" #name "_begin\n"             \
            "ent_stdlib_" #name "_begin:\n.incbin \"stdlib/" #name ".ent\"\n"                      \
            ".global ent_stdlib_" #name "_end\n.hidden ent_stdlib_" #name "_end\n"                 \
            "ent_stdlib_" #name "_end:\n.byte 0\n.previous\n");                                    \
    extern const char ent_stdlib_##name##_begin[];                                                 \
    extern const char ent_stdlib_##name##_end[];
#include "stdlib.def"
#undef MODULE

const char *ent_stdlib_module(const char *name, size_t *len)
{
#define MODULE(module)                                                                             \
    if (strcmp(name, #module ".ent") == 0) {                                                       \
        *len = (size_t)(ent_stdlib_##module##_end - ent_stdlib_##module##_begin);                  \
        return ent_stdlib_##module##_begin;                                                        \
    }
#include "stdlib.def"
#undef MODULE
    return NULL;
}
