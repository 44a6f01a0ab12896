import Synchronization

/// A detached thread that handles messages in their order of arrival.
///
/// For code that makes blocking system calls and owns a value that only one thread may use: a
/// database connection, a `curl_multi`, the children of this process. `post` never blocks, so it
/// may be called from the cooperative pool.
///
/// The inbox holds at most `capacity` messages; the caller of `post` decides what a full inbox
/// means. After `stop` the inbox refuses messages, so the thread has at most `capacity` left to
/// handle before it ends. The thread keeps the mailbox alive: the owner must call `stop`.
package final class MailboxThread<Message: Sendable>: Sendable {
    /// Outcome of `post`.
    package enum Delivery: Sendable, Equatable {
        /// The thread will receive the message.
        case accepted
        /// The inbox is full; the message was dropped.
        case full
        /// `stop` was called before; the message was dropped.
        case stopped
    }

    private struct State {
        var messages: [Message] = []
        var isStopped = false
        var hasEnded = false
        var onEnd: [@Sendable () -> Void] = []
    }

    /// The maximum number of messages that wait at the same time.
    package let capacity: Int
    private let state = Mutex(State())
    private let arrivals = Wakeups()
    private let wakeUp: (@Sendable () -> Void)?

    /// Starts the thread.
    /// - Parameters:
    ///   - wakeUp: Ends the wait of a loop that polls descriptors. Called on the poster's thread
    ///     when the inbox stops being empty and on `stop`, so it must not block. A wake-up
    ///     between two polls must not be lost (`eventfd`, `curl_multi_wakeup`), and one may come
    ///     after the loop's last turn. Such a loop calls `takeAll`. With nil the loop calls
    ///     `receive`.
    ///   - run: The loop. The thread ends when it returns; what it captured is released then.
    package init(
        capacity: Int, wakeUp: (@Sendable () -> Void)? = nil,
        run: @escaping @Sendable (MailboxThread<Message>) -> Void
    ) {
        precondition(capacity > 0, "A mailbox holds at least one message.")
        self.capacity = capacity
        self.wakeUp = wakeUp
        startThread {
            run(self)
            self.end()
        }
    }

    /// Posts a message to the thread. Never blocks.
    /// - Parameter leavingFree: Places that must stay free for messages that are posted without
    ///   this reserve.
    package func post(_ message: Message, leavingFree reserve: Int = 0) -> Delivery {
        let (delivery, wasEmpty): (Delivery, Bool) = state.withLock { state in
            if state.isStopped { return (.stopped, false) }
            guard state.messages.count < capacity - reserve else { return (.full, false) }
            state.messages.append(message)
            return (.accepted, state.messages.count == 1)
        }
        if wasEmpty { wake() }
        return delivery
    }

    /// Refuses messages from now on. The loop handles the waiting ones, then ends.
    /// - Parameter onEnd: Called on the mailbox's thread after the loop has returned, or at once
    ///   if it has returned already.
    package func stop(onEnd: (@Sendable () -> Void)? = nil) {
        let hasEnded = state.withLock { state in
            state.isStopped = true
            if let onEnd, !state.hasEnded { state.onEnd.append(onEnd) }
            return state.hasEnded
        }
        if hasEnded { onEnd?() } else { wake() }
    }

    /// Ends one wait of the loop, now or at its next wait.
    package func wake() {
        if let wakeUp { wakeUp() } else { arrivals.signal() }
    }

    // MARK: The thread's side

    /// Blocks until a message waits.
    /// - Returns: At most `countMax` messages, oldest first; nil when the mailbox is stopped and
    ///   empty: the loop must return.
    package func receive(atMost countMax: Int = .max) -> [Message]? {
        while true {
            let (messages, isStopped) = take(atMost: countMax)
            if !messages.isEmpty { return messages }
            if isStopped { return nil }
            arrivals.wait()
        }
    }

    /// Takes every waiting message, oldest first, without blocking.
    /// - Returns: The messages, and true if the mailbox is stopped: no message follows then.
    package func takeAll() -> (messages: [Message], isStopped: Bool) { take(atMost: .max) }

    private func take(atMost countMax: Int) -> (messages: [Message], isStopped: Bool) {
        state.withLock { state in
            guard state.messages.count > countMax else {
                defer { state.messages = [] }
                return (state.messages, state.isStopped)
            }
            let first = Array(state.messages.prefix(countMax))
            state.messages.removeFirst(countMax)
            return (first, state.isStopped)
        }
    }

    private func end() {
        let onEnd = state.withLock { state in
            state.isStopped = true
            state.hasEnded = true
            defer { state.onEnd = [] }
            return state.onEnd
        }
        for callback in onEnd { callback() }
    }
}
