/* A C program that has SQLite load the extension, and asks it about tables of random values: NULLs, wrong types, lacking
 * columns, few rows or none.  Every answer is decisions, or an error that says what is wrong; the same question twice
 * has the same answer.
 *
 *   host EXTENSION PROGRAM.entc SEED COUNT */
#include <sqlite3.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Columns of the club `figures`, with cells that fit and cells that do not. */
static const char *const columns[] = {"at", "id", "state", "part", "party", "up", "n",    "x",
                                      "d",  "r",  "fee",   "took", "clock", "spare"};
static const char *const fitting[] = {"'2026-02-01T00:00:00Z'", "'a'", "'good'", "'web'", "'Host'", "1", "7", "0.5",
                                      "'1.25'", "'50%'", "'GBP 1.00'", "'1s'", "'09:00'", "'x'"};
static const char *const others[] = {"NULL", "''", "0", "-1", "9223372036854775807", "1.5", "-1e308", "9e999", "'bad'",
                                     "x'00ff'", "'é'", "1770000000", "'2026-02-02T00:00:00'", "'GBP'", "zeroblob(9)",
                                     "char(65,0,66)"};
enum { N_COLUMNS = sizeof columns / sizeof *columns, N_OTHERS = sizeof others / sizeof *others };

static unsigned long long state;

static unsigned draw(unsigned n)
{
    state = state * 6364136223846793005ULL + 1442695040888963407ULL;
    return (unsigned)((state >> 33) % n);
}

static void run(sqlite3 *db, const char *sql)
{
    char *message = NULL;
    if (sqlite3_exec(db, sql, NULL, NULL, &message) != SQLITE_OK) {
        fprintf(stderr, "%s: %s\n", sql, message);
        exit(1);
    }
}

/* A table with some of the columns; `spoilt` cells in a thousand are others. */
static void make_table(sqlite3 *db, unsigned spoilt)
{
    char sql[4096] = "DROP TABLE IF EXISTS sample; CREATE TABLE sample(";
    unsigned lacking = draw(8) == 0 ? draw(N_COLUMNS) : N_COLUMNS;
    unsigned rows = draw(6);
    for (unsigned i = 0; i < N_COLUMNS; i++) {
        sprintf(sql + strlen(sql), "%s\"%s\"", i ? "," : "", i == lacking ? "other" : columns[i]);
    }
    strcat(sql, ")");
    run(db, sql);
    for (unsigned k = 0; k < rows; k++) {
        strcpy(sql, "INSERT INTO sample VALUES(");
        for (unsigned i = 0; i < N_COLUMNS; i++) {
            sprintf(sql + strlen(sql), "%s%s", i ? "," : "",
                    draw(1000) < spoilt ? others[draw(N_OTHERS)] : fitting[i]);
        }
        strcat(sql, ")");
        run(db, sql);
    }
}

/* The answer's lines, or the error, joined: for the caller to sqlite3_free. */
static char *ask(sqlite3 *db, const char *program, int *status)
{
    sqlite3_stmt *stmt = NULL;
    sqlite3_str *answer = sqlite3_str_new(db);
    *status = sqlite3_prepare_v2(db, "SELECT line FROM entente_decide(?1)", -1, &stmt, NULL);
    if (*status == SQLITE_OK) {
        sqlite3_bind_text(stmt, 1, program, -1, SQLITE_STATIC);
        while ((*status = sqlite3_step(stmt)) == SQLITE_ROW) {
            sqlite3_str_appendf(answer, "%s\n", sqlite3_column_text(stmt, 0));
        }
    }
    if (*status != SQLITE_DONE) {
        sqlite3_str_appendall(answer, sqlite3_errmsg(db));
    }
    sqlite3_finalize(stmt);
    sqlite3_str_appendall(answer, "");
    char *text = sqlite3_str_finish(answer);
    return text ? text : sqlite3_mprintf("");
}

int main(int argc, char **argv)
{
    sqlite3 *db;
    char *message = NULL;
    int passed = 0;
    int failed = 0;
    int decided = 0;
    int refused = 0;
    if (argc < 5 || sqlite3_open(":memory:", &db) != SQLITE_OK ||
        sqlite3_db_config(db, SQLITE_DBCONFIG_ENABLE_LOAD_EXTENSION, 1, NULL) != SQLITE_OK ||
        sqlite3_load_extension(db, argv[1], NULL, &message) != SQLITE_OK) {
        fprintf(stderr, "cannot load the extension: %s\n", message ? message : "usage");
        return 1;
    }
    state = strtoull(argv[3], NULL, 10);
    for (int i = 0; i < atoi(argv[4]); i++) {
        int status;
        int again;
        make_table(db, i % 4 == 0 ? 0 : i % 4 == 1 ? 300 : 15);
        char *answer = ask(db, argv[2], &status);
        char *second = ask(db, argv[2], &again);
        int ok = status == again && strcmp(answer, second) == 0 &&
                 (status == SQLITE_DONE || (status == SQLITE_ERROR && strncmp(answer, "entente_decide: ", 16) == 0));
        if (!ok) {
            fprintf(stderr, "round %d: status %d, %s\n", i, status, answer);
        }
        decided += status == SQLITE_DONE;
        refused += status != SQLITE_DONE;
        passed += ok;
        failed += !ok;
        sqlite3_free(answer);
        sqlite3_free(second);
    }
    if (decided == 0 || refused == 0) {
        fprintf(stderr, "%d decided, %d refused: nothing was tried\n", decided, refused);
        failed++;
    }
    failed += sqlite3_close(db) != SQLITE_OK;
    printf("%d passed, %d failed\n", passed, failed);
    return failed > 0;
}
