#ifndef SPOOL_CCONFINEMENT_H
#define SPOOL_CCONFINEMENT_H

#include <stdint.h>

// Confinement of a child: Landlock, a seccomp filter, no capabilities and no new privileges.
// The parent makes the ruleset and the filter, so that the child only applies them.

// Version of Landlock's interface in the running kernel; 0 without Landlock.
int spool_landlock_version(void);

// 1 if the kernel takes a seccomp filter that answers with an error number.
int spool_has_seccomp(void);

// Rights to the files below a path.
enum {
    SPOOL_ACCESS_READ = 1,     // read files, list folders
    SPOOL_ACCESS_EXECUTE = 2,  // execute
    SPOOL_ACCESS_WRITE = 4,    // make, write, rename within the folder, and remove
    SPOOL_ACCESS_DEVICE = 8    // read, write and control a device
};

// A ruleset that forbids every file, and every TCP connection if `limits_tcp` and the kernel
// knows such rules. Returns its descriptor, or -1 with errno set.
int spool_ruleset(int limits_tcp);

// Permits the files below `path`; a missing path is skipped. Returns 0 or an errno.
int spool_permit_path(int ruleset, const char *path, int access);

// Permits connections to a TCP port; without effect on kernels that have no such rules.
// Returns 0 or an errno.
int spool_permit_port(int ruleset, int port);

// Sockets that a child may create.
enum {
    SPOOL_SOCKETS_NONE = 0,
    SPOOL_SOCKETS_TCP,  // connecting TCP sockets over IPv4 and IPv6
    SPOOL_SOCKETS_ANY
};

// What a child gives up before it executes its program.
struct spool_confinement {
    int32_t is_confined;  // 0: nothing
    int32_t ruleset;      // -1: no Landlock
    int32_t has_filter;   // 0: no seccomp
    int32_t sockets;
    int32_t may_fork;     // 0: threads, but no processes
};

// Forbids other processes of the same user to read this process's memory and environment
// (PR_SET_DUMPABLE). Returns 0 or an errno.
int spool_hide_memory(void);

// Internal to CProcess: a filter in the memory of the caller, and its application in a child.
struct sock_filter;
enum { SPOOL_FILTER_LENGTH_MAX = 320 };
int spool_make_filter(struct sock_filter *filter, struct spool_confinement confinement);
int spool_apply_confinement(struct spool_confinement confinement, struct sock_filter *filter,
                            int length);

#endif
