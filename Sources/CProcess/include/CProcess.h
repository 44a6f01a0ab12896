#ifndef SPOOL_CPROCESS_H
#define SPOOL_CPROCESS_H

#include <stdint.h>
#include <sys/types.h>

#include "CConfinement.h"

// Resource limits of a child; a negative value keeps the parent's.
struct spool_limits {
    int64_t cpu_seconds;
    int64_t address_space_bytes;
    int64_t file_bytes;
    int64_t data_bytes;
    int64_t open_files;
};

// The child's /tmp. `kind` 0: the parent's; 1: a tmpfs of `bytes`; 2: `folder`,
// bound to /tmp. 1 and 2 need a mount namespace, so root or a user namespace;
// where the system grants neither, the start fails.
struct spool_private_tmp {
    int32_t kind;
    int64_t bytes;
    const char *folder;
};

// Exit of a child, and its usage including that of the children it waited for.
struct spool_exit {
    int32_t was_signalled;  // 1: `value` is the signal, 0: `value` is the exit code
    int32_t value;
    int64_t cpu_microseconds;
    int64_t peak_memory_bytes;
};

// Steps between fork and exec; the caller gets the one that failed.
enum {
    SPOOL_STEP_NONE = 0,
    SPOOL_STEP_FORK,
    SPOOL_STEP_SETUP,
    SPOOL_STEP_TMP,
    SPOOL_STEP_DIRECTORY,
    SPOOL_STEP_LIMITS,
    SPOOL_STEP_CONFINEMENT,
    SPOOL_STEP_EXECUTE
};

// Starts `path` as leader of its own process group: stdin is /dev/null, stdout
// and stderr are the given descriptors, every other descriptor is closed. The
// child gets SIGKILL when the calling THREAD ends (PR_SET_PDEATHSIG), so call
// this on a thread that lives as long as the process. Returns 0 or an errno,
// with the step.
int spool_spawn(const char *path, char *const argv[], char *const envp[],
                const char *directory, int out_fd, int err_fd,
                struct spool_limits limits, struct spool_private_tmp tmp,
                struct spool_confinement confinement, pid_t *pid, int *pidfd, int *step);

// Reaps the child behind `pidfd`; returns 0, EAGAIN while it runs, or an errno.
int spool_reap(int pidfd, struct spool_exit *exit);

// A pipe whose ends are close-on-exec; the reading end does not block.
int spool_pipe(int *read_end, int *write_end);

// Counts the bytes in a pipe; returns 0 or an errno.
int spool_readable_bytes(int fd, int *count);

// An eventfd (non-blocking, close-on-exec), or -1 with errno set.
int spool_eventfd(void);

#endif
