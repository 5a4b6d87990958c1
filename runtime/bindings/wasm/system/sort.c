/* qsort and qsort_r.  wasi-libc has no qsort_r, and its qsort gives equal elements in another order than glibc's: both
 * are merge sorts here, so that nothing a ledger says can hang on the system under it.
 * Tested by tests/unit/test_wasm_system.c, natively, and by every ledger of tests/hosts/wasm.sh. */
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

typedef int (*compare_with)(const void *, const void *, void *);

/* Where memory has run out: slow, in place, of the same result. */
static void insert(char *base, size_t n, size_t size, compare_with compare, void *user)
{
    for (size_t i = 1; i < n; i++) {
        for (size_t k = i; k > 0 && compare(base + (k - 1) * size, base + k * size, user) > 0; k--) {
            char *a = base + (k - 1) * size;
            char *b = base + k * size;
            for (size_t byte = 0; byte < size; byte++) {
                char t = a[byte];
                a[byte] = b[byte];
                b[byte] = t;
            }
        }
    }
}

/* from[lo, mid) and from[mid, hi) are sorted; so is to[lo, hi) then. */
static void merge(char *to, const char *from, size_t lo, size_t mid, size_t hi, size_t size, compare_with compare,
                  void *user)
{
    size_t a = lo;
    size_t b = mid;
    for (size_t k = lo; k < hi; k++) {
        bool first = a < mid && (b == hi || compare(from + a * size, from + b * size, user) <= 0);
        memcpy(to + k * size, from + (first ? a++ : b++) * size, size);
    }
}

void ent_sort(void *base, size_t n, size_t size, compare_with compare, void *user);
void ent_sort(void *base, size_t n, size_t size, compare_with compare, void *user)
{
    if (n < 2 || size == 0) {
        return;
    }
    char *other = n <= SIZE_MAX / size ? malloc(n * size) : NULL;
    if (!other) {
        insert(base, n, size, compare, user);
        return;
    }
    char *from = base;
    char *to = other;
    for (size_t run = 1; run < n; run = run <= n / 2 ? run * 2 : n) {
        for (size_t lo = 0; lo < n;) {
            size_t mid = n - lo > run ? lo + run : n;
            size_t hi = n - mid > run ? mid + run : n;
            merge(to, from, lo, mid, hi, size, compare, user);
            lo = hi;
        }
        char *t = from;
        from = to;
        to = t;
    }
    if (from != base) {
        memcpy(base, from, n * size);
    }
    free(other);
}

#ifdef __wasi__
static int plain(const void *a, const void *b, void *user)
{
    int (*const *compare)(const void *, const void *) = user;
    return (*compare)(a, b);
}

void qsort(void *base, size_t n, size_t size, int (*compare)(const void *, const void *))
{
    ent_sort(base, n, size, plain, &compare);
}

void qsort_r(void *base, size_t n, size_t size, compare_with compare, void *user)
{
    ent_sort(base, n, size, compare, user);
}
#endif
