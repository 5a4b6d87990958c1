/* Files that are there whole or not at all: their bytes whatever their length and the pieces they come in, through the page
 * cache and past it, and what is left when something fails. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "runtime/ledger/direct.h"
#include "runtime/ledger/file.h"

enum { UNIT = ENT_DIRECT_UNIT, BLOCK = ENT_DIRECT_BLOCK, CACHED = 8 << 20 }; /* file.c goes past the cache from there */

/* --- bytes and folders to write to --- */

enum { MOST = CACHED + 5 * BLOCK };
static unsigned char bytes[MOST], found[MOST + 1];
static char folder[64], path[128];

static uint32_t draw(uint32_t *seed)
{
    *seed = *seed * 1664525 + 1013904223;
    return *seed >> 8;
}

static void open_folder(const char *where)
{
    snprintf(folder, sizeof folder, "%s/entente-file-XXXXXX", where);
    assert_non_null(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/l.jsonl", folder);
}

/* Nothing was left beside the file, which need not be there. */
static void close_folder(void)
{
    (void)unlink(path);
    assert_int_equal(rmdir(folder), 0);
}

static void expect_bytes(const char *name, size_t n)
{
    int fd = open(name, O_RDONLY);
    size_t got = 0;
    assert_true(fd >= 0);
    for (ssize_t part = 1; part > 0; got += (size_t)part) {
        part = read(fd, found + got, sizeof found - got);
        assert_true(part >= 0);
    }
    assert_int_equal(got, n);
    assert_memory_equal(found, bytes, n);
    assert_int_equal(close(fd), 0);
}

/* In pieces of at most that many bytes. */
static void write_pieces(ent_file *file, size_t n, size_t most, uint32_t seed)
{
    for (size_t done = 0; done < n;) {
        size_t part = draw(&seed) % most + 1;
        part = part < n - done ? part : n - done;
        ent_file_write(file, bytes + done, part);
        done += part;
    }
}

/* --- whole files --- */

static void test_whole_or_not(void **state)
{
    (void)state;
    char text[16] = {0};
    ent_file file;
    open_folder("/tmp");
    assert_true(ent_file_create(&file, path));
    ent_file_write(&file, "one\n", 4);
    assert_int_not_equal(access(path, F_OK), 0); /* not there before it is whole */
    assert_true(ent_file_commit(&file));
    assert_true(ent_file_create(&file, path));
    ent_file_write(&file, "two", 3);
    ent_file_abort(&file);
    FILE *in = fopen(path, "r");
    assert_non_null(in);
    assert_int_equal(fread(text, 1, sizeof text - 1, in), 4);
    assert_string_equal(text, "one\n");
    fclose(in);
    assert_int_equal(unlink(path), 0);
    int fd = ent_file_unnamed(folder);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, "one", 3), 3);
    assert_int_equal(pread(fd, text, 3, 0), 3);
    assert_int_equal(close(fd), 0);
    close_folder();
    assert_int_equal(ent_file_unnamed(folder), -1);
    assert_false(ent_file_create(&file, path));
    assert_int_equal(file.fd, -1);
}

static void expect_file(size_t n, size_t most)
{
    ent_file file;
    assert_true(ent_file_create(&file, path));
    write_pieces(&file, n, most, (uint32_t)(n + most));
    assert_true(ent_file_commit(&file));
    expect_bytes(path, n);
}

static void test_lengths(void **state)
{
    (void)state;
    static const char *const places[] = {"/tmp", "/dev/shm"};
    static const size_t lengths[] = {0, 1, 65535, 65536, 65537, CACHED - 1, CACHED, CACHED + 1, CACHED + 65536,
                                     CACHED + BLOCK - 1, CACHED + BLOCK, CACHED + BLOCK + 1, MOST - UNIT - 1, MOST};
    for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
        if (access(places[i], W_OK) != 0) {
            continue;
        }
        open_folder(places[i]);
        for (size_t k = 0; k < sizeof lengths / sizeof *lengths; k++) {
            expect_file(lengths[k], 3000);
            expect_file(lengths[k], 300000);
            expect_file(lengths[k], MOST);
        }
        close_folder();
    }
}

static void test_dropped(void **state)
{
    (void)state;
    open_folder("/tmp");
    for (size_t n = CACHED; n <= MOST; n += BLOCK / 2) {
        ent_file file;
        assert_true(ent_file_create(&file, path));
        write_pieces(&file, n, 100000, 1);
        ent_file_abort(&file);
        assert_int_not_equal(access(path, F_OK), 0);
    }
    close_folder();
}

/* The limit is met while blocks are written, and by what is left at the end; a piece of a block may still fit. */
static void test_no_room(void **state)
{
    (void)state;
    static const rlim_t limits[] = {100000,           CACHED - 5,           CACHED + 65536, CACHED + BLOCK + UNIT,
                                    CACHED + BLOCK + 77, MOST - BLOCK / 2, MOST - UNIT,    MOST - 1};
    struct rlimit before;
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
    void (*handler)(int) = signal(SIGXFSZ, SIG_IGN);
    open_folder("/tmp");
    for (size_t i = 0; i < sizeof limits / sizeof *limits; i++) {
        struct rlimit limit = {limits[i], before.rlim_max};
        ent_file file;
        assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
        assert_true(ent_file_create(&file, path));
        write_pieces(&file, MOST, 200000, 1);
        bool committed = ent_file_commit(&file);
        int os_error = errno;
        assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
        assert_false(committed);
        assert_int_equal(os_error, EFBIG);
        assert_int_not_equal(access(path, F_OK), 0);
    }
    (void)signal(SIGXFSZ, handler);
    close_folder();
}

/* --- past the page cache --- */

static void expect_direct(size_t before, size_t n)
{
    struct stat status;
    int fd = open(path, O_RDWR | O_CREAT | O_TRUNC, 0600);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, bytes, before), before);
    ent_direct *direct = ent_direct_begin(fd, before);
    if (!direct) { /* not here */
        assert_int_equal(close(fd), 0);
        return;
    }
    for (size_t done = 0, part = 1; done < n; done += part, part = part * 3 % 70001) {
        part = part < n - done ? part : n - done;
        ent_direct_write(direct, bytes + before + done, part);
    }
    assert_int_equal(ent_direct_end(direct), 0);
    assert_int_equal(fsync(fd), 0);
    assert_int_equal(fstat(fd, &status), 0);
    assert_true((size_t)status.st_blocks * 512 < before + n + BLOCK); /* space that was asked for is given back */
    assert_int_equal(fcntl(fd, F_GETFL) & O_DIRECT, 0);
    assert_int_equal(close(fd), 0);
    expect_bytes(path, before + n);
}

/* At a place where no direct write can go it is as on a file system that refuses them. */
static void test_direct(void **state)
{
    (void)state;
    static const size_t lengths[] = {0,         1,         UNIT - 1, UNIT,          UNIT + 1,          BLOCK - 1,
                                     BLOCK,     BLOCK + 1, 2 * BLOCK, 3 * BLOCK - 1, 4 * BLOCK + UNIT, 5 * BLOCK - 1};
    open_folder("/tmp");
    for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++) {
        expect_direct(0, lengths[i]);
        expect_direct(UNIT, lengths[i]);
        expect_direct(UNIT + 100, lengths[i]);
    }
    close_folder();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_whole_or_not), cmocka_unit_test(test_lengths), cmocka_unit_test(test_dropped),
        cmocka_unit_test(test_no_room),      cmocka_unit_test(test_direct),
    };
    uint32_t seed = 1;
    for (size_t i = 0; i < MOST; i++) {
        bytes[i] = (unsigned char)draw(&seed);
    }
    return cmocka_run_group_tests_name("file", tests, NULL, NULL);
}
