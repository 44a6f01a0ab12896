package import Signing

/// Where credentials come from.
package enum CredentialsSource: Sendable, Hashable {
    /// Of the environment, as Lambda sets them: they outlive the process.
    case fixed(SigV4.Credentials)
    /// An endpoint beside the process: ECS, EKS, and Lambda with SnapStart.
    case container(ContainerEndpoint)
    /// A profile of the files that AWS's tools share.
    case profile(SharedProfile)

    /// The first of: keys in the environment, the profile that `AWS_PROFILE`
    /// names, the container's endpoint, the profile `default`.
    /// - Returns: nil where there is none of them.
    package init?(environment: [String: String]) {
        func value(_ name: String) -> String? {
            environment[name].flatMap { $0.isEmpty ? nil : $0 }
        }
        if let id = value("AWS_ACCESS_KEY_ID"), let secret = value("AWS_SECRET_ACCESS_KEY") {
            self = .fixed(
                SigV4.Credentials(
                    accessKeyID: id, secretAccessKey: secret,
                    sessionToken: value("AWS_SESSION_TOKEN")))
            return
        }
        // One key without the other is a mistake, not a choice of another source.
        guard value("AWS_ACCESS_KEY_ID") == nil, value("AWS_SECRET_ACCESS_KEY") == nil else {
            return nil
        }
        if let name = value("AWS_PROFILE") {
            self = .profile(SharedProfile(name: name, environment: environment))
        } else if let endpoint = ContainerEndpoint(environment: environment) {
            self = .container(endpoint)
        } else {
            let profile = SharedProfile(name: "default", environment: environment)
            guard profile.hasFile else { return nil }
            self = .profile(profile)
        }
    }
}

/// Credentials and how long they last.
struct ExpiringCredentials: Sendable, Hashable {
    var credentials: SigV4.Credentials
    /// Seconds since 1970; nil for ever.
    var expiresAtSeconds: Int?
}
