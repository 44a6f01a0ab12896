import EmulatorDatabase

/// The parameters of a listing, in bytes of UTF-8.
struct ListQuery: Sendable {
    var bucket: String
    var prefix: [UInt8] = []
    /// Empty for a listing without groups.
    var delimiter: [UInt8] = []
    /// Lower bound of the keys, inclusive.
    var start: [UInt8] = []
    var keyCountMax: Int
}

/// One page of objects and common prefixes, sorted together by bytes.
struct ListResult: Sendable {
    enum Entry: Sendable {
        case object(ObjectRecord)
        case commonPrefix([UInt8])
    }

    var entries: [Entry] = []
    /// The first key of the next page; nil at the end.
    var next: [UInt8]?
}

extension ObjectIndex {
    /// Rows of one query, which bounds the memory of a listing.
    private static let batchCountMax = 1_000

    /// One page of a listing; keys below a common prefix are skipped, not read.
    /// - Throws: `.noSuchBucket`.
    func list(_ query: ListQuery) throws -> ListResult {
        try requireBucket(query.bucket)
        var result = ListResult()
        guard query.keyCountMax > 0 else { return result }
        let end = Self.successor(query.prefix)
        var cursor = Self.isLess(query.start, query.prefix) ? query.prefix : query.start
        scan: while true {
            let rows = try rows(query.bucket, from: cursor, to: end)
            for row in rows {
                let key = try row.blob("key")
                if result.entries.count == query.keyCountMax {
                    result.next = key
                    return result
                }
                if let group = Self.commonPrefix(of: key, query) {
                    result.entries.append(.commonPrefix(group))
                    guard let next = Self.successor(group) else { return result }
                    cursor = next
                    continue scan
                }
                result.entries.append(.object(try ObjectRecord(row)))
                cursor = key + [0]
            }
            if rows.count < Self.batchCountMax { return result }
        }
    }

    private func rows(_ bucket: String, from start: [UInt8], to end: [UInt8]?) throws -> [Row] {
        guard let end else {
            return try connection.query(
                "SELECT * FROM objects WHERE bucket = ? AND key >= ? ORDER BY key LIMIT ?", bucket,
                start, Self.batchCountMax)
        }
        return try connection.query(
            """
            SELECT * FROM objects WHERE bucket = ? AND key >= ? AND key < ? ORDER BY key LIMIT ?
            """, bucket, start, end, Self.batchCountMax)
    }

    private static func commonPrefix(of key: [UInt8], _ query: ListQuery) -> [UInt8]? {
        guard !query.delimiter.isEmpty else { return nil }
        var start = query.prefix.count
        while start + query.delimiter.count <= key.count {
            let end = start + query.delimiter.count
            if key[start..<end] == query.delimiter[...] { return Array(key[..<end]) }
            start += 1
        }
        return nil
    }

    /// The least byte string greater than all strings with this prefix; nil if there is none.
    static func successor(_ prefix: [UInt8]) -> [UInt8]? {
        var bytes = prefix
        while bytes.last == 255 { bytes.removeLast() }
        guard let last = bytes.popLast() else { return nil }
        return bytes + [last + 1]
    }

    static func isLess(_ lhs: [UInt8], _ rhs: [UInt8]) -> Bool {
        lhs.lexicographicallyPrecedes(rhs)
    }
}
