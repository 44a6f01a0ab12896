import Crypto
package import Credits
package import LambdaRuntime
import Logging
import Notify
import WallClock

/// Limits of the rate of requests, by address and by caller.
package struct RequestRates: Sendable {
    /// Buckets.
    package var limiter: any RateLimiter
    /// Limit of each address; nil for none.
    package var address: RateLimit?
    /// Limit of each caller; nil for none.
    package var caller: RateLimit?
    /// Proxies whose `X-Forwarded-For` names the client.
    package var proxies: TrustedProxies

    /// Limits.
    package init(
        limiter: any RateLimiter, address: RateLimit?, caller: RateLimit?, proxies: TrustedProxies
    ) {
        self.limiter = limiter
        self.address = address
        self.caller = caller
        self.proxies = proxies
    }

    /// Takes one request from the buckets of its address and its caller.
    /// - Returns: Headers for the response of a permitted request.
    /// - Throws: a 429 problem with `Retry-After`. A limiter that fails permits the request.
    func admit(
        _ request: FunctionURLRequest, at now: UnixTime, logger: Logger
    ) async throws(Problem) -> [String: String] {
        var names: [String] = []
        var wanted: [(name: String, limit: RateLimit)] = []
        if let address {
            names.append("address")
            wanted.append(("a \(proxies.client(of: request))", address))
        }
        if let caller, let credential = Self.credential(of: request) {
            names.append("caller")
            wanted.append(("c \(credential)", caller))
        }
        guard !wanted.isEmpty else { return [:] }
        let decisions: [RateDecision]
        do {
            decisions = try await limiter.take(wanted, at: now)
        } catch {
            logger.warning("Rate limits are not counted", ["error": .string("\(error)")])
            return [:]
        }
        // The refusal, or the bucket with the least left, decides the headers.
        let named = Array(zip(names, decisions))
        let strictest =
            named.first { !$0.1.isAllowed } ?? named.min { $0.1.remaining < $1.1.remaining }
        guard let (name, decision) = strictest else { return [:] }
        let headers = decision.headers(name: name)
        guard decision.isAllowed else {
            throw Problem(
                status: 429, title: "Too many requests",
                detail: "The limit is \(decision.limit.count) requests in "
                    + "\(decision.limit.window.wholeSeconds) seconds for each \(name).",
                error: "Too many requests", headers: headers)
        }
        return headers
    }

    /// Digest of the credential that a request presents; nil without one. A wrong one is counted
    /// by the address too.
    private static func credential(of request: FunctionURLRequest) -> String? {
        let text = request.headers["authorization"] ?? request.headers["cookie"]
        return text.map { String(sha256Hex($0).prefix(32)) }
    }
}

/// Addresses and blocks of the proxies in front of the functions.
package struct TrustedProxies: Sendable {
    private var blocks: [(address: [UInt8], bits: Int)] = []

    /// No proxy: the address of the connection is the client's.
    package static let none = TrustedProxies(blocks: [])

    private init(blocks: [(address: [UInt8], bits: Int)]) { self.blocks = blocks }

    /// - Parameter text: Addresses and blocks, separated by commas: `10.0.0.0/8,::1`.
    /// - Returns: nil if an entry is neither.
    package init?(_ text: String) {
        for entry in text.split(separator: ",") {
            let parts = entry.trimmed.split(separator: "/", omittingEmptySubsequences: false)
            guard let first = parts.first, let address = NetworkAddress(String(first)),
                parts.count <= 2
            else { return nil }
            let bitsMax = address.bytes.count * 8
            guard let bits = parts.count == 2 ? Int(parts[1]) : bitsMax, (0...bitsMax) ~= bits
            else { return nil }
            blocks.append((address.bytes, bits))
        }
    }

    /// The client's address: the last one in `X-Forwarded-For` that no trusted proxy has. The
    /// header counts only on a connection of a trusted proxy.
    package func client(of request: FunctionURLRequest) -> String {
        guard trusts(request.sourceIP), let header = request.headers["x-forwarded-for"] else {
            return request.sourceIP
        }
        let chain = header.split(separator: ",").map { String($0.trimmed) }
        for address in chain.reversed() where !trusts(address) {
            // What no proxy can have written is not an address.
            return NetworkAddress(address) == nil ? request.sourceIP : address
        }
        return chain.first ?? request.sourceIP
    }

    private func trusts(_ text: String) -> Bool {
        guard let address = NetworkAddress(text) else { return false }
        let plain = address.embeddedIPv4 ?? address
        return blocks.contains { block in
            plain.bytes.count == block.address.count
                && (0..<block.bits).allSatisfy { bit in
                    let mask = UInt8(0x80) >> UInt8(bit % 8)
                    return plain.bytes[bit / 8] & mask == block.address[bit / 8] & mask
                }
        }
    }
}

extension Substring {
    fileprivate var trimmed: Substring {
        var text = drop { $0 == " " || $0 == "\t" }
        while let last = text.last, last == " " || last == "\t" { text.removeLast() }
        return text
    }
}
