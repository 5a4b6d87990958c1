/* What malloc and its kin mean in this project; see account.h.  Included by the build before every file. */
#ifndef ENT_MEMORY_MEMORY_H
#define ENT_MEMORY_MEMORY_H

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

void *ent_memory_alloc(size_t size);
void *ent_memory_zeroed(size_t n, size_t size);
void *ent_memory_resize(void *block, size_t size);
void *ent_memory_aligned(size_t alignment, size_t size);
void ent_memory_free(void *block);
char *ent_memory_text(const char *text);
char *ent_memory_text_len(const char *text, size_t len);

#undef strdup
#undef strndup
#define malloc(size) ent_memory_alloc(size)
#define calloc(n, size) ent_memory_zeroed(n, size)
#define realloc(block, size) ent_memory_resize(block, size)
#define aligned_alloc(alignment, size) ent_memory_aligned(alignment, size)
#define free(block) ent_memory_free(block)
#define strdup(text) ent_memory_text(text)
#define strndup(text, len) ent_memory_text_len(text, len)
#endif
