import CMicroHTTPD
import Glibc
import Synchronization

/// A connection of libmicrohttpd, which a task can resume.
struct ConnectionHandle: @unchecked Sendable {
    // SAFETY: libmicrohttpd keeps a suspended connection alive until it is
    // resumed, and `SuspendedConnections` resumes each parked connection exactly once.
    // All other uses are on the connection's own thread.
    let pointer: OpaquePointer

    /// The socket; -1 when it is unknown.
    var socket: Int32 {
        spool_connection_info(pointer, MHD_ConnectionInfoType.CONNECTION_INFO_CONNECTION_FD)?
            .pointee.connect_fd ?? -1
    }
}

/// Connections that are suspended while a task works for them.
///
/// Removing a ticket gives the right to resume its connection: either the task that ends
/// or the server that abandons it gets the ticket, never both.
final class SuspendedConnections: Sendable {
    private struct Place {
        var connection: ConnectionHandle
        var socket: Int32
        var task: Task<Void, Never>?
        /// Number of scans by `cancelAbandoned`.
        var age = 0
    }

    private struct Places {
        var next = 0
        var taken: [Int: Place] = [:]
        var isClosed = false
    }

    private let places = Mutex(Places())

    /// Suspends a connection; called on its own thread.
    /// - Returns: nil when the server is stopping; the connection is not suspended.
    func park(_ connection: ConnectionHandle) -> Int? {
        places.withLock { places in
            if places.isClosed { return nil }
            MHD_suspend_connection(connection.pointer)
            places.next += 1
            places.taken[places.next] = Place(connection: connection, socket: connection.socket)
            return places.next
        }
    }

    /// Registers the task to cancel when the client disconnects.
    func assign(_ task: Task<Void, Never>, to ticket: Int) {
        places.withLock { $0.taken[ticket]?.task = task }
    }

    /// Resumes the connection unless it was abandoned.
    /// - Parameter prepare: Runs before the connection's thread continues.
    func leave(_ ticket: Int, prepare: () -> Void) {
        guard let place = places.withLock({ $0.taken.removeValue(forKey: ticket) }) else { return }
        prepare()
        MHD_resume_connection(place.connection.pointer)
    }

    /// Cancels the tasks of disconnected clients; libmicrohttpd does not watch suspended
    /// connections. A client that closes only its sending side counts as disconnected.
    func cancelAbandoned() {
        let tasks: [Task<Void, Never>] = places.withLock { places in
            // The sockets stay open while the lock is held: no task can resume one.
            var watched: [(ticket: Int, socket: Int32)] = []
            for (ticket, place) in places.taken {
                places.taken[ticket]?.age += 1
                if place.age > 0, place.socket >= 0 { watched.append((ticket, place.socket)) }
            }
            // POLLRDHUP is 0x2000 on Linux and hidden behind _GNU_SOURCE.
            var polls = watched.map { pollfd(fd: $0.socket, events: 0x2000, revents: 0) }
            guard !polls.isEmpty, poll(&polls, nfds_t(polls.count), 0) > 0 else { return [] }
            return zip(watched, polls).compactMap { entry, poll in
                poll.revents == 0 ? nil : places.taken[entry.ticket]?.task
            }
        }
        for task in tasks { task.cancel() }
    }

    func cancelAll() {
        let tasks = places.withLock { places in places.taken.values.compactMap(\.task) }
        for task in tasks { task.cancel() }
    }

    /// Resumes every connection without a response, which closes it, and suspends none
    /// from now on: libmicrohttpd must not be stopped with suspended connections.
    func giveUp() {
        let left = places.withLock { places in
            defer { places.taken = [:] }
            places.isClosed = true
            return places.taken.values
        }
        for place in left { MHD_resume_connection(place.connection.pointer) }
    }
}
