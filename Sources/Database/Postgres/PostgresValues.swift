import CPostgres

/// Parameters in the form of `PQexecParams`: numbers and texts as text, bytes as they are.
struct PostgresParameters {
    /// A text with a zero byte, which PostgreSQL cannot store.
    private(set) var hasNUL = false
    private var types: [Oid] = []
    private var lengths: [Int32] = []
    private var formats: [Int32] = []
    /// All values, one after another; each text ends with a zero byte.
    private var bytes: [CChar] = []
    /// Offset of each value in `bytes`; nil for NULL.
    private var offsets: [Int?] = []

    init(_ values: [SQLValue]) {
        for value in values {
            switch value {
            case .null: append(nil, type: PostgresType.unknown)
            case .integer(let value): append(String(value).utf8, type: PostgresType.int8)
            case .real(let value): append("\(value)".utf8, type: PostgresType.float8)
            case .text(let value):
                if value.utf8.contains(0) { hasNUL = true }
                append(value.utf8, type: PostgresType.text)
            case .blob(let value): append(value, type: PostgresType.bytea, format: 1)
            }
        }
    }

    private mutating func append(
        _ value: (some Sequence<UInt8>)?, type: Oid, format: Int32 = 0
    ) {
        types.append(type)
        formats.append(format)
        offsets.append(value == nil ? nil : bytes.count)
        let start = bytes.count
        if let value { bytes.append(contentsOf: value.lazy.map { CChar(bitPattern: $0) }) }
        lengths.append(Int32(clamping: bytes.count - start))
        bytes.append(0)
    }

    private mutating func append(_ value: String.UTF8View?, type: Oid) {
        append(value, type: type, format: 0)
    }

    /// Calls the body with the four arrays of the call.
    func withPointers<R>(
        _ body: (
            UnsafePointer<Oid>?, UnsafePointer<UnsafePointer<CChar>?>?, UnsafePointer<Int32>?,
            UnsafePointer<Int32>?
        ) -> R
    ) -> R {
        bytes.withUnsafeBufferPointer { bytes in
            let pointers = offsets.map { offset in
                offset.flatMap { offset in bytes.baseAddress.map { $0 + offset } }
            }
            return pointers.withUnsafeBufferPointer { pointers in
                types.withUnsafeBufferPointer { types in
                    lengths.withUnsafeBufferPointer { lengths in
                        formats.withUnsafeBufferPointer { formats in
                            body(
                                types.baseAddress, pointers.baseAddress, lengths.baseAddress,
                                formats.baseAddress)
                        }
                    }
                }
            }
        }
    }
}

/// Object IDs of PostgreSQL's types (`pg_type.dat`), which never change.
enum PostgresType {
    static let unknown: Oid = 0
    static let bool: Oid = 16
    static let bytea: Oid = 17
    static let int8: Oid = 20
    static let int2: Oid = 21
    static let int4: Oid = 23
    static let text: Oid = 25
    static let oid: Oid = 26
    static let float4: Oid = 700
    static let float8: Oid = 701
    static let numeric: Oid = 1700
}

/// The rows of a result in text form.
struct PostgresRows {
    private let result: OpaquePointer

    init(_ result: OpaquePointer) { self.result = result }

    var rows: [Row] {
        let columns = (0..<PQnfields(result)).map { String(cString: PQfname(result, $0)) }
        let types = (0..<PQnfields(result)).map { PQftype(result, $0) }
        return (0..<PQntuples(result)).map { row in
            Row(
                columns: columns,
                values: types.enumerated().map { value(row, Int32($0.offset), $0.element) })
        }
    }

    private func value(_ row: Int32, _ column: Int32, _ type: Oid) -> SQLValue {
        guard PQgetisnull(result, row, column) == 0,
            let start = PQgetvalue(result, row, column)
        else { return .null }
        if type == PostgresType.bytea { return .blob(Self.bytes(start)) }
        let text = String(cString: start)
        switch type {
        case PostgresType.int2, PostgresType.int4, PostgresType.int8, PostgresType.oid:
            return Int(text).map { .integer($0) } ?? .text(text)
        case PostgresType.bool:
            return .integer(text == "t" ? 1 : 0)
        case PostgresType.float4, PostgresType.float8:
            return Double(text).map { .real($0) } ?? .text(text)
        case PostgresType.numeric:
            // A sum of BIGINT has this type.
            return Int(text).map { .integer($0) } ?? Double(text).map { .real($0) } ?? .text(text)
        default:
            return .text(text)
        }
    }

    private static func bytes(_ text: UnsafeMutablePointer<CChar>) -> [UInt8] {
        var count = 0
        let start = text.withMemoryRebound(to: UInt8.self, capacity: 1) {
            PQunescapeBytea($0, &count)
        }
        defer { PQfreemem(start) }
        return [UInt8](UnsafeBufferPointer(start: start, count: start == nil ? 0 : count))
    }
}
