#pragma once
#include <microhttpd.h>
#include <string.h>

/* Bytes that a TCP socket has received, and has sent including those still in
 * its buffer. The offsets are those of struct tcp_info in <linux/tcp.h>, which
 * is kernel ABI; the header itself clashes with netinet/tcp.h. */
static inline int spool_tcp_traffic(int descriptor, unsigned long long *received,
                                    unsigned long long *sent) {
    unsigned char info[256];
    socklen_t size = sizeof info;
    unsigned int waiting = 0;
    memset(info, 0, sizeof info);
    if (getsockopt(descriptor, 6 /* IPPROTO_TCP */, 11 /* TCP_INFO */, info, &size) != 0)
        return -1;
    if (size < 208) return -1;
    memcpy(received, info + 128, sizeof *received);
    memcpy(sent, info + 200, sizeof *sent);
    memcpy(&waiting, info + 144, sizeof waiting);
    *sent += waiting;
    return 0;
}

/* MHD_get_daemon_info is variadic, which Swift does not import. */
static inline int spool_daemon_port(struct MHD_Daemon *daemon) {
    const union MHD_DaemonInfo *info = MHD_get_daemon_info(daemon, MHD_DAEMON_INFO_BIND_PORT);
    return info == NULL ? -1 : info->port;
}

/* MHD_get_connection_info is variadic, too. */
static inline const union MHD_ConnectionInfo *spool_connection_info(
    struct MHD_Connection *connection, enum MHD_ConnectionInfoType type) {
    return MHD_get_connection_info(connection, type);
}

/* The socket that accepts connections, -1 when there is none. */
static inline int spool_daemon_listener(struct MHD_Daemon *daemon) {
    const union MHD_DaemonInfo *info = MHD_get_daemon_info(daemon, MHD_DAEMON_INFO_LISTEN_FD);
    return info ? info->listen_fd : -1;
}
