import EmulatorDatabase
import Synchronization
import WallClock
import XMLTree

/// The expiry rules of a bucket's lifecycle configuration.
///
/// Rules about versions are stored: no object has one besides `null`. Rules that move objects to
/// other storage classes are refused.
struct LifecycleRules: Sendable {
    struct Rule: Sendable {
        var prefix: [UInt8]
        /// Tags that an object must have; all of them are required.
        var tags: [TagSet.Tag]
        /// Sizes that an object may have.
        var sizes = 0...Int.max
        /// Instant after which objects are deleted, whatever their age.
        var expirationDate: UnixTime?
        /// Age at which an object is deleted: whole days.
        var expiration: Duration?
        /// Age at which an incomplete multipart upload is aborted: whole days.
        var uploadExpiration: Duration?
    }

    /// The enabled rules.
    let rules: [Rule]

    /// Reads a `LifecycleConfiguration`.
    /// - Throws: `.malformedXML`, `.invalidArgument`.
    init(_ document: XMLElement) throws(S3Error) {
        guard document.name == "LifecycleConfiguration" else { throw S3Error.malformedXML }
        let elements = document.all("Rule")
        guard (1...1_000).contains(elements.count) else { throw S3Error.malformedXML }
        var rules: [Rule] = []
        for element in elements {
            guard let status = element.text(of: "Status"), ["Enabled", "Disabled"].contains(status)
            else { throw S3Error.malformedXML }
            let rule = try Rule(element)
            if status == "Enabled" { rules.append(rule) }
        }
        self.rules = rules
    }
}

extension LifecycleRules.Rule {
    fileprivate init(_ element: XMLElement) throws(S3Error) {
        let filter = element.all("Filter").first
        let places = [element, filter, filter?.all("And").first].compactMap { $0 }
        let prefix = places.compactMap { $0.text(of: "Prefix") }.first ?? ""
        tags = places.dropFirst().flatMap { $0.all("Tag") }.compactMap { tag in
            tag.text(of: "Key").map { TagSet.Tag(key: $0, value: tag.text(of: "Value") ?? "") }
        }
        self.prefix = Array(prefix.utf8)
        for name in ["Transition", "NoncurrentVersionTransition"] where !element.all(name).isEmpty {
            throw S3Error.notImplemented(name)
        }
        sizes = try Self.sizes(places.dropFirst())
        expirationDate = try Self.date(element)
        expiration = try Self.days(element, "Expiration", "Days")
        uploadExpiration = try Self.days(
            element, "AbortIncompleteMultipartUpload", "DaysAfterInitiation")
    }

    /// The sizes that a filter names; its bounds are exclusive.
    private static func sizes(
        _ places: ArraySlice<XMLElement>
    ) throws(S3Error) -> ClosedRange<Int> {
        func bound(_ name: String) throws(S3Error) -> Int? {
            guard let text = places.compactMap({ $0.text(of: name) }).first else { return nil }
            guard let bytes = Int(text), bytes >= 0 else {
                throw S3Error(.invalidArgument, "'\(name)' must be a number")
            }
            return bytes
        }
        let above = try bound("ObjectSizeGreaterThan")
        let below = try bound("ObjectSizeLessThan")
        let (least, most) = (above.map { $0 + 1 } ?? 0, below.map { $0 - 1 } ?? Int.max)
        guard least <= most else {
            throw S3Error(.invalidArgument, "The bounds of the object size exclude each other.")
        }
        return least...most
    }

    private static func date(_ element: XMLElement) throws(S3Error) -> UnixTime? {
        guard let text = element.all("Expiration").first?.text(of: "Date") else { return nil }
        guard let time = UnixTime(rfc3339: text) else {
            throw S3Error(.invalidArgument, "'Date' must be at midnight GMT")
        }
        return time
    }

    private static func days(
        _ element: XMLElement, _ action: String, _ name: String
    ) throws(S3Error) -> Duration? {
        guard let text = element.all(action).first?.text(of: name) else { return nil }
        // S3's type is a 32-bit integer.
        guard let days = Int32(text), days > 0 else {
            throw S3Error(
                .invalidArgument, "'\(name)' for \(action) action must be a positive integer")
        }
        return .seconds(86_400) * Int(days)
    }
}

/// Rules of a deployment's own bucket (`bucket` of `infra/functions.json`).
package struct ExpiryRules: Hashable, Sendable {
    /// Age at which objects are deleted, by prefix.
    package var objects: [String: Duration] = [:]
    /// Age at which incomplete multipart uploads are aborted; nil keeps them.
    package var uploads: Duration?

    /// No rules.
    package init() {}

    fileprivate var rules: [LifecycleRules.Rule] {
        var rules = objects.sorted { $0.key < $1.key }.map { prefix, age in
            LifecycleRules.Rule(prefix: Array(prefix.utf8), tags: [], expiration: age)
        }
        if let uploads {
            rules.append(LifecycleRules.Rule(prefix: [], tags: [], uploadExpiration: uploads))
        }
        return rules
    }
}

extension ObjectStoreServer {
    /// Time between two applications of the rules.
    private static let lifecycleInterval = Duration.seconds(60)

    /// Deletes expired objects and uploads: whole days after they were written, not at midnight
    /// as S3 does. The deployment's rules and the client's both hold, so the shorter one decides.
    func applyLifecycle() async throws {
        let now = configuration.now()
        let isDue = nextLifecycle.withLock { next in
            guard now >= next else { return false }
            next = now + Self.lifecycleInterval
            return true
        }
        guard isDue else { return }
        for rule in configuration.expiry.rules {
            let bucket = configuration.bucket
            try await upkeep { try $0.apply(rule, to: bucket) }
        }
        let documents = try await read { try $0.configurations(.lifecycle) }
        for (bucket, document) in documents {
            for rule in try LifecycleRules(try Self.parse(document)).rules {
                try await upkeep { try $0.apply(rule, to: bucket) }
            }
        }
    }
}

extension ObjectIndex {
    fileprivate func apply(_ rule: LifecycleRules.Rule, to bucket: String) throws {
        let end = Self.successor(rule.prefix) ?? [255]
        let age = rule.expirationDate.map { now >= $0 ? Duration.zero : nil } ?? rule.expiration
        if let age {
            let rows = try connection.query(
                """
                SELECT * FROM objects WHERE bucket = ? AND key >= ? AND key < ? AND modified_ms <= ?
                  AND size BETWEEN ? AND ? LIMIT 1000
                """, bucket, rule.prefix, end, (now - age), rule.sizes.lowerBound,
                rule.sizes.upperBound)
            for object in try rows.map({ try ObjectRecord($0) }) {
                let tags = object.tags?.tags ?? []
                guard rule.tags.allSatisfy(tags.contains) else { continue }
                _ = try delete(bucket, object.key)
            }
        }
        if let age = rule.uploadExpiration {
            for upload in try uploads(bucket, prefix: rule.prefix, limit: 1_000)
            where upload.created <= now - age {
                try removeUpload(upload.id)
            }
        }
    }
}
