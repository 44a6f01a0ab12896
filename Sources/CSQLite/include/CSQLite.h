#pragma once
#include <sqlite3.h>

/* SQLite is loaded by the first call of one of its functions. */

/* SQLITE_TRANSIENT (SQLite copies the value) is a cast, which Swift does not
 * import. */
static inline int spool_sqlite3_bind_text(sqlite3_stmt *statement, int index,
                                          const char *text, unsigned long long bytes) {
    return sqlite3_bind_text64(statement, index, text, bytes, SQLITE_TRANSIENT, SQLITE_UTF8);
}

static inline int spool_sqlite3_bind_blob(sqlite3_stmt *statement, int index,
                                          const void *data, unsigned long long bytes) {
    return sqlite3_bind_blob64(statement, index, data, bytes, SQLITE_TRANSIENT);
}
