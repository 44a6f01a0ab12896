package import WallClock

/// The receiver of a delivery as it is registered now.
package enum TargetState: Hashable, Sendable {
    case active
    /// Disabled, with the reason.
    case disabled(String)
    /// Deleted, or a `secretRef` that names nothing, with the reason.
    case missing(String)
}

/// Action for a due delivery. Pure: every case is a table row.
package enum DeliveryDecision: Hashable, Sendable {
    /// Make an attempt now.
    case attempt
    /// Nothing until then.
    case wait(UnixTime)
    /// End the delivery as failed.
    case giveUp(String)
    /// The delivery has ended.
    case nothing

    /// Decides for one record.
    package static func of(
        _ record: DeliveryRecord, target: TargetState, now: UnixTime
    ) -> DeliveryDecision {
        guard record.state == .pending else { return .nothing }
        // A claim is a due time in the future, so a running attempt is left alone.
        if let dueAt = record.dueAt, dueAt > now { return .wait(dueAt) }
        switch target {
        case .active: return .attempt
        case .disabled(let reason): return .giveUp("The endpoint is disabled: \(reason)")
        case .missing(let reason): return .giveUp(reason)
        }
    }
}

/// The outcome of one exchange with a receiver.
package enum DeliveryResponse: Hashable, Sendable {
    /// A response with its status, and `Retry-After` if it has one.
    case status(Int, retryAfter: Duration? = nil)
    /// No response: unreachable, too slow or broken.
    case unreachable(String)
    /// No request: the address is not permitted, or the channel is not configured.
    case refused(String)
}

/// The state of a delivery after an attempt.
package enum DeliveryStep: Hashable, Sendable {
    case delivered
    /// Another attempt at this time.
    case retry(UnixTime)
    /// No other attempt, with the reason; `disables` if the receiver asked for no other delivery.
    case giveUp(String, disables: Bool)

    /// Decides after an attempt.
    /// - Parameter failureCount: Failed attempts before this one.
    package static func after(
        _ response: DeliveryResponse, failureCount: Int, id: String, channel: EndpointChannel,
        schedule: RetrySchedule, now: UnixTime
    ) -> DeliveryStep {
        var retryAfter: Duration?
        switch response {
        case .status(let status, _) where (200..<300).contains(status): return .delivered
        case .status(410, _) where channel == .webhook:
            return .giveUp("The receiver answered 410 Gone.", disables: true)
        // SMTP (RFC 5321, 4.2.1): 5yz is permanent.
        case .status(let status, _) where channel == .email && (550...559).contains(status):
            return .giveUp("The mail server refused the message (\(status)).", disables: false)
        case .status(_, let after): retryAfter = after
        case .refused(let reason): return .giveUp(reason, disables: false)
        case .unreachable: break
        }
        let delay = schedule.delay(after: failureCount + 1, id: id, retryAfter: retryAfter)
        guard let delay else {
            return .giveUp(
                "All \(schedule.delays.count + 1) attempts failed.", disables: false)
        }
        return .retry(now + delay)
    }
}

/// Reads `Retry-After` (RFC 9110, 10.2.3): seconds or an HTTP date.
/// - Returns: nil for any other text, zero for a date in the past.
package func retryAfter(_ text: String, now: UnixTime) -> Duration? {
    if text.utf8.count < 10, let seconds = Int(text), seconds >= 0 { return .seconds(seconds) }
    return UnixTime(http: text).map { max(.zero, $0 - now) }
}
