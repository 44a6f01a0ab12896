package import WallClock

/// The receiver of one delivery.
package struct DeliveryTarget: Hashable, Sendable, Codable {
    /// The way to the receiver: webhook or email.
    package var channel: EndpointChannel
    /// The registered endpoint; nil for the callback of an edit.
    package var endpoint: String?
    /// URL or address when the delivery was made. An endpoint's current one is used.
    package var address: String
    /// Name of the secret that signs a callback; nil for none.
    package var secretRef: String?
    /// Language of a message.
    package var language: String?
    /// Deliveries of one group share a limit of requests at once.
    package var group: String

    /// A receiver.
    package init(
        channel: EndpointChannel, endpoint: String?, address: String, secretRef: String? = nil,
        language: String? = nil, group: String
    ) {
        self.channel = channel
        self.endpoint = endpoint
        self.address = address
        self.secretRef = secretRef
        self.language = language
        self.group = group
    }
}

/// One attempt, in the log of its delivery.
package struct DeliveryAttempt: Hashable, Sendable, Codable {
    /// Start of the attempt.
    package var startedAt: UnixTime
    /// Duration of the exchange; 0 if the process ended before its end.
    package var milliseconds: Int
    /// Status of HTTP, or reply code of SMTP; nil without a response.
    package var status: Int?
    /// Reason of a failure without a response.
    package var error: String?
    /// Beginning of the response's body.
    package var excerpt: String?

    /// An attempt.
    package init(
        startedAt: UnixTime, milliseconds: Int, status: Int?, error: String?, excerpt: String?
    ) {
        self.startedAt = startedAt
        self.milliseconds = milliseconds
        self.status = status
        self.error = error
        self.excerpt = excerpt
    }

    private enum CodingKeys: String, CodingKey {
        case startedAt = "startedAtMilliseconds", milliseconds, status, error, excerpt
    }
}

/// One message to one receiver, with its attempts: `deliveries/{owner}/{time}/{id}.json`.
package struct DeliveryRecord: Hashable, Sendable, Codable {
    /// State of a delivery.
    package enum State: String, Hashable, Sendable, Codable, CaseIterable {
        case pending, delivered, failed
    }

    /// Version of the record's format.
    package var version = 1
    /// ID of the message, `webhook-id`: the same for every attempt.
    package var id: String
    /// Kind of the event.
    package var event: EventType
    /// ID of the export, asset or batch.
    package var subject: String
    /// The receiver.
    package var target: DeliveryTarget
    /// The message: the body of a webhook.
    package var body: String
    /// Time of the event.
    package var createdAt: UnixTime
    /// State of the delivery.
    package var state: State
    /// Time of the next attempt, or end of the claim of a running one; nil unless pending.
    package var dueAt: UnixTime?
    /// Start of the running attempt; nil if none runs.
    package var claimedAt: UnixTime?
    /// Failed attempts since the delivery was made or requested again.
    package var failureCount = 0
    /// The attempts, oldest first, at most `attemptCountMax`.
    package private(set) var attempts: [DeliveryAttempt] = []
    /// Reason of the failure; nil unless failed.
    package var reason: String?

    /// A pending delivery.
    package init(
        id: String, event: EventType, subject: String, target: DeliveryTarget, body: String,
        createdAt: UnixTime, dueAt: UnixTime
    ) {
        self.id = id
        self.event = event
        self.subject = subject
        self.target = target
        self.body = body
        self.createdAt = createdAt
        self.dueAt = dueAt
        state = .pending
    }

    private enum CodingKeys: String, CodingKey {
        case version, id, event, subject, target, body, state, failureCount, attempts, reason
        case createdAt = "createdAtMilliseconds", dueAt = "dueAtMilliseconds"
        case claimedAt = "claimedAtMilliseconds"
    }

    /// Attempts that are kept in the log; older ones are dropped.
    package static let attemptCountMax = 30
    /// Time for which a running attempt keeps others away: longer than any attempt.
    package static let claimTime = Duration.seconds(30)

    /// Starts an attempt. One whose process ended before its result is logged as interrupted;
    /// it does not count as a failure.
    package mutating func claim(at now: UnixTime) {
        if let interrupted = claimedAt {
            append(
                DeliveryAttempt(
                    startedAt: interrupted, milliseconds: 0, status: nil,
                    error: "The attempt was interrupted.", excerpt: nil))
        }
        claimedAt = now
        dueAt = now + Self.claimTime
    }

    /// Applies the result of the running attempt.
    package mutating func finish(_ attempt: DeliveryAttempt, _ step: DeliveryStep) {
        append(attempt)
        claimedAt = nil
        dueAt = nil
        switch step {
        case .delivered: state = .delivered
        case .retry(let time):
            failureCount += 1
            dueAt = time
        case .giveUp(let reason, _):
            failureCount += 1
            giveUp(reason)
        }
    }

    /// Ends the delivery without another attempt.
    package mutating func giveUp(_ reason: String) {
        state = .failed
        self.reason = reason
        claimedAt = nil
        dueAt = nil
    }

    /// Starts the delivery again with all its attempts. The ID stays.
    package mutating func restart(at now: UnixTime) {
        state = .pending
        reason = nil
        failureCount = 0
        dueAt = now
        claimedAt = nil
    }

    private mutating func append(_ attempt: DeliveryAttempt) {
        attempts = Array((attempts + [attempt]).suffix(Self.attemptCountMax))
    }
}
