#define _GNU_SOURCE
#include "CProcess.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#ifndef CLOSE_RANGE_CLOEXEC
#define CLOSE_RANGE_CLOEXEC (1U << 2)
#endif
#ifndef P_PIDFD
#define P_PIDFD 3
#endif

struct report {
    int32_t step;
    int32_t error;
};

// Everything between fork and exec is async-signal-safe: another thread may
// hold any lock of the parent at the moment of the fork.
static void fail(int report_fd, int step) {
    struct report report = {step, errno};
    ssize_t written = write(report_fd, &report, sizeof report);
    (void)written;
    _exit(127);
}

static int limit(int resource, int64_t value) {
    if (value < 0) return 0;
    struct rlimit both, inherited;
    both.rlim_cur = both.rlim_max = (rlim_t)value;
    if (resource == RLIMIT_CPU) both.rlim_max = (rlim_t)value + 1;
    // A limit of the parent is never raised.
    if (getrlimit(resource, &inherited) != 0) return -1;
    if (both.rlim_max > inherited.rlim_max) both.rlim_max = inherited.rlim_max;
    if (both.rlim_cur > both.rlim_max) both.rlim_cur = both.rlim_max;
    return setrlimit(resource, &both);
}

// CLOSE_RANGE_CLOEXEC came with Linux 5.11; older kernels mark one by one.
static void close_others_on_exec(void) {
    if (syscall(SYS_close_range, 3U, ~0U, CLOSE_RANGE_CLOEXEC) == 0) return;
    struct rlimit files;
    int last = 65536;
    if (getrlimit(RLIMIT_NOFILE, &files) == 0 && files.rlim_cur < (rlim_t)last)
        last = (int)files.rlim_cur;
    for (int fd = 3; fd < last; fd++) fcntl(fd, F_SETFD, FD_CLOEXEC);
}

static void reset_signals(void) {
    for (int number = 1; number < NSIG; number++) signal(number, SIG_DFL);
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
}

// Text that the child writes, prepared before the fork: snprintf may lock.
struct tmp_texts {
    char options[64];
    char user_map[64];
    char group_map[64];
};

static void prepare_tmp(struct tmp_texts *texts, struct spool_private_tmp tmp) {
    snprintf(texts->options, sizeof texts->options, "size=%lld,mode=1777", (long long)tmp.bytes);
    snprintf(texts->user_map, sizeof texts->user_map, "%u %u 1", geteuid(), geteuid());
    snprintf(texts->group_map, sizeof texts->group_map, "%u %u 1", getegid(), getegid());
}

static int write_file(const char *path, const char *text) {
    int file = open(path, O_WRONLY | O_CLOEXEC);
    if (file < 0) return -1;
    ssize_t count = (ssize_t)strlen(text);
    int result = write(file, text, (size_t)count) == count ? 0 : -1;
    int error = errno;
    close(file);
    errno = error;
    return result;
}

static int mount_tmp(struct spool_private_tmp tmp, const struct tmp_texts *texts) {
    if (unshare(CLONE_NEWNS) != 0) {
        if (unshare(CLONE_NEWUSER | CLONE_NEWNS) != 0) return -1;
        // user_namespaces(7): setgroups must be denied before gid_map is written.
        if (write_file("/proc/self/setgroups", "deny") != 0 ||
            write_file("/proc/self/uid_map", texts->user_map) != 0 ||
            write_file("/proc/self/gid_map", texts->group_map) != 0)
            return -1;
    }
    // Mounts made here stay in this namespace.
    if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0) return -1;
    if (tmp.kind == 2) return mount(tmp.folder, "/tmp", NULL, MS_BIND, NULL);
    return mount("tmpfs", "/tmp", "tmpfs", MS_NOSUID | MS_NODEV, texts->options);
}

// Prepared before the fork, like the texts.
struct prepared {
    struct tmp_texts texts;
    struct sock_filter filter[SPOOL_FILTER_LENGTH_MAX];
    int filter_length;
};

static void become(const char *path, char *const argv[], char *const envp[],
                   const char *directory, int out_fd, int err_fd,
                   struct spool_limits limits, struct spool_private_tmp tmp,
                   struct spool_confinement confinement, struct prepared *prepared,
                   pid_t parent, int report_fd) {
    if (setpgid(0, 0) != 0) fail(report_fd, SPOOL_STEP_SETUP);
    // Before PR_SET_PDEATHSIG: new credentials reset it.
    if (tmp.kind != 0 && mount_tmp(tmp, &prepared->texts) != 0) fail(report_fd, SPOOL_STEP_TMP);
    if (prctl(PR_SET_PDEATHSIG, SIGKILL) != 0) fail(report_fd, SPOOL_STEP_SETUP);
    // The parent may have died before the prctl took effect.
    if (getppid() != parent) _exit(127);

    int null_fd = open("/dev/null", O_RDONLY);
    // The descriptors passed in may be 0 to 2, so copy them away first.
    int out_copy = fcntl(out_fd, F_DUPFD_CLOEXEC, 3);
    int err_copy = fcntl(err_fd, F_DUPFD_CLOEXEC, 3);
    if (null_fd < 0 || out_copy < 0 || err_copy < 0) fail(report_fd, SPOOL_STEP_SETUP);
    if (dup2(null_fd, 0) < 0 || dup2(out_copy, 1) < 0 || dup2(err_copy, 2) < 0)
        fail(report_fd, SPOOL_STEP_SETUP);
    close_others_on_exec();

    if (directory != NULL && chdir(directory) != 0) fail(report_fd, SPOOL_STEP_DIRECTORY);
    struct rlimit no_core = {0, 0};
    if (setrlimit(RLIMIT_CORE, &no_core) != 0 ||
        limit(RLIMIT_CPU, limits.cpu_seconds) != 0 ||
        limit(RLIMIT_AS, limits.address_space_bytes) != 0 ||
        limit(RLIMIT_FSIZE, limits.file_bytes) != 0 ||
        limit(RLIMIT_DATA, limits.data_bytes) != 0 ||
        limit(RLIMIT_NOFILE, limits.open_files) != 0)
        fail(report_fd, SPOOL_STEP_LIMITS);

    reset_signals();
    // Last, since the filter forbids some of the calls above.
    if (spool_apply_confinement(confinement, prepared->filter, prepared->filter_length) != 0)
        fail(report_fd, SPOOL_STEP_CONFINEMENT);
    execve(path, argv, envp);
    fail(report_fd, SPOOL_STEP_EXECUTE);
}

static int abandon(pid_t pid, int report_fd) {
    kill(pid, SIGKILL);
    while (waitpid(pid, NULL, 0) < 0 && errno == EINTR) {}
    close(report_fd);
    return -1;
}

int spool_spawn(const char *path, char *const argv[], char *const envp[],
                const char *directory, int out_fd, int err_fd,
                struct spool_limits limits, struct spool_private_tmp tmp,
                struct spool_confinement confinement, pid_t *pid, int *pidfd, int *step) {
    *step = SPOOL_STEP_FORK;
    struct prepared prepared;
    prepare_tmp(&prepared.texts, tmp);
    prepared.filter_length = spool_make_filter(prepared.filter, confinement);
    if (prepared.filter_length < 0) return E2BIG;
    int report_fds[2];
    if (pipe2(report_fds, O_CLOEXEC) != 0) return errno;

    // Signals stay blocked over the fork, so that no handler of the parent
    // runs in the child before its handlers are reset.
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    pid_t parent = getpid();
    pid_t child = fork();
    if (child == 0)
        become(path, argv, envp, directory, out_fd, err_fd, limits, tmp, confinement, &prepared,
               parent, report_fds[1]);
    int fork_error = errno;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    close(report_fds[1]);
    if (child < 0) {
        close(report_fds[0]);
        return fork_error;
    }

    int handle = (int)syscall(SYS_pidfd_open, child, 0);
    if (handle < 0) {
        int error = errno;
        abandon(child, report_fds[0]);
        return error;
    }
    fcntl(handle, F_SETFD, FD_CLOEXEC);

    // End of file: exec closed the pipe, so the program runs.
    struct report report = {0, 0};
    ssize_t got;
    do {
        got = read(report_fds[0], &report, sizeof report);
    } while (got < 0 && errno == EINTR);
    if (got != 0) {
        int error = got == (ssize_t)sizeof report ? report.error : EIO;
        *step = got == (ssize_t)sizeof report ? report.step : SPOOL_STEP_SETUP;
        abandon(child, report_fds[0]);
        close(handle);
        return error;
    }
    close(report_fds[0]);
    *step = SPOOL_STEP_NONE;
    *pid = child;
    *pidfd = handle;
    return 0;
}

int spool_reap(int pidfd, struct spool_exit *exit) {
    siginfo_t info;
    struct rusage usage;
    memset(&info, 0, sizeof info);
    memset(&usage, 0, sizeof usage);
    // glibc's waitid hides the fifth argument, the resource usage.
    long result;
    do {
        result = syscall(SYS_waitid, P_PIDFD, pidfd, &info, WEXITED | WNOHANG, &usage);
    } while (result < 0 && errno == EINTR);
    if (result < 0) return errno;
    if (info.si_pid == 0) return EAGAIN;
    exit->was_signalled = info.si_code != CLD_EXITED;
    exit->value = info.si_status;
    exit->cpu_microseconds =
        (int64_t)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1000000 +
        usage.ru_utime.tv_usec + usage.ru_stime.tv_usec;
    exit->peak_memory_bytes = (int64_t)usage.ru_maxrss * 1024;
    return 0;
}

int spool_pipe(int *read_end, int *write_end) {
    int fds[2];
    if (pipe2(fds, O_CLOEXEC) != 0) return errno;
    fcntl(fds[0], F_SETFL, O_NONBLOCK);
    *read_end = fds[0];
    *write_end = fds[1];
    return 0;
}

int spool_eventfd(void) { return eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC); }

int spool_readable_bytes(int fd, int *count) { return ioctl(fd, FIONREAD, count) == 0 ? 0 : errno; }
