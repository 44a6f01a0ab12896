/// Reads a `multipart/form-data` body as browsers post it to S3: fields first,
/// then the part named `file`, whose bytes are passed on as they arrive. What follows the
/// file is ignored (S3 API, "POST Object").
final class PostFormReader {
    private enum Phase { case preamble, header, field(String), file, done }

    /// S3's limit for the fields without the file.
    private static let fieldBytesMax = 20_480

    private let delimiter: [UInt8]
    /// Called with all fields before the first byte of the file is stored.
    private let check: ([String: String]) throws(S3Error) -> Void
    private var phase = Phase.preamble
    /// Bytes that are not consumed yet. The initial line end lets the first delimiter match.
    private var buffer: [UInt8] = [13, 10]
    private var fieldBytes = 0
    /// Fields by lower-case name; the first of several with one name counts. `${filename}` in
    /// the key is replaced.
    private(set) var fields: [String: String] = [:]

    /// - Throws: `.malformedPOSTRequest` if the content type has no boundary.
    init(
        contentType: String, check: @escaping ([String: String]) throws(S3Error) -> Void
    ) throws(S3Error) {
        guard contentType.lowercased().hasPrefix("multipart/form-data"),
            let boundary = Self.parameter("boundary", of: contentType), !boundary.isEmpty
        else { throw Self.malformed("The body of the POST request is not multipart/form-data.") }
        delimiter = Array("\r\n--\(boundary)".utf8)
        self.check = check
    }

    func receive(
        _ bytes: UnsafeRawBufferPointer, into pipeline: BodyPipeline
    ) throws(S3Error) {
        if case .done = phase { return }
        buffer.append(contentsOf: bytes)
        while try step(pipeline) {}
    }

    /// Checks that the form was complete.
    /// - Throws: `.malformedPOSTRequest`.
    func finish() throws(S3Error) {
        guard case .done = phase else {
            throw Self.malformed("The body of the POST request has no complete file field.")
        }
    }

    /// - Returns: True if another step is possible without more bytes.
    private func step(_ pipeline: BodyPipeline) throws(S3Error) -> Bool {
        switch phase {
        case .done: return false
        case .preamble:
            guard let start = find(delimiter) else { return try hold() }
            buffer.removeFirst(start + delimiter.count)
            phase = .header
            return true
        case .header: return try readHeader()
        case .field(let name):
            guard let end = find(delimiter) else { return try hold() }
            if fields[name] == nil {
                fields[name] = String(decoding: buffer[..<end], as: UTF8.self)
            }
            try countFieldBytes(end)
            buffer.removeFirst(end + delimiter.count)
            phase = .header
            return true
        case .file: return try readFile(pipeline)
        }
    }

    private func readHeader() throws(S3Error) -> Bool {
        if buffer.starts(with: [45, 45]) {
            throw Self.malformed("The form has no file field.")
        }
        guard let end = find(Array("\r\n\r\n".utf8)) else { return try hold() }
        let lines = String(decoding: buffer[..<end], as: UTF8.self).split(separator: "\r\n")
        try countFieldBytes(end)
        buffer.removeFirst(end + 4)
        let disposition = lines.first { $0.lowercased().hasPrefix("content-disposition:") } ?? ""
        guard let name = Self.parameter("name", of: String(disposition)) else {
            throw Self.malformed("A part of the form has no name.")
        }
        guard name.lowercased() == "file" else {
            phase = .field(name.lowercased())
            return true
        }
        let filename = Self.parameter("filename", of: String(disposition)) ?? ""
        if let key = fields["key"] {
            let last = filename.split { $0 == "/" || $0 == "\\" }.last.map(String.init) ?? ""
            fields["key"] = key.split(separator: "${filename}", omittingEmptySubsequences: false)
                .joined(separator: last)
        }
        try check(fields)
        phase = .file
        return true
    }

    private func readFile(_ pipeline: BodyPipeline) throws(S3Error) -> Bool {
        let end = find(delimiter)
        let count = end ?? max(0, buffer.count - delimiter.count + 1)
        if count > 0 {
            let outcome = buffer[..<count].withUnsafeBytes { bytes in
                Result { () throws(S3Error) in try pipeline.receive(bytes) }
            }
            try outcome.get()
        }
        if end != nil {
            buffer = []
            phase = .done
        } else {
            buffer.removeFirst(count)
        }
        return false
    }

    private func hold() throws(S3Error) -> Bool {
        if buffer.count > Self.fieldBytesMax { try countFieldBytes(buffer.count) }
        return false
    }

    private func countFieldBytes(_ count: Int) throws(S3Error) {
        fieldBytes += count
        if fieldBytes > Self.fieldBytesMax {
            throw Self.malformed("The fields of the form are too large.")
        }
    }

    private func find(_ pattern: [UInt8]) -> Int? {
        buffer.withUnsafeBufferPointer { buffer in
            var start = 0
            while start + pattern.count <= buffer.count {
                if buffer[start] == pattern[0],
                    (1..<pattern.count).allSatisfy({ buffer[start + $0] == pattern[$0] })
                {
                    return start
                }
                start += 1
            }
            return nil
        }
    }

    /// A parameter of a header, `name="value"` or `name=value`.
    private static func parameter(_ name: String, of header: String) -> String? {
        for part in header.split(separator: ";").dropFirst() {
            let sides = part.split(separator: "=", maxSplits: 1)
            guard sides.count == 2, sides[0].filter({ $0 != " " }).lowercased() == name else {
                continue
            }
            var value = sides[1]
            while value.last == " " { value.removeLast() }
            if value.count >= 2, value.first == "\"", value.last == "\"" {
                value = value.dropFirst().dropLast()
            }
            return String(value)
        }
        return nil
    }

    private static func malformed(_ message: String) -> S3Error {
        S3Error(.malformedPOSTRequest, message)
    }
}
