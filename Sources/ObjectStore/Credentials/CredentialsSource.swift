package import Signing
import WallClock

/// The source of credentials.
package enum CredentialsSource: Sendable, Hashable {
    /// Credentials from the environment, as Lambda sets them: valid for the life of the process.
    case fixed(SigV4.Credentials)
    /// An endpoint next to the process: ECS, EKS, and Lambda with SnapStart.
    case container(ContainerEndpoint)
    /// A profile of the shared AWS files.
    case profile(SharedProfile)

    /// Selects the first source present: keys in the environment, the profile in
    /// `AWS_PROFILE`, the container's endpoint, the profile `default`.
    /// - Returns: nil if there is none.
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
        // One key without the other is a mistake, so no other source is tried.
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

/// Credentials with their expiry.
struct ExpiringCredentials: Sendable, Hashable {
    var credentials: SigV4.Credentials
    /// Expiry; nil for credentials that do not expire.
    var expiresAt: UnixTime?
}
