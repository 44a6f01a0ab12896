#pragma once

/* Functions of shared libraries that are loaded by the first call, so that the
   start of a program pays only for what it uses. See
   docs/decisions/0011-lazy-libraries-have-typed-shims.md.

   SPOOL_LAZY defines a hidden function with the name and type of a library's
   function: this program calls it, the libraries never do. Two threads that
   make the first call at the same time both look the address up and find the
   same one. dlsym's result is converted to a function pointer as POSIX
   requires it to work. */

#include <stdatomic.h>

struct spool_library {
    const char *name;
    _Atomic(void *) handle;
};

/* Loads the library once. A library that cannot be loaded ends the process
   with a message on standard error: every caller depends on it. */
void spool_library_load(struct spool_library *library);

/* The function's address, loading the library first. Never NULL. */
void *spool_library_find(struct spool_library *library, const char *name);

#define SPOOL_HIDDEN __attribute__((visibility("hidden")))

/* A variable `real` with the address of the library's `name`. */
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
