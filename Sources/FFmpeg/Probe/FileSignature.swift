/// The name of a file type that FFmpeg does not read, by its first bytes: a refusal says what
/// the file is.
package enum FileSignature {
    /// Bytes from the start of a file that are enough.
    package static let byteCount = 64

    /// The type with its article, and what to do; nil for an unknown one.
    package static func refusal(_ bytes: [UInt8]) -> String? {
        if let brand = isoBrand(bytes) {
            if ["heic", "heix", "heim", "heis", "hevc", "mif1", "msf1"].contains(brand) {
                return "It is an HEIC picture, which cannot be decoded here; save it as JPEG."
            }
            if ["avif", "avis"].contains(brand) {
                return "It is an AVIF picture that cannot be decoded here; save it as PNG."
            }
            if brand == "crx " {
                return "It is a camera's raw picture, which is not accepted; save it as JPEG."
            }
        }
        return signatures.first { bytes.starts(with: $0.start) }?.text
            ?? (isAnimatedWebP(bytes)
                ? "It is an animated WebP, which cannot be decoded here; save it as GIF or APNG."
                : nil)
    }

    private static let signatures: [(start: [UInt8], text: String)] = [
        (Array("%PDF".utf8), "It is a PDF document, not media."),
        (Array("8BPS".utf8), "It is a Photoshop document, which is not accepted; save it as PNG."),
        (Array("PK\u{3}\u{4}".utf8), "It is a ZIP archive (or an Office document), not media."),
        (Array("Rar!".utf8), "It is a RAR archive, not media."),
        ([0x37, 0x7A, 0xBC, 0xAF], "It is a 7z archive, not media."),
        ([0x1F, 0x8B], "It is a gzip archive, not media."),
        (Array("#EXTM3U".utf8), "It is a playlist, which is not accepted; upload its file."),
        (Array("<?xml".utf8), "It is XML, not media."),
        (Array("<svg".utf8), "It is an SVG drawing, which is not accepted; save it as PNG."),
        (Array("MThd".utf8), "It is MIDI, which has no audio of its own; render it to WAV."),
        (Array(".RMF".utf8), "It is RealMedia, which is not accepted; save it as MP4."),
        (Array("FORM".utf8), "It is an IFF file that cannot be decoded here."),
        (
            Array("II*\0".utf8),
            "It is a TIFF or a camera's raw picture that cannot be decoded here."
        ),
    ]

    /// The major brand of an ISO file (ISO/IEC 14496-12, 4.3); nil for another file.
    private static func isoBrand(_ bytes: [UInt8]) -> String? {
        guard bytes.count >= 12, bytes[4..<8].elementsEqual("ftyp".utf8) else { return nil }
        return String(decoding: bytes[8..<12], as: UTF8.self)
    }

    /// An extended WebP whose header has the animation flag (WebP container, VP8X).
    private static func isAnimatedWebP(_ bytes: [UInt8]) -> Bool {
        bytes.count > 20 && bytes.starts(with: Array("RIFF".utf8))
            && bytes[8..<16].elementsEqual("WEBPVP8X".utf8) && bytes[20] & 2 != 0
    }
}
