"""Tries what a confined child must not do. Prints `NAME done` or `NAME refused` for each.

forbidden.py SECRET_FILE SCRATCH_FOLDER PERMITTED_PORT OTHER_PORT PARENT_PROCESS
"""

import ctypes
import os
import platform
import resource
import socket
import sys

secret, scratch, permitted, other, parent = sys.argv[1:6]
LIBC = ctypes.CDLL(None, use_errno=True)
# Numbers of the system calls on x86-64 and on arm64.
NUMBERS = {
    "ptrace": (101, 117),
    "process_vm_readv": (310, 270),
    "mount": (165, 40),
    "unshare": (272, 97),
    "setns": (308, 268),
    "bpf": (321, 280),
    "keyctl": (250, 219),
    "kexec_load": (246, 104),
    "perf_event_open": (298, 241),
    "io_uring_setup": (425, 425),
    "pidfd_open": (434, 434),
    "userfaultfd": (323, 282),
    "open_by_handle_at": (304, 265),
    "reboot": (169, 142),
    "chroot": (161, 51),
}


def system_call(name, *arguments):
    number = NUMBERS[name][platform.machine() != "x86_64"]
    ctypes.set_errno(0)
    if LIBC.syscall(number, *arguments) < 0:
        raise OSError(ctypes.get_errno(), name)


def refused_by_filter(name, *arguments):
    """An invalid call that reaches the kernel fails in another way than with EPERM."""
    try:
        system_call(name, *arguments)
    except OSError as error:
        if error.errno == 1:
            raise


def connect(port):
    with socket.create_connection(("127.0.0.1", int(port)), timeout=5):
        pass


def listen():
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen()


ATTEMPTS = {
    "write scratch": lambda: open(f"{scratch}/own", "w").write("x"),
    "rename scratch": lambda: os.rename(f"{scratch}/own", f"{scratch}/renamed"),
    "connect permitted": lambda: connect(permitted),
    "read secret": lambda: open(secret).read(),
    "list root": lambda: os.listdir("/"),
    "read passwd": lambda: open("/etc/passwd").read(),
    "read environment of parent": lambda: open(f"/proc/{parent}/environ").read(),
    "read memory of parent": lambda: open(f"/proc/{parent}/mem", "rb").read(1),
    "list descriptors of parent": lambda: os.listdir(f"/proc/{parent}/fd"),
    "write secret": lambda: open(secret, "w"),
    "write beside scratch": lambda: open(f"{os.path.dirname(scratch)}/beside", "w"),
    "link into scratch": lambda: os.link(secret, f"{scratch}/link"),
    "symbolic link": lambda: open(os.symlink(secret, f"{scratch}/symbolic") or secret),
    "named pipe": lambda: os.mkfifo(f"{scratch}/fifo"),
    "connect other": lambda: connect(other),
    "listen": listen,
    "datagram": lambda: socket.socket(socket.AF_INET, socket.SOCK_DGRAM),
    "raw socket": lambda: socket.socket(socket.AF_INET, socket.SOCK_RAW, 1),
    "unix socket": lambda: socket.socket(socket.AF_UNIX),
    "netlink": lambda: socket.socket(socket.AF_NETLINK, socket.SOCK_RAW),
    "packet socket": lambda: socket.socket(socket.AF_PACKET, socket.SOCK_RAW),
    "fork": lambda: os.fork() or os._exit(0),
    "signal parent": lambda: os.kill(int(parent), 0),
    "signal group": lambda: os.killpg(os.getpgid(int(parent)), 0),
    "raise limit": lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (1 << 16, 1 << 16)),
    "limits of parent": lambda: resource.prlimit(int(parent), resource.RLIMIT_CORE),
    "change owner": lambda: os.chown(f"{scratch}/renamed", 65534, 65534),
    "core dump": lambda: resource.getrlimit(resource.RLIMIT_CORE) == (0, 0) and 1 / 0,
}
ATTEMPTS |= {name: lambda name=name: refused_by_filter(name, 9999, 0, 0, 0, 0) for name in NUMBERS}
# Last, since these change the process.
ATTEMPTS |= {
    "become another user": lambda: os.setuid(65534 if os.getuid() == 0 else 0),
    "execute": lambda: os.execv("/bin/true", ["true"]),
}

for name, attempt in ATTEMPTS.items():
    try:
        attempt()
        print(name, "done", flush=True)
    except (OSError, ValueError, ZeroDivisionError):
        print(name, "refused", flush=True)
