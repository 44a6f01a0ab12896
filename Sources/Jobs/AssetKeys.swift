package import ObjectStore

/// Builds and parses every object key of one asset.
package struct AssetKeys: Hashable, Sendable {
    /// Owner of the asset.
    package let owner: OwnerID
    /// The asset.
    package let asset: AssetID

    /// Keys of one asset.
    package init(owner: OwnerID, asset: AssetID) {
        self.owner = owner
        self.asset = asset
    }

    private var root: String { "assets/\(owner.text)/\(asset.text)" }

    /// The `UploadRecord`: announced name, type, size and key.
    package var upload: ObjectKey { ObjectKey("\(root)/upload.json") }
    /// The `AssetRecord`; exists once the upload is complete.
    package var record: ObjectKey { ObjectKey("\(root)/asset.json") }
    /// A still frame as JPEG.
    package var poster: ObjectKey { ObjectKey("\(root)/poster.jpg") }
    /// The extracted audio, packet by packet as in the source.
    ///
    /// - Parameter etag: ETag of the upload: a repeated upload has other audio.
    package func audio(of etag: String, fileExtension: String) -> ObjectKey {
        ObjectKey("\(audioPrefix(of: etag))\(fileExtension)")
    }
    /// Prefix of the audio keys of one upload, for any extension.
    package func audioPrefix(of etag: String) -> String { "\(root)/audio.\(Self.plain(etag))." }

    /// The bytes of an ETag that a key holds unescaped.
    private static func plain(_ etag: String) -> String {
        let bytes = etag.utf8.filter { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"):
                true
            default: false
            }
        }
        return String(decoding: bytes.prefix(128), as: UTF8.self)
    }

    /// Prefix of every object of the asset, with the closing slash.
    package var prefix: String { "\(root)/" }
    /// A small H.264 film of the upload for editors.
    package var proxy: ObjectKey { ObjectKey("\(root)/proxy.mp4") }
    /// A sheet of thumbnails as JPEG.
    /// - Parameter sheet: From 0; the first sheet has no number in its name.
    package func sprite(_ sheet: Int) -> ObjectKey {
        ObjectKey(sheet == 0 ? "\(root)/sprite.jpg" : "\(root)/sprite.\(sheet).jpg")
    }
    /// The WebVTT file that gives each thumbnail's time and place.
    package var thumbnails: ObjectKey { ObjectKey("\(root)/sprite.vtt") }
    /// The peaks of the audio, as JSON of BBC audiowaveform.
    package var waveform: ObjectKey { ObjectKey("\(root)/waveform.json") }
    /// The audio as AAC, if the upload's own packets cannot be copied exactly.
    package var encodedAudio: ObjectKey { ObjectKey("\(root)/audio.m4a") }

    /// Says that a derived object with this ETag is of the upload with that ETag.
    /// - Parameter object: ETag of the derived object at `key`.
    package func mark(_ key: ObjectKey, etag object: String, of upload: String) -> ObjectKey {
        let name = key.text.split(separator: "/").last ?? ""
        return ObjectKey("\(root)/derived/\(Self.plain(upload))/\(name).\(Self.plain(object))")
    }
    /// Prefix of the failed attempts at a derivative of the upload with that ETag.
    package func attemptPrefix(_ kind: AssetDerivative, of upload: String) -> String {
        "\(root)/derived/\(Self.plain(upload))/\(kind.rawValue).attempt."
    }
    /// Says that a derivative of the upload with that ETag cannot be made, and why.
    package func failedMark(_ kind: AssetDerivative, of upload: String) -> ObjectKey {
        ObjectKey("\(root)/derived/\(Self.plain(upload))/\(kind.rawValue).failed")
    }
    /// Its event starts derive-asset; complete-upload writes it.
    package var deriveRequest: ObjectKey { ObjectKey("\(root)/media.derive.json") }

    /// The uploaded bytes: `uploads/{owner}/{asset}/{file name}`.
    package func media(fileName: String) -> ObjectKey {
        ObjectKey(
            "\(Self.uploadPrefix(of: owner))\(asset.text)/\(Self.safeFileName(fileName))")
    }

    /// Prefix of every upload of one owner.
    package static func uploadPrefix(of owner: OwnerID) -> String { "uploads/\(owner.text)/" }

    /// The owner and asset of an `uploads/` key, or nil for any other key.
    package init?(uploadKey: ObjectKey) {
        let parts = uploadKey.text.split(
            separator: "/", maxSplits: 3, omittingEmptySubsequences: false)
        guard parts.count == 4, parts[0] == "uploads", uploadKey.hasPlainSegments,
            let owner = OwnerID(String(parts[1])), let asset = AssetID(String(parts[2]))
        else { return nil }
        self.init(owner: owner, asset: asset)
    }

    /// The owner and asset of a derive request's key, or nil for any other key.
    package init?(deriveRequestKey: ObjectKey) {
        let parts = deriveRequestKey.text.split(
            separator: "/", omittingEmptySubsequences: false)
        guard parts.count == 4, parts[0] == "assets", parts[3] == "media.derive.json",
            let owner = OwnerID(String(parts[1])), let asset = AssetID(String(parts[2]))
        else { return nil }
        self.init(owner: owner, asset: asset)
    }

    /// The last path component without control characters, at most 200 bytes.
    ///
    /// Letters of any script are kept: a key is percent-encoded and is never a path on a disk.
    package static func safeFileName(_ name: String) -> String {
        let last = name.split(whereSeparator: { $0 == "/" || $0 == "\\" }).last.map(String.init)
        var result = ""
        for scalar in (last ?? "").unicodeScalars {
            let isControl = scalar.value < 0x20 || (0x7F...0x9F).contains(scalar.value)
            let text = isControl ? "_" : String(scalar)
            guard result.utf8.count + text.utf8.count <= 200 else { break }
            result += text
        }
        return result.allSatisfy { $0 == "." } ? "upload" : result
    }
}
