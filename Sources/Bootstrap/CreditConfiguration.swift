import Credits
import Database
import FoundationEssentials
import Functions
import WallClock

/// Settings of the database, credits, payments and rate limits, from the environment.
struct CreditConfiguration: Sendable {
    /// `SPOOL_DATABASE`: `sqlite:PATH` or `postgres://…`; nil without one.
    var address: DatabaseAddress?
    /// `SPOOL_PLANS`: path of a file of plans, or its text; nil if exports cost no credits.
    var plans: Plans?
    /// `SPOOL_DODO_SECRETS`, `SPOOL_STRIPE_SECRETS`: secrets of webhooks, separated by commas.
    var payments: [PaymentSecrets] = []
    /// `SPOOL_RATE_ADDRESS`, `SPOOL_RATE_CALLER`: requests of a minute; nil for no limit.
    var addressLimit: RateLimit?
    var callerLimit: RateLimit?
    /// `SPOOL_TRUSTED_PROXIES`: addresses and blocks, separated by commas.
    var proxies = TrustedProxies.none

    /// - Parameter faults: Receives a sentence about each malformed variable.
    init(environment: [String: String], faults: inout [String]) {
        func text(_ name: String) -> String? { environment[name].flatMap { $0.isEmpty ? nil : $0 } }
        if let text = text("SPOOL_DATABASE") {
            address = DatabaseAddress(text)
            if address == nil {
                faults.append("SPOOL_DATABASE is not sqlite:PATH or postgres://HOST/NAME.")
            }
        }
        if let text = text("SPOOL_PLANS") {
            if address == nil { faults.append("SPOOL_PLANS needs SPOOL_DATABASE.") }
            do throws(PlanFaults) {
                plans = try Plans(parsing: Self.bytes(text))
            } catch {
                faults.append("SPOOL_PLANS: \(error).")
            }
        }
        for (name, provider) in [
            ("SPOOL_DODO_SECRETS", PaymentProvider.dodo), ("SPOOL_STRIPE_SECRETS", .stripe),
        ] {
            guard let text = text(name) else { continue }
            if let secrets = PaymentSecrets(provider, text) {
                payments.append(secrets)
            } else {
                faults.append("\(name) has an entry that is not a secret of a webhook.")
            }
        }
        func limit(_ name: String) -> RateLimit? {
            guard let text = text(name) else { return nil }
            guard let count = Int(text), (1...1_000_000).contains(count) else {
                faults.append("\(name) is not a number from 1 to 1000000: \(text).")
                return nil
            }
            return .perMinute(count)
        }
        addressLimit = limit("SPOOL_RATE_ADDRESS")
        callerLimit = limit("SPOOL_RATE_CALLER")
        if let text = text("SPOOL_TRUSTED_PROXIES") {
            if let proxies = TrustedProxies(text) {
                self.proxies = proxies
            } else {
                faults.append("SPOOL_TRUSTED_PROXIES has an entry that is no address or block.")
            }
        }
    }

    /// A file's bytes, or those of the text if it is JSON itself: Lambda has no files of its own.
    private static func bytes(_ text: String) -> [UInt8] {
        if text.hasPrefix("{") { return Array(text.utf8) }
        return FileManager.default.contents(atPath: text).map { Array($0) } ?? []
    }

    /// The live values. The database is opened by the first call that needs it.
    func services(certificatesFile: String?) -> CreditServices {
        var services = CreditServices(payments: payments)
        let settings = address.map {
            DatabaseSettings(address: $0, certificatesFile: certificatesFile)
        }
        if let plans, let settings {
            services.ledger = CreditLedger(
                database: settings.database(), plans: plans, now: UnixTime.now)
        }
        if addressLimit != nil || callerLimit != nil {
            services.rates = RequestRates(
                limiter: settings.map { DatabaseRateLimiter(database: $0.forCounters.database()) }
                    ?? MemoryRateLimiter(),
                address: addressLimit, caller: callerLimit, proxies: proxies)
        }
        return services
    }
}
