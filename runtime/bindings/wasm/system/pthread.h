/* Locks for a target that has one thread: nobody else is there to wait for.  wasi-libc of Debian has no pthread.h. */
#ifndef ENT_WASM_PTHREAD_H
#define ENT_WASM_PTHREAD_H

#include <stdbool.h>
#include <stddef.h>

typedef struct pthread_mutex {
    char unused;
} pthread_mutex_t;

static inline int pthread_mutex_init(pthread_mutex_t *mutex, const void *attributes)
{
    (void)mutex;
    (void)attributes;
    return 0;
}

static inline int pthread_mutex_destroy(pthread_mutex_t *mutex)
{
    (void)mutex;
    return 0;
}

static inline int pthread_mutex_lock(pthread_mutex_t *mutex)
{
    (void)mutex;
    return 0;
}

static inline int pthread_mutex_unlock(pthread_mutex_t *mutex)
{
    (void)mutex;
    return 0;
}

typedef bool pthread_once_t;
#define PTHREAD_ONCE_INIT false

static inline int pthread_once(pthread_once_t *once, void (*work)(void))
{
    if (!*once) {
        *once = true;
        work();
    }
    return 0;
}

#endif
