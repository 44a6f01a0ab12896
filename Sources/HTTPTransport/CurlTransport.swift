import CCurl
import Threads

/// HTTP over libcurl. One thread drives all transfers of one `curl_multi` and keeps
/// connections alive between them; no thread of the cooperative pool waits for the network.
package final class CurlTransport: HTTPClient {
    private let multi: CurlMulti
    private let mailbox: MailboxThread<Submission>

    /// Maximum number of requests that wait for the transport's thread. The thread takes all of
    /// them in each turn, so a full inbox means that it has hung.
    static let waitingRequestCountMax = 4_096

    /// Starts the transport's thread.
    /// - Parameter certificatesFile: Path of the certificate authorities, in PEM, that servers
    ///   are checked against; nil for those of the system.
    package init(certificatesFile: String? = nil) {
        // SAFETY: a static's initialiser runs once, on the first thread that needs it.
        _ = Self.globalInitialisation
        let multi = CurlMulti()
        self.multi = multi
        mailbox = MailboxThread(
            capacity: Self.waitingRequestCountMax, wakeUp: { multi.wake() },
            run: { mailbox in
                var loop = TransferLoop(multi, certificatesFile: certificatesFile)
                loop.run(mailbox)
            })
    }

    deinit { mailbox.stop() }

    /// libcurl's process-wide set-up.
    static let globalInitialisation: CURLcode = curl_global_init(Int(CURL_GLOBAL_DEFAULT))

    /// Sends a request; a cancelled task ends its transfer.
    /// - Throws: `.cancelled`; `.connect` also if too many requests wait.
    package func send(
        _ request: HTTPRequest
    ) async throws(HTTPTransportError) -> HTTPResponse {
        let (multi, mailbox) = (multi, mailbox)
        let cancellation = Cancellation()
        let outcome: Result<HTTPResponse, HTTPTransportError> =
            await withTaskCancellationHandler {
                await withCheckedContinuation { continuation in
                    let submission = Submission(request: request, cancellation: cancellation) {
                        continuation.resume(returning: $0)
                    }
                    switch mailbox.post(submission) {
                    case .accepted: break
                    case .full:
                        submission.completion(
                            .failure(
                                HTTPTransportError(
                                    .connect,
                                    "\(Self.waitingRequestCountMax) requests are waiting")))
                    case .stopped: submission.completion(.failure(.taskCancelled))
                    }
                }
            } onCancel: {
                cancellation.cancel()
                multi.wake()
            }
        return try outcome.get()
    }
}

/// Path of the certificate authorities, from `AWS_CA_BUNDLE` (AWS SDKs and Tools Reference Guide)
/// or `SSL_CERT_FILE` (OpenSSL).
/// - Returns: nil if neither is set: use those of the system.
package func certificatesFile(_ environment: [String: String]) -> String? {
    ["AWS_CA_BUNDLE", "SSL_CERT_FILE"].lazy.compactMap { environment[$0] }.first { !$0.isEmpty }
}
