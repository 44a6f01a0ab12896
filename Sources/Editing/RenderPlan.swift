/// An edit lowered to whole frames and samples: all that a renderer needs,
/// and nothing that can change afterwards. Stored once as `plan.json`.
package struct RenderPlan: Hashable, Sendable, Codable {
    /// Version of this document's shape; a reader refuses another one.
    package static let currentVersion = 1

    package var version: Int = RenderPlan.currentVersion
    package var output: OutputSettings
    /// Length of the result in frames of `output.frameRate`.
    package var frameCount: Int
    /// Distinct files, named by index from the placements.
    package var sources: [Source]
    /// Bottom layer first. Inside one layer the placements stand in time
    /// order and never overlap.
    package var layers: [Layer]
    package var audio: [AudioPlacement]
    /// Half-open ranges that tile `0..<frameCount` exactly, in order.
    package var chunks: [FrameRange]

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

    /// Length of the result in samples of `output.audio.sampleRate`: the
    /// sample nearest to the end of the last frame.
    package var sampleCount: Int {
        (Rational(frameCount) / output.frameRate * Rational(output.audio.sampleRate)).rounded
    }

    package struct Source: Hashable, Sendable, Codable {
        package var assetID: String
        /// Object key of the uploaded file.
        package var key: String
        /// The ETag that the plan was made for; a renderer refuses another.
        package var etag: String
        package var bytes: Int
        /// Object key of the audio extracted at ingest, where there is one.
        package var audioKey: String?
        package var media: MediaInfo

        package init(
            assetID: String, key: String, etag: String, bytes: Int, audioKey: String? = nil,
            media: MediaInfo
        ) {
            self.assetID = assetID
            self.key = key
            self.etag = etag
            self.bytes = bytes
            self.audioKey = audioKey
            self.media = media
        }
    }

    package struct Layer: Hashable, Sendable, Codable {
        package var placements: [Placement]
        package init(placements: [Placement]) { self.placements = placements }
    }

    /// One clip's picture on the timeline.
    package struct Placement: Hashable, Sendable, Codable {
        /// Index into `RenderPlan.sources`.
        package var source: Int
        /// Where it shows, in frames of the output.
        package var frames: FrameRange
        /// In-point: seconds after the start of the file. 0 for an image.
        package var sourceStart: Rational
        package var fit: Fit
        /// The rectangle of the output that the clip is fitted into.
        package var box: Box
        /// 0 (invisible) to 1 (opaque).
        package var opacity: Rational
        /// Lengths in frames at either end of the placement; 0 is no fade.
        package var fadeInFrames: Int
        package var fadeOutFrames: Int

        package init(
            source: Int, frames: FrameRange, sourceStart: Rational = .zero, fit: Fit = .crop,
            box: Box, opacity: Rational = Rational(1), fadeInFrames: Int = 0,
            fadeOutFrames: Int = 0
        ) {
            self.source = source
            self.frames = frames
            self.sourceStart = sourceStart
            self.fit = fit
            self.box = box
            self.opacity = opacity
            self.fadeInFrames = fadeInFrames
            self.fadeOutFrames = fadeOutFrames
        }
    }

    /// How a picture of one shape goes into a box of another (Shotstack's
    /// words): `crop` fills the box and cuts what is over, `contain` shows all
    /// and leaves the rest clear, `cover` stretches to the box, `none` keeps
    /// the picture's own size, centred and cut at the box.
    package enum Fit: String, Hashable, Sendable, Codable, CaseIterable {
        case crop, contain, cover, none
    }

    /// Pixels of the output, from its top left corner; may lie partly outside.
    package struct Box: Hashable, Sendable, Codable {
        package var x: Int
        package var y: Int
        package var width: Int
        package var height: Int

        package init(x: Int = 0, y: Int = 0, width: Int, height: Int) {
            self.x = x
            self.y = y
            self.width = width
            self.height = height
        }
    }

    /// One clip's sound on the timeline, in samples of the output rate.
    package struct AudioPlacement: Hashable, Sendable, Codable {
        package var source: Int
        package var startSample: Int
        package var endSample: Int
        /// In-point: seconds after the start of the file.
        package var sourceStart: Rational
        /// Linear gain: 1 leaves the sound as it is.
        package var volume: Rational
        package var fadeInSamples: Int
        package var fadeOutSamples: Int
        /// Starts again from the in-point when the file ends (a soundtrack).
        package var loops: Bool

        package init(
            source: Int, startSample: Int, endSample: Int, sourceStart: Rational = .zero,
            volume: Rational = Rational(1), fadeInSamples: Int = 0, fadeOutSamples: Int = 0,
            loops: Bool = false
        ) {
            self.source = source
            self.startSample = startSample
            self.endSample = endSample
            self.sourceStart = sourceStart
            self.volume = volume
            self.fadeInSamples = fadeInSamples
            self.fadeOutSamples = fadeOutSamples
            self.loops = loops
        }
    }
}
