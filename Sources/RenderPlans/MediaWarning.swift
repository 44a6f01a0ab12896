package import MediaTime

/// A doubt about a file or a result: what is assumed or missing, where, from and to.
///
/// It never stops an export. The asset's document and the export's status list it.
package struct MediaWarning: Hashable, Sendable, Codable {
    /// The kinds of doubt. Clients may rely on the names.
    package enum Code: String, Hashable, Sendable, Codable, CaseIterable {
        /// The container states no length, or a guess: the packets were read.
        case lengthMeasured
        /// The container states no length, and the file is too large to read every packet.
        case lengthUnknown
        /// The file ends before the length that it states.
        case cutOff
        /// FFmpeg met data that it could not decode.
        case damaged
        /// An audio track cannot be decoded; another one is used.
        case audioTrackSkipped
        /// No audio track can be decoded: the file is silent.
        case audioNotDecodable
        /// No video track can be decoded: the file is audio alone.
        case videoNotDecodable
        /// More channels than an export has are mixed down.
        case audioMixedDown
        /// Transparency cannot be decoded: the picture is opaque.
        case transparencyDropped
        /// The frames are interlaced; exports deinterlace them.
        case deinterlaced
        /// The audio ends before its clip does: silence follows.
        case silencePadded
        /// No font has these characters: boxes are drawn.
        case missingGlyphs
    }

    /// The kind of doubt.
    package var code: Code
    /// One sentence for people.
    package var detail: String
    /// ID of the asset; nil in the asset's own document, and for a doubt about no asset.
    package var assetID: String?
    /// Start in seconds: of the file, or of the timeline in an export's own warnings; nil for
    /// the whole.
    package var start: Rational?
    /// End in seconds, exclusive; nil for the whole.
    package var end: Rational?

    /// Creates a warning.
    package init(
        _ code: Code, _ detail: String, assetID: String? = nil, start: Rational? = nil,
        end: Rational? = nil
    ) {
        self.code = code
        self.detail = detail
        self.assetID = assetID
        self.start = start
        self.end = end
    }

    /// True if only the audio of a file is concerned.
    package var concernsAudioAlone: Bool {
        switch code {
        case .audioTrackSkipped, .audioNotDecodable, .audioMixedDown, .silencePadded: true
        case .lengthMeasured, .lengthUnknown, .cutOff, .damaged, .videoNotDecodable,
            .transparencyDropped, .deinterlaced, .missingGlyphs:
            false
        }
    }

    /// True if only the picture of a file is concerned.
    package var concernsPictureAlone: Bool {
        switch code {
        case .videoNotDecodable, .transparencyDropped, .deinterlaced: true
        case .lengthMeasured, .lengthUnknown, .cutOff, .damaged, .audioTrackSkipped,
            .audioNotDecodable, .audioMixedDown, .silencePadded, .missingGlyphs:
            false
        }
    }

    /// Warnings of one document: more would hide each other.
    package static let countMax = 100

    /// The list without repetitions, at most `countMax`.
    package static func list(_ warnings: [MediaWarning]) -> [MediaWarning] {
        var seen: Set<MediaWarning> = []
        return Array(warnings.filter { seen.insert($0).inserted }.prefix(countMax))
    }
}
