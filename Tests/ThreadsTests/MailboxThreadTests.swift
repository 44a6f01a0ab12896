import Glibc
import Synchronization
import TestSupport
import Testing
import Threads

@Suite struct MailboxThreadTests {
    /// Messages in the order in which the thread handled them.
    private final class Handled: Sendable {
        private let numbers = Mutex<[Int]>([])
        var all: [Int] { numbers.withLock { $0 } }
        func append(_ more: [Int]) { numbers.withLock { $0 += more } }
    }

    /// A mailbox whose loop handles nothing before `open` is signalled.
    private func gated(
        capacity: Int, _ handled: Handled, atMost: Int = .max
    ) -> (MailboxThread<Int>, open: Wakeups) {
        let open = Wakeups()
        let mailbox = MailboxThread<Int>(capacity: capacity) { mailbox in
            open.wait()
            while let messages = mailbox.receive(atMost: atMost) { handled.append(messages) }
        }
        return (mailbox, open)
    }

    @Test(arguments: [1, 7, Int.max])
    func `messages are handled in the order of posting`(atMost: Int) async throws {
        let handled = Handled()
        let (mailbox, open) = gated(capacity: 1_000, handled, atMost: atMost)

        for number in 0..<1_000 { #expect(mailbox.post(number) == .accepted) }
        open.signal()
        mailbox.stop()

        try await eventually("1,000 messages") { handled.all.count == 1_000 }
        #expect(handled.all == Array(0..<1_000))
    }

    @Test func `a full mailbox drops the message and says so`() async throws {
        let handled = Handled()
        let (mailbox, open) = gated(capacity: 3, handled)

        let deliveries = (0..<5).map { mailbox.post($0) }
        open.signal()
        mailbox.stop()

        #expect(deliveries == [.accepted, .accepted, .accepted, .full, .full])
        try await eventually("three messages") { handled.all == [0, 1, 2] }
    }

    @Test func `a reserve is kept for messages that do not name it`() {
        let (mailbox, open) = gated(capacity: 3, Handled())

        let deliveries = [
            mailbox.post(0, leavingFree: 2), mailbox.post(1, leavingFree: 2), mailbox.post(2),
            mailbox.post(3), mailbox.post(4),
        ]
        open.signal()
        mailbox.stop()

        #expect(deliveries == [.accepted, .full, .accepted, .accepted, .full])
    }

    @Test func `a stopped mailbox handles its messages, then ends, and refuses more`()
        async throws
    {
        let handled = Handled()
        let (mailbox, open) = gated(capacity: 10, handled)
        let handledAtEnd = Mutex<[Int]?>(nil)

        for number in 0..<10 { _ = mailbox.post(number) }
        mailbox.stop { handledAtEnd.withLock { $0 = handled.all } }
        #expect(mailbox.post(10) == .stopped)
        open.signal()

        try await eventually("the end of the thread") { handledAtEnd.withLock { $0 } != nil }
        #expect(handledAtEnd.withLock { $0 } == Array(0..<10))
        let isCalled = Mutex(false)
        mailbox.stop { isCalled.withLock { $0 = true } }
        #expect(isCalled.withLock { $0 }, "the thread has ended, so nothing is left to wait for")
    }

    @Test func `the end of the thread releases the captures of its loop`() async throws {
        final class Resource: Sendable {}
        weak var released: Resource?
        do {
            let resource = Resource()
            released = resource
            MailboxThread<Int>(capacity: 1) { mailbox in
                withExtendedLifetime(resource) { while mailbox.receive() != nil {} }
            }.stop()
        }

        try await eventually("the release of the resource") { released == nil }
    }

    /// Eight posters race with the loop; a lost wake-up would leave messages behind.
    @Test(arguments: [false, true])
    func `no message of concurrent posters is left behind`(isPolling: Bool) async throws {
        let handled = Handled()
        let mailbox = isPolling ? polling(handled) : gatedOpen(handled)

        await withTaskGroup(of: Void.self) { group in
            for poster in 0..<8 {
                group.addTask {
                    for index in 0..<500 {
                        while mailbox.post(poster * 500 + index) == .full { await Task.yield() }
                    }
                }
            }
        }

        try await eventually("4,000 messages") { handled.all.count == 4_000 }
        #expect(handled.all.sorted() == Array(0..<4_000))
        for poster in 0..<8 {
            let own = handled.all.filter { $0 / 500 == poster }
            #expect(own == own.sorted(), "messages of one poster keep their order")
        }
        mailbox.stop()
    }

    private func gatedOpen(_ handled: Handled) -> MailboxThread<Int> {
        let (mailbox, open) = gated(capacity: 16, handled)
        open.signal()
        return mailbox
    }

    /// A loop that waits on a pipe, as one with an eventfd does. The pipe stays open: a wake-up
    /// may come after the loop's last turn.
    private func polling(_ handled: Handled) -> MailboxThread<Int> {
        var ends: [Int32] = [-1, -1]
        #expect(pipe(&ends) == 0)
        let (arrival, wake) = (ends[0], ends[1])
        return MailboxThread(
            capacity: 16,
            wakeUp: {
                var byte: UInt8 = 1
                _ = write(wake, &byte, 1)
            },
            run: { mailbox in
                while true {
                    var byte: UInt8 = 0
                    _ = read(arrival, &byte, 1)
                    let (messages, isStopped) = mailbox.takeAll()
                    handled.append(messages)
                    if isStopped { return }
                }
            })
    }
}
