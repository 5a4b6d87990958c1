/* The files of a run, see run_private.h. */
#include "compiler/entente/run_private.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "compiler/entente/lines.h"
#include "compiler/entente/notices.h"
#include "compiler/entente/sources.h"
#include "runtime/ledger/draft.h"
#include "runtime/ledger/file.h"

static int cannot_write(const run *r, const char *path)
{
    fprintf(r->err, "error: cannot write `%s`: %s\n", path, strerror(errno));
    return ENT_EXIT_ENVIRONMENT;
}

bool ent_output_is_file(const char *path, FILE *err)
{
    /* what these name may well be a file, but the rename would replace the link, for all if root runs it */
    static const char *const open_files[] = {"/dev/std", "/dev/fd/", "/proc/"};
    struct stat status;
    bool there = stat(path, &status) == 0;
    bool device = there && !S_ISREG(status.st_mode) && !S_ISDIR(status.st_mode);
    for (size_t i = 0; i < sizeof open_files / sizeof *open_files; i++) {
        device |= strncmp(path, open_files[i], strlen(open_files[i])) == 0;
    }
    if (there && S_ISDIR(status.st_mode)) {
        fprintf(err, "error: `%s` is a folder: name a file in it\n", path);
    } else if (device) {
        fprintf(err, "error: `%s` is no ordinary file: it would be replaced by one, because files "
                     "appear whole by renaming\n", path);
    } else {
        return true;
    }
    return false;
}

static int check_output(const run *r, const char *path)
{
    ent_file file;
    if (!path) {
        return ENT_EXIT_OK;
    }
    if (!ent_output_is_file(path, r->err)) {
        return ENT_EXIT_USE;
    }
    if (!ent_file_create(&file, path)) {
        return cannot_write(r, path);
    }
    ent_file_abort(&file);
    return ENT_EXIT_OK;
}

int ent_run_check_files(const run *r)
{
    const char *const paths[] = {r->options->ledger, r->options->notices, r->options->report,
                                 r->options->quarantine};
    int status = ENT_EXIT_OK;
    for (size_t i = 0; status == ENT_EXIT_OK && i < sizeof paths / sizeof *paths; i++) {
        status = check_output(r, paths[i]);
    }
    return status;
}

/* --- the ledger --- */

bool ent_run_open_ledger(run *r)
{
    const char *path = r->options->ledger;
    const char *slash = path ? strrchr(path, '/') : NULL;
    ent_ledger_init(&r->ledger);
    r->ledger.portable = r->options->portable;
    if (path) { /* beside it, where there must be room for more than that */
        r->folder = slash ? strndup(path, slash == path ? 1 : (size_t)(slash - path)) : strdup(".");
    } else {
        r->folder = strdup(r->options->folder ? r->options->folder : "/tmp");
    }
    ent_spool_init(&r->spool, r->folder, r->options->sort_memory_bytes);
    if (r->options->trace) {
        r->files = ent_sources_name(r->program, r->feeds, r->n_feeds);
    }
    r->ledger.files = r->files;
    return r->folder && (r->files || !r->options->trace);
}

void ent_run_close_ledger(run *r)
{
    ent_spool_clear(&r->spool);
    ent_ledger_deinit(&r->ledger);
    ent_sources_free(r->program, r->files);
    free(r->folder);
}

bool ent_run_drafts(const run *r)
{
    return r->options->n_restate == 0 && (r->options->ledger || r->options->format == ENT_RUN_JSONL);
}

/* Says why lines could not wait, or not be made of what waited. */
static int cannot_spool(run *r)
{
    if (r->spool.os_error == 0) {
        return ent_run_fail(r, ENT_EXIT_ENVIRONMENT, "out of memory");
    }
    fprintf(r->err, "error: cannot use a temporary file in `%s`: %s\n", r->folder, strerror(r->spool.os_error));
    return ENT_EXIT_ENVIRONMENT;
}

bool ent_run_draft(run *r, const ent_engine *session, const ent_verdict *decision)
{
    if (ent_ledger_draft(&r->ledger, session, decision) &&
        ent_spool_add(&r->spool, r->ledger.draft.p, r->ledger.draft.n)) {
        return true;
    }
    r->stopped = true;
    (void)cannot_spool(r);
    return false;
}

typedef struct ledger_sink {
    ent_file *file; /* or NULL */
    FILE *out;      /* or NULL */
} ledger_sink;

static void put_line(void *user, const char *line, size_t len)
{
    const ledger_sink *sink = user;
    if (sink->file) {
        ent_file_write(sink->file, line, len);
    }
    if (sink->out) {
        fwrite(line, 1, len, sink->out);
    }
}

static bool put_restated(run *r, ledger_sink *sink)
{
    r->restate.write = put_line;
    r->restate.user = sink;
    bool taken = true;
    for (size_t i = 0; taken && i < r->decisions.n; i++) {
        taken = ent_restate_line(&r->restate, &r->ledger, r->session, ent_kept_at(&r->decisions, i));
    }
    return taken && ent_restate_finish(&r->restate, &r->ledger);
}

static bool put_decisions(run *r, ledger_sink *sink)
{
    ent_lines lines = {.ledger = &r->ledger,
                       .session = r->session,
                       .spool = &r->spool,
                       .threaded = r->options->jobs > 1,
                       .write = put_line,
                       .user = sink};
    return r->options->n_restate > 0 ? put_restated(r, sink) : ent_lines_write(&lines);
}

/* The ledger goes to `out` and into the file, which is left to be committed. */
static int write_ledger(run *r, const ent_ledger_run *header, FILE *out, ent_file *file)
{
    bool to_file = r->options->ledger != NULL;
    bool to_out = r->options->format == ENT_RUN_JSONL;
    if (!to_file && !to_out && r->options->n_restate == 0) {
        return ENT_EXIT_OK;
    }
    if (to_file && !ent_file_create(file, r->options->ledger)) {
        return cannot_write(r, r->options->ledger);
    }
    ledger_sink sink = {to_file ? file : NULL, to_out ? out : NULL};
    bool ok = ent_ledger_run_line(&r->ledger, r->session, header);
    put_line(&sink, r->ledger.line.data, ok ? r->ledger.line.len : 0);
    return ok && put_decisions(r, &sink) ? ENT_EXIT_OK : cannot_spool(r);
}

/* Into the file, which is left to be committed. */
static int write_notices(run *r, ent_file *file)
{
    if (!r->options->notices) {
        return ENT_EXIT_OK;
    }
    if (!ent_file_create(file, r->options->notices)) {
        return cannot_write(r, r->options->notices);
    }
    return ent_notices_write(r->session, file) ? ENT_EXIT_OK
                                               : ent_run_fail(r, ENT_EXIT_ENVIRONMENT, "out of memory");
}

/* Into the file, which is left to be committed. */
static int write_report(run *r, const ent_run_result *result, ent_file *file)
{
    if (!r->options->report) {
        return ENT_EXIT_OK;
    }
    if (!ent_file_create(file, r->options->report)) {
        return cannot_write(r, r->options->report);
    }
    return ent_report_html(result, file) ? ENT_EXIT_OK
                                         : ent_run_fail(r, ENT_EXIT_ENVIRONMENT, "out of memory");
}

int ent_run_write_files(run *r, const ent_ledger_run *header, const ent_run_result *result, FILE *out)
{
    ent_file ledger = {.fd = -1};
    ent_file notices = {.fd = -1};
    ent_file report = {.fd = -1};
    ent_feed_error feed_error = {0};
    int status = write_ledger(r, header, out, &ledger);
    if (status == ENT_EXIT_OK) {
        status = write_notices(r, &notices);
    }
    if (status == ENT_EXIT_OK) {
        status = write_report(r, result, &report);
    }
    if (status == ENT_EXIT_OK && r->quarantine) {
        bool kept = ent_quarantine_commit(r->quarantine, &feed_error);
        r->quarantine = NULL;
        status = kept ? ENT_EXIT_OK : ent_run_fail_feed(r, &feed_error);
    }
    if (status == ENT_EXIT_OK && r->options->notices && !ent_file_commit(&notices)) {
        status = cannot_write(r, r->options->notices);
    }
    if (status == ENT_EXIT_OK && r->options->report && !ent_file_commit(&report)) {
        status = cannot_write(r, r->options->report);
    }
    if (status == ENT_EXIT_OK && r->options->ledger && !ent_file_commit(&ledger)) {
        status = cannot_write(r, r->options->ledger);
    }
    ent_file_abort(&notices);
    ent_file_abort(&report);
    ent_file_abort(&ledger);
    return status;
}
