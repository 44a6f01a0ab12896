/* The Runtime API as a stopwatch: starts a runtime, hands it events, and prints
   what it measured as one JSON object. Usage: platform EVENTS BYTES PROGRAM [ARGUMENT...] */
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* SIGALRM ends a measurement that hangs. */
static char buffer[1 << 20];
static size_t have;
static int connection = -1, listener;

static double now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec * 1e6 + time.tv_nsec / 1e3;
}

static void fail(const char *what) {
    fprintf(stderr, "%s\n", what);
    exit(1);
}

static void take_connection(void) {
    int yes = 1;
    if (connection >= 0) close(connection);
    connection = accept(listener, NULL, NULL);
    setsockopt(connection, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
    have = 0;
}

/* Reads one request. Returns 'G' or 'P'. A peer may open a new connection. */
static char receive(void) {
    size_t wanted = 0;
    while (1) {
        if (!wanted && have) {
            buffer[have] = 0;
            char *end = strstr(buffer, "\r\n\r\n");
            if (end) {
                char *length = strcasestr(buffer, "content-length:");
                wanted = (size_t)(end + 4 - buffer);
                if (length && length < end) wanted += strtoul(length + 15, NULL, 10);
            }
        }
        if (wanted && have >= wanted) break;
        ssize_t count = recv(connection, buffer + have, sizeof buffer - 1 - have, 0);
        if (count <= 0) {
            take_connection();
            wanted = 0;
            continue;
        }
        have += (size_t)count;
    }
    char method = buffer[0];
    memmove(buffer, buffer + wanted, have - wanted);
    have -= wanted;
    return method;
}

static void send_all(const char *bytes, size_t count) {
    while (count > 0) {
        ssize_t sent = send(connection, bytes, count, MSG_NOSIGNAL);
        if (sent <= 0) fail("the runtime hung up");
        bytes += sent;
        count -= (size_t)sent;
    }
}

static int by_value(const void *left, const void *right) {
    double a = *(const double *)left, b = *(const double *)right;
    return a < b ? -1 : a > b;
}

static long resident_kilobytes(pid_t child) {
    char path[64], line[256];
    long kilobytes = 0;
    snprintf(path, sizeof path, "/proc/%d/status", child);
    FILE *file = fopen(path, "r");
    while (file && fgets(line, sizeof line, file)) sscanf(line, "VmRSS: %ld", &kilobytes);
    if (file) fclose(file);
    return kilobytes;
}

int main(int count, char **arguments) {
    alarm(60);
    if (count < 4) fail("usage: platform EVENTS BYTES PROGRAM [ARGUMENT...]");
    int events = atoi(arguments[1]);
    size_t bytes = strtoul(arguments[2], NULL, 10);
    struct sockaddr_in address = {.sin_family = AF_INET};
    socklen_t length = sizeof address;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (bind(listener, (struct sockaddr *)&address, length) || listen(listener, 8)) fail("bind");
    getsockname(listener, (struct sockaddr *)&address, &length);
    char api[64];
    snprintf(api, sizeof api, "127.0.0.1:%d", ntohs(address.sin_port));
    setenv("AWS_LAMBDA_RUNTIME_API", api, 1);

    double start = now();
    pid_t child = fork();
    if (child == 0) {
        int null = open("/dev/null", O_RDWR);
        dup2(null, 0), dup2(null, 1), dup2(null, 2);
        execvp(arguments[3], arguments + 3);
        _exit(127);  /* No call ever comes: the alarm ends us. */
    }
    take_connection();
    if (receive() != 'G') fail("the first call is not next");
    double cold = now() - start;

    char *event = malloc(bytes + 512), *body = malloc(bytes);
    double *times = malloc(sizeof *times * (size_t)(events ? events : 1));
    memset(body, 'x', bytes);
    if (bytes >= 8) memcpy(body, "{\"a\": \"", 7), memcpy(body + bytes - 2, "\"}", 2);
    double first = now();
    for (int number = 0; number < events; number++) {
        int head = snprintf(
            event, 512,
            "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
            "Lambda-Runtime-Aws-Request-Id: 8476a536-e9f4-11e8-9739-%012d\r\n"
            "Lambda-Runtime-Deadline-Ms: 4102444800000\r\n"
            "Lambda-Runtime-Invoked-Function-Arn: arn:aws:lambda:eu-central-1:1:function:f\r\n"
            "Lambda-Runtime-Trace-Id: Root=1-5bef4de7-ad49b0e87f6ef6c87fc2e700;Sampled=0\r\n"
            "Content-Length: %zu\r\n\r\n", number, bytes);
        memcpy(event + head, body, bytes);
        double begin = now();
        send_all(event, (size_t)head + bytes);
        if (receive() != 'P') fail("an event was not answered");
        times[number] = now() - begin;
        static const char accepted[] =
            "HTTP/1.1 202 Accepted\r\nContent-Type: application/json\r\n"
            "Content-Length: 16\r\n\r\n{\"status\":\"OK\"}\n";
        send_all(accepted, sizeof accepted - 1);
        if (receive() != 'G') fail("next was not asked for");
    }
    double took = now() - first;
    long resident = resident_kilobytes(child);
    kill(child, SIGKILL);
    waitpid(child, NULL, 0);
    qsort(times, (size_t)events, sizeof *times, by_value);
    printf("{\"cold_ms\": %.3f, \"resident_kb\": %ld", cold / 1e3, resident);
    if (events) {
        printf(", \"per_second\": %.1f, \"p50_us\": %.1f, \"p99_us\": %.1f", events / took * 1e6,
               times[events / 2], times[events * 99 / 100]);
    }
    printf("}\n");
}
