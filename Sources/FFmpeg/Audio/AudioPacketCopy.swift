import MediaTime
import RenderPlans

/// Audio that is one unchanged source from start to end: its packets are copied instead of
/// encoded.
struct AudioPacketCopy {
    /// Index into the plan's sources.
    let source: Int
    /// Specifier of the stream in the source.
    let stream: String
    /// Time of the plan's first sample in the source, in seconds of its timestamps.
    let zero: Rational

    /// Nil if anything has to be mixed or encoded.
    init?(_ plan: RenderPlan) {
        let audible = AudioGraph.audible(plan)
        guard plan.output.video.copiesUntouched, plan.output.audio.codec == .aac,
            audible.count == 1, let placement = audible.first,
            placement.startSample <= 0, placement.endSample >= plan.sampleCount,
            placement.speed == Rational(1), placement.volume == Rational(1),
            placement.gainPoints.isEmpty, placement.fadeInSamples == 0,
            placement.fadeOutSamples == 0, !placement.loops, !placement.ducks
        else { return nil }
        let media = plan.sources[placement.source].media
        guard let audio = media.audio, audio.codec == "aac", media.demuxer == "mov",
            audio.sampleRate == plan.output.audio.sampleRate,
            audio.channels == plan.output.audio.channels
        else { return nil }
        source = placement.source
        stream = media.audioStream
        zero =
            Rational(media.startMicroseconds, 1_000_000) + placement.sourceStart
            - Rational(placement.startSample, audio.sampleRate)
    }

    /// Samples of a packet of AAC-LC (ISO/IEC 14496-3).
    static let packetSamples = AudioFrame.sampleCount

    /// The number of packets that are needed; nil if there is a gap, or no packet before
    /// the one that holds the first sample, which decodes only after it.
    /// - Parameter rows: The packets, with the plan's first sample at 0; the first one at
    ///   most three packets before it.
    static func count(_ rows: [PacketRow], samples: Int, sampleRate: Int) -> Int? {
        let packet = Rational(packetSamples, sampleRate)
        guard let first = rows.first, first.shown <= -packet, first.shown > packet * Rational(-3)
        else { return nil }
        var end = first.shown
        for (index, row) in rows.enumerated() {
            guard row.shown == end, row.duration == packet else { return nil }
            end = end + row.duration
            if end >= Rational(samples, sampleRate) { return index + 1 }
        }
        return nil
    }
}

extension MediaEngine {
    /// Copies the audio packets of a source.
    /// - Returns: Nil if the packets do not fit; the caller mixes and encodes then.
    func copyAudioPackets(
        _ copy: AudioPacketCopy, of plan: RenderPlan, url: String, to path: String
    ) async throws(FFmpegError) -> RenderReport? {
        let rate = plan.output.audio.sampleRate
        // A seek ends at the packet that contains its time.
        var count = plan.sampleCount / AudioPacketCopy.packetSamples + 4
        var cpu = 0
        for _ in 0..<2 {
            let (rows, cpuMicroseconds) = try await copyPackets(
                copy, count, plan, url: url, to: path)
            cpu += cpuMicroseconds
            guard
                let needed = AudioPacketCopy.count(
                    rows, samples: plan.sampleCount, sampleRate: rate)
            else { return nil }
            if needed == rows.count {
                return RenderReport(
                    frames: 0, bytes: FileSystem.size(of: path), cpuMicroseconds: cpu)
            }
            count = needed
        }
        return nil
    }

    /// Copies `count` packets, from the one before the packet of the first sample on.
    private func copyPackets(
        _ copy: AudioPacketCopy, _ count: Int, _ plan: RenderPlan, url: String, to path: String
    ) async throws(FFmpegError) -> (rows: [PacketRow], cpuMicroseconds: Int) {
        let rate = plan.output.audio.sampleRate
        // From the packet before the one that holds the first sample. In a file with video
        // a seek may end long before it.
        let from = copy.zero - Rational(2 * AudioPacketCopy.packetSamples, rate)
        let isLate = from > .zero
        let seek = ["-noaccurate_seek", "-seek_timestamp", "1", "-ss", from.sixDecimals]
        let input = SourceInput(
            url: url, format: "mov", options: ["-vn", "-sn", "-dn"] + (isLate ? seek : []))
        let zero = isLate ? copy.zero - from : copy.zero
        let output =
            (isLate ? ["-ss", from.sixDecimals] : [])
            + ["-map", "0:\(copy.stream)", "-c", "copy", "-frames:a", "\(count)"]
            + ["-output_ts_offset", (-zero).sixDecimals]
        let arguments =
            globalArguments + ["-copyts"] + input.arguments(configuration) + output
            + ["-avoid_negative_ts", "disabled", "-movie_timescale", "\(rate)"]
            + EncodeArguments.container + EncodeArguments.indexInFront
            + ["-f", AudioContainer(.aac).muxer, "file:\(path)"] + output
            + ["-avoid_negative_ts", "disabled", "-f", "framecrc", "pipe:1"]
        let outcome = try await FFmpegProcess(
            configuration: configuration, sources: [(url, copy.source)]
        ).run(configuration.ffmpegPath, arguments, collectBytesMax: 1 << 26)
        return (
            PacketRow.rows(framecrc: String(decoding: outcome.output, as: UTF8.self)),
            outcome.cpuMicroseconds
        )
    }
}
