package import Captions
package import WallClock

/// The one terminal record of an export, `result.json`.
///
/// It is written once, with `If-None-Match: *`: completed, failed and
/// cancelled exclude each other because only one write can win.
package struct ExportResult: Hashable, Sendable, Codable {
    package enum Outcome: String, Sendable, Codable { case completed, failed, cancelled }

    package struct Output: Hashable, Sendable, Codable {
        /// Object key of the finished file.
        package var key: String
        package var bytes: Int
        package var etag: String
        package var contentType: String
        package var frames: Int
        package var samples: Int
        package var durationSeconds: Double

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

    /// A file of captions that stands beside the output.
    package struct CaptionFile: Hashable, Sendable, Codable {
        package var format: CaptionFormat
        package var key: String

        package init(format: CaptionFormat, key: String) {
            self.format = format
            self.key = key
        }
    }

    /// What the export used; sums over all receipts and the stitch.
    package struct Usage: Hashable, Sendable, Codable {
        package var chunks: Int
        package var cachedChunks: Int
        package var renderedFrames: Int
        package var cpuMilliseconds: Int
        /// Frames that were copied from their sources, of those rendered; nil
        /// where none were to be.
        package var copiedFrames: Int?
        /// Why chunks had none copied, each reason once.
        package var encodedBecause: [String]?
        /// What is billed; nil in results of earlier versions, as the two below.
        package var resources: ExportResources?
        package var cost: ExportCost?
        package var times: ExportTimes?

        package init(chunks: Int, cachedChunks: Int, renderedFrames: Int, cpuMilliseconds: Int) {
            self.chunks = chunks
            self.cachedChunks = cachedChunks
            self.renderedFrames = renderedFrames
            self.cpuMilliseconds = cpuMilliseconds
        }
    }

    package var version: Int = 1
    package var outcome: Outcome
    /// Time of the result.
    package var finishedAt: UnixTime
    /// One sentence for the person who waits; only when failed or cancelled.
    package var error: String?
    package var output: Output?
    /// Files of captions beside the output; nil where none were asked for.
    package var captions: [CaptionFile]?
    /// What the seam check found, as the FFmpeg room reports it.
    package var check: Check?
    package var usage: Usage?

    private enum CodingKeys: String, CodingKey {
        case version, outcome, finishedAt = "finishedAtMilliseconds", error, output, captions
        case check, usage
    }

    /// The seam check's findings in numbers.
    package struct Check: Hashable, Sendable, Codable {
        package var frames: Int
        package var seams: Int
        /// Seams around which frames were decoded.
        package var decodedSeams: Int
        package var audioSamples: Int?

        package init(frames: Int, seams: Int, decodedSeams: Int, audioSamples: Int?) {
            self.frames = frames
            self.seams = seams
            self.decodedSeams = decodedSeams
            self.audioSamples = audioSamples
        }
    }

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
