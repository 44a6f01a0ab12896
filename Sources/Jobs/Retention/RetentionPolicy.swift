package import WallClock

/// Ages at which a deployment removes exports and uploads.
package struct RetentionPolicy: Hashable, Sendable {
    /// Age of an export, unless the export has its own; counted from its acceptance.
    package var exports = Duration.seconds(7 * 86_400)
    /// Age of an upload, counted from its grant; nil keeps uploads.
    package var uploads: Duration?

    /// Seven days for exports; uploads are kept.
    package init() {}

    /// Bounds of an export's own retention, in seconds: an hour to 30 days. The bucket's rule for
    /// `exports/` removes objects a day later.
    package static let exportSecondsRange = 3_600...2_592_000

    /// Time for which a result can be fetched after an export that took longer than its retention.
    package static let fetchTime = Duration.seconds(3_600)

    /// Retention of one export.
    package func age(of pointer: JobPointer) -> Duration { pointer.retention ?? exports }

    /// Time at which an export expires if it ends in time; the time that clients are shown.
    package func expiry(of pointer: JobPointer) -> UnixTime {
        pointer.createdAt + age(of: pointer)
    }

    /// Time at which an export that ended at `finishedAt` is removed.
    package func expiry(of pointer: JobPointer, finishedAt: UnixTime) -> UnixTime {
        max(expiry(of: pointer), finishedAt + min(age(of: pointer), Self.fetchTime))
    }
}

/// Step for an entry of an export in the index of due work.
package enum ExpiryDecision: Hashable, Sendable {
    /// Delete the entry: there is nothing to remove.
    case drop
    /// Put the entry at a later time.
    case move(UnixTime)
    /// Remove the export, or finish its removal.
    case remove

    /// Time until an export that still runs is looked at again.
    package static let runningInterval = Duration.seconds(60)

    /// The step for one export. Pure: every case is a table row.
    /// - Parameters:
    ///   - pointer: Nil when the export has none.
    ///   - listing: Its objects.
    ///   - result: Content of `result.json`.
    package init(
        _ pointer: JobPointer?, _ listing: ExportListing, _ result: ExportResult?,
        policy: RetentionPolicy, now: UnixTime
    ) {
        if listing.hasTombstone {
            self = .remove
        } else if let pointer, listing.presence == .present {
            guard let result else {
                self = .move(now + Self.runningInterval)
                return
            }
            let expiry = policy.expiry(of: pointer, finishedAt: result.finishedAt)
            self = expiry > now ? .move(expiry) : .remove
        } else {
            self = .drop
        }
    }
}

extension ExportListing {
    /// Presence of an export that was accepted once.
    package enum Presence: Hashable, Sendable {
        /// It runs or has ended.
        case present
        /// It was removed, or its removal has begun.
        case removed
        /// The bucket's lifecycle rules deleted its objects.
        case expired
    }

    /// Presence of the export. One that was accepted has a plan until it is removed.
    package var presence: Presence {
        if hasTombstone { return .removed }
        return hasPlan || hasResult ? .present : .expired
    }
}

/// A duration that a record holds as a whole number of seconds.
struct StoredSeconds: Hashable, Sendable, Codable {
    var duration: Duration

    init(duration: Duration) { self.duration = duration }

    init(from decoder: any Decoder) throws {
        duration = .seconds(try decoder.singleValueContainer().decode(Int.self))
    }

    func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(duration.wholeSeconds)
    }
}
