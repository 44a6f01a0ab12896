import Crypto
import FoundationEssentials

/// The checksum of an object that is uploaded in parts.
///
/// A full-object CRC, or a composite: the checksum of the parts' checksums, followed by `-` and
/// their number. Source: S3 User Guide, "Checking object integrity".
struct MultipartChecksum: Sendable {
    var algorithm: ChecksumAlgorithm
    /// True for a checksum of the bytes, false for one of the parts' checksums.
    var isOfWhole: Bool
    /// True if the client requested it; S3 adds CRC-64/NVME to every object.
    var isAnnounced: Bool

    var headerName: String { algorithm.headerName }

    /// - Parameter stored: Headers that the upload was created with.
    init(_ stored: [String: String]) {
        let name = stored[ChecksumAlgorithm.algorithmHeaderName]
        isAnnounced = name != nil
        algorithm = name.flatMap { ChecksumAlgorithm(rawValue: $0.lowercased()) } ?? .crc64nvme
        let type = stored[ChecksumAlgorithm.typeHeaderName]
        isOfWhole = type.map { $0 == "FULL_OBJECT" } ?? (algorithm == .crc64nvme)
    }

    /// The checksum headers of CreateMultipartUpload.
    /// - Throws: `.invalidRequest`.
    static func announced(by request: S3Request) throws(S3Error) -> [String: String] {
        guard let name = request.header(ChecksumAlgorithm.algorithmHeaderName) else { return [:] }
        guard let algorithm = ChecksumAlgorithm(rawValue: name.lowercased()) else {
            throw S3Error(
                .invalidRequest,
                "Checksum algorithm provided is unsupported. Please try again with any of the "
                    + "valid types: [CRC32, CRC32C, CRC64NVME, SHA1, SHA256]")
        }
        var headers = [ChecksumAlgorithm.algorithmHeaderName: name.uppercased()]
        guard let type = request.header(ChecksumAlgorithm.typeHeaderName)?.uppercased() else {
            return headers
        }
        let allowed =
            algorithm == .crc64nvme
            ? ["FULL_OBJECT"] : algorithm.crc == nil ? ["COMPOSITE"] : ["FULL_OBJECT", "COMPOSITE"]
        guard allowed.contains(type) else {
            throw S3Error(
                .invalidRequest,
                "The \(type) checksum type cannot be used with the \(name) checksum algorithm.")
        }
        headers[ChecksumAlgorithm.typeHeaderName] = type
        return headers
    }

    /// Response headers that name algorithm and type.
    var headers: [(String, String)] {
        [
            (ChecksumAlgorithm.algorithmHeaderName, algorithm.rawValue.uppercased()),
            (ChecksumAlgorithm.typeHeaderName, type),
        ]
    }

    private var type: String { isOfWhole ? "FULL_OBJECT" : "COMPOSITE" }

    /// Adds elements that name algorithm and type.
    func describe(in xml: inout XMLText) {
        xml.add("ChecksumAlgorithm", algorithm.rawValue.uppercased())
        xml.add("ChecksumType", type)
    }

    /// Checks that a part has the announced checksum.
    /// - Throws: `.invalidRequest`.
    func check(_ part: PartRecord) throws(S3Error) {
        guard isAnnounced, part.checksums[headerName] == nil else { return }
        throw S3Error(
            .invalidRequest,
            "Checksum Type mismatch occurred, expected checksum Type: \(algorithm.rawValue), "
                + "actual checksum Type: null")
    }

    /// The upload's headers without those that describe the upload itself.
    func objectHeaders(_ stored: [String: String]) -> [String: String] {
        var headers = stored
        headers[ChecksumAlgorithm.algorithmHeaderName] = nil
        headers[ChecksumAlgorithm.typeHeaderName] = nil
        return headers
    }

    /// The checksum headers that the object is served with.
    /// - Throws: `.badDigest`, `.invalidRequest` if CompleteMultipartUpload has other values.
    func served(
        of parts: [PartRecord], checkedBy request: S3Request
    ) throws(S3Error) -> [String: String] {
        let bytes = parts.reduce(0) { $0 + $1.bytes }
        if let sent = request.header("x-amz-mp-object-size"), Int(sent) != bytes {
            throw S3Error(
                .invalidRequest,
                "The provided 'x-amz-mp-object-size' header value \(sent) does not match what was "
                    + "computed: \(bytes)")
        }
        if let sent = request.header(ChecksumAlgorithm.typeHeaderName)?.uppercased(),
            isAnnounced, sent != type
        {
            throw S3Error(
                .invalidRequest,
                "The upload was created using the \(type) checksum mode. The complete request must "
                    + "use the same checksum mode.")
        }
        for other in ChecksumAlgorithm.allCases {
            guard let sent = request.header(other.headerName) else { continue }
            let isOfParts = sent.contains("-")
            let value = isOfParts ? Self.composite(other, parts) : Self.joined(other, parts)
            guard sent == value else {
                throw S3Error(
                    .badDigest,
                    "The \(other.rawValue) you specified did not match the calculated checksum.")
            }
        }
        let value =
            isOfWhole ? Self.joined(algorithm, parts) : Self.composite(algorithm, parts)
        guard let value else { return [:] }
        return [headerName: value, ChecksumAlgorithm.typeHeaderName: type]
    }

    /// The checksum of the whole object, combined from those of its parts.
    /// - Returns: nil for a digest, or if a part has no such checksum.
    static func joined(_ algorithm: ChecksumAlgorithm, _ parts: [PartRecord]) -> String? {
        guard let kind = algorithm.crc else { return nil }
        var whole = RunningCRC(kind)
        for part in parts {
            guard let text = part.checksums[algorithm.headerName],
                let value = Data(base64Encoded: text),
                let crc = RunningCRC(kind, value: Array(value), byteCount: part.bytes)
            else { return nil }
            whole.append(crc)
        }
        return Data(whole.value).base64EncodedString()
    }

    private static func composite(
        _ algorithm: ChecksumAlgorithm, _ parts: [PartRecord]
    ) -> String? {
        var running = RunningChecksum(algorithm)
        for part in parts {
            guard let text = part.checksums[algorithm.headerName],
                let value = Data(base64Encoded: text)
            else { return nil }
            Array(value).withUnsafeBytes { running.update($0) }
        }
        return "\(Data(running.finish()).base64EncodedString())-\(parts.count)"
    }
}

extension ObjectRecord {
    /// Adds the checksums as elements.
    func describeChecksums(in xml: inout XMLText) {
        for algorithm in ChecksumAlgorithm.allCases {
            if let value = headers[algorithm.headerName] { xml.add(algorithm.elementName, value) }
        }
        if let type = headers[ChecksumAlgorithm.typeHeaderName] { xml.add("ChecksumType", type) }
    }
}
