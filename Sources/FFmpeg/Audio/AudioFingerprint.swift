package import MediaTime
package import RenderPlans

/// The canonical text from which the content address of the audio is computed: all that
/// decides its samples and its encoding, and nothing else.
///
/// A source is named by its content. The file itself and the audio extracted from it are
/// not distinguished, since both decode to the same samples.
/// - Parameters:
///   - frames: Audio frames of a piece; nil for the whole audio.
///   - ffmpegVersion: First line of `ffmpeg -version`.
package func audioFingerprint(
    _ frames: AudioFrameRange? = nil, of plan: RenderPlan, ffmpegVersion: String
) -> String {
    guard let frames else { return fingerprint(plan, plan.sampleCount, ffmpegVersion) }
    let piece = AudioPiece(frames, of: plan)
    return "piece \(piece.leading) \(frames.count)\n"
        + fingerprint(piece.plan(in: plan), piece.count, ffmpegVersion)
}

private func fingerprint(
    _ plan: RenderPlan, _ sampleCount: Int, _ ffmpegVersion: String
) -> String {
    let audio = plan.output.audio
    var lines = [
        "spool audio 2", "ffmpeg \(ffmpegVersion)", "samples \(sampleCount)",
        "encode \(audio.codec.rawValue) \(audio.sampleRate) \(audio.channels)"
            + " \(audio.bitsPerSecond)",
    ]
    if AudioPacketCopy(plan) != nil { lines.append("copied") }
    for placement in plan.audio {
        let source = plan.sources[placement.source]
        let stream = source.media.audio
        lines.append(
            [
                "at \(placement.startSample)-\(placement.endSample)",
                "source \(source.etag) \(source.bytes) \(source.media.startMicroseconds)",
                "stream \(stream?.codec ?? "-") \(stream?.sampleRate ?? 0)"
                    + " \(stream?.channels ?? 0) \(stream?.streamIndex ?? 0)",
                "in \(placement.sourceStart)", "speed \(placement.speed)",
                "volume \(placement.volume)",
                "gain "
                    + placement.gainPoints.map { "\($0.sample):\($0.gain)" }
                    .joined(separator: " "),
                "fade \(placement.fadeInSamples) \(placement.fadeOutSamples)",
                "loops \(placement.loops)", "ducks \(placement.ducks)",
            ].joined(separator: "; "))
    }
    return lines.joined(separator: "\n") + "\n"
}
