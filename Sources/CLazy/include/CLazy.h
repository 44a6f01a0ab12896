#pragma once

/* Functions of shared libraries that are loaded by the first call of one, so
   that a program's start pays only for what it uses. See docs/decisions/0006.

   SPOOL_LAZY defines a function with the name and type of a library's own,
   hidden: this program calls it, the libraries among themselves never do. Two
   threads that come first at once find the same function twice. */

#include <stdatomic.h>

struct spool_library {
    const char *name;
    _Atomic(void *) handle;
};

/* Loads the library unless it is. What cannot be loaded ends the process with
   a message on standard error: nothing can go on without. */
void spool_library_load(struct spool_library *library);

/* The function's address, loading the library first. Never NULL. */
void *spool_library_find(struct spool_library *library, const char *name);

#define SPOOL_HIDDEN __attribute__((visibility("hidden")))

/* A variable `real` that holds the library's own `name`. */
#define SPOOL_LAZY_REAL(library, type, name)                                   \
    static _Atomic(type) found;                                                \
    type real = atomic_load_explicit(&found, memory_order_acquire);            \
    if (!real) {                                                               \
        real = (type)spool_library_find(&library, #name);                      \
        atomic_store_explicit(&found, real, memory_order_release);             \
    }

#define SPOOL_LAZY(library, result, name, parameters, arguments)               \
    SPOOL_HIDDEN result name parameters {                                      \
        typedef result(*function) parameters;                                  \
        SPOOL_LAZY_REAL(library, function, name)                               \
        return real arguments;                                                 \
    }
