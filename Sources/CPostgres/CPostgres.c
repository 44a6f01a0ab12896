#include "CPostgres.h"

#include "CLazy.h"

static struct spool_library library = {"libpq.so.5", NULL};

SPOOL_LAZY(
    library, PGconn *, PQconnectdbParams,
    (const char *const *keywords, const char *const *values, int expand_dbname),
    (keywords, values, expand_dbname))
SPOOL_LAZY(library, void, PQfinish, (PGconn * connection), (connection))
SPOOL_LAZY(library, ConnStatusType, PQstatus, (const PGconn *connection), (connection))
SPOOL_LAZY(library, char *, PQerrorMessage, (const PGconn *connection), (connection))
SPOOL_LAZY(library, PGresult *, PQexec, (PGconn * connection, const char *sql), (connection, sql))
SPOOL_LAZY(
    library, PGresult *, PQexecParams,
    (PGconn * connection, const char *sql, int count, const Oid *types,
     const char *const *values, const int *lengths, const int *formats, int result_format),
    (connection, sql, count, types, values, lengths, formats, result_format))
SPOOL_LAZY(library, ExecStatusType, PQresultStatus, (const PGresult *result), (result))
SPOOL_LAZY(
    library, char *, PQresultErrorField, (const PGresult *result, int field), (result, field))
SPOOL_LAZY(library, char *, PQresultErrorMessage, (const PGresult *result), (result))
SPOOL_LAZY(library, int, PQntuples, (const PGresult *result), (result))
SPOOL_LAZY(library, int, PQnfields, (const PGresult *result), (result))
SPOOL_LAZY(library, char *, PQfname, (const PGresult *result, int column), (result, column))
SPOOL_LAZY(library, Oid, PQftype, (const PGresult *result, int column), (result, column))
SPOOL_LAZY(
    library, int, PQgetisnull, (const PGresult *result, int row, int column),
    (result, row, column))
SPOOL_LAZY(
    library, char *, PQgetvalue, (const PGresult *result, int row, int column),
    (result, row, column))
SPOOL_LAZY(
    library, int, PQgetlength, (const PGresult *result, int row, int column),
    (result, row, column))
SPOOL_LAZY(library, char *, PQcmdTuples, (PGresult * result), (result))
SPOOL_LAZY(library, void, PQclear, (PGresult * result), (result))
SPOOL_LAZY(
    library, unsigned char *, PQunescapeBytea, (const unsigned char *text, size_t *count),
    (text, count))
SPOOL_LAZY(library, void, PQfreemem, (void *memory), (memory))
SPOOL_LAZY(
    library, PQnoticeProcessor, PQsetNoticeProcessor,
    (PGconn * connection, PQnoticeProcessor process, void *context),
    (connection, process, context))

const char *spool_pg_state(const PGresult *result) {
    const char *state = PQresultErrorField(result, PG_DIAG_SQLSTATE);
    return state ? state : "";
}

static void drop(void *context, const char *message) { (void)context, (void)message; }

void spool_pg_drop_notices(PGconn *connection) { PQsetNoticeProcessor(connection, drop, NULL); }
