/* See pages.h. */
#include "compiler/entente/pages.h"

#if defined(__GLIBC__) && defined(__LP64__)
#include <malloc.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

/* MOST is address space, not memory.  Blocks from 32 MB on, the greatest threshold that glibc takes, stay mappings,
 * which grow without being copied. */
enum { PAGE = 2 << 20, MOST = 256 << 20, MAPPED = 32 << 20, ORDINARY_PAD = 4 << 20 };

/* What lies before the first large page, and is never touched. */
static void *before;

/* The end of the heap is one large free block, whose header is touched: so the pages begin behind that. */
void ent_large_pages(void)
{
#ifdef MADV_HUGEPAGE
    if (!mallopt(M_TOP_PAD, MOST)) {
        return; /* another malloc */
    }
    (void)mallopt(M_ARENA_MAX, 1); /* threads' own would not have such pages */
    (void)mallopt(M_MMAP_THRESHOLD, MAPPED);
    (void)mallopt(M_TRIM_THRESHOLD, 2 * MOST);
    before = malloc(PAGE);
    (void)mallopt(M_TOP_PAD, ORDINARY_PAD);
    uintptr_t end = (uintptr_t)sbrk(0);
    uintptr_t begin = ((uintptr_t)before + PAGE) / PAGE * PAGE + PAGE;
    if (!before || begin >= end || end - begin > 2 * MOST) {
        free(before); /* it is not there that blocks come from */
        before = NULL;
        return;
    }
    (void)madvise((void *)begin, end - begin, MADV_HUGEPAGE);
    void *longer = realloc(before, begin - (uintptr_t)before);
    before = longer ? longer : before;
#endif
}
#else
void ent_large_pages(void)
{
}
#endif
