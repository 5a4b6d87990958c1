/* Rows of a query pushed as rows of a feed. */
#ifndef ENTENTE_SQLITE_ROWS_H
#define ENTENTE_SQLITE_ROWS_H

#include <entente.h>
#include <sqlite3ext.h>

/* Runs `source`, the name of a table or view or else a query that only reads, and pushes what it gives.  On failure
 * false, and *message is for the caller to sqlite3_free; NULL: no memory. */
bool entente_push_source(sqlite3 *db, ent_session *session, const ent_feed_info *feed, const char *source,
                         char **message);
/* Is there a table or view of that name? */
bool entente_has_table(sqlite3 *db, const char *name);

#endif
