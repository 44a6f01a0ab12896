import Synchronization

/// Traffic of a server since its start, heads included.
package struct HTTPTraffic: Hashable, Sendable {
    /// Number of requests.
    package var requests = 0
    /// Bytes received.
    package var receivedBytes = 0
    /// Bytes sent; those that a client left unread are not included.
    package var sentBytes = 0
    /// Number of requests without a complete response.
    package var activeRequests = 0

    /// Counters, 0 by default.
    package init(
        requests: Int = 0, receivedBytes: Int = 0, sentBytes: Int = 0, activeRequests: Int = 0
    ) {
        self.requests = requests
        self.receivedBytes = receivedBytes
        self.sentBytes = sentBytes
        self.activeRequests = activeRequests
    }
}

final class TrafficCounters: Sendable {
    private let requests = Atomic(0)
    private let received = Atomic(0)
    private let sent = Atomic(0)
    private let active = Atomic(0)

    var values: HTTPTraffic {
        HTTPTraffic(
            requests: requests.load(ordering: .relaxed),
            receivedBytes: received.load(ordering: .relaxed),
            sentBytes: sent.load(ordering: .relaxed),
            activeRequests: active.load(ordering: .relaxed))
    }

    private let open = Atomic(0)

    /// Number of open connections.
    var connections: Int { open.load(ordering: .acquiring) }

    func connectionOpened() { open.add(1, ordering: .releasing) }

    func connectionClosed() { open.subtract(1, ordering: .releasing) }

    func requestBegan() {
        requests.add(1, ordering: .relaxed)
        active.add(1, ordering: .relaxed)
    }

    func requestEnded() { active.subtract(1, ordering: .relaxed) }

    func add(received: Int, sent: Int) {
        self.received.add(received, ordering: .relaxed)
        self.sent.add(sent, ordering: .relaxed)
    }
}
