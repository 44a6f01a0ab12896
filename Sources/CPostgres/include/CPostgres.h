#pragma once
#include <postgresql/libpq-fe.h>
#include <stddef.h>

/* libpq is loaded by the first call of one of its functions. */

/* Five characters of the SQL standard, or "" when the server sent no code. */
const char *spool_pg_state(const PGresult *result);

/* Drops the server's notices, which libpq would print to standard error. */
void spool_pg_drop_notices(PGconn *connection);
