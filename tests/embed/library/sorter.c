/* A library of somebody else's: it sorts numbers by a function that it is given. */
#include <stdbool.h>
#include <stddef.h>

__attribute__((visibility("default"))) void sorter_sort(double *v, size_t n, bool (*before)(double, double))
{
    for (size_t i = 1; i < n; i++) {
        for (size_t k = i; k > 0 && before(v[k], v[k - 1]); k--) {
            double other = v[k];
            v[k] = v[k - 1];
            v[k - 1] = other;
        }
    }
}
