package import WallClock

/// The way to an endpoint.
package enum EndpointChannel: String, Hashable, Sendable, Codable, CaseIterable {
    /// HTTP requests to a URL.
    case webhook
    /// Messages to an address.
    case email
    /// Nothing is sent: a named secret for the callbacks of edits.
    case secret
}

/// A registered receiver of events: `webhooks/{owner}/endpoints/{id}.json`.
package struct EndpointRecord: Hashable, Sendable, Codable {
    /// Version of the record's format.
    package var version = 1
    /// The endpoint's ID.
    package var id: String
    /// Name of the caller's choice, unique for its owner; `secretRef` can name it.
    package var name: String?
    /// The way to the endpoint.
    package var channel: EndpointChannel
    /// URL of a webhook or address of a mailbox; nil for a secret.
    package var address: String?
    /// The events that are sent.
    package var events: [EventType]
    /// Language of messages, the name of a folder of templates; nil is the default.
    package var language: String?
    /// The secrets that sign; nil for e-mail.
    package var secrets: WebhookSecrets?
    /// Reason why nothing is sent; nil while the endpoint is enabled.
    package var disabledBecause: String?
    /// Time of the registration.
    package var createdAt: UnixTime

    /// An enabled endpoint.
    package init(
        id: String, name: String?, channel: EndpointChannel, address: String?,
        events: [EventType], language: String?, secrets: WebhookSecrets?, createdAt: UnixTime
    ) {
        self.id = id
        self.name = name
        self.channel = channel
        self.address = address
        self.events = events
        self.language = language
        self.secrets = secrets
        self.createdAt = createdAt
    }

    private enum CodingKeys: String, CodingKey {
        case version, id, name, channel, address, events, language, secrets, disabledBecause
        case createdAt = "createdAtMilliseconds"
    }

    /// True while deliveries are attempted.
    package var isEnabled: Bool { disabledBecause == nil }

    /// True if an event of this type is delivered to the endpoint.
    package func receives(_ type: EventType) -> Bool {
        isEnabled && channel != .secret && events.contains(type)
    }
}

/// Recent experience with one receiver: `webhooks/{owner}/health/{group}.json`.
package struct EndpointHealth: Hashable, Sendable, Codable {
    /// Version of the record's format.
    package var version = 1
    /// Time of the first failure since the last success; nil after a success.
    package var failingSince: UnixTime?
    /// Deliveries since the last success of which every attempt failed.
    package var exhaustedCount = 0
    /// Until then, no first attempt is made with the event: the receiver was slow or failed.
    package var avoidUntil: UnixTime?

    /// Health of a receiver without history.
    package init() {}

    private enum CodingKeys: String, CodingKey {
        case version, failingSince = "failingSinceMilliseconds", exhaustedCount
        case avoidUntil = "avoidUntilMilliseconds"
    }

    /// An endpoint whose deliveries all failed for this long is disabled with the next
    /// exhausted one.
    package static let failingTimeMax = Duration.seconds(5 * 86_400)
    /// Deliveries in a row that may be exhausted.
    package static let exhaustedCountMax = 10
    /// An attempt of this length makes the receiver slow.
    package static let slowTime = Duration.seconds(2)
    /// Time for which a slow or failing receiver is left to the schedule.
    package static let avoidTime = Duration.seconds(300)

    /// True if the first attempt is left to the schedule.
    package func isAvoided(at now: UnixTime) -> Bool { avoidUntil.map { now < $0 } ?? false }

    /// The health after an attempt.
    /// - Parameter took: Duration of the attempt.
    /// - Returns: An equal value if there is nothing to store.
    package func after(
        _ next: DeliveryStep, took: Duration, at now: UnixTime
    ) -> EndpointHealth {
        var health = self
        let isSlow = took >= Self.slowTime
        if case .delivered = next {
            health.failingSince = nil
            health.exhaustedCount = 0
            if !isSlow { health.avoidUntil = nil }
        } else {
            health.failingSince = failingSince ?? now
            if case .giveUp = next { health.exhaustedCount += 1 }
        }
        // Renewed in the second half only: not each attempt needs a write.
        if isSlow, avoidUntil.map({ $0 - now < Self.avoidTime / 2 }) ?? true {
            health.avoidUntil = now + Self.avoidTime
        }
        return health
    }

    /// Reason to disable the endpoint; nil if it stays.
    package func disablesBecause(at now: UnixTime) -> String? {
        if exhaustedCount >= Self.exhaustedCountMax {
            return "Every attempt at \(exhaustedCount) deliveries in a row failed."
        }
        if exhaustedCount > 0, let failingSince, now - failingSince >= Self.failingTimeMax {
            return "Every delivery for five days failed."
        }
        return nil
    }
}
