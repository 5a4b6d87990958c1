/* See value.h. */
#include "runtime/feed/value.h"

#include <stdio.h>
#include <string.h>

static bool name_it(ent_map *map, int64_t text, int64_t index)
{
    uint32_t *place = text < 0 ? NULL : ent_map_at(map, text);
    if (text >= 0 && !place) {
        return false;
    }
    if (place && *place == ENT_MAP_NONE) {
        *place = (uint32_t)index;
    }
    return true;
}

bool ent_names_init(ent_names *names, const ent_image *p)
{
    bool ok = true;
    *names = (ent_names){.parties = {0}};
    /* names before titles before aliases, so that a title never hides another's name */
    for (int pass = 0; ok && pass < 3; pass++) {
        for (size_t i = 0; ok && i < p->n_party; i++) {
            const ent_party_row *row = &p->party[i];
            if (row->role == ENT_PARTY_NOBODY) {
                continue;
            }
            ok = pass == 0   ? name_it(&names->parties, row->name, (int64_t)i)
                 : pass == 1 ? name_it(&names->parties, row->title, (int64_t)i)
                             : true;
            for (int64_t k = 0; ok && pass == 2 && k < row->n_aliases; k++) {
                ok = name_it(&names->parties, p->alias[row->first_alias + k].text, (int64_t)i);
            }
        }
        for (size_t i = 0; ok && i < p->n_service; i++) {
            const ent_service_row *row = &p->service[i];
            ok = pass == 0   ? name_it(&names->services, row->name, (int64_t)i)
                 : pass == 1 ? name_it(&names->services, row->title, (int64_t)i)
                             : true;
            for (int64_t k = 0; ok && pass == 2 && k < row->n_aliases; k++) {
                ok = name_it(&names->services, p->alias[row->first_alias + k].text, (int64_t)i);
            }
        }
    }
    return ok;
}

void ent_names_deinit(ent_names *names)
{
    ent_map_deinit(&names->parties);
    ent_map_deinit(&names->services);
}

static int64_t member_of(const ent_image *p, int64_t enumeration, const char *text, size_t len)
{
    const ent_enumeration_row *e = &p->enumeration[enumeration];
    for (int64_t i = 0; i < e->n_members; i++) {
        const ent_string *name = &p->strings[p->member[e->first_member + i].name];
        if (name->len == len && memcmp(name->p, text, len) == 0) {
            return i;
        }
    }
    return -1;
}

static int64_t named(const ent_value_context *c, const ent_map *map, const char *text, size_t len)
{
    int64_t id = ent_strings_find(c->strings, text, len);
    uint32_t index = id < 0 ? ENT_MAP_NONE : ent_map_get(map, id);
    return index == ENT_MAP_NONE ? -1 : (int64_t)index;
}

bool ent_value_is_name(const ent_field_row *field)
{
    return field->type == ENT_TYPE_ENUM || field->type == ENT_TYPE_PARTY || field->type == ENT_TYPE_SERVICE ||
           field->type == ENT_TYPE_TEXT;
}

int64_t ent_value_meaning(const ent_value_context *c, const ent_field_row *field, const char *text, size_t len)
{
    switch (field->type) {
    case ENT_TYPE_ENUM:
        return member_of(c->program, field->param, text, len);
    case ENT_TYPE_PARTY:
        return named(c, &c->names->parties, text, len);
    case ENT_TYPE_SERVICE:
        return named(c, &c->names->services, text, len);
    default:
        return ent_strings_intern(c->strings, text, len);
    }
}

bool ent_value_read(const ent_image *p, const ent_field_row *field, const char *text, size_t len, void *data,
                    size_t lane)
{
    const char *currency = field->type == ENT_TYPE_MONEY ? ent_image_text(p, field->param) : NULL;
    ent_read_value value;
    if (!ent_read((ent_type_kind)field->type, (int)field->param, currency, text, len, &value)) {
        return false;
    }
    switch (ent_type_class((unsigned)field->type)) {
    case ENT_CLASS_B:
        ((uint8_t *)data)[lane] = value.b;
        break;
    case ENT_CLASS_F:
        ((double *)data)[lane] = value.f;
        break;
    case ENT_CLASS_Q:
        ((ent_q *)data)[lane] = value.q;
        break;
    case ENT_CLASS_I:
        ((int64_t *)data)[lane] = value.i;
        break;
    }
    return true;
}

static void list_members(const ent_image *p, const ent_enumeration_row *e, char *out, size_t size)
{
    int at = snprintf(out, size, "one of ");
    for (int64_t i = 0; i < e->n_members && at > 0 && (size_t)at < size; i++) {
        at += snprintf(out + at, size - (size_t)at, "%s%s", i ? ", " : "",
                       ent_image_text(p, p->member[e->first_member + i].name));
    }
}

void ent_value_expectation(const ent_image *p, const ent_field_row *field, char expected[ENT_EXPECTED_MAX])
{
    switch (field->type) {
    case ENT_TYPE_ENUM:
        list_members(p, &p->enumeration[field->param], expected, ENT_EXPECTED_MAX);
        break;
    case ENT_TYPE_PARTY:
        snprintf(expected, ENT_EXPECTED_MAX, "the name, title or alias of a party");
        break;
    case ENT_TYPE_SERVICE:
        snprintf(expected, ENT_EXPECTED_MAX, "the name, title or alias of a service");
        break;
    default:
        snprintf(expected, ENT_EXPECTED_MAX, "%s", ent_read_expectation((ent_type_kind)field->type));
        break;
    }
}
