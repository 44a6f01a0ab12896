import FoundationEssentials
import Jobs
import Notify
import WallClock

/// A file on another host: follows redirects, and tries again what may pass.
struct RemoteSource: Sendable {
    let client: any DownloadClient
    let now: @Sendable () -> UnixTime
    let sleep: @Sendable (Duration) async throws -> Void
    /// Time at which this invocation must have ended.
    let deadline: UnixTime

    /// A file that was found.
    struct Found: Sendable {
        var url: WebhookURL
        var file: RemoteFile
    }

    /// Reasons to stop.
    enum Failure: Error, Hashable {
        /// No attempt can help. The sentence is shown to the user.
        case refused(String)
        /// The file is another one than at the beginning.
        case changed
        /// The host did not answer as it should, also after several attempts.
        case unreachable(String)
        /// The time limit of this invocation is near.
        case outOfTime
    }

    /// Redirects that are followed, as by browsers' fetch.
    private static let redirectCountMax = 20
    /// Delays between the attempts at one request.
    static let delays: [Duration] = [1, 2, 4, 8, 16].map { .seconds($0) }
    /// Limit of one request of a part.
    private static let exchangeMax = Duration.seconds(120)

    /// Finds the file: its size, its type, and the URL after all redirects.
    func find(_ url: WebhookURL) async throws -> Found {
        var url = url
        for _ in 0...Self.redirectCountMax {
            let reply = try await attempt {
                DownloadCall(
                    url: url, range: 0..<1, destination: .none, timeout: .seconds(60))
            } classify: { reply in
                if (300..<400).contains(reply.status) || reply.status == 416 { return .take }
                return (200..<300).contains(reply.status)
                    ? .take : FetchDecision(refusalOf: reply.status)
            }
            if [301, 302, 303, 307, 308].contains(reply.status) {
                url = try Self.target(of: reply, from: url)
                continue
            }
            // A range of an empty file cannot be satisfied.
            if reply.status == 416 { throw Failure.refused("The file is empty.") }
            guard let file = RemoteFile(status: reply.status, header: { reply.headers[$0] })
            else { throw Failure.refused("The host answered with status \(reply.status).") }
            return Found(url: url, file: file)
        }
        throw Failure.refused(
            "The URL leads to more than \(Self.redirectCountMax) redirects.")
    }

    /// Fetches a range.
    /// - Parameter total: Size of the whole file.
    func bytes(_ range: Range<Int>, of found: Found, total: Int) async throws -> [UInt8] {
        try await attempt {
            DownloadCall(
                url: found.url, range: range, validator: found.file.validator,
                destination: .memory(bytesMax: range.count), timeout: Self.exchangeMax)
        } classify: { reply in
            FetchDecision(
                status: reply.status, contentRange: reply.headers["content-range"],
                bodyBytes: reply.bodyBytes, range: range, total: total)
        }.body
    }

    /// Fetches the whole file into a new local file, from a host without ranges.
    func save(_ found: Found, to path: String, bytesMax: Int) async throws {
        _ = try await attempt {
            DownloadCall(
                url: found.url, destination: .file(path: path, bytesMax: bytesMax),
                timeout: max(.seconds(1), deadline - now()))
        } classify: { reply in
            guard reply.status == 200 else { return FetchDecision(refusalOf: reply.status) }
            let isWhole = found.file.bytes.map { $0 == reply.bodyBytes } ?? true
            return isWhole ? .take : .retry
        }
    }

    /// Sends a request until `classify` takes the response.
    private func attempt(
        _ call: () -> DownloadCall, classify: (DownloadReply) -> FetchDecision
    ) async throws -> DownloadReply {
        var delays = Self.delays[...]
        while true {
            guard now() < deadline else { throw Failure.outOfTime }
            let reason: String
            switch await outcome(of: call()) {
            case .success(let reply):
                switch classify(reply) {
                case .take: return reply
                case .startOver: throw Failure.changed
                case .refuse(let sentence): throw Failure.refused(sentence)
                case .retry: reason = "The host answered with status \(reply.status)."
                }
            case .failure(.forbiddenAddress):
                throw Failure.refused("The host has an address that is not permitted.")
            case .failure(.tooLarge):
                // A whole file in place of a range: it changed, as `If-Range` says.
                guard call().range == nil else { throw Failure.changed }
                throw Failure.refused("The file is larger than this upload may be.")
            case .failure(.localFile(let text)): throw Failure.unreachable(text)
            case .failure(.unreachable(let text)):
                reason = "The host did not answer: \(text)."
            }
            guard let delay = delays.popFirst() else { throw Failure.unreachable(reason) }
            guard now() + delay < deadline else { throw Failure.outOfTime }
            try await sleep(delay)
        }
    }

    private func outcome(of call: DownloadCall) async -> Result<DownloadReply, DownloadError> {
        do throws(DownloadError) {
            return .success(try await client.get(call))
        } catch {
            return .failure(error)
        }
    }

    /// The URL of a redirect; a relative one is resolved (RFC 9110, section 10.2.2).
    private static func target(
        of reply: DownloadReply, from url: WebhookURL
    ) throws(Failure) -> WebhookURL {
        guard let location = reply.headers["location"],
            let target = URL(string: location, relativeTo: URL(string: url.text))?.absoluteString
        else { throw .refused("The host answered with a redirect that has no usable URL.") }
        do throws(WebhookURL.Fault) {
            return try WebhookURL(String(target.prefix { $0 != "#" }))
        } catch {
            throw .refused("The URL leads to one that \(error.detail).")
        }
    }
}

extension RemoteFile {
    /// True if the type is that of a web page: the URL leads to a player, not to its file.
    var isWebPage: Bool {
        guard let contentType else { return false }
        return ["text/html", "application/xhtml+xml"].contains(contentType)
    }
}
