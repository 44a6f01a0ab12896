import EmulatorHTTP

/// Reads a `multipart/form-data` body as browsers post it to S3: fields first,
/// then the part named `file`, whose bytes are passed on as they arrive. What follows the
/// file is ignored (S3 API, "POST Object").
final class PostFormReader {
    private enum Phase { case field(String), file, done }

    /// S3's limit for the fields without the file.
    private static let fieldBytesMax = 20_480

    /// Called with all fields before the first byte of the file is stored.
    private let check: ([String: String]) throws(S3Error) -> Void
    private var parser: MultipartParser
    private var phase = Phase.field("")
    private var fault: S3Error?
    private var value: [UInt8] = []
    private var fieldBytes = 0
    /// Fields by lower-case name; the first of several with one name counts. `${filename}` in
    /// the key is replaced.
    private(set) var fields: [String: String] = [:]

    /// - Throws: `.malformedPOSTRequest` if the content type has no boundary.
    init(
        contentType: String, check: @escaping ([String: String]) throws(S3Error) -> Void
    ) throws(S3Error) {
        guard let parser = MultipartParser(contentType: contentType) else {
            throw Self.malformed("The body of the POST request is not multipart/form-data.")
        }
        self.parser = parser
        self.check = check
    }

    func receive(
        _ bytes: UnsafeRawBufferPointer, into pipeline: BodyPipeline
    ) throws(S3Error) {
        if case .done = phase { return }
        parser.receive(bytes) { event in
            guard fault == nil else { return }
            do throws(S3Error) { try take(event, pipeline) } catch { fault = error }
        }
        if let fault { throw fault }
    }

    /// Checks that the form was complete.
    /// - Throws: `.malformedPOSTRequest`.
    func finish() throws(S3Error) {
        guard case .done = phase else {
            throw Self.malformed("The body of the POST request has no complete file field.")
        }
    }

    private func take(
        _ event: MultipartParser.Event, _ pipeline: BodyPipeline
    ) throws(S3Error) {
        switch (event, phase) {
        case (_, .done): break
        case (.malformed(let text), _): throw Self.malformed(text)
        case (.closed, _): throw Self.malformed("The form has no file field.")
        case (.began(let part), _): try begin(part)
        case (.bytes(let bytes), .file): try pipeline.receive(bytes)
        case (.bytes(let bytes), .field):
            try countFieldBytes(bytes.count)
            value += bytes
        case (.ended, .file): phase = .done
        case (.ended, .field(let name)):
            if fields[name] == nil { fields[name] = String(decoding: value, as: UTF8.self) }
        }
    }

    private func begin(_ part: MultipartPart) throws(S3Error) {
        try countFieldBytes(part.headBytes)
        guard let name = part.name?.lowercased() else {
            throw Self.malformed("A part of the form has no name.")
        }
        value = []
        guard name == "file" else {
            phase = .field(name)
            return
        }
        if let key = fields["key"] {
            let last =
                (part.fileName ?? "").split { $0 == "/" || $0 == "\\" }.last.map(String.init) ?? ""
            fields["key"] = key.split(separator: "${filename}", omittingEmptySubsequences: false)
                .joined(separator: last)
        }
        try check(fields)
        phase = .file
    }

    private func countFieldBytes(_ count: Int) throws(S3Error) {
        fieldBytes += count
        if fieldBytes > Self.fieldBytesMax {
            throw Self.malformed("The fields of the form are too large.")
        }
    }

    private static func malformed(_ message: String) -> S3Error {
        S3Error(.malformedPOSTRequest, message)
    }
}
