#ifndef SPOOL_CPROCESS_H
#define SPOOL_CPROCESS_H

#include <stdint.h>
#include <sys/types.h>

// Ceilings of a child; a negative value leaves the parent's in place.
struct spool_limits {
    int64_t cpu_seconds;
    int64_t address_space_bytes;
    int64_t file_bytes;
};

// A /tmp of the child's own. `kind` 0: the parent's; 1: in memory, of `bytes`;
// 2: `folder`, seen as /tmp. Needs a mount namespace, which root or a user
// namespace gives; where the system grants neither, the start fails.
struct spool_private_tmp {
    int32_t kind;
    int64_t bytes;
    const char *folder;
};

// How a child ended, and what it used together with the children it waited for.
struct spool_exit {
    int32_t was_signalled;  // 1: `value` is the signal, 0: `value` is the exit code
    int32_t value;
    int64_t cpu_microseconds;
    int64_t peak_memory_bytes;
};

// Steps between fork and the new program; one that fails is named to the caller.
enum {
    SPOOL_STEP_NONE = 0,
    SPOOL_STEP_FORK,
    SPOOL_STEP_SETUP,
    SPOOL_STEP_TMP,
    SPOOL_STEP_DIRECTORY,
    SPOOL_STEP_LIMITS,
    SPOOL_STEP_EXECUTE
};

// Starts `path` as leader of its own process group: stdin is /dev/null, stdout
// and stderr are the given descriptors, every other descriptor is closed. The
// child gets SIGKILL when the calling THREAD ends, so call this from a thread
// that lives as long as the process. Returns 0 or an errno, with the step.
int spool_spawn(const char *path, char *const argv[], char *const envp[],
                const char *directory, int out_fd, int err_fd,
                struct spool_limits limits, struct spool_private_tmp tmp,
                pid_t *pid, int *pidfd, int *step);

// Reaps the child behind `pidfd`; returns 0, EAGAIN while it runs, or an errno.
int spool_reap(int pidfd, struct spool_exit *exit);

// A pipe whose ends are close-on-exec; the reading end does not block.
int spool_pipe(int *read_end, int *write_end);

// Bytes that wait in a pipe; returns 0 or an errno.
int spool_readable_bytes(int fd, int *count);

// An eventfd (non-blocking, close-on-exec), or -1 with errno set.
int spool_eventfd(void);

#endif
