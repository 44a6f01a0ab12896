#define _GNU_SOURCE
#include "CLambdaProcess.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

enum { TAIL_BYTES = 4096, SLOTS = 1024, REASON_BYTES = 1024, POST_BYTES = 8192 };

static const int fatal_signals[] = {SIGILL, SIGTRAP, SIGSEGV, SIGBUS, SIGFPE, SIGABRT, SIGSYS};
enum { FATAL_SIGNALS = sizeof fatal_signals / sizeof *fatal_signals };

static int real_stderr = 2;
static int pipe_read = -1;
static atomic_bool is_forwarding;
static atomic_bool has_crashed;
static atomic_bool is_init_over;

/* The last bytes of standard error; written by whoever forwards. */
static char tail[TAIL_BYTES];
static size_t tail_length;

/* An ID is written before its flag is set and cleared after it: the handler
   reads only IDs whose flag it sees. */
static struct {
    atomic_bool is_active;
    char id[SPOOL_CRASH_ID_BYTES + 1];
} slots[SLOTS];

static struct sockaddr_storage api_address;
static socklen_t api_length;
static char api_authority[272];

/* Standard error, forwarded. */

static void write_all(int descriptor, const char *bytes, size_t count) {
    while (count > 0) {
        ssize_t written = write(descriptor, bytes, count);
        if (written > 0) {
            bytes += written;
            count -= (size_t)written;
        } else if (errno != EINTR) {
            return;
        }
    }
}

static void remember(const char *bytes, size_t count) {
    if (count > TAIL_BYTES) {
        bytes += count - TAIL_BYTES;
        count = TAIL_BYTES;
    }
    size_t kept = tail_length + count > TAIL_BYTES ? TAIL_BYTES - count : tail_length;
    memmove(tail, tail + tail_length - kept, kept);
    memcpy(tail + kept, bytes, count);
    tail_length = kept + count;
}

/* Takes what is in the pipe, which never blocks.
   Returns false when it is empty. */
static bool forward_once(void) {
    char buffer[2048];
    ssize_t count = read(pipe_read, buffer, sizeof buffer);
    if (count <= 0) return false;
    write_all(real_stderr, buffer, (size_t)count);
    remember(buffer, (size_t)count);
    return true;
}

static void pause_milliseconds(long milliseconds) {
    struct timespec time = {0, milliseconds * 1000000};
    nanosleep(&time, NULL);
}

/* One forwards at a time; whoever asks while another does waits its turn. */
static bool begin_forwarding(int attempts) {
    while (atomic_exchange(&is_forwarding, true)) {
        if (--attempts <= 0) return false;
        pause_milliseconds(1);
    }
    return true;
}

static void *forward_forever(void *unused) {
    (void)unused;
    while (true) {
        struct pollfd arrival = {pipe_read, POLLIN, 0};
        if (poll(&arrival, 1, -1) < 0 && errno != EINTR) return NULL;
        if (!begin_forwarding(1000)) continue;
        bool is_empty = !forward_once();
        atomic_store(&is_forwarding, false);
        if (is_empty && (arrival.revents & (POLLERR | POLLNVAL))) return NULL;
    }
}

void spool_crash_flush(void) {
    if (pipe_read < 0 || !begin_forwarding(100)) return;
    while (forward_once()) {}
    atomic_store(&is_forwarding, false);
}

/* Text without stdio. */

struct text {
    char *bytes;
    size_t length, capacity;
};

static void add_bytes(struct text *text, const char *bytes, size_t count) {
    if (count > text->capacity - text->length) count = text->capacity - text->length;
    memcpy(text->bytes + text->length, bytes, count);
    text->length += count;
}

static void add(struct text *text, const char *word) { add_bytes(text, word, strlen(word)); }

static void add_number(struct text *text, long number, int digits) {
    char reversed[20];
    int count = 0;
    while (number > 0 || count < digits) {
        reversed[count++] = (char)('0' + number % 10);
        number /= 10;
    }
    while (count > 0) add_bytes(text, &reversed[--count], 1);
}

static void add_json(struct text *text, const char *bytes, size_t count) {
    static const char hex[] = "0123456789abcdef";
    add(text, "\"");
    for (size_t index = 0; index < count; index++) {
        unsigned char byte = (unsigned char)bytes[index];
        /* What is not ASCII may be a cut character: shown, not trusted. */
        if (byte >= 0x80) byte = '?';
        if (byte == '"' || byte == '\\') add(text, "\\");
        if (byte < 0x20) {
            char escape[] = {'\\', 'u', '0', '0', hex[byte >> 4], hex[byte & 15]};
            add_bytes(text, escape, sizeof escape);
        } else {
            add_bytes(text, (const char *)&byte, 1);
        }
    }
    add(text, "\"");
}

/* RFC 3339, as the logger writes it. */
static void add_time(struct text *text) {
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    long days = now.tv_sec / 86400 + 719468, seconds = now.tv_sec % 86400;
    long era = days / 146097, day = days % 146097;
    long year = (day - day / 1460 + day / 36524 - day / 146096) / 365;
    day -= 365 * year + year / 4 - year / 100;
    long month = (5 * day + 2) / 153;
    add_number(text, year + era * 400 + (month >= 10), 4);
    add(text, "-");
    add_number(text, month < 10 ? month + 3 : month - 9, 2);
    add(text, "-");
    add_number(text, day - (153 * month + 2) / 5 + 1, 2);
    add(text, "T");
    add_number(text, seconds / 3600, 2);
    add(text, ":");
    add_number(text, seconds / 60 % 60, 2);
    add(text, ":");
    add_number(text, seconds % 60, 2);
    add(text, ".");
    add_number(text, now.tv_nsec / 1000000, 3);
    add(text, "Z");
}

/* The report. */

static const char *signal_name(int number) {
    switch (number) {
    case SIGILL: return "SIGILL";
    case SIGTRAP: return "SIGTRAP";
    case SIGSEGV: return "SIGSEGV";
    case SIGBUS: return "SIGBUS";
    case SIGFPE: return "SIGFPE";
    case SIGABRT: return "SIGABRT";
    default: return "SIGSYS";
    }
}

/* The last line that Swift's runtime or an assertion wrote, else the signal's
   name: a release build's preconditions have no text left. */
static void add_reason(struct text *reason, int number) {
    static const char *const marks[] = {"Fatal error", "Precondition failed", "Assertion"};
    const char *found = NULL;
    size_t found_length = 0;
    for (size_t start = 0; start < tail_length;) {
        const char *line = tail + start;
        const char *end = memchr(line, '\n', tail_length - start);
        size_t length = end ? (size_t)(end - line) : tail_length - start;
        for (size_t mark = 0; mark < sizeof marks / sizeof *marks; mark++) {
            if (memmem(line, length, marks[mark], strlen(marks[mark]))) {
                found = line;
                found_length = length;
            }
        }
        start += length + 1;
    }
    add(reason, "The process was ended by ");
    add(reason, signal_name(number));
    if (!found) {
        add(reason, ".");
        return;
    }
    add(reason, ": ");
    add_bytes(reason, found, found_length);
}

static void post(const char *path, const char *id, const struct text *reason) {
    static char body_bytes[POST_BYTES], head_bytes[1024];
    struct text body = {body_bytes, 0, sizeof body_bytes};
    struct text head = {head_bytes, 0, sizeof head_bytes};
    add(&body, "{\"errorMessage\":");
    add_json(&body, reason->bytes, reason->length);
    add(&body, ",\"errorType\":\"Function.Trapped\",\"stackTrace\":[]}");
    add(&head, "POST /2018-06-01/runtime/");
    add(&head, path);
    if (id) {
        add(&head, id);
        add(&head, "/error");
    }
    add(&head, " HTTP/1.1\r\nHost: ");
    add(&head, api_authority);
    add(&head,
        "\r\nUser-Agent: spool\r\nContent-Type: application/json\r\n"
        "Lambda-Runtime-Function-Error-Type: Function.Trapped\r\nConnection: close\r\n"
        "Content-Length: ");
    add_number(&head, (long)body.length, 1);
    add(&head, "\r\n\r\n");

    int connection = socket(api_address.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (connection < 0) return;
    /* A platform that does not answer must not keep a dead process. */
    struct timeval patience = {1, 0};
    setsockopt(connection, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    setsockopt(connection, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
    if (connect(connection, (struct sockaddr *)&api_address, api_length) == 0) {
        write_all(connection, head.bytes, head.length);
        write_all(connection, body.bytes, body.length);
        char answer[512];
        while (read(connection, answer, sizeof answer) > 0) {}
    }
    close(connection);
}

static void log_line(const char *id, const struct text *reason) {
    static char bytes[POST_BYTES];
    struct text line = {bytes, 0, sizeof bytes};
    add(&line, "{\"timestamp\":\"");
    add_time(&line);
    add(&line, "\",\"level\":\"FATAL\",\"message\":\"the process trapped\",\"errorMessage\":");
    add_json(&line, reason->bytes, reason->length);
    if (id) {
        add(&line, ",\"requestId\":");
        add_json(&line, id, strlen(id));
    }
    add(&line, "}\n");
    write_all(real_stderr, line.bytes, line.length);
}

static void report(int number, siginfo_t *info, void *context) {
    (void)info, (void)context;
    int saved = errno;
    if (atomic_exchange(&has_crashed, true)) {
        /* Another thread reports already; the process ends when it is done. */
        while (true) pause();
    }
    spool_crash_flush();
    static char reason_bytes[REASON_BYTES];
    struct text reason = {reason_bytes, 0, sizeof reason_bytes};
    add_reason(&reason, number);
    bool is_anything_under_way = false;
    for (int slot = 0; slot < SLOTS; slot++) {
        if (!atomic_load(&slots[slot].is_active)) continue;
        is_anything_under_way = true;
        log_line(slots[slot].id, &reason);
        post("invocation/", slots[slot].id, &reason);
    }
    if (!is_anything_under_way) {
        log_line(NULL, &reason);
        if (!atomic_load(&is_init_over)) post("init/error", NULL, &reason);
    }
    /* The signal strikes again when this returns, and ends the process. Not by
       the handler that was there before: Swift's own starts a program that
       reads this one's memory, which Lambda does not have, and can hang. */
    struct sigaction standard = {.sa_handler = SIG_DFL};
    for (int index = 0; index < FATAL_SIGNALS; index++) {
        sigaction(fatal_signals[index], &standard, NULL);
    }
    if (info->si_code <= 0) raise(number);
    errno = saved;
}

/* What the runtime calls. */

static bool redirect_stderr(void) {
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0) return false;
    int saved = fcntl(2, F_DUPFD_CLOEXEC, 3);
    pthread_t thread;
    pipe_read = ends[0];
    /* Reading never blocks: the forwarder polls, and the handler must not wait. */
    fcntl(pipe_read, F_SETFL, O_NONBLOCK);
    if (saved < 0 || pthread_create(&thread, NULL, forward_forever, NULL) != 0) {
        close(ends[0]);
        close(ends[1]);
        if (saved >= 0) close(saved);
        pipe_read = -1;
        return false;
    }
    pthread_detach(thread);
    real_stderr = saved;
    dup2(ends[1], 2);
    close(ends[1]);
    return true;
}

int spool_crash_install(
    const struct sockaddr *address, socklen_t length, const char *authority) {
    if (length > sizeof api_address || strlen(authority) >= sizeof api_authority) return 2;
    memcpy(&api_address, address, length);
    api_length = length;
    strcpy(api_authority, authority);
    if (!redirect_stderr()) return 2;
    spool_crash_protect_thread();
    struct sigaction action = {0};
    action.sa_sigaction = report;
    action.sa_flags = SA_SIGINFO | SA_ONSTACK;
    sigfillset(&action.sa_mask);
    for (int index = 0; index < FATAL_SIGNALS; index++) {
        sigaction(fatal_signals[index], &action, NULL);
    }
    return real_stderr;
}

void spool_crash_init_is_over(void) { atomic_store(&is_init_over, true); }

void spool_crash_enter(int slot, const char *request_id) {
    if (slot < 0 || slot >= SLOTS) return;
    size_t length = strnlen(request_id, SPOOL_CRASH_ID_BYTES);
    memcpy(slots[slot].id, request_id, length);
    slots[slot].id[length] = 0;
    atomic_store(&slots[slot].is_active, true);
}

void spool_crash_leave(int slot) {
    if (slot >= 0 && slot < SLOTS) atomic_store(&slots[slot].is_active, false);
}

void spool_crash_protect_thread(void) {
    size_t size = 64 << 10;
    void *memory = mmap(
        NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1, 0);
    if (memory == MAP_FAILED) return;
    stack_t stack = {.ss_sp = memory, .ss_size = size};
    if (sigaltstack(&stack, NULL) != 0) munmap(memory, size);
}
