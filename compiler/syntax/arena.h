/* Arena: memory that lives as long as one compilation, and the interned names in it.
 *
 * Why: syntax trees, diagnostics and model are built from many small pieces that die together.
 * Invariants: memory is zeroed and aligned to 16 bytes; nothing is freed singly; `ent_intern` gives
 * equal pointers for equal bytes within one arena.  When memory runs out (or the arena's maximum is
 * reached) every call from then on returns NULL and `ent_arena_failed` says so; there is no abort.
 * Not thread-safe: one compilation, one thread.  Tested in tests/unit/test_syntax.c. */
#ifndef ENT_SYNTAX_ARENA_H
#define ENT_SYNTAX_ARENA_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

typedef struct ent_arena ent_arena;

/* bytes_max 0: no maximum. NULL when memory runs out. */
ent_arena *ent_arena_create(size_t bytes_max);
void ent_arena_destroy(ent_arena *arena); /* NULL is fine */

void *ent_arena_alloc(ent_arena *arena, size_t bytes);
/* n * size, checked for overflow */
void *ent_arena_alloc_array(ent_arena *arena, size_t n, size_t size);
/* A new array of n_new elements that begins with the n_old ones of `old` (which may be NULL). */
void *ent_arena_grow_array(ent_arena *arena, const void *old, size_t n_old, size_t n_new,
                           size_t size);
char *ent_arena_strdup(ent_arena *arena, const char *text);
/* A copy of len bytes (NUL bytes included), with a NUL after it. */
char *ent_arena_strndup(ent_arena *arena, const char *text, size_t len);
char *ent_arena_printf(ent_arena *arena, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
char *ent_arena_vprintf(ent_arena *arena, const char *format, va_list args)
    __attribute__((format(printf, 2, 0)));

/* The one copy of these bytes in this arena: compare the pointers, not the characters. */
const char *ent_intern(ent_arena *arena, const char *text, size_t len);
const char *ent_intern_text(ent_arena *arena, const char *text);

bool ent_arena_failed(const ent_arena *arena);
size_t ent_arena_bytes(const ent_arena *arena); /* asked from the system so far */
#endif
