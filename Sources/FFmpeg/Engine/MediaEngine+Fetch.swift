import MediaTime
import RenderPlans

extension MediaEngine {
    /// Copies the packets of each candidate from its source, and adds the runs that decode
    /// independently to the work.
    func fetch(
        _ candidates: [SmartCut.Candidate], of plan: RenderPlan, _ sourceURLs: [Int: String],
        _ work: inout SmartCutWork
    ) async throws(FFmpegError) {
        let known = candidates.filter { sourceURLs[$0.reading.source] != nil }
        for first in stride(from: 0, to: known.count, by: Self.sourcesTogether) {
            let group = known[first..<min(first + Self.sourcesTogether, known.count)].map {
                Fetching(
                    candidate: $0, url: sourceURLs[$0.reading.source] ?? "",
                    media: plan.sources[$0.reading.source].media, path: work.newFile("copy"),
                    listPath: work.newFile("copy", "packets"))
            }
            work.cpuMicroseconds += try await run(group, plan)
            for fetched in group {
                if let piece = try fetched.piece(rate: plan.output.frameRate) {
                    work.pieces.append(piece)
                }
            }
        }
    }

    /// Sources that one run reads; each is a connection.
    private static let sourcesTogether = 8

    /// Copies and lists the packets of a group in one run.
    /// - Returns: CPU time in microseconds.
    private func run(_ group: [Fetching], _ plan: RenderPlan) async throws(FFmpegError) -> Int {
        let rate = plan.output.frameRate
        let scale = EncodeArguments.timescale(rate)
        var arguments = globalArguments + ["-copyts"]
        for fetching in group {
            arguments += fetching.input(rate: rate).arguments(configuration)
        }
        for (number, fetching) in group.enumerated() {
            let stream = "\(number):\(fetching.media.video?.streamIndex ?? 0)"
            let copy = ["-map", stream, "-c", "copy", "-copypriorss", "1"]
            // Without an edit list the first packet is decoded at 0.
            arguments += copy + ["-avoid_negative_ts", "make_zero", "-use_editlist", "0"]
            arguments += ["-video_track_timescale", "\(scale)", "-f", "mp4"]
            arguments += ["file:\(fetching.path)"]
            // In the form in which the concat demuxer will deliver them.
            arguments += copy + ["-bsf:v", "h264_mp4toannexb", "-f", "framecrc"]
            arguments += ["file:\(fetching.listPath)"]
        }
        return try await FFmpegProcess(
            configuration: configuration,
            sources: group.map { ($0.url, $0.candidate.reading.source) }
        ).run(configuration.ffmpegPath, arguments).cpuMicroseconds
    }
}

/// A range of a source that is being copied.
private struct Fetching {
    var candidate: SmartCut.Candidate
    var url: String
    var media: MediaInfo
    /// File of the packets, from the keyframe before the first requested one.
    var path: String
    /// File of the packet list.
    var listPath: String

    func input(rate: Rational) -> SourceInput {
        let start = Rational(candidate.gridFirst) / rate + candidate.reading.gridRemainder
        // Reordered packets come a few frames after their place in time.
        let length = Rational(candidate.frames.count + 24) / rate
        return SourceInput(
            url: url, format: media.demuxer,
            options: [
                "-an", "-sn", "-dn", "-noaccurate_seek", "-ss",
                (start + Rational(1, 4) / rate).sixDecimals, "-t", length.sixDecimals,
            ])
    }

    /// The copied run as a segment of the chunk; nil if too few frames decode
    /// independently.
    func piece(rate: Rational) throws(FFmpegError) -> SmartCutSegment? {
        let zero =
            Rational(media.startMicroseconds, 1_000_000) + candidate.reading.gridRemainder
        let table = PacketTable(
            framecrc: try FileSystem.read(listPath), zero: zero, rate: rate)
        let first = candidate.gridFirst
        let wanted = FrameRange(first, first + candidate.frames.count)
        guard let run = table.run(inside: wanted), run.count >= SmartCut.frameCountMin,
            let window = table.window(of: run, rate: rate)
        else { return nil }
        let offset = candidate.frames.start + run.frame - first
        return SmartCutSegment(
            frames: FrameRange(offset, offset + run.count), path: path, window: window,
            contents: table.packets[run.first..<(run.first + run.count)].map(\.content))
    }
}
