import CCurl
import Glibc
import Synchronization
import Threads

/// HTTP over libcurl: one thread of its own drives all transfers of one
/// `curl_multi`, keeps connections alive between them, and is woken for new
/// work and for cancellation. No cooperative thread ever waits for the network.
package final class CurlTransport: HTTPClient {
    private let loop: TransferLoop

    /// - Parameter certificatesFile: The authorities that servers are checked
    ///   against, in PEM; nil: those of the system.
    package init(certificatesFile: String? = nil) {
        loop = TransferLoop(certificatesFile: certificatesFile)
        // SAFETY: a static's initialiser runs once, whoever comes first.
        _ = Self.globalInitialisation
        loop.start()
    }

    deinit { loop.stop() }

    /// curl's one process-wide set-up.
    private static let globalInitialisation: CURLcode = curl_global_init(Int(CURL_GLOBAL_DEFAULT))

    package func send(
        _ request: HTTPRequest
    ) async throws(HTTPTransportError) -> HTTPResponse {
        let ticket = loop.ticket()
        let loop = loop
        let outcome = await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                loop.submit(request, ticket: ticket) { continuation.resume(returning: $0) }
            }
        } onCancel: {
            loop.cancel(ticket)
        }
        return try outcome.get()
    }
}

/// The authorities that `AWS_CA_BUNDLE`, as AWS's tools have it, or
/// `SSL_CERT_FILE` names.
/// - Returns: nil for those of the system.
package func certificatesFile(_ environment: [String: String]) -> String? {
    ["AWS_CA_BUNDLE", "SSL_CERT_FILE"].lazy.compactMap { environment[$0] }.first { !$0.isEmpty }
}

/// The inbox and the thread of one transport.
private final class TransferLoop: Sendable {
    typealias Completion = @Sendable (Result<HTTPResponse, HTTPTransportError>) -> Void

    private struct Submission: Sendable {
        var ticket: Int
        var request: HTTPRequest
        var completion: Completion
    }

    private struct Inbox: ~Copyable {
        var submissions: [Submission] = []
        var cancelled: Set<Int> = []
        var lastTicket = 0
        var isStopped = false
    }

    private let inbox = Mutex(Inbox())
    /// SAFETY: `curl_multi_wakeup` may be called from any thread (its manual
    /// page); every other call on the handle is made by the loop's thread. It
    /// is freed in `deinit`: nobody holds the loop then, neither the thread nor
    /// a caller who might wake it.
    private nonisolated(unsafe) let multi: UnsafeMutableRawPointer?

    private let certificatesFile: String?

    init(certificatesFile: String?) {
        self.certificatesFile = certificatesFile
        multi = curl_multi_init()
    }

    deinit { curl_multi_cleanup(multi) }

    func ticket() -> Int {
        inbox.withLock {
            $0.lastTicket += 1
            return $0.lastTicket
        }
    }

    func submit(_ request: HTTPRequest, ticket: Int, completion: @escaping Completion) {
        let submission = Submission(ticket: ticket, request: request, completion: completion)
        let isTaken = inbox.withLock { inbox in
            // A cancel that came first is remembered under the ticket.
            guard !inbox.isStopped, !inbox.cancelled.contains(ticket) else {
                inbox.cancelled.remove(ticket)
                return false
            }
            inbox.submissions.append(submission)
            return true
        }
        guard isTaken else {
            completion(.failure(HTTPTransportError(.cancelled, "The task was cancelled")))
            return
        }
        wake()
    }

    func cancel(_ ticket: Int) {
        _ = inbox.withLock { $0.cancelled.insert(ticket) }
        wake()
    }

    func stop() {
        inbox.withLock { $0.isStopped = true }
        wake()
    }

    func start() {
        startThread { self.run() }
    }

    private func wake() {
        if let multi { curl_multi_wakeup(multi) }
    }

    // MARK: The thread

    func run() {
        guard let multi else { return }
        // Tickets of transfers that were cancelled after they ended are
        // dropped when the inbox is read.
        var transfers: [UnsafeMutableRawPointer: (Transfer, Submission)] = [:]
        while true {
            let (fresh, cancelled, isStopped) = takeInbox(
                running: Set(transfers.values.map(\.1.ticket)))
            for submission in fresh { begin(submission, multi, &transfers) }
            for (handle, entry) in transfers
            where isStopped || cancelled.contains(entry.1.ticket) {
                finish(handle, CURLE_ABORTED_BY_CALLBACK, multi, &transfers)
            }
            if isStopped { break }
            var running: Int32 = 0
            curl_multi_perform(multi, &running)
            finishDone(multi, &transfers)
            // Woken by the network, by `wake`, or to look at timeouts.
            curl_multi_poll(multi, nil, 0, 1_000, nil)
        }
    }

    private func takeInbox(
        running: Set<Int>
    ) -> (fresh: [Submission], cancelled: Set<Int>, isStopped: Bool) {
        inbox.withLock { inbox in
            let fresh = inbox.submissions
            inbox.submissions = []
            let known = running.union(fresh.map(\.ticket))
            let cancelled = inbox.cancelled.intersection(known)
            // A cancel before its submission stays; one after its end is old:
            // tickets only grow, so what is below every living one is done.
            let oldest = known.min() ?? Int.max
            inbox.cancelled = inbox.cancelled.subtracting(cancelled).filter {
                $0 >= oldest || $0 > inbox.lastTicket - 1_024
            }
            return (fresh, cancelled, inbox.isStopped)
        }
    }

    private func begin(
        _ submission: Submission, _ multi: UnsafeMutableRawPointer,
        _ transfers: inout [UnsafeMutableRawPointer: (Transfer, Submission)]
    ) {
        do {
            let transfer = try Transfer(submission.request)
            transfer.configure(certificatesFile: certificatesFile)
            transfers[transfer.handle] = (transfer, submission)
            curl_multi_add_handle(multi, transfer.handle)
        } catch {
            submission.completion(.failure(error))
        }
    }

    private func finishDone(
        _ multi: UnsafeMutableRawPointer,
        _ transfers: inout [UnsafeMutableRawPointer: (Transfer, Submission)]
    ) {
        var left: Int32 = 0
        while let message = curl_multi_info_read(multi, &left) {
            guard message.pointee.msg == CURLMSG_DONE, let handle = message.pointee.easy_handle
            else { continue }
            finish(handle, spool_curl_message_result(message), multi, &transfers)
        }
    }

    private func finish(
        _ handle: UnsafeMutableRawPointer, _ result: CURLcode, _ multi: UnsafeMutableRawPointer,
        _ transfers: inout [UnsafeMutableRawPointer: (Transfer, Submission)]
    ) {
        guard let (transfer, submission) = transfers.removeValue(forKey: handle) else { return }
        curl_multi_remove_handle(multi, handle)
        submission.completion(transfer.outcome(result))
    }
}
