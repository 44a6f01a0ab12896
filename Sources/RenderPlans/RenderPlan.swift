package import Captions
package import MediaTime

/// An edit lowered to whole frames and samples: everything a renderer needs, and nothing
/// that can change later. Stored once as `plan.json`.
package struct RenderPlan: Hashable, Sendable, Codable {
    /// Version of this document's shape; a reader rejects any other.
    package static let currentVersion = 2

    /// Version of the stored plan's shape.
    package var version: Int = RenderPlan.currentVersion
    /// The output's container, video and audio settings.
    package var output: OutputSettings
    /// Length of the result in frames of `output.frameRate`.
    package var frameCount: Int
    /// Distinct files; placements refer to them by index.
    package var sources: [Source]
    /// The layers, the bottom one first. Placements of a layer are in time order; two
    /// overlap only if the later one's transition mixes them.
    package var layers: [Layer]
    /// Placed audio of the timeline, in samples.
    package var audio: [AudioPlacement]
    /// Half-open ranges that tile `pictureFrames` exactly, in order.
    package var chunks: [FrameRange]
    /// The expected rendering of each of `chunks`; nil if all are encoded because nothing
    /// else was requested. A chunk may be rendered differently: its receipt has the actual
    /// rendering.
    package var renderings: [ChunkRendering]?
    /// Audio frames of each audio piece, in order; nil if the audio is one unit
    /// (`AudioPlanner`).
    package var audioPieces: [AudioFrameRange]?
    /// Formats of the caption files stored next to the result; nil for none.
    package var captionFiles: [CaptionFormat]?
    /// Other exports of the same edit whose units are rendered with this one's; nil is
    /// none.
    package var companions: [Companion]?
    /// The export with which this one's units are rendered; nil for none.
    package var leader: Companion?
    /// Units that are requested and unfinished at a time, so that other exports are not held
    /// up; nil requests all at once.
    package var unitsAtOnce: Int?
    /// Doubts about the sources and the texts; nil for none.
    package var warnings: [MediaWarning]?

    /// Creates a plan of the current version.
    package init(
        output: OutputSettings, frameCount: Int, sources: [Source], layers: [Layer],
        audio: [AudioPlacement], chunks: [FrameRange]
    ) {
        self.output = output
        self.frameCount = frameCount
        self.sources = sources
        self.layers = layers
        self.audio = audio
        self.chunks = chunks
    }

    /// The other export of two that are rendered together.
    package struct Companion: Hashable, Sendable, Codable {
        /// ID of the other export.
        package var jobID: String
        /// True if both exports have the same audio.
        package var sharesAudio: Bool

        /// Creates a companion.
        package init(jobID: String, sharesAudio: Bool) {
            (self.jobID, self.sharesAudio) = (jobID, sharesAudio)
        }

        private enum CodingKeys: String, CodingKey {
            case jobID, sharesAudio = "sharesSound"
        }
    }

    /// The expected rendering of a chunk, with its reason.
    package struct ChunkRendering: Hashable, Sendable, Codable {
        /// The kinds of rendering.
        package enum Kind: String, Hashable, Sendable, Codable {
            /// Packets are copied; only the edges are encoded.
            case copy
            case encode
        }

        /// The expected kind.
        package var kind: Kind
        /// The reason as the end of a sentence: `the clip has another speed`.
        package var because: String

        /// Creates a chunk rendering.
        package init(_ kind: Kind, because: String) {
            self.kind = kind
            self.because = because
        }
    }

    /// The rendered frames; empty for audio alone.
    package var pictureFrames: FrameRange {
        FrameRange(0, output.format.hasPicture ? frameCount : 0)
    }

    /// Length of the result in samples of `output.audio.sampleRate`: the sample nearest to
    /// the end of the last frame.
    package var sampleCount: Int {
        (Rational(frameCount) / output.frameRate * Rational(output.audio.sampleRate)).rounded
    }

    /// A file that the plan reads.
    package struct Source: Hashable, Sendable, Codable {
        /// ID of the asset.
        package var assetID: String
        /// Object key of the uploaded file.
        package var key: String
        /// ETag of the file that the plan was made for; a renderer rejects any other.
        package var etag: String
        /// Size of the file in bytes.
        package var bytes: Int
        /// The result of the file's probe.
        package var media: MediaInfo

        /// Creates a source.
        package init(
            assetID: String, key: String, etag: String, bytes: Int, media: MediaInfo
        ) {
            self.assetID = assetID
            self.key = key
            self.etag = etag
            self.bytes = bytes
            self.media = media
        }
    }

    /// The pictures and texts of one track.
    package struct Layer: Hashable, Sendable, Codable {
        /// The layer's pictures, in time order.
        package var placements: [Placement]
        /// The layer's texts, drawn over its pictures.
        package var scripts: [ScriptPlacement]

        /// Creates a layer.
        package init(placements: [Placement], scripts: [ScriptPlacement] = []) {
            self.placements = placements
            self.scripts = scripts
        }

        package init(from decoder: any Decoder) throws {
            let container = try decoder.container(keyedBy: CodingKeys.self)
            placements = try container.decode([Placement].self, forKey: .placements)
            scripts = try container.decodeIfPresent([ScriptPlacement].self, forKey: .scripts) ?? []
        }
    }

    private enum CodingKeys: String, CodingKey {
        case version, output, frameCount, sources, layers, audio, chunks, renderings
        case audioPieces = "soundPieces", captionFiles, companions, leader
        case unitsAtOnce, warnings
    }
}
