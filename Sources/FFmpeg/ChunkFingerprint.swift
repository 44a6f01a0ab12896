package import Editing

/// The canonical text that a chunk's content address is made of: everything
/// that decides the chunk's bytes, and nothing else.
///
/// Times are relative to the chunk and to the source, sources are named by
/// their content, so a chunk is found again after its clip was moved, after
/// another clip changed, and from another export. Fades that do not reach
/// into the chunk leave no trace.
/// - Parameters:
///   - ffmpegVersion: First line of `ffmpeg -version`.
///   - threads: x264's output depends on their number.
package func chunkFingerprint(
    _ frames: FrameRange, of plan: RenderPlan, ffmpegVersion: String, threads: Int = 1
) -> String {
    let output = plan.output
    var lines = [
        "spool chunk 1", "ffmpeg \(ffmpegVersion)", "frames \(frames.count)",
        "output \(output.width)x\(output.height) \(output.frameRate) \(output.background)",
        "encode " + EncodeArguments.video(output, threads: threads).joined(separator: " "),
    ]
    for piece in PicturePiece.pieces(of: frames, in: plan) {
        lines.append(pieceText(piece, plan))
    }
    return lines.joined(separator: "\n") + "\n"
}

private func pieceText(_ piece: PicturePiece, _ plan: RenderPlan) -> String {
    let source = plan.sources[piece.source]
    let geometry = piece.geometry
    var fields = [
        piece.layer == 0 ? "bottom" : "over",
        "at \(piece.offset)+\(piece.count)",
        "source \(source.etag) \(source.bytes) \(sourceText(source.media))",
        piece.isStill ? "still" : "grid \(piece.gridRemainder)+\(piece.gridFirst)",
        "scale \(geometry.scaledWidth)x\(geometry.scaledHeight)",
        "crop \(geometry.width)x\(geometry.height)+\(geometry.cropX)+\(geometry.cropY)",
        "place \(geometry.x)+\(geometry.y)", "opacity \(piece.placement.opacity)",
    ]
    if piece.fadesIn {
        fields.append("fade-in \(piece.first) of \(piece.placement.fadeInFrames)")
    }
    if piece.fadesOut {
        // `fade` takes rounded times from the clip's start, so the clip's
        // length itself matters to the last bit, not only the way to its end.
        fields.append(
            "fade-out \(piece.first) of \(piece.placement.fadeOutFrames)"
                + " in \(piece.placement.frames.count)")
    }
    return fields.joined(separator: "; ")
}

private func sourceText(_ media: MediaInfo) -> String {
    guard let video = media.video else { return "none" }
    return [
        media.format, "\(media.startMicroseconds)", "\(video.streamIndex)",
        "\(video.width)x\(video.height)", "\(video.rotationDegrees)",
        "\(video.sampleAspectRatio)", video.pixelFormat, video.colorSpace ?? "-",
        video.colorRange ?? "-",
    ].joined(separator: ",")
}
