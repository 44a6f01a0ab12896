#include "CSQLite.h"

#include "CLazy.h"

static struct spool_library library = {"libsqlite3.so.0", NULL};

SPOOL_LAZY(
    library, int, sqlite3_open_v2,
    (const char *path, sqlite3 **database, int flags, const char *system),
    (path, database, flags, system))
SPOOL_LAZY(library, int, sqlite3_close_v2, (sqlite3 * database), (database))
SPOOL_LAZY(library, const char *, sqlite3_errmsg, (sqlite3 * database), (database))
SPOOL_LAZY(library, int, sqlite3_extended_errcode, (sqlite3 * database), (database))
SPOOL_LAZY(
    library, int, sqlite3_busy_timeout, (sqlite3 * database, int milliseconds),
    (database, milliseconds))
SPOOL_LAZY(library, sqlite3_int64, sqlite3_changes64, (sqlite3 * database), (database))
SPOOL_LAZY(library, sqlite3_int64, sqlite3_last_insert_rowid, (sqlite3 * database), (database))
SPOOL_LAZY(
    library, int, sqlite3_exec,
    (sqlite3 * database, const char *sql, int (*callback)(void *, int, char **, char **),
     void *context, char **message),
    (database, sql, callback, context, message))
SPOOL_LAZY(
    library, int, sqlite3_prepare_v2,
    (sqlite3 * database, const char *sql, int bytes, sqlite3_stmt **statement,
     const char **rest),
    (database, sql, bytes, statement, rest))
SPOOL_LAZY(library, int, sqlite3_finalize, (sqlite3_stmt * statement), (statement))
SPOOL_LAZY(library, int, sqlite3_reset, (sqlite3_stmt * statement), (statement))
SPOOL_LAZY(library, int, sqlite3_step, (sqlite3_stmt * statement), (statement))
SPOOL_LAZY(library, int, sqlite3_clear_bindings, (sqlite3_stmt * statement), (statement))
SPOOL_LAZY(library, int, sqlite3_bind_parameter_count, (sqlite3_stmt * statement), (statement))
SPOOL_LAZY(
    library, const char *, sqlite3_bind_parameter_name, (sqlite3_stmt * statement, int index),
    (statement, index))
SPOOL_LAZY(library, int, sqlite3_bind_null, (sqlite3_stmt * statement, int index), (statement, index))
SPOOL_LAZY(
    library, int, sqlite3_bind_int64,
    (sqlite3_stmt * statement, int index, sqlite3_int64 value), (statement, index, value))
SPOOL_LAZY(
    library, int, sqlite3_bind_double, (sqlite3_stmt * statement, int index, double value),
    (statement, index, value))
SPOOL_LAZY(
    library, int, sqlite3_bind_zeroblob, (sqlite3_stmt * statement, int index, int bytes),
    (statement, index, bytes))
SPOOL_LAZY(
    library, int, sqlite3_bind_text64,
    (sqlite3_stmt * statement, int index, const char *text, sqlite3_uint64 bytes,
     void (*release)(void *), unsigned char encoding),
    (statement, index, text, bytes, release, encoding))
SPOOL_LAZY(
    library, int, sqlite3_bind_blob64,
    (sqlite3_stmt * statement, int index, const void *data, sqlite3_uint64 bytes,
     void (*release)(void *)),
    (statement, index, data, bytes, release))
SPOOL_LAZY(library, int, sqlite3_column_count, (sqlite3_stmt * statement), (statement))
SPOOL_LAZY(
    library, const char *, sqlite3_column_name, (sqlite3_stmt * statement, int column),
    (statement, column))
SPOOL_LAZY(
    library, int, sqlite3_column_type, (sqlite3_stmt * statement, int column),
    (statement, column))
SPOOL_LAZY(
    library, sqlite3_int64, sqlite3_column_int64, (sqlite3_stmt * statement, int column),
    (statement, column))
SPOOL_LAZY(
    library, double, sqlite3_column_double, (sqlite3_stmt * statement, int column),
    (statement, column))
SPOOL_LAZY(
    library, const unsigned char *, sqlite3_column_text,
    (sqlite3_stmt * statement, int column), (statement, column))
SPOOL_LAZY(
    library, const void *, sqlite3_column_blob, (sqlite3_stmt * statement, int column),
    (statement, column))
SPOOL_LAZY(
    library, int, sqlite3_column_bytes, (sqlite3_stmt * statement, int column),
    (statement, column))
