/* Calendars: opening hours, closed days, iCalendar files, and the zone that they are in. */
#include "compiler/check/checker.h"

#include <string.h>

#include "compiler/check/ics.h"

#define YEAR_FROM 2000
#define YEAR_TO 2060

static void add_closed(ent_checker *ck, ent_calendar_decl *c, int64_t day, const char *name)
{
    for (size_t i = 0; i < c->n_closed; i++)
        if (c->closed[i].day == day) {
            if (c->closed[i].name == NULL)
                c->closed[i].name = name;
            return;
        }
    ent_closed_decl *slot = ENT_PUSH(ck, c->closed, c->n_closed);
    if (slot != NULL)
        *slot = (ent_closed_decl){.day = day, .name = name};
}

static void closed_on(ent_checker *ck, ent_calendar_decl *c, const ent_node *n)
{
    const char *path = ent_check_relative(ck->arena, ck->sources, n->span.file, n->text);
    size_t len = 0;
    int error = 0;
    char *bytes =
        path == NULL ? NULL : ent_check_read(ck->options, ck->arena, path, &len, &error);
    if (bytes == NULL) {
        ent_diag *d = ent_diag_add(ck->diags, ENT_DIAG_E0218, n->span,
                                   "cannot read the calendar file `%s`", n->text);
        ent_diag_primary_label(d, "%s", strerror(error));
        ent_diag_note(d, "looked for at `%s`; paths are relative to the file that names them",
                      path ? path : n->text);
        return;
    }
    int from = ck->options->holiday_year_from, to = ck->options->holiday_year_to;
    int64_t *days = NULL;
    char **names = NULL, why[200] = "";
    size_t count = 0;
    if (ent_ics_closed_days(bytes, len, from ? from : YEAR_FROM, to ? to : YEAR_TO, &days, &names,
                            &count, why, sizeof why) != 0) {
        ent_diag *d = ent_diag_add(ck->diags, ENT_DIAG_E0218, n->span, "`%s` cannot be used: %s",
                                   n->text, why);
        ent_diag_primary_label(d, "named here");
        return;
    }
    for (size_t i = 0; i < count; i++) {
        bool named = names[i] != NULL && names[i][0] != '\0';
        add_closed(ck, c, days[i], named ? ent_arena_strdup(ck->arena, names[i]) : NULL);
    }
    if (count == 0) {
        ent_diag *d =
            ent_diag_add(ck->diags, ENT_DIAG_W0405, n->span, "`%s` closes no day", n->text);
        ent_diag_primary_label(d, "no event in it covers a whole day");
    }
    ent_ics_free(days, names, count);
    ent_calendar_file_decl *f = ENT_PUSH(ck, c->files, c->n_files);
    if (f != NULL)
        *f = (ent_calendar_file_decl){.path = path, .bytes = bytes, .n_bytes = len};
}

static void check_open(ent_checker *ck, ent_calendar_decl *c, const ent_node *n)
{
    const ent_node *from = ent_kid(n, 0), *to = ent_kid(n, 1);
    ent_opening_decl *o =
        from == NULL || to == NULL ? NULL : ENT_PUSH(ck, c->openings, c->n_openings);
    if (o != NULL)
        *o = (ent_opening_decl){
            .days = n->op, .open_ns = from->i, .close_ns = to->i, .span = n->span};
    if (o != NULL && from->i == (int64_t)86400 * 1000000000) {
        ent_diag *d = ent_diag_add(ck->diags, ENT_DIAG_E0443, from->span, "no day opens at 24:00");
        ent_diag_help(d, "write 00:00 of the next day");
    }
}

void ent_check_calendar(ent_checker *ck, ent_scope *scope, ent_symbol *symbol)
{
    const ent_node *n = symbol->node, *zone = ent_clause(n, ENT_NODE_TIMEZONE);
    ent_calendar_decl *c = ent_check_alloc(ck, sizeof *c);
    if (c == NULL)
        return;
    *c = (ent_calendar_decl){.index = (int32_t)ck->m->n_calendars,
                             .name = n->name,
                             .title = n->title,
                             .doc = n->doc,
                             .node = (ent_node *)(uintptr_t)n,
                             .span = n->name_span};
    for (const ent_scope *at = scope; at != NULL && c->zone == NULL; at = at->outer)
        c->zone = at->zone;
    if (zone != NULL) {
        c->zone = zone->text;
        ent_check_zone(ck, zone->text, zone->span);
    } else if (c->zone == NULL && ck->n_framework_nodes > 0) {
        c->zone = "UTC"; /* the framework's lack of one has been reported */
    } else if (c->zone == NULL) {
        ent_diag *d = ent_diag_add(ck->diags, ENT_DIAG_E0441, c->span,
                                   "calendar `%s` is in no known time zone", c->name);
        ent_diag_primary_label(d, "there is no framework whose time zone could be taken");
        ent_diag_help(d, "add `timezone \"Europe/London\"`");
        c->zone = "UTC";
    }
    for (size_t i = 0; i < n->n_kids; i++) {
        const ent_node *k = n->kids[i];
        if (k->kind == ENT_NODE_OPEN)
            check_open(ck, c, k);
        for (size_t j = 0; k->kind == ENT_NODE_CLOSED && j < k->n_kids; j++)
            add_closed(ck, c, k->kids[j]->i, NULL);
        if (k->kind == ENT_NODE_CLOSED_ON)
            closed_on(ck, c, k);
    }
    if (c->n_openings == 0 && !ent_broken(ck, n->span)) {
        ent_diag *d =
            ent_diag_add(ck->diags, ENT_DIAG_E0438, c->span, "calendar `%s` never opens", c->name);
        ent_diag_primary_label(d, "no clock that counts its time would ever run");
        ent_diag_help(d, "add `open mon..fri 09:00..17:30`, or `open every day 00:00..24:00`");
    }
    symbol->decl = c;
    ENT_PUSH_PTR(ck, ck->m->calendars, ck->m->n_calendars, c);
}
