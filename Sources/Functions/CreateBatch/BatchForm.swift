import FoundationEssentials
import Jobs
import JSON
import LambdaRuntime
import MediaTime
import RenderPlans

/// The ways in which a batch arrives. The front door of the platform streams a form's files
/// into the store and calls the function before and after.
enum BatchBody {
    /// The front door asks where the files of a form may go.
    case pending
    /// The files of a form are stored.
    case stored(StoredForm)
    /// A form that was not streamed.
    case unstreamed
    /// JSON that names uploaded assets.
    case json

    static let statusHeader = "x-spool-body"
    static let grantType = "application/vnd.spool.upload-grant+json"
    static let formType = "application/vnd.spool.form+json"

    /// - Throws: a 400 problem for a stored form that does not decode.
    init(_ request: FunctionURLRequest) throws(Problem) {
        let type = (request.headers["content-type"] ?? "").lowercased()
        switch request.headers[Self.statusHeader] {
        case "pending": self = .pending
        case "stored" where type.hasPrefix(Self.formType):
            do {
                self = .stored(
                    try JSONDecoder().decode(StoredForm.self, from: Data(request.bodyBytes)))
            } catch {
                throw Problem.invalid([
                    FieldFault(pointer: "", detail: "is not a form in the store")
                ])
            }
        default: self = type.hasPrefix("multipart/") ? .unstreamed : .json
        }
    }
}

/// Permission to store the files of a form: file n is stored at `keys[n]` with its extension.
struct FormGrant: Encodable {
    var keys: [String]
    var fileBytesMax: Int
    var fileCountMax: Int
    var fieldBytesMax = 65_536
    var contentTypes = ["video/*"]
}

/// A form whose files are in the store.
struct StoredForm: Decodable, Sendable {
    struct File: Decodable, Sendable {
        var filename: String
        var contentType: String
        var key: String
    }

    /// A file that was not stored.
    struct Refused: Decodable, Sendable {
        var filename: String
        /// `tooLarge`, `tooMany`, `contentType` or `empty`.
        var reason: String
    }

    var fields: [String: String]
    var files: [File]
    var refused: [Refused]

    /// One fault for each file that was not stored.
    func faults(_ limits: BatchLimits) -> [FieldFault] {
        refused.map { file in
            let name = JSONReader.quoted(file.filename)
            let detail =
                switch file.reason {
                case "tooLarge": "\(name) has more than \(limits.fileBytesMax) bytes"
                case "tooMany":
                    "\(name) is one file too many: at most \(BatchLimits.fileCountMax)"
                case "contentType": "\(name) is not a video"
                case "empty": "\(name) is empty"
                default: "\(name) was not stored: \(file.reason)"
                }
            return FieldFault(pointer: "/files", detail: detail)
        }
    }
}

/// The settings of a batch, from a form's fields or from JSON.
struct BatchSettings: Sendable {
    var variations: Int
    var priority: BatchPriority

    /// Reads a form's fields.
    /// - Parameter faults: Receives each wrong field.
    init?(fields: [String: String], _ faults: inout [FieldFault]) {
        let variations = fields["variations"].flatMap { Int($0) }
        if variations == nil || !(1...Limits.variationCountMax).contains(variations ?? 0) {
            faults.append(
                FieldFault(
                    pointer: "/variations",
                    detail: "must be a number from 1 to \(Limits.variationCountMax)"))
        }
        let priority = BatchPriority(rawValue: fields["priority"] ?? "normal")
        if priority == nil {
            let names = BatchPriority.allCases.map(\.rawValue).joined(separator: ", ")
            faults.append(
                FieldFault(pointer: "/priority", detail: "must be one of \(names)"))
        }
        guard let variations, let priority, faults.isEmpty else { return nil }
        (self.variations, self.priority) = (variations, priority)
    }

    /// Reads a JSON object.
    init?(_ object: JSONObjectNode, _ reader: inout JSONReader) {
        let variations = reader.required("variations", of: object)
            .flatMap { reader.integer($0, in: 1...Limits.variationCountMax) }
        var priority = BatchPriority.normal
        if let node = object["priority"] { priority = reader.choice(node) ?? priority }
        guard let variations, reader.faults.isEmpty else { return nil }
        (self.variations, self.priority) = (variations, priority)
    }
}
