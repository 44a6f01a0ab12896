import Crypto
import HTTPTransport

extension ObjectBody {
    /// The length in bytes.
    var count: Int {
        switch self {
        case .bytes(let bytes): bytes.count
        case .file(_, _, let bytes): bytes
        }
    }

    /// MD5 of the bytes in hexadecimal; nil for a file that cannot be read. It
    /// yields to other tasks after each MiB.
    func md5Hex() async -> String? {
        switch self {
        case .bytes(let bytes): return hex(md5(bytes))
        case .file(let path, let offset, let bytes):
            guard let reader = try? FileReader(path: path, offset: offset, bytes: bytes) else {
                return nil
            }
            var digest = RunningDigest(.md5)
            var buffer = [UInt8](repeating: 0, count: 1 << 20)
            while true {
                let count = buffer.withUnsafeMutableBytes { try? reader.read(into: $0) }
                guard let count else { return nil }
                if count == 0 { return hex(digest.finish()) }
                digest.update(buffer[..<count])
                await Task.yield()
            }
        }
    }

    var forTransport: HTTPRequestBody {
        switch self {
        case .bytes(let bytes): .bytes(bytes)
        case .file(let path, let offset, let bytes):
            .file(path: path, offset: offset, bytes: bytes)
        }
    }
}

extension PresignedRequest {
    var method: String {
        switch self {
        case .get: "GET"
        case .head: "HEAD"
        case .put, .uploadPart: "PUT"
        }
    }

    /// The key of the object.
    package var key: ObjectKey {
        switch self {
        case .get(let key, _), .head(let key), .put(let key, _, _), .uploadPart(let key, _, _):
            key
        }
    }

    /// The query parameters besides the signature.
    var query: [(name: String, value: String)] {
        switch self {
        case .get(_, let name?):
            return [("response-content-disposition", ContentDisposition.attachment(name))]
        case .uploadPart(_, let uploadID, let number):
            return [("partNumber", "\(number)"), ("uploadId", uploadID)]
        case .get, .head, .put: return []
        }
    }

    /// The signed headers, which the client must send unchanged.
    var headers: [(name: String, value: String)] {
        guard case .put(_, let contentType, let contentLength) = self else { return [] }
        let type = [(name: "content-type", value: contentType)]
        return type + (contentLength.map { [(name: "content-length", value: "\($0)")] } ?? [])
    }
}
