#pragma once
#include <stddef.h>
#include <sys/socket.h>

/* Tells the Runtime API, and the log, why a process died of a signal.

   A Swift trap prints its reason to standard error and stops the process on
   the spot: no code of ours runs after it but a signal handler. The handler
   finds the reason in what went through standard error, which is a pipe into
   this file from here on, and posts it as the error of each invocation under
   way (or of the init). All of it is async-signal-safe: no allocation, no
   lock, no stdio. */

/* Longest request ID that is kept; the Runtime API's are UUIDs of 36. */
enum { SPOOL_CRASH_ID_BYTES = 128 };

/* To be called once, before any other thread writes to standard error.
   `authority` is the Host header. Returns a descriptor that is the real
   standard error, for a logger; 2 when nothing could be installed. */
int spool_crash_install(
    const struct sockaddr *address, socklen_t length, const char *authority);

/* From here on a crash is no longer an init error. */
void spool_crash_init_is_over(void);

/* An invocation is under way in that slot (one for each loop), until it ends. */
void spool_crash_enter(int slot, const char *request_id);
void spool_crash_leave(int slot);

/* Gives the calling thread a signal stack, so that its stack overflow too is
   reported. Threads without one die unreported of that alone. */
void spool_crash_protect_thread(void);

/* Waits until what was written to standard error has left the process, as
   long as 100 ms. To be called before an orderly exit. */
void spool_crash_flush(void);

/* Freed memory stays with the process: an event and its response of up to 6 MiB
   reuse what those before had. By default it would go back to the system and
   come again, page by page. */
void spool_keep_freed_memory(void);
