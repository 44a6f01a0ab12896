package import LambdaRuntime
import WallClock

/// The cookie of a session: `HttpOnly; Secure; SameSite=Lax`, sent to this host alone.
///
/// A request that changes something must come from the site itself: browsers send its `Origin`.
package struct SessionCookie: Sendable, Hashable {
    /// Name of the cookie; `__Host-` makes browsers refuse one that another host has set.
    package let name: String
    /// The front end's origin, for instance `https://app.example.org`.
    package let origin: String

    /// - Parameter origin: The front end's origin. Without TLS, on a laptop, the prefix is left
    ///   out: browsers keep it for https.
    package init(origin: String) {
        self.origin = origin
        name = origin.hasPrefix("https://") ? "__Host-spool-session" : "spool-session"
    }

    /// The token of the request's cookie; nil if it has none.
    /// - Throws: 403 for a change that another site's page requests.
    package func token(of request: FunctionURLRequest) throws(Problem) -> String? {
        guard let token = value(in: request) else { return nil }
        guard !["GET", "HEAD"].contains(request.method) else { return token }
        let isOwn =
            request.headers["origin"].map { sent in
                sent == origin
                    || request.headers["host"].map { sent.hasSuffix("://\($0)") } ?? false
            } ?? ["same-origin", "none", nil].contains(request.headers["sec-fetch-site"])
        guard isOwn else {
            throw Problem(
                status: 403, title: "Forbidden",
                detail: "The request comes from another site. Send the token in Authorization.",
                error: "Foreign origin")
        }
        return token
    }

    private func value(in request: FunctionURLRequest) -> String? {
        var cookies = request.cookies
        if let header = request.headers["cookie"] {
            cookies += header.split(separator: ";").map { String($0.drop { $0 == " " }) }
        }
        let values = cookies.compactMap { cookie in
            cookie.hasPrefix("\(name)=") ? String(cookie.dropFirst(name.count + 1)) : nil
        }
        return values.first.flatMap { $0.isEmpty ? nil : $0 }
    }

    /// The value of `Set-Cookie`.
    /// - Parameter token: Nil removes the cookie.
    package func header(_ token: String?, lifetime: Duration) -> String {
        let seconds = token == nil ? 0 : lifetime.wholeMilliseconds / 1_000
        return "\(name)=\(token ?? ""); Path=/; Max-Age=\(seconds); HttpOnly; Secure; SameSite=Lax"
    }
}
