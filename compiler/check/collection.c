/* What a framework's rules speak of: the collections of the model, and what can be read of their
 * elements.  One table each, from which name lookup, types and hints are made; the values are read
 * by compiler/prove/elements.c.  docs/language.md lists both tables. */
#include "compiler/check/checker.h"

static const struct {
    const char *name;
    int collection;
    uint8_t type;
} collections[] = {
    {"parties", ENT_COLLECTION_PARTIES, ENT_TYPE_PARTY},
    {"providers", ENT_COLLECTION_PROVIDERS, ENT_TYPE_PARTY},
    {"services", ENT_COLLECTION_SERVICES, ENT_TYPE_SERVICE},
    {"dependencies", ENT_COLLECTION_DEPENDENCIES, ENT_TYPE_DEPENDENCY},
    {"agreements", ENT_COLLECTION_AGREEMENTS, ENT_TYPE_AGREEMENT},
    {"slas", ENT_COLLECTION_SLAS, ENT_TYPE_AGREEMENT},
    {"olas", ENT_COLLECTION_OLAS, ENT_TYPE_AGREEMENT},
    {"duties", ENT_COLLECTION_DUTIES, ENT_TYPE_DUTY},
    {"objectives", ENT_COLLECTION_OBJECTIVES, ENT_TYPE_OBJECTIVE},
    {"promises", ENT_COLLECTION_PROMISES, ENT_TYPE_PROMISE},
};
#define N_COLLECTIONS (sizeof collections / sizeof *collections)

#define OF(kind) (1u << (ENT_TYPE_##kind))
#define CLAUSES (OF(DUTY) | OF(OBJECTIVE) | OF(PROMISE))

static const struct {
    const char *name;
    int element;
    unsigned of; /* bits 1 << ENT_TYPE_*: the kinds of elements that have it */
    uint8_t type;
} elements[] = {
    {"name", ENT_ELEMENT_NAME,
     OF(PARTY) | OF(SERVICE) | OF(AGREEMENT) | OF(DUTY) | OF(OBJECTIVE) | OF(PROMISE),
     ENT_TYPE_TEXT},
    {"title", ENT_ELEMENT_TITLE, OF(PARTY) | OF(SERVICE) | OF(AGREEMENT) | CLAUSES, ENT_TYPE_TEXT},
    {"role", ENT_ELEMENT_ROLE, OF(PARTY), ENT_TYPE_TEXT},
    {"answers_to", ENT_ELEMENT_ANSWERS_TO, OF(PARTY), ENT_TYPE_PARTY},
    {"provider", ENT_ELEMENT_PROVIDER, OF(SERVICE), ENT_TYPE_PARTY},
    {"by", ENT_ELEMENT_PROVIDER, OF(SERVICE), ENT_TYPE_PARTY},
    {"service", ENT_ELEMENT_SERVICE, OF(DEPENDENCY) | OF(PROMISE), ENT_TYPE_SERVICE},
    {"on", ENT_ELEMENT_ON, OF(DEPENDENCY), ENT_TYPE_SERVICE},
    {"consumer", ENT_ELEMENT_CONSUMER, OF(DEPENDENCY), ENT_TYPE_PARTY},
    {"supplier", ENT_ELEMENT_SUPPLIER, OF(AGREEMENT) | OF(DEPENDENCY), ENT_TYPE_PARTY},
    {"customer", ENT_ELEMENT_CUSTOMER, OF(AGREEMENT), ENT_TYPE_PARTY},
    {"kind", ENT_ELEMENT_KIND, OF(AGREEMENT) | OF(PROMISE), ENT_TYPE_TEXT},
    {"version", ENT_ELEMENT_VERSION, OF(AGREEMENT), ENT_TYPE_INT},
    {"charge", ENT_ELEMENT_CHARGE, OF(AGREEMENT), ENT_TYPE_MONEY},
    {"clause", ENT_ELEMENT_CLAUSE, CLAUSES, ENT_TYPE_TEXT},
    {"party", ENT_ELEMENT_PARTY, CLAUSES, ENT_TYPE_PARTY},
    {"agreement", ENT_ELEMENT_AGREEMENT, CLAUSES, ENT_TYPE_AGREEMENT},
    {"target", ENT_ELEMENT_TARGET, OF(OBJECTIVE) | OF(PROMISE), ENT_TYPE_RATIO},
    {"measured_by", ENT_ELEMENT_MEASURED_BY, OF(OBJECTIVE), ENT_TYPE_PARTY},
    {"allowed", ENT_ELEMENT_ALLOWED, OF(DUTY) | OF(PROMISE), ENT_TYPE_DURATION},
};
#define N_ELEMENTS (sizeof elements / sizeof *elements)

bool ent_name_collection(ent_node *n)
{
    for (size_t i = 0; i < N_COLLECTIONS; i++)
        if (ent_same(collections[i].name, n->name)) {
            n->kind = ENT_NODE_NAME;
            n->type = ent_ty(ENT_TYPE_COLLECTION);
            n->type.param = collections[i].type;
            n->decl_kind = ENT_DECL_COLLECTION;
            n->slot = collections[i].collection;
            return true;
        }
    return false;
}

const char *ent_collection_list(ent_checker *ck)
{
    const char *names[N_COLLECTIONS];
    for (size_t i = 0; i < N_COLLECTIONS; i++)
        names[i] = collections[i].name;
    return ent_check_join(ck, names, N_COLLECTIONS, N_COLLECTIONS, " and ");
}

/* Index of the field in the table, or N_ELEMENTS. */
static size_t find(ent_type of, const char *name)
{
    size_t i = 0;
    while (i < N_ELEMENTS &&
           ((elements[i].of & 1u << of.kind) == 0 || !ent_same(elements[i].name, name)))
        i++;
    return i;
}

ent_type ent_element_type(ent_checker *ck, ent_type of, const char *name)
{
    size_t i = find(of, name);
    ent_type t = ent_ty(i == N_ELEMENTS ? ENT_TYPE_NONE : (ent_type_kind)elements[i].type);
    if (t.kind == ENT_TYPE_MONEY && ck->m->framework != NULL)
        t.currency = ck->m->framework->currency;
    return t;
}

ent_node *ent_check_element(ent_checker *ck, ent_node *n, ent_node *base)
{
    n->kids[0] = base;
    size_t at = find(base->type, n->name);
    if (at < N_ELEMENTS) {
        n->decl_kind = ENT_DECL_ELEMENT;
        n->slot = elements[at].element;
        n->type = ent_element_type(ck, base->type, n->name);
        return n;
    }
    const char **names = NULL;
    size_t k = 0;
    for (size_t i = 0; i < N_ELEMENTS; i++)
        if ((elements[i].of & 1u << base->type.kind) != 0)
            ENT_PUSH_PTR(ck, names, k, elements[i].name);
    ent_diag *d = ent_diag_add(ck->diags, ENT_DIAG_E0205, n->name_span, "%s has no `%s`",
                               ent_ty_phrase(ck, base->type), n->name);
    ent_diag_primary_label(d, "unknown");
    if (k > 0)
        ent_check_suggest(ck, d, n->name_span, n->name, names, k, "it has");
    n->type = ent_ty(ENT_TYPE_ERROR);
    return n;
}
