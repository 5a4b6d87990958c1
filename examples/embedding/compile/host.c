/* An editor's check: compiles the text of agreements, prints what is wrong with it, or else runs it over a CSV file.
 *
 *   cc host.c $(pkg-config --cflags --libs entente-compiler) -o host
 *   ./host ../../first/first.ent ticket < ../../first/ticket.csv */
#include <entente-compiler.h>

#include <stdio.h>

static bool on_decision(void *user, const ent_decision *d)
{
    (void)user;
    printf("%s.%s: %s\n", d->agreement, d->clause, d->status == ENT_STATUS_BREACH ? "breach" : "no breach");
    return true;
}

static bool run(const ent_compiled *compiled, const char *feed, ent_error *error)
{
    static char facts[1 << 20];
    size_t len, n = fread(facts, 1, sizeof facts, stdin);
    const void *bytes = ent_compiled_program(compiled, &len);
    ent_program *program;
    ent_session *session = NULL;
    bool ok = ent_program_load(bytes, len, NULL, &program, error) &&
              ent_session_new(program, &(ent_session_options){.on_decision = on_decision}, &session, error) &&
              ent_session_push_text(session, feed, NULL, facts, n, error) && ent_session_finish(session, error);
    ent_session_free(session);
    ent_program_release(program);
    return ok;
}

int main(int argc, char **argv)
{
    static char text[1 << 20];
    FILE *f = argc > 2 ? fopen(argv[1], "rb") : NULL;
    const ent_source_text source = {argc > 2 ? argv[1] : "", text, f ? fread(text, 1, sizeof text, f) : 0};
    ent_compiled *compiled;
    ent_error error = {0};
    bool ok = ent_compile(&source, 1, NULL, &compiled, &error);
    const ent_diagnostic *d;
    for (size_t i = 0; ok && (d = ent_compiled_diagnostic(compiled, i)) != NULL; i++) {
        printf("%s:%u:%u: %s %s\n", d->span.file ? d->span.file : "", d->span.line, d->span.column, d->code, d->message);
    }
    if (ok && ent_compiled_program(compiled, NULL)) {
        ok = run(compiled, argv[2], &error);
    }
    if (!ok) {
        fprintf(stderr, "error: %s\n", error.message);
    }
    ent_compiled_free(compiled);
    return ok ? 0 : 1;
}
