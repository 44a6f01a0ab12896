package import Captions
package import MediaTime

/// An edit lowered to whole frames and samples: all that a renderer needs,
/// and nothing that can change afterwards. Stored once as `plan.json`.
package struct RenderPlan: Hashable, Sendable, Codable {
    /// Version of this document's shape; a reader refuses another one.
    package static let currentVersion = 2

    /// Version of the stored plan's shape.
    package var version: Int = RenderPlan.currentVersion
    /// The output's container, video and audio settings.
    package var output: OutputSettings
    /// Length of the result in frames of `output.frameRate`.
    package var frameCount: Int
    /// Distinct files, named by index from the placements.
    package var sources: [Source]
    /// Bottom layer first. Inside one layer the placements are in time
    /// order; two overlap only where the later one's transition mixes them.
    package var layers: [Layer]
    /// Placed audio of the timeline, in samples.
    package var audio: [AudioPlacement]
    /// Half-open ranges that tile `pictureFrames` exactly, in order.
    package var chunks: [FrameRange]
    /// How each of `chunks` is expected to be made; nil where all are encoded,
    /// as nothing else was asked for. A chunk may still turn out otherwise:
    /// its receipt says what was done.
    package var renderings: [ChunkRendering]?
    /// AAC frames of each audio piece, in order; nil where it is made as a
    /// whole (`AudioPlanner`).
    package var audioPieces: [AudioFrameRange]?
    /// Files of captions that are stored beside the result; nil is none.
    package var captionFiles: [CaptionFormat]?
    /// Other exports of the same edit, whose units are rendered with this one's.
    package var companions: [Companion]?
    /// The export with which this one's units are rendered.
    package var leader: Companion?

    /// A render plan with those properties.
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

    /// The other one of two exports that are rendered together.
    package struct Companion: Hashable, Sendable, Codable {
        /// ID of the other export.
        package var jobID: String
        /// True where their audio is the same as well.
        package var sharesAudio: Bool

        /// A companion with those properties.
        package init(jobID: String, sharesAudio: Bool) {
            (self.jobID, self.sharesAudio) = (jobID, sharesAudio)
        }

        private enum CodingKeys: String, CodingKey {
            case jobID, sharesAudio = "sharesSound"
        }
    }

    /// How a chunk is expected to be made, and why.
    package struct ChunkRendering: Hashable, Sendable, Codable {
        /// The ways to make a chunk.
        package enum Kind: String, Hashable, Sendable, Codable {
            /// Packets are copied; only the edges are encoded.
            case copy
            case encode
        }

        /// The way in which the chunk is expected to be made.
        package var kind: Kind
        /// The end of a sentence: `the clip has another speed`.
        package var because: String

        /// A chunk rendering with those properties.
        package init(_ kind: Kind, because: String) {
            self.kind = kind
            self.because = because
        }
    }

    /// The frames that are rendered: none for audio alone.
    package var pictureFrames: FrameRange {
        FrameRange(0, output.format.hasPicture ? frameCount : 0)
    }

    /// Length of the result in samples of `output.audio.sampleRate`: the
    /// sample nearest to the end of the last frame.
    package var sampleCount: Int {
        (Rational(frameCount) / output.frameRate * Rational(output.audio.sampleRate)).rounded
    }

    /// One file that the plan reads.
    package struct Source: Hashable, Sendable, Codable {
        /// ID of the asset.
        package var assetID: String
        /// Object key of the uploaded file.
        package var key: String
        /// The ETag that the plan was made for; a renderer refuses another.
        package var etag: String
        /// Size of the file in bytes.
        package var bytes: Int
        /// The result of the file's probe.
        package var media: MediaInfo

        /// A source with those properties.
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

    /// Pictures and texts of one track.
    package struct Layer: Hashable, Sendable, Codable {
        /// The layer's pictures, in time order.
        package var placements: [Placement]
        /// Texts, drawn over the layer's pictures.
        package var scripts: [ScriptPlacement]

        /// A layer with those properties.
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
    }
}
