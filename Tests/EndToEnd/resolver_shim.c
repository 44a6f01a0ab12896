/* A resolver whose answer changes: loaded before libc (LD_PRELOAD) into a function.

   Names below rebind.example are 127.0.0.1 for every third lookup, else 127.0.0.2. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <netdb.h>
#include <stdatomic.h>
#include <string.h>

typedef int (*lookup)(const char *, const char *, const struct addrinfo *, struct addrinfo **);

int getaddrinfo(const char *name, const char *service, const struct addrinfo *hints,
                struct addrinfo **found) {
    static atomic_int count;
    lookup next = (lookup)dlsym(RTLD_NEXT, "getaddrinfo");
    if (name && strstr(name, ".rebind.example"))
        name = atomic_fetch_add(&count, 1) % 3 == 1 ? "127.0.0.1" : "127.0.0.2";
    return next(name, service, hints, found);
}
