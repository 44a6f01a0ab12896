import CCurl
import Glibc
import Synchronization
import Threads

/// The `curl_multi` of one transport.
final class CurlMulti: @unchecked Sendable {
    // SAFETY: `curl_multi_wakeup` may be called from any thread (its manual page); every other
    // call on the handle is made by the transport's thread. The handle is freed when neither
    // that thread nor a caller that might wake it holds a reference.
    let handle: UnsafeMutableRawPointer

    init() {
        guard let handle = curl_multi_init() else {
            preconditionFailure("libcurl has no memory for a transport.")
        }
        self.handle = handle
    }

    deinit { curl_multi_cleanup(handle) }

    /// Ends the current or the next `curl_multi_poll`.
    func wake() { curl_multi_wakeup(handle) }
}

/// True once the caller has cancelled a request. Set from any thread.
final class Cancellation: Sendable {
    private let flag = Atomic(false)

    var isCancelled: Bool { flag.load(ordering: .acquiring) }

    func cancel() { flag.store(true, ordering: .releasing) }
}

/// A request that waits for the transport's thread.
struct Submission: Sendable {
    var request: HTTPRequest
    var cancellation: Cancellation
    /// Called exactly once, on the transport's thread.
    var completion: @Sendable (Result<HTTPResponse, HTTPTransportError>) -> Void
}

/// The running transfers; only the transport's thread uses it.
struct TransferLoop {
    private let multi: CurlMulti
    private let certificatesFile: String?
    private var transfers: [UnsafeMutableRawPointer: (transfer: Transfer, submission: Submission)] =
        [:]
    /// Timeouts are checked at least this often.
    private static let pollMillisecondsMax: Int32 = 1_000

    init(_ multi: CurlMulti, certificatesFile: String?) {
        self.multi = multi
        self.certificatesFile = certificatesFile
    }

    /// Drives transfers until the mailbox is stopped, then cancels the remaining ones.
    mutating func run(_ mailbox: MailboxThread<Submission>) {
        while true {
            let (submissions, isStopped) = mailbox.takeAll()
            for submission in submissions { begin(submission) }
            for (handle, entry) in transfers
            where isStopped || entry.submission.cancellation.isCancelled {
                finish(handle, CURLE_ABORTED_BY_CALLBACK)
            }
            if isStopped { return }
            var runningCount: Int32 = 0
            curl_multi_perform(multi.handle, &runningCount)
            finishDone()
            // Ended by the network, by `wake`, or to check timeouts.
            curl_multi_poll(multi.handle, nil, 0, Self.pollMillisecondsMax, nil)
        }
    }

    private mutating func begin(_ submission: Submission) {
        guard !submission.cancellation.isCancelled else {
            submission.completion(.failure(.taskCancelled))
            return
        }
        do {
            let transfer = try Transfer(submission.request)
            transfer.configure(certificatesFile: certificatesFile)
            transfers[transfer.handle] = (transfer, submission)
            curl_multi_add_handle(multi.handle, transfer.handle)
        } catch {
            submission.completion(.failure(error))
        }
    }

    private mutating func finishDone() {
        var left: Int32 = 0
        while let message = curl_multi_info_read(multi.handle, &left) {
            guard message.pointee.msg == CURLMSG_DONE, let handle = message.pointee.easy_handle
            else { continue }
            finish(handle, spool_curl_message_result(message))
        }
    }

    private mutating func finish(_ handle: UnsafeMutableRawPointer, _ result: CURLcode) {
        guard let (transfer, submission) = transfers.removeValue(forKey: handle) else { return }
        curl_multi_remove_handle(multi.handle, handle)
        submission.completion(transfer.outcome(result))
    }
}

extension HTTPTransportError {
    /// The error of a request whose task was cancelled, or whose transport has ended.
    static let taskCancelled = HTTPTransportError(.cancelled, "The task was cancelled")
}
