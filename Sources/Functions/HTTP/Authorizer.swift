import Crypto
package import Jobs
package import LambdaRuntime

/// Finds the owner of a bearer token.
///
/// One conformer is one way to sign in. An `Authorizer` asks several in turn.
package protocol TokenVerifier: Sendable {
    /// The owner of a token, or nil if this verifier did not issue it.
    /// - Throws: when a record that decides cannot be read.
    func owner(ofToken token: String) async throws -> OwnerID?
}

/// Finds the owner of a request by its `Authorization: Bearer` header.
///
/// Without a verifier every caller is the one local owner, for use on a laptop.
package struct Authorizer: Sendable {
    private let verifiers: [any TokenVerifier]

    /// Takes the ways to sign in; none disables authorization.
    package init(verifiers: [any TokenVerifier]) { self.verifiers = verifiers }

    /// Takes configured tokens.
    /// - Parameter owners: Token to owner; empty disables authorization.
    package init(owners: [String: OwnerID]) {
        self.init(verifiers: owners.isEmpty ? [] : [StaticTokens(owners)])
    }

    /// The caller.
    /// - Throws: a 401 problem when a required token is missing or wrong; the error of a
    ///   verifier that cannot decide.
    package func owner(of request: FunctionURLRequest) async throws -> OwnerID {
        guard !verifiers.isEmpty else { return .local }
        guard let header = request.headers["authorization"] else {
            throw Self.unauthorized("Authorization required")
        }
        let parts = header.split(separator: " ", maxSplits: 1)
        guard parts.count == 2, parts[0].lowercased() == "bearer" else {
            throw Self.unauthorized("Authorization required")
        }
        for verifier in verifiers {
            if let owner = try await verifier.owner(ofToken: String(parts[1])) { return owner }
        }
        throw Self.unauthorized("Invalid or expired token")
    }

    private static func unauthorized(_ text: String) -> Problem {
        Problem(
            status: 401, title: "Unauthorized",
            detail: "\(text). Send an Authorization header with a bearer token.", error: text,
            headers: ["www-authenticate": "Bearer"])
    }
}

/// Tokens from the deployment's settings, each with its owner.
package struct StaticTokens: TokenVerifier {
    private let owners: [(token: [UInt8], owner: OwnerID)]

    /// Takes the configured tokens.
    package init(_ owners: [String: OwnerID]) {
        self.owners = owners.map { (Array($0.key.utf8), $0.value) }
    }

    /// The token's owner; nil for any other token.
    package func owner(ofToken token: String) -> OwnerID? {
        let token = Array(token.utf8)
        var found: OwnerID?
        // Every token is compared, so that timing reveals nothing.
        for (candidate, owner) in owners where constantTimeEqual(candidate, token) {
            found = owner
        }
        return found
    }
}
