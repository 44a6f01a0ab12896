package import Jobs

/// The authenticated caller of a request.
package struct Caller: Sendable, Hashable {
    /// Whose objects these are: the second segment of every key.
    package var owner: OwnerID
    /// How the caller signed in.
    package var method: Method
    /// The account behind a session or an API key; nil for any other caller.
    package var account: AccountCaller?
    /// False for a caller that may only read.
    package var mayWrite = true
    /// False for a caller that may only write.
    package var mayRead = true

    /// Ways to sign in.
    package enum Method: String, Sendable, Hashable {
        case open, token, password, jwt, session
        case apiKey = "api-key"
    }

    /// A caller that may do everything of its owner.
    package init(_ owner: OwnerID, by method: Method, account: AccountCaller? = nil) {
        self.owner = owner
        self.method = method
        self.account = account
    }

    /// True if the scopes of the caller permit this HTTP method.
    package func permits(method: String) -> Bool {
        method == "GET" || method == "HEAD" ? mayRead : mayWrite
    }
}

/// The account of a caller, as the database knows it.
package struct AccountCaller: Sendable, Hashable {
    /// ID of the user, `usr-…`.
    package var userID: String
    /// The session or the API key.
    package var credentialID: String
    /// ID of the workspace, `ws-…`; nil for a user who has none.
    package var workspaceID: String?
    /// The user's role in the workspace.
    package var role: String?
    /// True for an administrator of the platform.
    package var isPlatformAdmin: Bool

    /// An account.
    package init(
        userID: String, credentialID: String, workspaceID: String?, role: String?,
        isPlatformAdmin: Bool
    ) {
        self.userID = userID
        self.credentialID = credentialID
        self.workspaceID = workspaceID
        self.role = role
        self.isPlatformAdmin = isPlatformAdmin
    }
}
