import Crypto
package import Jobs
package import LambdaRuntime

/// Finds the caller of a token.
///
/// One conformer is one way to sign in. An `Authorizer` asks several in turn.
package protocol TokenVerifier: Sendable {
    /// The caller, or nil if this verifier did not issue the token.
    /// - Throws: a problem for a token of its kind that is not valid, or when a record that
    ///   decides cannot be read.
    func caller(
        ofToken token: String, in request: FunctionURLRequest
    ) async throws -> Caller?
}

/// Finds the caller of a request by its `Authorization: Bearer` header or its session cookie.
///
/// Without a verifier every caller is the one local owner, for use on a laptop.
package struct Authorizer: Sendable {
    private let verifiers: [any TokenVerifier]
    /// Name of the session cookie; nil without accounts.
    private let cookie: SessionCookie?
    /// Without a verifier, refuses callers of other machines.
    private let isLoopbackOnly: Bool

    /// Takes the ways to sign in; none disables authorization.
    /// - Parameter isLoopbackOnly: Without a verifier, only this machine may call.
    package init(
        verifiers: [any TokenVerifier], cookie: SessionCookie? = nil, isLoopbackOnly: Bool = false
    ) {
        self.verifiers = verifiers
        self.cookie = cookie
        self.isLoopbackOnly = isLoopbackOnly
    }

    /// Takes configured tokens.
    /// - Parameter owners: Token to owner; empty disables authorization.
    package init(owners: [String: OwnerID]) {
        self.init(verifiers: owners.isEmpty ? [] : [StaticTokens(owners)])
    }

    /// True if no token is asked for.
    package var isOpen: Bool { verifiers.isEmpty }

    /// The caller.
    /// - Throws: a 401 problem when a required token is missing or wrong, 403 when its scopes
    ///   do not permit the method; the error of a verifier that cannot decide.
    package func caller(of request: FunctionURLRequest) async throws -> Caller {
        guard !verifiers.isEmpty else {
            guard !isLoopbackOnly || Self.isLoopback(request.sourceIP) else {
                throw Self.closed
            }
            return Caller(.local, by: .open)
        }
        let token = try token(of: request)
        for verifier in verifiers {
            guard let caller = try await verifier.caller(ofToken: token, in: request) else {
                continue
            }
            guard caller.permits(method: request.method) else { throw Self.outOfScope }
            return caller
        }
        throw Self.unauthorized("Invalid or expired token")
    }

    /// The caller's owner.
    /// - Throws: as `caller(of:)`.
    package func owner(of request: FunctionURLRequest) async throws -> OwnerID {
        try await caller(of: request).owner
    }

    private func token(of request: FunctionURLRequest) throws(Problem) -> String {
        guard let header = request.headers["authorization"] else {
            if let token = try cookie?.token(of: request) { return token }
            throw Self.unauthorized("Authorization required")
        }
        let parts = header.split(separator: " ", maxSplits: 1)
        guard parts.count == 2, parts[0].lowercased() == "bearer" else {
            throw Self.unauthorized("Authorization required")
        }
        return String(parts[1])
    }

    /// True for an address of this machine, and where the platform gives none.
    static func isLoopback(_ address: String) -> Bool {
        let text = address.hasPrefix("::ffff:") ? String(address.dropFirst(7)) : address
        return text.isEmpty || text == "::1" || text == "localhost" || text.hasPrefix("127.")
    }

    /// A 401 problem.
    /// - Parameter reason: A sentence without its full stop about a token that was refused.
    static func unauthorized(_ text: String, reason: String? = nil) -> Problem {
        let challenge = reason.map { #"Bearer error="invalid_token", error_description="\#($0)""# }
        return Problem(
            status: 401, title: "Unauthorized",
            detail: "\(reason ?? text). Send an Authorization header with a bearer token.",
            error: text, headers: ["www-authenticate": challenge ?? "Bearer"])
    }

    private static let closed = Problem(
        status: 403, title: "Forbidden",
        detail: "Authorization is off, so only this machine may call. Set SPOOL_AUTH.",
        error: "Authorization is off")

    private static let outOfScope = Problem(
        status: 403, title: "Forbidden",
        detail: "The scopes of the token do not permit this method.",
        error: "Insufficient scope",
        headers: ["www-authenticate": #"Bearer error="insufficient_scope""#])
}

/// Tokens from the deployment's settings, each with its owner.
package struct StaticTokens: TokenVerifier {
    private let owners: [(token: [UInt8], owner: OwnerID)]

    /// Takes the configured tokens.
    package init(_ owners: [String: OwnerID]) {
        self.owners = owners.map { (Array($0.key.utf8), $0.value) }
    }

    /// The token's owner; nil for any other token.
    package func caller(ofToken token: String, in request: FunctionURLRequest) -> Caller? {
        let token = Array(token.utf8)
        var found: OwnerID?
        // Every token is compared, so that timing reveals nothing.
        for (candidate, owner) in owners where constantTimeEqual(candidate, token) {
            found = owner
        }
        return found.map { Caller($0, by: .token) }
    }
}
