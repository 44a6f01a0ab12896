#include "CLazy.h"

#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>

static void fail(const char *reason) {
    fprintf(stderr, "Fatal error: cannot load a required library: %s\n", reason);
    abort();
}

void spool_library_load(struct spool_library *library) {
    if (atomic_load(&library->handle)) return;
    void *handle = dlopen(library->name, RTLD_LAZY | RTLD_LOCAL);
    if (!handle) fail(dlerror());
    /* Two threads may open it at the same time; it is never closed. */
    atomic_store(&library->handle, handle);
}

void *spool_library_find(struct spool_library *library, const char *name) {
    spool_library_load(library);
    void *function = dlsym(atomic_load(&library->handle), name);
    if (!function) fail(dlerror());
    return function;
}
