/* See notice.h. */
#include "runtime/ledger/notice.h"

#include <stdlib.h>
#include <string.h>

#include "runtime/time/civil.h"

/* By what they are called: the numbers of texts depend on which thread met a text first. */
static int compare_subjects(ent_engine *session, const ent_warning *x, const ent_warning *y)
{
    const ent_verdict one = {
        .kind = ENT_VERDICT_DUTY, .clause = x->clause, .subject = x->subject, .has_subject = true};
    const ent_verdict other = {
        .kind = ENT_VERDICT_DUTY, .clause = y->clause, .subject = y->subject, .has_subject = true};
    char a[64];
    char b[64];
    int order = 0;
    for (size_t k = 0; order == 0 && k < ent_engine_subject_fields(session, &one); k++) {
        order = strcmp(ent_engine_subject_text(session, &one, k, a, sizeof a),
                       ent_engine_subject_text(session, &other, k, b, sizeof b));
    }
    return order;
}

static int compare_notices(const void *a, const void *b, void *session)
{
    const ent_warning *x = a;
    const ent_warning *y = b;
    if (x->at_ns != y->at_ns) {
        return x->at_ns < y->at_ns ? -1 : 1;
    }
    if (x->clause != y->clause) {
        return x->clause < y->clause ? -1 : 1;
    }
    int order = x->subject == y->subject ? 0 : compare_subjects(session, x, y);
    if (order != 0) {
        return order;
    }
    return x->kind < y->kind ? -1 : x->kind > y->kind;
}

bool ent_notice_line(ent_engine *session, const ent_warning *n, ent_json_out *out)
{
    const ent_image *p = ent_engine_program(session);
    const ent_duty_row *duty = &p->duty[n->clause];
    const ent_agreement_row *agreement = &p->agreement[duty->agreement];
    const ent_zone *zone = ent_engine_agreement_zone(session, duty->agreement);
    const ent_verdict about = {.kind = ENT_VERDICT_DUTY,
                                .clause = n->clause,
                                .subject = n->subject,
                                .has_subject = true};
    char text[64];
    ent_json_reset(out);
    ent_json_begin_object(out);
    ent_json_key_text(out, "kind", n->kind == ENT_WARNING_WARN ? "warning" : "run_out");
    ent_civil_format(text, sizeof text, n->at_ns, zone);
    ent_json_key_text(out, "at", text);
    ent_json_key_text(out, "agreement", ent_image_text(p, agreement->name));
    ent_json_key_int(out, "version", agreement->version);
    ent_json_key_text(out, "clause", ent_image_text(p, duty->name));
    ent_json_key(out, "subject");
    ent_json_begin_object(out);
    for (size_t k = 0; k < ent_engine_subject_fields(session, &about); k++) {
        ent_json_key_text(out, ent_engine_subject_name(session, &about, k),
                          ent_engine_subject_text(session, &about, k, text, sizeof text));
    }
    ent_json_end_object(out);
    ent_civil_format(text, sizeof text, n->due_ns, zone);
    ent_json_key_text(out, "due", text);
    ent_json_end_object(out);
    ent_json_end_line(out);
    return ent_json_is_complete(out);
}

void ent_notices_sort(ent_engine *session, ent_warning *notices, size_t n)
{
    if (n > 1) {
        qsort_r(notices, n, sizeof *notices, compare_notices, session);
    }
}
