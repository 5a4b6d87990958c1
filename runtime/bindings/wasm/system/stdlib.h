/* What wasi-libc's stdlib.h lacks; see sort.c. */
#ifndef ENT_WASM_STDLIB_H
#define ENT_WASM_STDLIB_H

#include_next <stdlib.h>

void qsort_r(void *base, size_t n, size_t size, int (*compare)(const void *, const void *, void *), void *user);

#endif
