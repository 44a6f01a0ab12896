import EmulatorHTTP
import JSON

/// A form while it arrives: fields in memory, files in the store.
struct FormContents {
    /// The reason that the whole form is refused.
    enum Fault: Error, Equatable {
        case malformed(String)
        case fieldTooLarge(String)
        case tooManyFields
        /// The store could not write.
        case store(String)
    }

    /// A file whose bytes are received.
    struct File {
        var name: String
        var fileName: String
        var contentType: String
        var key: String
        var bytes = 0
        var writer: any UploadWriter
    }

    /// A file that is not stored.
    struct Refusal: Equatable {
        var name: String
        var fileName: String
        /// `tooLarge`, `tooMany`, `contentType` or `empty`.
        var reason: String
    }

    private enum Part { case none, field(String, [UInt8]), file(File), skipped }

    /// Fields of one form; a form of a page has a few.
    private static let fieldCountMax = 1_000
    /// Names and values together: they are a part of an event, which has at most 6 MB.
    private static let fieldsBytesMax = 4 << 20
    /// Largest name of a field or file.
    private static let nameBytesMax = 1_024

    private let grant: UploadGrant
    private let sink: any UploadSink
    private var part = Part.none
    private var isClosed = false
    private var fieldsBytes = 0
    private var fileCount = 0
    private var storedBytes = 0
    private(set) var fields: [(name: String, value: String)] = []
    private(set) var files: [File] = []
    private(set) var refused: [Refusal] = []
    /// The first fault; nothing is stored after it.
    private(set) var fault: Fault?

    init(_ grant: UploadGrant, sink: any UploadSink) {
        self.grant = grant
        self.sink = sink
    }

    /// Takes the next step of the body.
    mutating func take(_ event: MultipartParser.Event) {
        guard fault == nil else { return }
        do throws(Fault) {
            switch event {
            case .began(let part): try begin(part)
            case .bytes(let bytes): try append(bytes)
            case .ended: end()
            case .closed: isClosed = true
            case .malformed(let text): throw .malformed(text)
            }
        } catch {
            fault = error
            part = .none
            files = []
        }
    }

    /// Ends the body.
    mutating func finish() {
        if fault == nil, !isClosed { take(.malformed("The form ends before its last delimiter.")) }
    }

    private mutating func begin(_ part: MultipartPart) throws(Fault) {
        guard let name = part.name, name.utf8.count <= Self.nameBytesMax else {
            throw .malformed("A part of the form has no name, or a too long one.")
        }
        guard let fileName = part.fileName else {
            guard fields.count < Self.fieldCountMax else { throw .tooManyFields }
            self.part = .field(name, [])
            return
        }
        let number = fileCount
        fileCount += 1
        let contentType = part.contentType ?? "application/octet-stream"
        if number >= grant.fileCountMax {
            refuse(name, fileName, "tooMany")
        } else if !grant.permits(contentType) {
            refuse(name, fileName, "contentType")
        } else {
            let key = grant.key(ofFile: number, fileName: fileName)
            do {
                let writer = try sink.begin(key: key, contentType: contentType)
                self.part = .file(
                    File(
                        name: name, fileName: fileName, contentType: contentType, key: key,
                        writer: writer))
            } catch {
                throw .store("\(error)")
            }
        }
    }

    private mutating func append(_ bytes: UnsafeRawBufferPointer) throws(Fault) {
        switch part {
        case .none, .skipped: break
        case .field(let name, var value):
            part = .none
            fieldsBytes += bytes.count
            guard value.count + bytes.count <= grant.fieldBytesMax else {
                throw .fieldTooLarge(name)
            }
            guard fieldsBytes <= Self.fieldsBytesMax else { throw .tooManyFields }
            value += bytes
            part = .field(name, value)
        case .file(var file):
            file.bytes += bytes.count
            storedBytes += bytes.count
            guard file.bytes <= grant.fileBytesMax, storedBytes <= grant.totalBytesMax else {
                storedBytes -= file.bytes
                return refuse(file.name, file.fileName, "tooLarge")
            }
            do { try file.writer.write(bytes) } catch { throw .store("\(error)") }
            part = .file(file)
        }
    }

    private mutating func end() {
        switch part {
        case .none, .skipped: break
        case .field(let name, let value):
            fields.append((name, String(decoding: value, as: UTF8.self)))
        case .file(let file):
            if file.bytes == 0 {
                refuse(file.name, file.fileName, "empty")
            } else {
                files.append(file)
            }
        }
        part = .none
    }

    private mutating func refuse(_ name: String, _ fileName: String, _ reason: String) {
        part = .skipped
        // The list is a part of an event.
        if refused.count < Self.fieldCountMax {
            refused.append(
                Refusal(name: name, fileName: String(fileName.prefix(255)), reason: reason))
        }
    }

    /// The document that the function receives; the first of several fields of a name counts.
    /// - Parameter etags: ETag of each file.
    func document(etags: [String]) -> JSONOutput {
        var names: Set<String> = []
        let first = fields.filter { names.insert($0.name).inserted }
        return .object([
            ("fields", .object(first.map { ($0.name, .string($0.value)) })),
            (
                "files",
                .array(
                    zip(files, etags).map { file, etag in
                        .object([
                            ("name", .string(file.name)), ("filename", .string(file.fileName)),
                            ("contentType", .string(file.contentType)), ("key", .string(file.key)),
                            ("bytes", .integer(file.bytes)), ("etag", .string(etag)),
                        ])
                    })
            ),
            (
                "refused",
                .array(
                    refused.map { file in
                        .object([
                            ("name", .string(file.name)), ("filename", .string(file.fileName)),
                            ("reason", .string(file.reason)),
                        ])
                    })
            ),
        ])
    }
}
