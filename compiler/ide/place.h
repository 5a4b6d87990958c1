/* Places as editors count them: lines and UTF-16 units from 0.  Tested by tests/ide.py. */
#ifndef ENT_IDE_PLACE_H
#define ENT_IDE_PLACE_H

#include <jansson.h>

#include "compiler/syntax/source.h"

json_t *ent_ide_range(const ent_sources *sources, ent_span span);
/* The offset of a place; what lies past the end of a line is its end. */
uint32_t ent_ide_offset(const ent_sources *sources, uint32_t file, json_t *position);
/* The range of the whole file. */
json_t *ent_ide_all(const ent_sources *sources, uint32_t file);
#endif
