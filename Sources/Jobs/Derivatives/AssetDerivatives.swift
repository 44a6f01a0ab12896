package import ObjectStore
import RenderPlans

/// A kind of object that derive-asset makes of an upload.
package enum AssetDerivative: String, Hashable, Sendable, CaseIterable {
    /// A small film for editors.
    case proxy
    /// A still frame.
    case poster
    /// Sheets of thumbnails, with the WebVTT file that describes them.
    case sprite
    /// The peaks of the audio.
    case waveform
    /// The audio as M4A.
    case audio
}

/// The derived objects of an asset, found by a listing of its prefix. Pure: there is no record.
///
/// A derived object is written first and then its mark, whose key holds the ETags of the
/// upload and of the object. So an object of an earlier upload never counts, nor does one that
/// another run has replaced since.
package struct AssetDerivatives: Hashable, Sendable {
    /// State of one derivative.
    package enum State: String, Hashable, Sendable, Codable {
        /// It is still to be made.
        case pending
        /// All its objects exist.
        case ready
        /// It cannot be made of this upload.
        case failed
        /// The upload has no picture or no audio to make it of.
        case none
    }

    /// State of each derivative.
    package private(set) var states: [AssetDerivative: State] = [:]
    /// The proxy; nil unless ready, like the others.
    package private(set) var proxy: ObjectKey?
    /// The poster.
    package private(set) var poster: ObjectKey?
    /// The sheets of thumbnails, in time order; empty unless ready.
    package private(set) var sprites: [ObjectKey] = []
    /// The WebVTT file of the thumbnails.
    package private(set) var thumbnails: ObjectKey?
    /// The peaks of the audio.
    package private(set) var waveform: ObjectKey?
    /// The audio as M4A.
    package private(set) var audio: ObjectKey?

    /// The state of one derivative.
    package subscript(kind: AssetDerivative) -> State { states[kind] ?? State.none }

    /// True if nothing is left to be made.
    package var isComplete: Bool { !states.values.contains(.pending) }

    /// Derives the states.
    /// - Parameters:
    ///   - objects: All objects below `keys.prefix`.
    ///   - record: The asset's record; another upload's objects are not counted.
    package init(_ objects: [ObjectInfo], of record: AssetRecord, keys: AssetKeys) {
        let present = Set(objects.map(\.key))
        let etags = Dictionary(objects.map { ($0.key, $0.etag) }, uniquingKeysWith: { $1 })
        func current(_ key: ObjectKey) -> ObjectKey? {
            guard let etag = etags[key],
                present.contains(keys.mark(key, etag: etag, of: record.etag))
            else { return nil }
            return key
        }
        proxy = current(keys.proxy)
        poster = current(keys.poster)
        waveform = current(keys.waveform)
        audio = current(keys.encodedAudio)
        let copied = keys.audio(of: record.etag, fileExtension: "m4a")
        if audio == nil, record.media?.audio?.codec == "aac", present.contains(copied) {
            audio = copied
        }
        // The track is the last object of the sprite, so all sheets exist.
        if let track = current(keys.thumbnails) {
            let sheets = (0..<Self.sheetCountMax).lazy.map(keys.sprite)
                .prefix { current($0) != nil }
            (thumbnails, sprites) = (sheets.isEmpty ? nil : track, Array(sheets))
        }
        for kind in AssetDerivative.allCases {
            let isReady = object(of: kind) != nil
            let isFailed = present.contains(keys.failedMark(kind, of: record.etag))
            states[kind] =
                isReady
                ? .ready
                : !kind.applies(to: record) ? State.none : isFailed ? .failed : .pending
        }
        // Thumbnails are taken from the proxy.
        if self[.proxy] == .failed, self[.sprite] == .pending { states[.sprite] = .failed }
    }

    /// Sheets of one asset.
    package static let sheetCountMax = 8

    private func object(of kind: AssetDerivative) -> ObjectKey? {
        switch kind {
        case .proxy: proxy
        case .poster: poster
        case .sprite: thumbnails
        case .waveform: waveform
        case .audio: audio
        }
    }
}

extension AssetDerivative {
    /// True if the upload has what the derivative is made of.
    package func applies(to record: AssetRecord) -> Bool {
        guard record.status == .ready, let media = record.media else { return false }
        return switch self {
        case .poster: media.video != nil
        case .proxy, .sprite: media.kind == .video && media.video != nil
        case .waveform, .audio: media.audio != nil
        }
    }
}
