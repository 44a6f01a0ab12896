import HTTPTransport
import Signing
import WallClock

/// The current credentials, renewed before they expire; concurrent callers share one renewal.
actor CredentialsCache {
    /// Remaining lifetime below which credentials are renewed.
    private static let margin = Duration.seconds(300)
    /// Time after which a profile's files are read again.
    private static let profileLifetime = Duration.seconds(900)

    private let source: CredentialsSource
    private let client: any HTTPClient
    private let clock: S3Clock
    private var lease: ExpiringCredentials?
    private var load: Task<Result<ExpiringCredentials, ObjectStoreError>, Never>?

    init(_ source: CredentialsSource, client: any HTTPClient, clock: S3Clock) {
        self.source = source
        self.client = client
        self.clock = clock
    }

    /// Returns valid credentials.
    /// - Throws: the source's error if no valid credentials remain.
    func current() async throws(ObjectStoreError) -> SigV4.Credentials {
        if case .fixed(let credentials) = source { return credentials }
        if let lease, !isExpiring(lease, within: Self.margin) { return lease.credentials }
        do {
            let fresh = try await renewed().get()
            lease = fresh
            return fresh.credentials
        } catch {
            // The current credentials are used until they expire.
            if let lease, !isExpiring(lease, within: .zero) { return lease.credentials }
            throw error
        }
    }

    /// Discards credentials that the store reported as expired.
    func forget() { lease = nil }

    private func isExpiring(_ lease: ExpiringCredentials, within margin: Duration) -> Bool {
        lease.expiresAt.map { $0 - clock.now() <= margin } ?? false
    }

    /// Renews the credentials. The cache owns the task and every caller awaits
    /// it, so one caller's cancellation does not end the renewal.
    private func renewed() async -> Result<ExpiringCredentials, ObjectStoreError> {
        if let load { return await load.value }
        let (source, client, now) = (source, client, clock.now())
        let task = Task<Result<ExpiringCredentials, ObjectStoreError>, Never> {
            do throws(ObjectStoreError) {
                switch source {
                case .fixed(let credentials):
                    return .success(ExpiringCredentials(credentials: credentials))
                case .container(let endpoint): return .success(try await endpoint.load(client))
                case .profile(let profile):
                    return .success(
                        ExpiringCredentials(
                            credentials: try profile.load(),
                            expiresAt: now + Self.profileLifetime + Self.margin))
                }
            } catch {
                return .failure(error)
            }
        }
        load = task
        let result = await task.value
        load = nil
        return result
    }
}
