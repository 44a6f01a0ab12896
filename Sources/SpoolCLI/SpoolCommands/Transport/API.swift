import FoundationEssentials
import JSON

/// The back end's routes that the commands use.
struct API: Sendable {
    var context: CommandContext
    /// The base URL without a trailing slash.
    var base: String
    var token: String?

    /// Requests an upload; the back end knows the media type by the name.
    func initUpload(filename: String, bytes: Int) async throws -> GrantedUpload {
        struct Request: Encodable {
            var filename: String
            var size: Int
        }
        let body = Request(filename: filename, size: bytes)
        return try await call(
            "Requesting the upload of \(filename)", "POST", "/api/upload/init", body: encode(body))
    }

    /// Completes an upload.
    /// - Returns: the asset's record as the back end sent it.
    func completeUpload(_ completion: UploadCompletion) async throws -> [UInt8] {
        try await send(
            "Completing the upload", "POST", "/api/upload/complete", body: encode(completion))
    }

    /// Starts an export.
    /// - Returns: one job, or one for each output or variation.
    func startExport(_ edit: [UInt8]) async throws -> [AcceptedJob] {
        struct Answer: Decodable {
            var jobId: String
            var jobs: [AcceptedJob]?
        }
        let answer: Answer = try await call(
            "Starting the export", "POST", "/api/export", body: edit)
        return answer.jobs ?? [AcceptedJob(jobId: answer.jobId)]
    }

    /// Estimates an export.
    /// - Returns: the raw document and its displayed part.
    func estimate(_ edit: [UInt8]) async throws -> (document: [UInt8], estimate: Estimate) {
        let action = "Estimating the export"
        let document = try await send(action, "POST", "/api/export/estimate", body: edit)
        return (document, try decode(action, document))
    }

    /// Reads the status of a job.
    /// - Returns: the raw document and the part that the commands use.
    func status(of jobID: String) async throws -> (document: [UInt8], status: StatusResponse) {
        let action = "Reading the status of job \(jobID)"
        let document = try await send(action, "GET", "/api/export/\(jobID)")
        return (document, try decode(action, document))
    }

    func cancel(_ jobID: String) async throws -> [UInt8] {
        try await send("Cancelling job \(jobID)", "DELETE", "/api/export/\(jobID)")
    }

    /// Calls Lambda's Invoke API; a function's failure is a response, not an error.
    func invoke(
        _ function: String, event: [UInt8], isAsynchronous: Bool
    ) async throws -> APIResponse {
        var request = request(
            "POST", "/2015-03-31/functions/\(function)/invocations", body: event)
        if isAsynchronous {
            request.headers.append(APIRequest.Header("X-Amz-Invocation-Type", "Event"))
        }
        return try await invoke(request, "Invoking \(function)")
    }

    /// Repeats a recorded invocation with its original IDs.
    func invoke(_ recording: Recording, event: [UInt8]) async throws -> APIResponse {
        var request = request(
            "POST", "/2015-03-31/functions/\(recording.function)/invocations", body: event)
        request.headers.append(APIRequest.Header("X-Spool-Request-Id", recording.requestID))
        if let trace = recording.traceID {
            request.headers.append(APIRequest.Header("X-Amzn-Trace-Id", trace))
        }
        if let context = recording.clientContext?.bytes {
            let text = Data(context).base64EncodedString()
            request.headers.append(APIRequest.Header("X-Amz-Client-Context", text))
        }
        return try await invoke(request, "Invoking \(recording.function)")
    }

    /// Reads a document of the emulator.
    func get(_ action: String, _ path: String) async throws -> [UInt8] {
        try await send(action, "GET", path)
    }

    /// Puts a dead letter back into its queue.
    func replayDeadLetter(_ id: Int) async throws {
        let action = "Replaying dead letter \(id)"
        let request = request("POST", "/console/api/dead-letters/\(id)/replay", body: nil)
        // Sent once: a repeat would find no dead letter with this number.
        let response = try await context.transport.send(request, progress: nil)
        guard response.isSuccess else { throw CommandError(action, response) }
    }

    private func invoke(_ request: APIRequest, _ action: String) async throws -> APIResponse {
        let response: APIResponse
        do {
            // Sent once: a repeat could have a second effect.
            response = try await context.transport.send(request, progress: nil)
        } catch let error as APITransportError {
            throw CommandError("\(action) failed: \(error.detail).")
        }
        guard response.isSuccess else { throw CommandError(action, response) }
        return response
    }

    private func call<Answer: Decodable>(
        _ action: String, _ method: String, _ path: String, body: [UInt8]
    ) async throws -> Answer {
        try decode(action, await send(action, method, path, body: body))
    }

    private func send(
        _ action: String, _ method: String, _ path: String, body: [UInt8]? = nil
    ) async throws -> [UInt8] {
        let request = request(method, path, body: body)
        let response = try await RequestRetries.send(request, in: context, action: action)
        guard response.isSuccess else { throw CommandError(action, response) }
        return response.body
    }

    private func request(_ method: String, _ path: String, body: [UInt8]?) -> APIRequest {
        var headers = [APIRequest.Header("Accept", "application/json")]
        if let token { headers.append(APIRequest.Header("Authorization", "Bearer \(token)")) }
        if body != nil || method == "POST" {
            headers.append(APIRequest.Header("Content-Type", "application/json"))
        }
        return APIRequest(
            method, base + path, headers: headers, body: body.map(APIRequest.Body.bytes) ?? .none)
    }

    private func encode(_ value: some Encodable) throws -> [UInt8] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return Array(try encoder.encode(value))
    }

    private func decode<Answer: Decodable>(_ action: String, _ bytes: [UInt8]) throws -> Answer {
        do {
            return try JSONDecoder().decode(Answer.self, from: Data(bytes))
        } catch {
            throw CommandError("\(action) failed: the response is not a Spool back end's.")
        }
    }
}

/// The destination of an upload.
struct GrantedUpload: Decodable, Sendable, Hashable {
    struct Part: Decodable, Sendable, Hashable {
        var partNumber: Int
        var url: String
    }

    var assetId: String
    /// `PUT`, or `MULTIPART` with the last three fields.
    var method: String?
    var uploadUrl: String?
    var headers: [String: String]?
    var uploadId: String?
    /// The size in bytes of every part except the last.
    var partSize: Int?
    var parts: [Part]?
}

/// The request that completes an upload.
struct UploadCompletion: Encodable, Sendable, Hashable {
    struct Part: Encodable, Sendable, Hashable {
        var partNumber: Int
        var etag: String
    }

    var assetId: String
    var uploadId: String?
    var parts: [Part]?
}

/// A job that an export request started.
struct AcceptedJob: Decodable, Sendable, Hashable {
    var jobId: String
    /// The format of the file if it is one of several outputs; nil otherwise.
    var format: String?
}

/// The status of a job, as far as the commands read it.
/// A warning as the back end sends it.
struct WarningResponse: Decodable, Sendable, Hashable {
    var code: String
    var detail: String
    var assetId: String?
    /// Seconds.
    var from: Double?
    var to: Double?

    /// The line for people: `Warning: … (1.5 s to 2 s)`.
    var line: String {
        guard let from, let to else { return "Warning: \(detail)" }
        func text(_ seconds: Double) -> String {
            let rounded = (seconds * 1_000).rounded() / 1_000
            return rounded == rounded.rounded() ? "\(Int(rounded))" : "\(rounded)"
        }
        return "Warning: \(detail) (\(text(from)) s to \(text(to)) s)"
    }
}

struct StatusResponse: Decodable, Sendable, Hashable {
    struct Frames: Decodable, Sendable, Hashable {
        var done: Int
        var total: Int
    }

    var jobId: String
    /// The status in the terms of the edit's front end.
    var status: String
    /// The status in Spool's terms, the same for every kind of edit.
    var state: String?
    var phase: String?
    /// Percentage, 0 to 100.
    var progress: Double?
    var frames: Frames?
    var downloadUrl: String?
    var error: String?
    /// The size of the result in bytes.
    var size: Int?
    /// Doubts about the sources, the texts and the renders.
    var warnings: [WarningResponse]?

    var word: String { state ?? status }
}
