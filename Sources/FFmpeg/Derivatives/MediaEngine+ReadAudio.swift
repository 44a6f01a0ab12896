import MediaTime
package import RenderPlans
import Synchronization

extension MediaEngine {
    /// The file of audio that `readAudio` writes beside the peaks.
    package enum AudioFile: Hashable, Sendable {
        /// AAC, encoded at the source's rate and in its channels.
        case encoded(path: String)
        /// The source's own packets, which must be AAC.
        case copied(path: String)
    }

    /// Reads the whole audio once: its peaks, and optionally an M4A file.
    ///
    /// Sample 0 is the start of the file, not of its audio: a late start and gaps are silence.
    /// - Parameters:
    ///   - media: The probe of the upload; `url` may also name its extracted audio.
    ///   - file: The M4A file to write; nil writes none.
    /// - Throws: `.unsupported` without audio, `.sourceUnreadable` if no sample decodes.
    package func readAudio(
        url: String, media: MediaInfo, writing file: AudioFile?
    ) async throws(FFmpegError) -> WaveformPeaks {
        guard let audio = media.audio else {
            throw FFmpegError(.unsupported, "The file has no audio.")
        }
        let zero = Rational(media.startMicroseconds, 1_000_000)
        let input = SourceInput(url: url, options: ["-vn", "-sn", "-dn"])
        let numbered =
            "asetpts='round(PTS-(\(zero.numerator)/\(zero.denominator))/TB)',atrim=start_pts=0,"
            + "aresample=async=1:min_comp=0.000001:min_hard_comp=0.1:first_pts=0"
        var graph = "[0:a:0]\(numbered)[peaks]"
        var written: [String] = []
        switch file {
        case nil: break
        case .copied(let path):
            written = ["-map", "0:a:0", "-c", "copy", "-output_ts_offset", (-zero).sixDecimals]
            written += Self.audioFileArguments(audio, path)
        case .encoded(let path):
            // Without `aresample` the peaks would have to have a rate and a layout of AAC too.
            graph =
                "[0:a:0]\(numbered),asplit=2[peaks][own];[own]aresample,"
                + "aformat=sample_rates=\(Self.rates):channel_layouts=\(Self.layouts)[m4a]"
            written = ["-map", "[m4a]", "-c:a", "aac", "-b:a", "\(Self.bitRate(of: audio))"]
            written += ["-threads", "\(configuration.threads)"]
            written += Self.audioFileArguments(audio, path)
        }
        let arguments =
            globalArguments + ["-copyts"] + input.arguments(configuration)
            + ["-filter_complex", graph, "-map", "[peaks]", "-c:a", "pcm_s16le"]
            + ["-f", "s16le", "pipe:1"] + written
        let peaks = Mutex(
            WaveformPeaks(channels: audio.channels, sampleRate: audio.sampleRate))
        let outcome = try await FFmpegProcess(configuration: configuration, sources: [(url, 0)])
            .run(
                configuration.ffmpegPath, arguments,
                onBytes: { bytes in peaks.withLock { $0.add(bytes) } })
        switch file {
        case .copied(let path), .encoded(let path):
            guard FragmentedFile.isWhole(path) else { throw Self.incomplete(path) }
        case nil: break
        }
        let found = peaks.withLock { $0 }
        guard found.pixelCount > 0 else {
            throw FFmpegError(
                .sourceUnreadable(source: nil), "No audio could be decoded.",
                arguments: arguments, exitStatus: 0, standardErrorTail: outcome.errors)
        }
        return found
    }

    /// Rates and layouts of AAC that every player knows (ISO/IEC 14496-3, tables 1.18 and 1.19).
    /// FFmpeg takes the nearest.
    private static let rates =
        "96000|88200|64000|48000|44100|32000|24000|22050|16000|12000|11025|8000|7350"
    private static let layouts = "mono|stereo|3.0|4.0|5.0|5.1|7.1"

    /// 64 kbit/s for each channel, but 96 for mono: transparent enough to edit by.
    private static func bitRate(of audio: MediaInfo.Audio) -> Int {
        max(96_000, 64_000 * min(audio.channels, 8))
    }

    private static func audioFileArguments(_ audio: MediaInfo.Audio, _ path: String) -> [String] {
        ["-movie_timescale", "\(max(1, audio.sampleRate))"] + EncodeArguments.container
            + EncodeArguments.indexInFront + ["-f", "ipod", "file:\(path)"]
    }
}
