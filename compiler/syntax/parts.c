/* Which headers, members and clauses may stand in which declaration, and which only once.
 *
 * The grammar lets all of them stand everywhere, so that a misplaced one is one clear diagnostic
 * and not a syntax error. */
#include <string.h>

#include "compiler/syntax/parser_internal.h"

enum { MANY = 0, ONCE = 1 };

static const struct part {
    ent_node_kind parent;
    ent_node_kind child;
    int times;
} parts[] = {
#define PART(parent, child, times) {ENT_NODE_##parent, ENT_NODE_##child, times},
#define SHARED_PARTS(parent)                                                                       \
    PART(parent, CALENDAR, MANY)                                                                   \
    PART(parent, SPAN, MANY)                                                                       \
    PART(parent, MEASURE, MANY)                                                                    \
    PART(parent, DUTY, MANY)                                                                       \
    PART(parent, OBJECTIVE, MANY)                                                                  \
    PART(parent, FN, MANY)
#define AGREEMENT_PARTS(parent)                                                                    \
    PART(parent, VERSION, ONCE)                                                                    \
    PART(parent, UNDER, ONCE)                                                                      \
    PART(parent, BETWEEN, ONCE)                                                                    \
    PART(parent, EFFECTIVE, ONCE)                                                                  \
    PART(parent, TIMEZONE, ONCE)                                                                   \
    PART(parent, CURRENCY, ONCE)                                                                   \
    PART(parent, CHARGE, ONCE)                                                                     \
    PART(parent, CREDIT_CAP, MANY)                                                                 \
    PART(parent, AT_RISK, ONCE)                                                                    \
    PART(parent, ON_CLAIM, ONCE)                                                                   \
    SHARED_PARTS(parent)
    PART(FRAMEWORK, VERSION, ONCE) PART(FRAMEWORK, EFFECTIVE, ONCE) PART(
        FRAMEWORK, TIMEZONE, ONCE) PART(FRAMEWORK, CURRENCY, ONCE) PART(FRAMEWORK, PARTY, MANY)
        PART(FRAMEWORK, SERVICE, MANY) PART(FRAMEWORK, REQUIRE, MANY) PART(
            FRAMEWORK, ACCOUNTABILITY, ONCE) PART(FRAMEWORK, ANSWERS, MANY) PART(FRAMEWORK, POLICY,
                                                                                 MANY)
            PART(FRAMEWORK, CREDIT_CAP, MANY) PART(FRAMEWORK, POOL, MANY) SHARED_PARTS(
                FRAMEWORK) AGREEMENT_PARTS(SLA) AGREEMENT_PARTS(OLA) PART(AMENDMENT, AMENDS, ONCE)
                PART(AMENDMENT, VERSION, ONCE) PART(AMENDMENT, EFFECTIVE, ONCE) PART(
                    AMENDMENT, CHARGE,
                    ONCE) PART(AMENDMENT, CREDIT_CAP,
                               MANY) PART(AMENDMENT, REPLACE, MANY)
                    PART(AMENDMENT, ADD, MANY) PART(AMENDMENT, REMOVE, MANY) SHARED_PARTS(AMENDMENT)
                        PART(AMENDMENT, AT_RISK, ONCE) PART(AMENDMENT, ON_CLAIM, ONCE) PART(OBJECTIVE, WEIGHT, ONCE)
                        PART(OBJECTIVE, EXPECTED, ONCE) PART(DUTY, WHEN, ONCE) PART(DUTY, WITHIN, ONCE) PART(
                            DUTY, PAUSING, MANY) PART(DUTY, VOID_WHEN, MANY)
                            PART(DUTY, EXCUSED_WHEN, MANY) PART(DUTY, EXCUSED_DURING, MANY) PART(
                                DUTY, ON, MANY) PART(DUTY, WARN_AT, MANY)
                                PART(DUTY, COUNTING, ONCE) PART(DUTY, MATCHING, ONCE) PART(
                                    DUTY, FOLLOWING,
                                    ONCE) PART(DUTY, CREDIT,
                                               ONCE) PART(OBJECTIVE, EXCLUDING,
                                                          MANY) PART(OBJECTIVE, EXCUSED_WHEN, MANY)
                                    PART(OBJECTIVE, EXCUSED_DURING, MANY) PART(
                                        OBJECTIVE, WARN_BUDGET,
                                        MANY) PART(OBJECTIVE, MISSING,
                                                   ONCE) PART(OBJECTIVE, NO_DATA, ONCE)
                                        PART(OBJECTIVE, CREDIT, ONCE) PART(
                                            OBJECTIVE, EARN_BACK, ONCE) PART(FEED, SAMPLED, ONCE)
                                            PART(FEED, LATENESS, ONCE) PART(FEED, FIELD, MANY) PART(
                                                BIND, SAMPLED, ONCE) PART(BIND, LATENESS, ONCE)
                                                PART(BIND, OPTION, MANY) PART(BIND, BINDING, MANY)
                                                    PART(CALENDAR, TIMEZONE, ONCE)
                                                        PART(CALENDAR, OPEN, MANY)
                                                            PART(CALENDAR, CLOSED, MANY)
                                                                PART(CALENDAR, CLOSED_ON, MANY)
#undef PART
#undef SHARED_PARTS
#undef AGREEMENT_PARTS
};
enum { PARTS = sizeof parts / sizeof parts[0] };

static const struct part *find(unsigned parent, unsigned child)
{
    for (size_t i = 0; i < PARTS; i++) {
        if (parts[i].parent == parent && parts[i].child == child) {
            return &parts[i];
        }
    }
    return NULL;
}

/* The word with which a part begins, as it stands in the source. */
static const char *first_word(ent_parser *p, const ent_node *part)
{
    size_t n = 0;
    const char *s = p->source + part->span.start;
    while (part->span.start + n < p->len &&
           (s[n] == '_' || (s[n] >= 'a' && s[n] <= 'z') || (s[n] >= 'A' && s[n] <= 'Z'))) {
        n++;
    }
    const char *word = ent_arena_strndup(p->arena, s, n);
    return word == NULL ? "" : word;
}

static const char *article(const char *noun)
{
    bool an = strchr("aeiou", noun[0]) != NULL || strcmp(noun, "sla") == 0;
    return an ? "an" : "a";
}

static void misplaced(ent_parser *p, const ent_node *node, const ent_node *part)
{
    const char *word = first_word(p, part);
    const char *parent = ent_node_kind_name(node->kind);
    ent_span span = {part->span.file, part->span.start, part->span.start + (uint32_t)strlen(word)};
    ent_diag *d = ent_diag_add(p->diags, ENT_DIAG_E0125, span, "`%s` does not belong in %s %s",
                               word, article(parent), parent);
    if (node->name != NULL) {
        ent_diag_label(d, node->name_span, "in this %s", parent);
    }
    const char *homes = NULL;
    for (size_t i = 0; i < PARTS; i++) {
        if (parts[i].child == part->kind) {
            const char *home = ent_node_kind_name(parts[i].parent);
            homes = homes == NULL
                        ? ent_arena_printf(p->arena, "%s %s", article(home), home)
                        : ent_arena_printf(p->arena, "%s or %s %s", homes, article(home), home);
        }
    }
    if (homes != NULL) {
        ent_diag_help(d, "it belongs in %s", homes);
    }
}

void ent_check_parts(ent_parser *p, const ent_node *node, const ent_node_list *list)
{
    for (uint32_t i = 0; i < list->n; i++) {
        const ent_node *part = list->items[i];
        const struct part *rule = find(node->kind, part->kind);
        if (rule == NULL) {
            misplaced(p, node, part);
            continue;
        }
        bool wrapped = part->kind == ENT_NODE_REPLACE || part->kind == ENT_NODE_ADD;
        if (wrapped && find(ENT_NODE_AMENDMENT, part->kids[0]->kind) == NULL) {
            misplaced(p, node, part->kids[0]);
        }
        for (uint32_t j = 0; rule->times == ONCE && j < i; j++) {
            if (list->items[j]->kind != part->kind) {
                continue;
            }
            ent_diag *d =
                ent_diag_add(p->diags, ENT_DIAG_E0120, part->span, "`%s` stands twice in one %s",
                             first_word(p, part), ent_node_kind_name(node->kind));
            ent_diag_label(d, list->items[j]->span, "here the first time");
            break;
        }
    }
}
