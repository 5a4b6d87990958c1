/* A ticket tool that decides its own agreements: loads a program, pushes two events, prints what was decided.
 *
 *   entente build -o first.entc ../../first/first.ent
 *   cc host.c $(pkg-config --cflags --libs entente) -o host && ./host first.entc */
#include <entente.h>

#include <stdio.h>
#include <stdlib.h>

#define SECOND INT64_C(1000000000)

static bool on_decision(void *user, const ent_decision *d)
{
    (void)user;
    printf("%s.%s%s%s: %s", d->agreement, d->clause, d->n_subject ? " " : "", d->n_subject ? d->subject[0].value : "",
           d->status == ENT_STATUS_BREACH ? "breach" : "no breach");
    for (size_t i = 0; i < d->n_responsible; i++) {
        printf(", responsible %s %s", d->responsible[i].party, d->responsible[i].share);
    }
    printf("%s%s\n", d->credit_amount ? ", credit " : "", d->credit_amount ? d->credit_amount : "");
    return true;
}

int main(int argc, char **argv)
{
    static char bytes[1 << 20];
    FILE *f = argc > 1 ? fopen(argv[1], "rb") : NULL;
    size_t len = f ? fread(bytes, 1, sizeof bytes, f) : 0;
    ent_program *program;
    ent_session *session = NULL;
    ent_error error = {0};

    /* opened at nine, resolved at three in the afternoon: six hours, of which a P1 has four */
    const int64_t at[] = {INT64_C(1767603600) * SECOND, INT64_C(1767625200) * SECOND};
    const char *id[] = {"INC1", "INC1"}, *event[] = {"opened", "resolved"}, *priority[] = {"P1", "P1"};
    const char *service[] = {"web", "web"}, *party[] = {"Host", "Host"};
    const ent_column columns[] = {{.name = "at", .type = ENT_COLUMN_INSTANT, .data = at},
                                  {.name = "id", .type = ENT_COLUMN_TEXT, .data = id},
                                  {.name = "event", .type = ENT_COLUMN_TEXT, .data = event},
                                  {.name = "priority", .type = ENT_COLUMN_TEXT, .data = priority},
                                  {.name = "service", .type = ENT_COLUMN_TEXT, .data = service},
                                  {.name = "party", .type = ENT_COLUMN_TEXT, .data = party},
                                  {.name = NULL}};
    const ent_session_options options = {
        .on_decision = on_decision, .has_to = true, .to_ns = INT64_C(1769904000) * SECOND /* 2026-02-01 */};
    bool ok = ent_program_load(bytes, len, NULL, &program, &error) &&
              ent_session_new(program, &options, &session, &error) &&
              ent_session_push(session, "ticket", columns, 2, &error) &&
              ent_session_advance(session, at[1] + SECOND, &error) && ent_session_finish(session, &error);
    if (!ok) {
        fprintf(stderr, "error: %s\n", error.message);
    }
    ent_session_free(session);
    ent_program_release(program);
    return ok ? 0 : 1;
}
