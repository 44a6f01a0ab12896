import Editing

extension MediaEngine {
    /// Renders a chunk of which some stretches are copied from their sources.
    /// - Throws: `.unsupported` with the reason where nothing can be copied or
    ///   the result is not what was planned: then the chunk is to be encoded.
    func copyAndEncode(
        _ frames: FrameRange, of plan: RenderPlan, sourceURLs: [Int: String], to path: String,
        progress: @escaping @Sendable (Int) -> Void
    ) async throws(FFmpegError) -> RenderReport {
        var files: [String] = []
        defer { for file in files { FileSystem.remove(file) } }
        let candidates: [SmartCut.Candidate]
        do {
            candidates = try SmartCut.candidates(frames, of: plan).get()
        } catch { throw FFmpegError(.unsupported, error.text) }

        var copies: [(frames: FrameRange, path: String)] = []
        var cpu = 0
        for (index, candidate) in candidates.enumerated() {
            let base = "\(path).copy-\(index)"
            files += ["\(base).all.mp4", "\(base).mp4"]
            guard let url = sourceURLs[candidate.reading.source] else { continue }
            if let copy = try await copy(candidate, of: plan, url: url, base: base, &cpu) {
                copies.append((copy, "\(base).mp4"))
            }
        }
        guard !copies.isEmpty else {
            throw FFmpegError(.unsupported, "no closed group of pictures fits into the clip")
        }

        var pieces: [(frames: FrameRange, path: String)] = []
        var covered = 0
        let copied = copies.reduce(0) { $0 + $1.frames.count }
        progress(copied)
        for copy in copies + [(FrameRange(frames.count, frames.count), "")] {
            if covered < copy.frames.start {
                let piece = "\(path).edge-\(pieces.count).mp4"
                files.append(piece)
                let range = FrameRange(frames.start + covered, frames.start + copy.frames.start)
                let report = try await encodeChunk(
                    range, of: SmartCut.edgePlan(plan), sourceURLs: sourceURLs, to: piece,
                    progress: { _ in })
                cpu += report.cpuMicroseconds
                pieces.append((FrameRange(covered, copy.frames.start), piece))
            }
            if !copy.frames.isEmpty { pieces.append(copy) }
            covered = copy.frames.end
        }
        return try await join(pieces, frames, plan, to: path, copied: copied, cpu: cpu)
    }

    /// Joins the pieces and checks every time and the pictures at each seam.
    private func join(
        _ pieces: [(frames: FrameRange, path: String)], _ frames: FrameRange, _ plan: RenderPlan,
        to path: String, copied: Int, cpu: Int
    ) async throws(FFmpegError) -> RenderReport {
        var output = plan.output
        output.format = .mp4
        let part = RenderPlan(
            output: output, frameCount: frames.count, sources: [], layers: [], audio: [],
            chunks: pieces.map(\.frames))
        let folder = path.split(separator: "/", omittingEmptySubsequences: false).dropLast()
            .joined(separator: "/")
        let stitched = try await stitch(
            part, chunkURLs: pieces.map(\.path), audioURL: nil, to: path,
            scratch: folder.isEmpty ? "." : folder)
        do {
            _ = try await verify(path, against: part)
        } catch {
            guard error.code == .verificationFailed else { throw error }
            throw FFmpegError(.unsupported, "the copy did not hold: \(error.detail)")
        }
        return RenderReport(
            frames: frames.count, bytes: FileSystem.size(of: path),
            cpuMicroseconds: cpu + stitched.cpuMicroseconds, copiedFrames: copied)
    }

    /// Copies what can be copied of one stretch into `base.mp4`.
    /// - Returns: The frames of the chunk that it holds.
    private func copy(
        _ candidate: SmartCut.Candidate, of plan: RenderPlan, url: String, base: String,
        _ cpu: inout Int
    ) async throws(FFmpegError) -> FrameRange? {
        let (rate, reading) = (plan.output.frameRate, candidate.reading)
        let media = plan.sources[reading.source].media
        let count = candidate.frames.count
        let quarter = Rational(1, 4) / rate
        let start = Rational(candidate.gridFirst) / rate + reading.gridRemainder
        // Reordered packets stand a few frames behind their place.
        let length = Rational(count + 24) / rate
        let input = SourceInput(
            url: url, format: media.demuxer,
            options: [
                "-an", "-sn", "-dn", "-noaccurate_seek", "-ss", (start + quarter).sixDecimals,
            ]
                + ["-t", length.sixDecimals])
        let stream = "0:\(media.video?.streamIndex ?? 0)"
        let fetched = try await copyPackets(
            input, stream, sources: [(url, reading.source)], plan: plan, to: "\(base).all.mp4")
        cpu += fetched.cpuMicroseconds
        let zero = Rational(media.startMicroseconds, 1_000_000) + reading.gridRemainder
        let table = PacketTable(framecrc: fetched.text, zero: zero, rate: rate)
        let wanted = FrameRange(candidate.gridFirst, candidate.gridFirst + count)
        guard let run = table.run(inside: wanted), run.count >= SmartCut.fewestFrames,
            let first = table.packets.first
        else { return nil }

        let skipped = Rational(run.frame - first.frame) / rate
        let local = SourceInput(
            url: "\(base).all.mp4", format: "mov",
            options: run.first == 0
                ? [] : ["-noaccurate_seek", "-ss", (skipped + quarter).sixDecimals])
        let cut = try await copyPackets(
            local, "0:0", sources: [], plan: plan, to: "\(base).mp4", count: run.count)
        cpu += cut.cpuMicroseconds
        // The very packets that were chosen, byte for byte.
        let kept = PacketTable(framecrc: cut.text, zero: .zero, rate: rate)
        let chosen = table.packets[run.first..<(run.first + run.count)]
        guard kept.packets.map(\.content) == chosen.map(\.content) else { return nil }
        let offset = candidate.frames.start + run.frame - candidate.gridFirst
        return FrameRange(offset, offset + run.count)
    }

    /// Copies packets into an mp4, and lists them with their own times.
    private func copyPackets(
        _ input: SourceInput, _ stream: String, sources: [(url: String, source: Int)],
        plan: RenderPlan, to path: String, count: Int? = nil
    ) async throws(FFmpegError) -> (text: String, cpuMicroseconds: Int) {
        let copy =
            ["-map", stream, "-c", "copy", "-copypriorss", "1"]
            + (count.map { ["-frames:v", "\($0)"] } ?? [])
        let arguments =
            globalArguments + ["-copyts"] + input.arguments(configuration) + copy
            + ["-avoid_negative_ts", "make_zero", "-video_track_timescale"]
            + ["\(EncodeArguments.timescale(plan.output.frameRate))", "-f", "mp4", "file:\(path)"]
            + copy + ["-f", "framecrc", "pipe:1"]
        let outcome = try await FFmpegProcess(configuration: configuration, sources: sources)
            .run(configuration.ffmpegPath, arguments, collectBytesMaximum: 1 << 25)
        return (String(decoding: outcome.output, as: UTF8.self), outcome.cpuMicroseconds)
    }
}
