import Captions
package import MediaTime
package import RenderPlans

/// The canonical text from which a chunk's content address is computed: all that decides
/// the chunk's bytes, and nothing else.
///
/// Times are relative to the chunk and to the source, and sources are named by their
/// content. So a chunk is reused after its clip moved, after another clip changed, and in
/// another export. Fades that do not reach into the chunk are left out.
/// - Parameters:
///   - ffmpegVersion: First line of `ffmpeg -version`.
///   - threads: Number of threads, on which x264's output depends.
///   - fonts: Identity of the fonts; evaluated only for a chunk with text.
package func chunkFingerprint(
    _ frames: FrameRange, of plan: RenderPlan, ffmpegVersion: String, threads: Int = 1,
    fonts: @autoclosure () -> String = ""
) -> String {
    let output = plan.output
    var lines = [
        "spool chunk 3", "ffmpeg \(ffmpegVersion)", "frames \(frames.count)",
        "output \(output.width)x\(output.height) \(output.frameRate) \(output.background)",
        "encode " + EncodeArguments.video(output, threads: threads).joined(separator: " "),
    ]
    if output.video.copiesUntouched { lines.append("copies untouched frames, 2") }
    let picture = ChunkPicture(frames, of: plan)
    lines += picture.pieces.map { pieceText($0, plan) }
    lines += picture.segments.map { segmentText($0, picture) }
    let scripts = ScriptExcerpt.pieces(of: frames, in: plan)
    for script in scripts {
        let depth = picture.segments.count { $0.layer <= script.layer }
        lines.append("text over \(depth) from \(script.drawn.firstFrame)")
        lines.append(script.drawn.text)
    }
    if !scripts.isEmpty { lines.append("fonts \(fonts())") }
    return lines.joined(separator: "\n") + "\n"
}

private func pieceText(_ piece: PlacedFrames, _ plan: RenderPlan) -> String {
    let placement = piece.placement
    var fields: [String] = []
    switch placement.picture {
    case .color(let color): fields.append("color \(color)")
    case .source(let index):
        let source = plan.sources[index]
        fields.append("source \(source.etag) \(source.bytes) \(sourceText(source.media))")
    }
    if let reading = piece.reading {
        fields.append(
            reading.isStill ? "still" : "grid \(reading.gridRemainder)+\(reading.gridFirst)")
        if placement.speed != Rational(1) { fields.append("speed \(placement.speed)") }
        if let cut = reading.cut {
            fields.append("cut \(cut.width)x\(cut.height)+\(cut.x)+\(cut.y)")
        }
    }
    fields += [text(of: piece.geometry), "frames \(piece.count)", "opacity \(placement.opacity)"]
    if let foreground = piece.foreground {
        let focus = placement.focus
        fields.append("over blur \(focus.x) \(focus.y) " + text(of: foreground))
    }
    if piece.isRotated { fields.append("rotate \(placement.rotation)") }
    let effects = placement.effects
    if effects != RenderPlan.Effects() {
        fields.append(
            "effects \(effects.brightness) \(effects.contrast) \(effects.saturation)"
                + " \(effects.blur) \(effects.isNegative)")
    }
    return fields.joined(separator: "; ")
}

private func text(of geometry: Geometry) -> String {
    "scale \(geometry.scaledWidth)x\(geometry.scaledHeight)"
        + "; crop \(geometry.width)x\(geometry.height)+\(geometry.cropX)+\(geometry.cropY)"
        + "; place \(geometry.x)+\(geometry.y)"
}

/// When and how a piece is drawn; pieces are named by their order.
private func segmentText(_ segment: ChunkPicture.Segment, _ picture: ChunkPicture) -> String {
    func text(of part: ChunkPicture.Part?) -> String {
        part.map { "\($0.piece)+\($0.first)" } ?? "nothing"
    }
    var fields = ["\(segment.isBottom ? "bottom" : "over") at \(segment.offset)+\(segment.count)"]
    switch segment.drawing {
    case .plain(let part):
        fields.append("piece \(text(of: part))")
        let piece = picture.pieces[part.piece]
        for fade in picture.fades(of: part, count: segment.count) {
            let first = piece.first + part.first
            // `fade` rounds times that count from the clip's start, so the place in the
            // clip can change the last bit.
            let place = fade.isIn ? "" : " from \(fade.start)"
            fields.append("fade-\(fade.isIn ? "in" : "out") \(first) of \(fade.frames)\(place)")
        }
    case .mix(let from, let to, let mix):
        fields.append(
            "\(mix.kind.rawValue) \(text(of: from)) to \(text(of: to)), \(mix.first) of"
                + " \(mix.length)")
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
        + (video.firstField.map { ",\($0.rawValue) field" } ?? "")
        + (video.orientation.map { ",orientation \($0)" } ?? "")
        + (video.isHighDynamicRange
            ? ",\(video.colorTransfer ?? "-"),\(video.colorPrimaries ?? "-")" : "")
}
