import FoundationEssentials
import Jobs
import JSON
import LambdaRuntime
import ObjectStore
import WallClock

/// `limit` and `cursor` of a request for a page of a list.
struct PageRequest: Sendable {
    /// Number of entries in the page.
    var limit: Int
    /// Key below the list's prefix after which the page begins; nil for the first page.
    private var after: String?

    /// Entries of a page unless the request says otherwise.
    static let limitDefault = 50
    /// Largest number of entries in a page: each costs one read.
    static let limitMax = 100

    /// - Throws: a 400 problem at `/limit` or `/cursor`.
    init(_ request: FunctionURLRequest) throws(Problem) {
        let query = request.queryStringParameters
        var faults: [FieldFault] = []
        limit = Self.limitDefault
        if let text = query["limit"] {
            if let number = Int(text), (1...Self.limitMax).contains(number) {
                limit = number
            } else {
                faults.append(
                    FieldFault(
                        pointer: "/limit",
                        detail: "must be a whole number from 1 to \(Self.limitMax)"))
            }
        }
        if let text = query["cursor"] {
            after = Self.decoded(text)
            if after == nil {
                faults.append(
                    FieldFault(pointer: "/cursor", detail: "is not a cursor of this list"))
            }
        }
        guard faults.isEmpty else { throw Problem.invalid(faults) }
    }

    /// Reads the page.
    ///
    /// A page holds fewer entries than `limit` only if the list ends, or if `isWanted` refuses
    /// most keys: at most `keyCountMax` keys are read for one page.
    /// - Parameters:
    ///   - now: Time by which stale keys are old enough to be deleted.
    ///   - isWanted: Decides by the key alone.
    ///   - entry: Reads one entry; nil for a stale key: its object was removed, or another
    ///     creation was first. It is deleted once its writer must have ended.
    /// - Throws: `ObjectStoreError`, and errors of `entry`.
    func read<Entry: Sendable>(
        _ prefix: String, in bucket: any Bucket, now: UnixTime,
        isWanted: (ObjectKey) -> Bool = { _ in true },
        isFiltered: Bool = false, _ entry: @escaping @Sendable (ObjectKey) async throws -> Entry?
    ) async throws -> (entries: [Entry], nextCursor: String?) {
        var entries: [Entry] = []
        var last = after.map { prefix + $0 }
        var keysLeft = Self.keyCountMax
        while true {
            let missing = limit - entries.count
            let page = try await bucket.listObjects(
                prefix: prefix, startAfter: last, keyCountMax: isFiltered ? 1_000 : missing)
            keysLeft -= page.objects.count
            var wanted: [ObjectInfo] = []
            var isCut = page.isTruncated
            for object in page.objects {
                if wanted.count == missing {
                    isCut = true
                    break
                }
                last = object.key.text
                if isWanted(object.key) { wanted.append(object) }
            }
            let found = try await concurrentMap(wanted, limit: 16) { try await entry($0.key) }
            entries += found.compactMap { $0 }
            let stale = zip(wanted, found).filter { object, entry in
                entry == nil && now - object.lastModified > Self.writerTime
            }
            try await bucket.deleteAll(stale.map(\.0.key))
            guard isCut, let last else { return (entries, nil) }
            if entries.count >= limit || keysLeft <= 0 || page.objects.isEmpty {
                return (entries, Self.encoded(last.dropFirst(prefix.count)))
            }
        }
    }

    /// Time in which the writer of an entry writes its object: longer than a function's.
    private static let writerTime = Duration.seconds(300)
    /// Keys read for one page at most, so that a rare name does not cost the whole list.
    private static let keyCountMax = 10_000

    private static func encoded(_ key: Substring) -> String {
        Data(key.utf8).base64EncodedString().replacing("+", with: "-").replacing("/", with: "_")
            .replacing("=", with: "")
    }

    private static func decoded(_ cursor: String) -> String? {
        let plain = cursor.replacing("-", with: "+").replacing("_", with: "/")
        let padding = String(repeating: "=", count: (4 - plain.utf8.count % 4) % 4)
        guard !plain.isEmpty, plain.utf8.count <= 1_400,
            let data = Data(base64Encoded: plain + padding)
        else { return nil }
        return String(validating: data, as: UTF8.self)
    }
}
