#include "CLazy.h"

#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>

/* In the words that the crash reporter looks for. */
static void fail(const char *what) {
    fprintf(stderr, "Fatal error: a library that is needed cannot be loaded: %s\n", what);
    abort();
}

void spool_library_load(struct spool_library *library) {
    if (atomic_load(&library->handle)) return;
    void *handle = dlopen(library->name, RTLD_LAZY | RTLD_LOCAL);
    if (!handle) fail(dlerror());
    /* Opened twice at once is counted twice, and never closed. */
    atomic_store(&library->handle, handle);
}

void *spool_library_find(struct spool_library *library, const char *name) {
    spool_library_load(library);
    void *function = dlsym(atomic_load(&library->handle), name);
    if (!function) fail(dlerror());
    return function;
}
