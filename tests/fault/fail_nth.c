/* Makes one thing fail in a program that is not built for it: preloaded (LD_PRELOAD) by sweep.py.
 *
 *   FAULT_KIND  memory: malloc and its kin give NULL
 *               disk:   write, fsync, fchmod, rename, open-for-writing fail with ENOSPC
 *               kill:   the process kills itself at such a call, as power would
 *   FAULT_AT    the number of the call, from 1; 0: none
 *   FAULT_ON    if set, all later calls fail too
 *   FAULT_COUNT a file descriptor to which the number of calls is written at the end
 *
 * Memory fails for the program itself and for the libraries that have to live with it: zlib, zstd, lzma, simdjson
 * and the C++ runtime.  It does not for libical (nor for ICU below it), which does not look at what malloc
 * gives it: with little memory a holiday file may still crash the compiler.  What glibc allocates for its callers
 * (strdup, fopen and so on) fails as a call of its own.  glibc's own calls of write, from stdio, do not come
 * through here.  The counters are atomic: with --jobs 2 several threads allocate. */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <unistd.h>

extern void *__libc_malloc(size_t);
extern void *__libc_calloc(size_t, size_t);
extern void *__libc_realloc(void *, size_t);
extern void *__libc_memalign(size_t, size_t);

enum kind { NOTHING, MEMORY, DISK, KILL };
static enum kind kind;
static long fail_at;
static bool on;
static atomic_long calls;

/* Where the code lies whose allocations fail. */
enum { IMAGES = 64 };
static struct {
    uintptr_t from, to;
} images[IMAGES];
static size_t n_images;

static int note_image(struct dl_phdr_info *info, size_t size, void *first)
{
    static const char *const swept[] = {"libz.", "libzstd.", "liblzma.", "libsimdjson.", "libstdc++."};
    bool *is_program = first;
    bool wanted = *is_program;
    (void)size;
    *is_program = false;
    for (size_t i = 0; i < sizeof swept / sizeof *swept; i++) {
        wanted |= strstr(info->dlpi_name, swept[i]) != NULL;
    }
    for (size_t i = 0; wanted && i < info->dlpi_phnum && n_images < IMAGES; i++) {
        if (info->dlpi_phdr[i].p_type == PT_LOAD) {
            images[n_images].from = info->dlpi_addr + info->dlpi_phdr[i].p_vaddr;
            images[n_images].to = images[n_images].from + info->dlpi_phdr[i].p_memsz;
            n_images++;
        }
    }
    return 0;
}

static bool is_swept(const void *caller)
{
    for (size_t i = 0; i < n_images; i++) {
        if ((uintptr_t)caller >= images[i].from && (uintptr_t)caller < images[i].to) {
            return true;
        }
    }
    return false;
}

/* simdjson makes its list of implementations at the first use, in functions that may not fail: see json_simd.cc, which
 * makes sure that there is memory for it. */
static void choose_simdjson(void)
{
    static const char *const names[] = {"_ZN8simdjson25get_active_implementationEv",
                                        "_ZNK8simdjson8internal29available_implementation_list21detect_best_supportedEv"};
    uint64_t list = 0; /* it has no members */
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        void *choose = dlsym(RTLD_DEFAULT, names[i]);
        if (choose) {
            (void)((const void *(*)(const void *))choose)(&list);
        }
    }
}

/* Only what the program does is swept: not what the loader does before main. */
__attribute__((constructor)) static void begin(void)
{
    const char *what = getenv("FAULT_KIND");
    const char *at = getenv("FAULT_AT");
    fail_at = at ? strtol(at, NULL, 10) : 0;
    on = getenv("FAULT_ON") != NULL;
    atomic_store(&calls, 0);
    bool first = true;
    dl_iterate_phdr(note_image, &first);
    choose_simdjson();
    kind = !what                         ? NOTHING
           : strcmp(what, "memory") == 0 ? MEMORY
           : strcmp(what, "disk") == 0   ? DISK
                                         : KILL;
}

__attribute__((destructor)) static void end(void)
{
    const char *to = getenv("FAULT_COUNT");
    char text[32];
    kind = NOTHING;
    if (to) {
        int n = snprintf(text, sizeof text, "%ld\n", atomic_load(&calls));
        dprintf(atoi(to), "%.*s", n, text);
    }
}

static bool fails(enum kind what)
{
    if (kind != what) {
        return false;
    }
    long n = atomic_fetch_add(&calls, 1) + 1;
    return fail_at > 0 && (n == fail_at || (on && n > fail_at));
}

static bool memory_fails(const void *caller)
{
    bool failed = kind == MEMORY && is_swept(caller) && fails(MEMORY);
    if (failed) {
        errno = ENOMEM;
    }
    return failed;
}
#define CALLER __builtin_return_address(0)

static bool disk_fails(void)
{
    if (fails(KILL)) {
        kill(getpid(), SIGKILL);
    }
    bool failed = fails(DISK);
    if (failed) {
        errno = ENOSPC;
    }
    return failed;
}

void *malloc(size_t n)
{
    return memory_fails(CALLER) ? NULL : __libc_malloc(n);
}

void *calloc(size_t n, size_t size)
{
    return memory_fails(CALLER) ? NULL : __libc_calloc(n, size);
}

void *realloc(void *p, size_t n)
{
    return memory_fails(CALLER) ? NULL : __libc_realloc(p, n);
}

void *reallocarray(void *p, size_t n, size_t size)
{
    size_t bytes;
    if (__builtin_mul_overflow(n, size, &bytes)) {
        errno = ENOMEM;
        return NULL;
    }
    return memory_fails(CALLER) ? NULL : __libc_realloc(p, bytes);
}

void *memalign(size_t alignment, size_t n)
{
    return memory_fails(CALLER) ? NULL : __libc_memalign(alignment, n);
}

void *aligned_alloc(size_t alignment, size_t n)
{
    return memory_fails(CALLER) ? NULL : __libc_memalign(alignment, n);
}

int posix_memalign(void **out, size_t alignment, size_t n)
{
    void *p = memory_fails(CALLER) ? NULL : __libc_memalign(alignment, n);
    if (!p) {
        return ENOMEM;
    }
    *out = p;
    return 0;
}

#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

char *strdup(const char *text)
{
    return memory_fails(CALLER) ? NULL : REAL(strdup)(text);
}

char *strndup(const char *text, size_t n)
{
    return memory_fails(CALLER) ? NULL : REAL(strndup)(text, n);
}

char *realpath(const char *path, char *out)
{
    return memory_fails(CALLER) ? NULL : REAL(realpath)(path, out);
}

FILE *fopen(const char *path, const char *mode)
{
    return memory_fails(CALLER) ? NULL : REAL(fopen)(path, mode);
}

FILE *fdopen(int fd, const char *mode)
{
    return memory_fails(CALLER) ? NULL : REAL(fdopen)(fd, mode);
}

ssize_t write(int fd, const void *bytes, size_t n)
{
    return disk_fails() ? -1 : REAL(write)(fd, bytes, n);
}

int fsync(int fd)
{
    return disk_fails() ? -1 : REAL(fsync)(fd);
}

int fchmod(int fd, mode_t mode)
{
    return disk_fails() ? -1 : REAL(fchmod)(fd, mode);
}

int rename(const char *from, const char *to)
{
    return disk_fails() ? -1 : REAL(rename)(from, to);
}

int mkostemp(char *path, int flags)
{
    return disk_fails() ? -1 : REAL(mkostemp)(path, flags);
}

int mkstemp(char *path)
{
    return disk_fails() ? -1 : REAL(mkstemp)(path);
}

static bool writes(int flags)
{
    return (flags & O_ACCMODE) != O_RDONLY;
}

int open(const char *path, int flags, ...)
{
    va_list args;
    va_start(args, flags);
    mode_t mode = flags & (O_CREAT | O_TMPFILE) ? va_arg(args, mode_t) : 0;
    va_end(args);
    return writes(flags) && disk_fails() ? -1 : REAL(open)(path, flags, mode);
}
