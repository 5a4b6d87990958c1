/* The elements of a model's collections at one date, and what rules read of them. */
#ifndef ENT_PROVE_ELEMENTS_H
#define ENT_PROVE_ELEMENTS_H

#include "compiler/check/model.h"
#include "compiler/syntax/arena.h"

/* One element: the kind says which members are set.  `index` is equal for equal elements of a kind.
 */
typedef struct ent_element {
    int kind; /* ENT_TYPE_PARTY, SERVICE, DEPENDENCY, AGREEMENT, DUTY, OBJECTIVE, PROMISE */
    int64_t index;
    const ent_party_decl *party;
    const ent_service_decl *service, *on; /* `on` of dependencies */
    const ent_agreement_decl *agreement;
    const ent_duty_decl *duty; /* of duties and promises: exactly one of the two */
    const ent_objective_decl *objective;
    const char *clause; /* of duties, objectives and promises: "HostingSLA.uptime" */
    ent_span span;      /* where it is written */
} ent_element;

typedef struct ent_elements {
    const ent_element *v;
    size_t n;
} ent_elements;

/* Every agreement once: the version in force on the day, before its beginning its first one, after
 * its end its last one. */
typedef struct ent_collections {
    ent_elements of[ENT_COLLECTION_PROMISES + 1]; /* by ENT_COLLECTION_* */
} ent_collections;

/* What a field holds.  An absent one has `there` false. */
typedef struct ent_read {
    bool there;
    int64_t i;
    ent_q q;
    const char *text;
    ent_element element;
} ent_read;

/* False: out of memory. */
bool ent_collect_elements(const ent_model *m, ent_arena *arena, int64_t day, ent_collections *out);
/* The days from which an amendment changes the collections, in order. */
bool ent_change_days(const ent_model *m, ent_arena *arena, int64_t **days, size_t *n);

ent_element ent_element_of_party(const ent_party_decl *p);
ent_element ent_element_of_service(const ent_service_decl *s);
ent_read ent_read_field(const ent_model *m, const ent_element *e, int field);
/* "`HostingSLA.uptime` for `hosting`" */
const char *ent_element_text(ent_arena *arena, const ent_element *e);

/* Whether the clause is about the service: by its subject, or by a condition on a service. */
bool ent_objective_covers(const ent_objective_decl *o, const ent_service_decl *s);
bool ent_duty_covers(const ent_duty_decl *d, const ent_service_decl *s);
#endif
