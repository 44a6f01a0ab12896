#define _GNU_SOURCE
#include "CConfinement.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <stddef.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

// The structures and rights of linux/landlock.h up to version 6 of its interface; the header of
// the build machine may be older than the kernel that runs the program.
struct ruleset_attributes {
    uint64_t files;
    uint64_t network;  // version 4
    uint64_t scope;    // version 6
};
struct path_attributes {
    uint64_t rights;
    int32_t parent;
} __attribute__((packed));
struct port_attributes {
    uint64_t rights;
    uint64_t port;
};

enum { CREATE_RULESET = 444, ADD_RULE = 445, RESTRICT_SELF = 446 };
enum { RULE_PATH = 1, RULE_PORT = 2 };

#define FILE_EXECUTE (1ULL << 0)
#define FILE_WRITE (1ULL << 1)
#define FILE_READ (1ULL << 2)
#define FOLDER_READ (1ULL << 3)
#define FOLDER_REMOVE (1ULL << 4)
#define FILE_REMOVE (1ULL << 5)
#define FOLDER_MAKE (1ULL << 7)
#define FILE_MAKE (1ULL << 8)
#define VERSION_1 ((1ULL << 13) - 1)
#define REFER (1ULL << 13)      // version 2
#define TRUNCATE (1ULL << 14)   // version 3
#define CONTROL (1ULL << 15)    // version 5
#define TCP_BIND (1ULL << 0)
#define TCP_CONNECT (1ULL << 1)
#define SCOPE_ALL 3ULL          // abstract Unix sockets, signals

int spool_landlock_version(void) {
    long version = syscall(CREATE_RULESET, NULL, 0, 1U);
    return version > 0 ? (int)version : 0;
}

int spool_has_seccomp(void) {
    uint32_t action = SECCOMP_RET_ERRNO;
    return syscall(SYS_seccomp, SECCOMP_GET_ACTION_AVAIL, 0, &action) == 0;
}

static uint64_t file_rights(int version) {
    return VERSION_1 | (version >= 2 ? REFER : 0) | (version >= 3 ? TRUNCATE : 0) |
           (version >= 5 ? CONTROL : 0);
}

int spool_ruleset(int limits_tcp) {
    int version = spool_landlock_version();
    struct ruleset_attributes attributes = {file_rights(version), 0, 0};
    size_t size = sizeof attributes.files;
    if (version >= 4) {
        if (limits_tcp) attributes.network = TCP_BIND | TCP_CONNECT;
        size += sizeof attributes.network;
    }
    if (version >= 6) {
        attributes.scope = SCOPE_ALL;
        size += sizeof attributes.scope;
    }
    int ruleset = (int)syscall(CREATE_RULESET, &attributes, size, 0U);
    if (ruleset >= 0) fcntl(ruleset, F_SETFD, FD_CLOEXEC);
    return ruleset;
}

int spool_permit_path(int ruleset, const char *path, int access) {
    int file = open(path, O_PATH | O_CLOEXEC);
    if (file < 0) return errno == ENOENT || errno == ENOTDIR ? 0 : errno;
    struct stat status;
    int error = fstat(file, &status) == 0 ? 0 : errno;
    int is_folder = error == 0 && S_ISDIR(status.st_mode);
    uint64_t rights = 0;
    if (access & SPOOL_ACCESS_READ) rights |= FILE_READ | FOLDER_READ;
    if (access & SPOOL_ACCESS_EXECUTE) rights |= FILE_READ | FILE_EXECUTE;
    if (access & SPOOL_ACCESS_WRITE)
        rights |= FILE_READ | FOLDER_READ | FILE_WRITE | TRUNCATE | FILE_MAKE | FILE_REMOVE |
                  FOLDER_MAKE | FOLDER_REMOVE;
    if (access & SPOOL_ACCESS_DEVICE) rights |= FILE_READ | FOLDER_READ | FILE_WRITE | CONTROL;
    if (!is_folder) rights &= FILE_EXECUTE | FILE_WRITE | FILE_READ | TRUNCATE | CONTROL;
    struct path_attributes rule = {rights & file_rights(spool_landlock_version()), file};
    if (error == 0 && syscall(ADD_RULE, ruleset, RULE_PATH, &rule, 0U) != 0) error = errno;
    close(file);
    return error;
}

int spool_permit_port(int ruleset, int port) {
    if (spool_landlock_version() < 4) return 0;
    struct port_attributes rule = {TCP_CONNECT, (uint64_t)port};
    return syscall(ADD_RULE, ruleset, RULE_PORT, &rule, 0U) == 0 ? 0 : errno;
}

int spool_hide_memory(void) { return prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) == 0 ? 0 : errno; }

#if defined(__x86_64__)
#define OWN_ARCHITECTURE AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define OWN_ARCHITECTURE AUDIT_ARCH_AARCH64
#endif

// System calls that no decoder, filter or encoder needs.
static const int denied[] = {
    // Other processes: their memory, descriptors and signals.
    SYS_ptrace, SYS_process_vm_readv, SYS_process_vm_writev, SYS_kcmp, SYS_pidfd_open,
    SYS_pidfd_send_signal, SYS_kill, SYS_tkill, SYS_rt_sigqueueinfo, SYS_rt_tgsigqueueinfo,
    438 /* pidfd_getfd */, 440 /* process_madvise */, 448 /* process_mrelease */,
    SYS_migrate_pages, SYS_move_pages,
    // Mounts, namespaces and roots.
    SYS_mount, SYS_umount2, SYS_pivot_root, SYS_chroot, SYS_unshare, SYS_setns,
    428 /* open_tree */, 429 /* move_mount */, 430 /* fsopen */, 431 /* fsconfig */,
    432 /* fsmount */, 433 /* fspick */, 442 /* mount_setattr */, SYS_swapon, SYS_swapoff,
    SYS_quotactl, 443 /* quotactl_fd */, SYS_name_to_handle_at, SYS_open_by_handle_at,
    SYS_mknodat, SYS_fanotify_init, SYS_acct,
    // The kernel.
    SYS_bpf, SYS_perf_event_open, SYS_userfaultfd, SYS_kexec_load, SYS_init_module,
    SYS_finit_module, SYS_delete_module, SYS_reboot, SYS_syslog, SYS_add_key, SYS_request_key,
    SYS_keyctl, SYS_personality, SYS_lookup_dcookie, SYS_settimeofday, SYS_clock_settime,
    SYS_clock_adjtime, SYS_adjtimex, SYS_sethostname, SYS_setdomainname, SYS_vhangup,
    425 /* io_uring_setup */, 426 /* io_uring_enter */, 427 /* io_uring_register */,
    // Other programs, memory shared with other processes, and servers.
    SYS_execveat, SYS_shmget, SYS_shmat, SYS_msgget, SYS_semget, SYS_mq_open, SYS_vmsplice,
    SYS_bind, SYS_listen, SYS_accept, SYS_accept4, SYS_socketpair,
#if defined(__x86_64__)
    SYS_mknod, SYS_kexec_file_load, SYS_iopl, SYS_ioperm, SYS_modify_ldt, SYS_uselib,
    SYS_ustat, SYS_sysfs, SYS_create_module, SYS_nfsservctl,
#endif
};

#define LOAD(field) \
    BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, field))
#define LOAD_LOW(index) \
    BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args[index]))
#define RETURN(value) BPF_STMT(BPF_RET | BPF_K, value)
#define REFUSE(error) RETURN(SECCOMP_RET_ERRNO | (error))
#define SKIP_UNLESS(value, count) BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, value, 0, count)

struct filter_writer {
    struct sock_filter *filter;
    int length;
};

static void put(struct filter_writer *writer, struct sock_filter instruction) {
    if (writer->length < SPOOL_FILTER_LENGTH_MAX) writer->filter[writer->length] = instruction;
    writer->length++;
}

static void put_all(struct filter_writer *writer, const struct sock_filter *block, size_t count) {
    for (size_t index = 0; index < count; index++) put(writer, block[index]);
}

#define PUT(...)                                                   \
    do {                                                           \
        const struct sock_filter block[] = {__VA_ARGS__};          \
        put_all(&writer, block, sizeof block / sizeof block[0]);   \
    } while (0)

int spool_make_filter(struct sock_filter *filter, struct spool_confinement confinement) {
    struct filter_writer writer = {filter, 0};
    // Numbers mean something only together with their architecture.
    PUT(LOAD(arch), SKIP_UNLESS(OWN_ARCHITECTURE, 1), BPF_STMT(BPF_JMP | BPF_JA, 1),
        RETURN(SECCOMP_RET_KILL_PROCESS), LOAD(nr));
#if defined(__x86_64__)
    // The x32 numbers of the same calls.
    PUT(BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, 0x40000000, 0, 1), RETURN(SECCOMP_RET_KILL_PROCESS));
#endif
    for (size_t index = 0; index < sizeof denied / sizeof denied[0]; index++)
        PUT(SKIP_UNLESS((uint32_t)denied[index], 1), REFUSE(EPERM));
    if (!confinement.may_fork) {
#if defined(__x86_64__)
        PUT(SKIP_UNLESS(SYS_fork, 1), REFUSE(EPERM), SKIP_UNLESS(SYS_vfork, 1), REFUSE(EPERM));
#endif
        // A filter cannot read clone3's structure; the C library falls back to clone.
        PUT(SKIP_UNLESS(435 /* clone3 */, 1), REFUSE(ENOSYS));
        PUT(SKIP_UNLESS(SYS_clone, 4), LOAD_LOW(0),
            BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, CLONE_THREAD, 1, 0), REFUSE(EPERM),
            RETURN(SECCOMP_RET_ALLOW));
    }
    if (confinement.sockets == SPOOL_SOCKETS_NONE) {
        PUT(SKIP_UNLESS(SYS_socket, 1), REFUSE(EACCES));
    } else if (confinement.sockets == SPOOL_SOCKETS_TCP) {
        PUT(SKIP_UNLESS(SYS_socket, 9), LOAD_LOW(0),
            BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, AF_INET, 2, 0),
            BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, AF_INET6, 1, 0), REFUSE(EACCES), LOAD_LOW(1),
            BPF_STMT(BPF_ALU | BPF_AND | BPF_K, 0xff), SKIP_UNLESS(SOCK_STREAM, 1),
            RETURN(SECCOMP_RET_ALLOW), REFUSE(EACCES));
    }
    // Limits of other processes, and input for a terminal.
    PUT(SKIP_UNLESS(SYS_prlimit64, 4), LOAD_LOW(0), SKIP_UNLESS(0, 1),
        RETURN(SECCOMP_RET_ALLOW), REFUSE(EPERM));
    PUT(SKIP_UNLESS(SYS_ioctl, 4), LOAD_LOW(1), SKIP_UNLESS(TIOCSTI, 1), REFUSE(EPERM),
        RETURN(SECCOMP_RET_ALLOW));
    PUT(RETURN(SECCOMP_RET_ALLOW));
    return writer.length <= SPOOL_FILTER_LENGTH_MAX ? writer.length : -1;
}

// The kernel's structures of capset(2); the C library has no wrapper.
struct capability_header {
    uint32_t version;
    int32_t pid;
};
struct capability_sets {
    uint32_t effective, permitted, inheritable;
};

int spool_apply_confinement(struct spool_confinement confinement, struct sock_filter *filter,
                            int length) {
    if (!confinement.is_confined) return 0;
    // Without new privileges an exec by root keeps the empty sets as they are.
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return -1;
    struct capability_header header = {0x20080522, 0};
    const struct capability_sets none[2] = {{0, 0, 0}, {0, 0, 0}};
    if (syscall(SYS_capset, &header, none) != 0) return -1;
    // libnuma reads the permitted processors there; the file of the parent is another.
    if (confinement.ruleset >= 0)
        spool_permit_path(confinement.ruleset, "/proc/self/status", SPOOL_ACCESS_READ);
    if (confinement.ruleset >= 0 && syscall(RESTRICT_SELF, confinement.ruleset, 0U) != 0)
        return -1;
    if (!confinement.has_filter) return 0;
    struct sock_fprog program = {(unsigned short)length, filter};
    return (int)syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program);
}
