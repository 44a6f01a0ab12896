import CMicroHTTPD
import Glibc
import Synchronization

/// A connection of libmicrohttpd, named so that tasks can resume it.
struct ConnectionHandle: @unchecked Sendable {
    // SAFETY: libmicrohttpd keeps a suspended connection alive until it is
    // resumed, and `ParkingLot` resumes each parked connection exactly once.
    // All other uses are on the connection's own thread.
    let pointer: OpaquePointer

    /// -1 when it is unknown.
    var socket: Int32 {
        spool_connection_info(pointer, MHD_ConnectionInfoType.CONNECTION_INFO_CONNECTION_FD)?
            .pointee.connect_fd ?? -1
    }
}

/// The connections that are suspended while a task works for them.
///
/// Taking a ticket out is the right to resume its connection: of a task that
/// ends and a server that gives up on it, only one gets it.
final class ParkingLot: Sendable {
    private struct Place {
        var connection: ConnectionHandle
        var socket: Int32
        var task: Task<Void, Never>?
        /// Scans of `cancelAbandoned` that the place has seen.
        var age = 0
    }

    private struct Places {
        var next = 0
        var taken: [Int: Place] = [:]
        var isClosed = false
    }

    private let places = Mutex(Places())

    /// Suspends a connection; called on its own thread.
    /// - Returns: nil when the server is stopping; the connection goes on.
    func park(_ connection: ConnectionHandle) -> Int? {
        places.withLock { places in
            if places.isClosed { return nil }
            MHD_suspend_connection(connection.pointer)
            places.next += 1
            places.taken[places.next] = Place(connection: connection, socket: connection.socket)
            return places.next
        }
    }

    /// Names the task to cancel when the client goes away.
    func assign(_ task: Task<Void, Never>, to ticket: Int) {
        places.withLock { $0.taken[ticket]?.task = task }
    }

    /// Resumes the connection unless it was given up before.
    /// - Parameter prepare: run before the connection's thread goes on.
    func leave(_ ticket: Int, prepare: () -> Void) {
        guard let place = places.withLock({ $0.taken.removeValue(forKey: ticket) }) else { return }
        prepare()
        MHD_resume_connection(place.connection.pointer)
    }

    /// Cancels the tasks whose clients hung up; libmicrohttpd does not watch
    /// suspended connections. A client that only closes its sending side
    /// counts as gone too.
    func cancelAbandoned() {
        let tasks: [Task<Void, Never>] = places.withLock { places in
            // The sockets stay open while the lock is held, as nobody resumes.
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

    /// Resumes all that is left without an answer, which closes the
    /// connections, and lets no other park: libmicrohttpd must not be stopped
    /// while connections are suspended.
    func giveUp() {
        let left = places.withLock { places in
            defer { places.taken = [:] }
            places.isClosed = true
            return places.taken.values
        }
        for place in left { MHD_resume_connection(place.connection.pointer) }
    }
}
