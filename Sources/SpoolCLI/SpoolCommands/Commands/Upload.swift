import FoundationEssentials

/// Uploads a local file to the store as a browser would.
struct Upload: Sendable {
    /// Parts in transfer at once; more do not speed up one connection.
    private static let concurrentPartCountMax = 4

    var api: API

    /// Uploads a file.
    /// - Parameter progress: Called with the bytes of the file sent so far.
    /// - Returns: the asset's ID, and its record as the back end sent it.
    func send(
        _ path: String, progress: @escaping @Sendable (Int) -> Void
    ) async throws -> (assetID: String, record: [UInt8]) {
        let bytes = try UserFile.bytes(path)
        let name = UserFile.name(path)
        let grant = try await api.initUpload(filename: name, bytes: bytes)
        var completion = UploadCompletion(assetId: grant.assetId)
        if let parts = grant.parts, let partBytes = grant.partSize, partBytes > 0 {
            guard (parts.count - 1) * partBytes < bytes, bytes <= parts.count * partBytes else {
                throw CommandError("Uploading \(name) failed: the parts do not match its size.")
            }
            completion.uploadId = grant.uploadId
            completion.parts = try await sendParts(
                path, bytes: bytes, parts: parts, partBytes: partBytes, progress)
        } else if let url = grant.uploadUrl {
            let headers = (grant.headers ?? [:]).sorted { $0.key < $1.key }
            _ = try await put(
                name, url, headers.map { APIRequest.Header($0.key, $0.value) },
                .file(path: path, offset: 0, bytes: bytes), progress)
        } else {
            throw CommandError("Uploading \(name) failed: the back end returned no URL for it.")
        }
        progress(bytes)
        return (grant.assetId, try await api.completeUpload(completion))
    }

    private func sendParts(
        _ path: String, bytes: Int, parts: [GrantedUpload.Part], partBytes: Int,
        _ progress: @escaping @Sendable (Int) -> Void
    ) async throws -> [UploadCompletion.Part] {
        let ordered = parts.sorted { $0.partNumber < $1.partNumber }
        var waiting = Array(ordered.enumerated())[...]
        var done: [UploadCompletion.Part] = []
        var doneBytes = 0
        try await withThrowingTaskGroup(of: (UploadCompletion.Part, Int).self) { group in
            func startOne() {
                guard let (index, part) = waiting.popFirst() else { return }
                let offset = index * partBytes
                let count = min(partBytes, bytes - offset)
                group.addTask {
                    let name = "part \(part.partNumber) of \(UserFile.name(path))"
                    let response = try await put(
                        name, part.url, [], .file(path: path, offset: offset, bytes: count), nil)
                    guard let etag = response.header("ETag") else {
                        throw CommandError("Uploading \(name) failed: the store returned no ETag.")
                    }
                    return (UploadCompletion.Part(partNumber: part.partNumber, etag: etag), count)
                }
            }
            for _ in 0..<Upload.concurrentPartCountMax { startOne() }
            for try await (part, count) in group {
                done.append(part)
                doneBytes += count
                progress(doneBytes)
                startOne()
            }
        }
        return done.sorted { $0.partNumber < $1.partNumber }
    }

    private func put(
        _ name: String, _ url: String, _ headers: [APIRequest.Header], _ body: APIRequest.Body,
        _ progress: (@Sendable (Int) -> Void)?
    ) async throws -> APIResponse {
        let request = APIRequest("PUT", url, headers: headers, body: body)
        let response = try await RequestRetries.send(
            request, in: api.context, action: "Uploading \(name)", progress: progress)
        guard response.isSuccess else { throw CommandError("Uploading \(name)", response) }
        return response
    }
}
