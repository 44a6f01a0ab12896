package import Captions
package import RenderPlans
package import WallClock

/// The only terminal record of an export, `result.json`.
///
/// Written once, with `If-None-Match: *`: completed, failed and cancelled exclude each other
/// because only one write succeeds.
package struct ExportResult: Hashable, Sendable, Codable {
    /// Outcome of the export.
    package enum Outcome: String, Sendable, Codable { case completed, failed, cancelled }

    /// The finished file.
    package struct Output: Hashable, Sendable, Codable {
        /// Object key of the finished file.
        package var key: String
        /// Size of the file.
        package var bytes: Int
        /// ETag of the file.
        package var etag: String
        /// Media type of the file.
        package var contentType: String
        /// Number of video frames.
        package var frames: Int
        /// Number of audio samples of each channel.
        package var samples: Int
        /// Length in seconds.
        package var durationSeconds: Double

        /// A finished file.
        package init(
            key: String, bytes: Int, etag: String, contentType: String, frames: Int, samples: Int,
            durationSeconds: Double
        ) {
            self.key = key
            self.bytes = bytes
            self.etag = etag
            self.contentType = contentType
            self.frames = frames
            self.samples = samples
            self.durationSeconds = durationSeconds
        }
    }

    /// A caption file next to the output.
    package struct CaptionFile: Hashable, Sendable, Codable {
        /// Format of the file.
        package var format: CaptionFormat
        /// Object key of the file.
        package var key: String

        /// A caption file.
        package init(format: CaptionFormat, key: String) {
            self.format = format
            self.key = key
        }
    }

    /// Usage of the export, summed over all receipts and the stitch.
    package struct Usage: Hashable, Sendable, Codable {
        /// Number of chunks.
        package var chunks: Int
        /// Number of chunks that came from the cache.
        package var cachedChunks: Int
        /// Number of frames that were rendered.
        package var renderedFrames: Int
        /// CPU time of FFmpeg, for renders and stitch.
        package var cpuMilliseconds: Int
        /// Number of rendered frames that were copied from their sources; nil if the plan does
        /// not allow copies.
        package var copiedFrames: Int?
        /// Reasons why chunks have no copied frames, each reason once.
        package var encodedBecause: [String]?
        /// Billed resources; nil in results of earlier versions, like the two below.
        package var resources: ExportResources?
        /// Price of the resources.
        package var cost: ExportCost?
        /// Measured times.
        package var times: ExportTimes?

        /// Usage without resources.
        package init(chunks: Int, cachedChunks: Int, renderedFrames: Int, cpuMilliseconds: Int) {
            self.chunks = chunks
            self.cachedChunks = cachedChunks
            self.renderedFrames = renderedFrames
            self.cpuMilliseconds = cpuMilliseconds
        }
    }

    /// Version of the record's format.
    package var version: Int = 1
    /// Outcome of the export.
    package var outcome: Outcome
    /// Time of the end.
    package var finishedAt: UnixTime
    /// Reason in one sentence; nil if completed.
    package var error: String?
    /// The finished file; nil unless completed.
    package var output: Output?
    /// Caption files next to the output; nil if none were requested.
    package var captions: [CaptionFile]?
    /// Findings of the seam check; nil unless completed.
    package var check: Check?
    /// Usage; nil unless completed.
    package var usage: Usage?
    /// Doubts of the plan and of the renders; nil for none.
    package var warnings: [MediaWarning]?

    private enum CodingKeys: String, CodingKey {
        case version, outcome, finishedAt = "finishedAtMilliseconds", error, output, captions
        case check, usage, warnings
    }

    /// Findings of the seam check in numbers.
    package struct Check: Hashable, Sendable, Codable {
        /// Number of frames in the output.
        package var frames: Int
        /// Number of seams.
        package var seams: Int
        /// Seams around which frames were decoded.
        package var decodedSeams: Int
        /// Number of audio samples in the output; nil without audio.
        package var audioSamples: Int?

        /// Findings in numbers.
        package init(frames: Int, seams: Int, decodedSeams: Int, audioSamples: Int?) {
            self.frames = frames
            self.seams = seams
            self.decodedSeams = decodedSeams
            self.audioSamples = audioSamples
        }
    }

    /// The end of an export.
    package init(
        outcome: Outcome, finishedAt: UnixTime, error: String? = nil,
        output: Output? = nil, captions: [CaptionFile]? = nil, check: Check? = nil,
        usage: Usage? = nil
    ) {
        self.outcome = outcome
        self.finishedAt = finishedAt
        self.error = error
        self.output = output
        self.captions = captions
        self.check = check
        self.usage = usage
    }
}
