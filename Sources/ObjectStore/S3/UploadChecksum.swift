import Crypto
import FoundationEssentials
import HTTPTransport
import Signing

/// The checksum of uploaded bodies: CRC-64/NVME, which S3 supports for parts and
/// for whole objects (S3 User Guide, "Checking object integrity").
enum UploadChecksum {
    static let headerName = "x-amz-checksum-crc64nvme"
    static let algorithmName = "CRC64NVME"
    /// The headers of CreateMultipartUpload that announce part checksums.
    static let ofParts = [
        (name: "x-amz-checksum-algorithm", value: algorithmName),
        (name: "x-amz-checksum-type", value: "FULL_OBJECT"),
    ]

    /// Adds the checksum to a call: as a header for a body in memory, as a
    /// trailer computed during the transfer for a file.
    static func checked(_ call: S3Call) -> S3Call {
        var call = call
        switch call.body {
        case .none, .stream: return call
        case .bytes(let bytes):
            var crc = RunningCRC(.crc64nvme)
            bytes.withUnsafeBytes { crc.update($0) }
            call.headers.append((headerName, base64(crc.value)))
        case .file(let path, let offset, let bytes):
            call.body = .stream(bytes: ChecksummedReader.framedBytes(bytes)) {
                () throws(HTTPTransportError) in
                ChecksummedReader(
                    try FileReader(path: path, offset: offset, bytes: bytes), bytes: bytes)
            }
            call.payloadHash = SigV4.unsignedPayloadWithTrailer
            call.headers += [
                ("content-encoding", "aws-chunked"),
                ("x-amz-decoded-content-length", "\(bytes)"), ("x-amz-trailer", headerName),
            ]
        }
        call.headers.append(("x-amz-sdk-checksum-algorithm", algorithmName))
        return call
    }

    /// The checksum of the object joined from these parts.
    /// - Returns: nil if a part has no checksum.
    static func joined(_ parts: [UploadedPart]) -> String? {
        var whole: RunningCRC?
        for part in parts {
            guard let text = part.checksum, let value = Data(base64Encoded: text),
                let crc = RunningCRC(.crc64nvme, value: Array(value), byteCount: part.bytes)
            else { return nil }
            if whole == nil { whole = crc } else { whole?.append(crc) }
        }
        return whole.map { base64($0.value) }
    }

    fileprivate static func base64(_ bytes: [UInt8]) -> String {
        Data(bytes).base64EncodedString()
    }
}

/// A body in aws-chunked frames with its checksum as a trailer (S3 API Reference,
/// "Signature calculations: including trailing headers").
private final class ChecksummedReader: HTTPBodyReader {
    private static let chunkBytes = 64 << 10
    /// Characters of eight bytes in base64.
    private static let checksumLetters = 12

    private let source: any HTTPBodyReader
    private var left: Int
    private var crc = RunningCRC(.crc64nvme)
    private var chunk: [UInt8]
    private var frame: [UInt8] = []
    private var position = 0
    private var isAtEnd = false

    init(_ source: any HTTPBodyReader, bytes: Int) {
        self.source = source
        left = bytes
        chunk = [UInt8](repeating: 0, count: min(Self.chunkBytes, max(bytes, 1)))
    }

    /// The length of `bytes` bytes including the framing.
    static func framedBytes(_ bytes: Int) -> Int {
        let rest = bytes % chunkBytes
        let whole = (bytes / chunkBytes) * (head(chunkBytes).utf8.count + chunkBytes + 2)
        let last = rest > 0 ? head(rest).utf8.count + rest + 2 : 0
        return whole + last + trailer(String(repeating: "=", count: checksumLetters)).utf8.count
    }

    func read(into buffer: UnsafeMutableRawBufferPointer) throws(HTTPTransportError) -> Int {
        if position == frame.count { try makeFrame() }
        let count = min(buffer.count, frame.count - position)
        buffer.copyBytes(from: frame[position..<position + count])
        position += count
        return count
    }

    private func makeFrame() throws(HTTPTransportError) {
        (frame, position) = ([], 0)
        guard !isAtEnd else { return }
        guard left > 0 else {
            isAtEnd = true
            frame = Array(Self.trailer(UploadChecksum.base64(crc.value)).utf8)
            return
        }
        let count = min(left, chunk.count)
        try fillChunk(count)
        frame.reserveCapacity(count + 16)
        frame += Self.head(count).utf8
        frame += chunk[..<count]
        frame += [13, 10]
        left -= count
    }

    private func fillChunk(_ count: Int) throws(HTTPTransportError) {
        var filled = 0
        while filled < count {
            let outcome = chunk.withUnsafeMutableBytes { bytes in
                Result { () throws(HTTPTransportError) in
                    let part = UnsafeMutableRawBufferPointer(rebasing: bytes[filled..<count])
                    let read = try source.read(into: part)
                    crc.update(UnsafeRawBufferPointer(rebasing: part[..<read]))
                    return read
                }
            }
            let read = try outcome.get()
            guard read > 0 else {
                throw HTTPTransportError(.localFile, "The body's file is shorter than declared")
            }
            filled += read
        }
    }

    private static func head(_ bytes: Int) -> String { String(bytes, radix: 16) + "\r\n" }

    private static func trailer(_ checksum: String) -> String {
        "0\r\n\(UploadChecksum.headerName):\(checksum)\r\n\r\n"
    }
}
