import Crypto
package import Jobs
package import LambdaRuntime

/// Finds the owner of a request by its `Authorization: Bearer` header.
///
/// Without configured tokens every caller is the one local owner, for use on a laptop.
package struct Authorizer: Sendable {
    private let owners: [(token: [UInt8], owner: OwnerID)]

    /// Takes the configured tokens.
    /// - Parameter owners: Token to owner; empty disables authorization.
    package init(owners: [String: OwnerID]) {
        self.owners = owners.map { (Array($0.key.utf8), $0.value) }
    }

    /// The caller.
    /// - Throws: a 401 problem when a required token is missing or wrong.
    package func owner(of request: FunctionURLRequest) throws(Problem) -> OwnerID {
        guard !owners.isEmpty else { return .local }
        guard let header = request.headers["authorization"] else {
            throw unauthorized("Authorization required")
        }
        let parts = header.split(separator: " ", maxSplits: 1)
        guard parts.count == 2, parts[0].lowercased() == "bearer" else {
            throw unauthorized("Authorization required")
        }
        let token = Array(parts[1].utf8)
        var found: OwnerID?
        // Every token is compared, so that timing reveals nothing.
        for (candidate, owner) in owners where constantTimeEqual(candidate, token) {
            found = owner
        }
        guard let found else { throw unauthorized("Invalid or expired token") }
        return found
    }

    private func unauthorized(_ text: String) -> Problem {
        Problem(
            status: 401, title: "Unauthorized",
            detail: "\(text). Send an Authorization header with a bearer token.", error: text,
            headers: ["www-authenticate": "Bearer"])
    }
}
