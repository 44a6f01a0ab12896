/// The web pages that may send requests to a server whose callers need no token.
///
/// A browser sends the requests of every page to this machine. `Host` reveals a name that was bound
/// to it (DNS rebinding); `Origin` and `Sec-Fetch-Site` reveal the page (Fetch standard).
package struct PageRules: Hashable, Sendable {
    /// Host names besides those of this machine; addresses are always permitted.
    package var hosts: Set<String>
    /// Origins whose pages may call; see `PageOrigin.isAllowed`.
    package var origins: [String]

    /// Rules with additional host names in lower case.
    package init(hosts: Set<String> = [], origins: [String] = [PageOrigin.loopback]) {
        self.hosts = hosts
        self.origins = origins
    }

    /// The fault of a request that a page may not send, as a sentence; nil for a permitted one.
    /// - Parameters:
    ///   - isReadOnly: The request changes nothing, and a page that may not read the response
    ///     gains nothing from it: images, videos and links have no `Origin`.
    ///   - origins: Replaces the allowed origins.
    package func fault(
        of head: RequestHead, isReadOnly: Bool, origins: [String]? = nil
    ) -> String? {
        if let fault = hostFault(of: head) { return fault }
        if let origin = head.headers["origin"] {
            let allowed = origins ?? self.origins
            if isOwn(origin, head) || PageOrigin.isAllowed(origin, by: allowed) { return nil }
            return "Pages of \(origin) may not call this server. FRONTEND_URL names those that may."
        }
        if isReadOnly || head.headers["sec-fetch-site"] != "cross-site" { return nil }
        return "Pages of other sites may not call this server without an Origin."
    }

    /// The fault of a request that only the server's own page and programs may send.
    package func operatorFault(of head: RequestHead) -> String? {
        if let fault = hostFault(of: head) { return fault }
        let site = head.headers["sec-fetch-site"] ?? "none"
        let isOwnPage = head.headers["origin"].map { isOwn($0, head) } ?? true
        guard isOwnPage, ["none", "same-origin"].contains(site) else {
            return "Only the console's own page may call this."
        }
        // A form of any page can have these types (Fetch standard, "CORS-safelisted").
        let type = (head.headers["content-type"] ?? "").lowercased().prefix { $0 != ";" }
        guard head.headers["authorization"] == nil, head.method != "GET" else { return nil }
        let formTypes = [
            "text/plain", "multipart/form-data", "application/x-www-form-urlencoded",
        ]
        return formTypes.contains(type.filter { $0 != " " })
            ? "The content type \(type) is refused here; send application/json." : nil
    }

    private func hostFault(of head: RequestHead) -> String? {
        guard let host = head.headers["host"] else { return nil }
        let name = PageOrigin.hostName(host)
        if PageOrigin.isAddress(name) || PageOrigin.isLoopbackName(name) || hosts.contains(name) {
            return nil
        }
        return "The host \(name) is not a name of this server."
    }

    private func isOwn(_ origin: String, _ head: RequestHead) -> Bool {
        guard let host = head.headers["host"] else { return false }
        return origin == "http://\(host)" || origin == "https://\(host)"
    }
}

/// Origins of web pages, `scheme://host[:port]`, and patterns for them.
package enum PageOrigin {
    /// The pattern of every page that this machine serves, on any port.
    package static let loopback = "loopback"

    /// True if a pattern matches: `*`, `loopback`, or an origin in which one `*` is any text.
    package static func isAllowed(_ origin: String, by patterns: [String]) -> Bool {
        patterns.contains { pattern in
            if pattern == loopback { return isLoopback(origin) }
            guard let star = pattern.firstIndex(of: "*") else { return pattern == origin }
            let (before, after) = (pattern[..<star], pattern[pattern.index(after: star)...])
            return origin.utf8.count > before.utf8.count + after.utf8.count
                && origin.hasPrefix(before) && origin.hasSuffix(after)
        }
    }

    /// The host's name of an authority, without port, in lower case.
    package static func hostName(_ authority: String) -> String {
        let text = authority.lowercased()
        if text.hasPrefix("["), let end = text.firstIndex(of: "]") { return String(text[...end]) }
        return String(text.prefix { $0 != ":" })
    }

    /// The host's name of a URL; nil for other texts.
    package static func hostName(ofURL url: String) -> String? {
        let schemes = ["http://", "https://"]
        guard let scheme = schemes.first(where: { url.lowercased().hasPrefix($0) }) else {
            return nil
        }
        return hostName(String(url.dropFirst(scheme.count).prefix { $0 != "/" }))
    }

    /// True for a name or an address of this machine.
    package static func isLoopbackName(_ name: String) -> Bool {
        name == "localhost" || name.hasSuffix(".localhost") || name == "[::1]"
            || (isAddress(name) && name.hasPrefix("127."))
    }

    /// True for an IPv4 address or an IPv6 address in brackets, to which no name can be bound.
    package static func isAddress(_ name: String) -> Bool {
        if name.hasPrefix("["), name.hasSuffix("]") { return true }
        let parts = name.split(separator: ".", omittingEmptySubsequences: false)
        return parts.count == 4 && parts.allSatisfy { UInt8($0) != nil }
    }

    private static func isLoopback(_ origin: String) -> Bool {
        hostName(ofURL: origin).map(isLoopbackName) ?? false
    }
}

extension Response {
    /// Adds headers that the response does not have.
    package mutating func addMissing(_ headers: [(String, String)]) {
        let names = Set(self.headers.map { $0.0.lowercased() })
        self.headers += headers.filter { !names.contains($0.0.lowercased()) }
    }
}
