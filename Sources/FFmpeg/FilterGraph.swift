import Editing

/// The filter graph of one chunk's pictures, and the inputs that feed it.
///
/// Every number in it is an integer count of frames or an exact fraction, and
/// none depends on where the chunk stands: that is why frames come out the
/// same however the timeline is cut.
struct FilterGraph {
    private(set) var inputs: [SourceInput] = []
    private(set) var text = ""
    /// Frames that each counted piece must deliver, by counter number.
    private(set) var planned: [Int] = []
    private(set) var pieces: [PicturePiece]

    private let plan: RenderPlan
    private let frames: FrameRange
    private var chains: [String] = []
    private var stillCount = 0

    private var output: RenderPlan.OutputSettings { plan.output }
    private var rate: Rational { plan.output.frameRate }
    private var timeBase: Rational { Rational(1) / rate }

    /// How far before the first frame wanted decoding begins, in seconds.
    ///
    /// Indexes hold decode times, so a seek may land behind the wanted frame
    /// by the length of the reordered frames: a few at a constant rate, long
    /// holds at a variable one. MPEG-TS has no index and needs more. Measured:
    /// 1.5 s and 3 s leave no wrong frame.
    static func preroll(_ media: MediaInfo) -> Rational {
        if ["mpegts", "mpeg"].contains(media.demuxer) { return Rational(3) }
        guard ["mov", "matroska"].contains(media.demuxer), let video = media.video,
            video.isConstantFrameRate, let rate = video.frameRate
        else { return Rational(3, 2) }
        return max(Rational(1, 2), Rational(12) / rate)
    }

    /// A source may end this much early, its last frame is held: containers
    /// round their lengths and the last frame's length is often unknown.
    private static let heldTail = Rational(1, 2)

    init(
        _ frames: FrameRange, of plan: RenderPlan, sourceURLs: [Int: String]
    ) throws(FFmpegError) {
        self.plan = plan
        self.frames = frames
        pieces = PicturePiece.pieces(of: frames, in: plan)
        var bottom: [String] = []
        var raised: [(label: String, piece: PicturePiece)] = []
        var covered = 0
        for (index, piece) in pieces.enumerated() {
            guard let url = sourceURLs[piece.source] else {
                throw FFmpegError(
                    .sourceUnreadable(source: piece.source),
                    "Source \(piece.source) of the plan came without a URL.")
            }
            let isBase = piece.layer == 0 && piece.isOpaque(in: output)
            if isBase {
                if piece.offset > covered { bottom.append(gap(piece.offset - covered)) }
                covered = piece.offset + piece.count
            }
            let label = "p\(index)"
            conform(piece, url: url, raised: !isBase, label: label)
            if isBase { bottom.append(label) } else { raised.append((label, piece)) }
        }
        if covered < frames.count { bottom.append(gap(frames.count - covered)) }
        finish(bottom: bottom, raised: raised)
        text = chains.joined(separator: ";")
    }

    // MARK: Pieces

    private mutating func conform(
        _ piece: PicturePiece, url: String, raised: Bool, label: String
    ) {
        let media = plan.sources[piece.source].media
        var options = ["-an", "-sn", "-dn"]
        var chain: [String]
        let count = counter(piece)
        if piece.isStill {
            chain = fitted(piece, media, raised: raised) + still(piece.count) + count
        } else {
            let start = Rational(piece.gridFirst) / rate + piece.gridRemainder
            let seek = start - Self.preroll(media)
            if seek > .zero { options += ["-noaccurate_seek", "-ss", seek.sixDecimals] }
            chain =
                grid(piece, media, seek: max(.zero, seek)) + count
                + fitted(piece, media, raised: raised)
        }
        let began = piece.isStill ? 0 : piece.gridFirst
        chain += raised ? alpha(piece, began: began) : [Self.shift(by: -began)]
        let input = inputs.count
        inputs.append(SourceInput(url: url, format: media.demuxer, options: options))
        let stream = media.video?.streamIndex ?? 0
        chains.append("[\(input):\(stream)]" + chain.joined(separator: ",") + "[\(label)]")
    }

    /// Source frames onto the piece's grid, and the frames wanted of it.
    ///
    /// `fps` repeats the first frame from `start_time` on. A whole multiple
    /// of the rate's denominator is exact in every time base, so it may be
    /// moved up close to the seek without moving any rounding.
    private func grid(_ piece: PicturePiece, _ media: MediaInfo, seek: Rational) -> [String] {
        let shift = Rational(media.startMicroseconds, 1_000_000) + piece.gridRemainder
        let block = rate.denominator
        let blocks = ((seek - piece.gridRemainder) / Rational(block)).floor
        let held = (Self.heldTail * rate).ceiling
        return [
            "setpts='round(PTS-(\(shift.numerator)/\(shift.denominator))/TB)'",
            "fps=fps=\(rate):start_time=\(max(0, blocks) * block)",
            "tpad=stop=\(held):stop_mode=clone",
            "trim=start_pts=\(piece.gridFirst):end_pts=\(piece.gridFirst + piece.count)",
        ]
    }

    /// One picture, scaled once, then repeated: frames from 0 on.
    private func still(_ count: Int) -> [String] {
        [
            "loop=loop=-1:size=1", "settb=\(timeBase)", "setpts=N",
            "fps=fps=\(rate):start_time=0", "trim=end_pts=\(count)",
        ]
    }

    /// Prints `spool=K` on standard output for each frame that passes: the
    /// only way to know which source fell short.
    private mutating func counter(_ piece: PicturePiece) -> [String] {
        let number = planned.count
        planned.append(piece.count)
        return [
            "metadata=mode=add:key=spool:value=\(number)",
            "metadata=mode=print:key=spool:file='pipe\\:1':direct=1",
            "metadata=mode=delete:key=spool",
        ]
    }

    private func fitted(_ piece: PicturePiece, _ media: MediaInfo, raised: Bool) -> [String] {
        let geometry = piece.geometry
        var scale = "scale=\(geometry.scaledWidth):\(geometry.scaledHeight):flags=bicubic"
        if let video = media.video, !PixelFormat.isRGB(video.pixelFormat) {
            scale += ":in_color_matrix=\(ColorMatrix.name(of: video))"
            scale += ":in_range=\(ColorMatrix.range(of: video))"
        }
        var chain = ["\(scale):out_color_matrix=bt709:out_range=tv"]
        chain.append("format=\(raised ? "yuva420p" : "yuv420p")")
        if geometry.isCropped {
            chain.append(
                "crop=\(geometry.width):\(geometry.height):\(geometry.cropX):\(geometry.cropY)"
                    + ":exact=1")
        }
        return chain + ["setsar=1"]
    }

    /// Opacity and fades by the clip's own time, then the place in the chunk.
    private func alpha(_ piece: PicturePiece, began: Int) -> [String] {
        var chain: [String] = []
        let placement = piece.placement
        if placement.opacity < Rational(1) {
            let opacity = placement.opacity
            chain.append("lutyuv=a='round(val*\(opacity.numerator)/\(opacity.denominator))'")
        }
        guard piece.fadesIn || piece.fadesOut else {
            return chain + [Self.shift(by: piece.offset - began)]
        }
        chain.append(Self.shift(by: piece.first - began))
        if piece.fadesIn {
            let length = Rational(placement.fadeInFrames) / rate
            chain.append("fade=t=in:st=0:d=\(length.sixDecimals):alpha=1")
        }
        if piece.fadesOut {
            let length = Rational(placement.fadeOutFrames) / rate
            let start = Rational(placement.frames.count) / rate - length
            chain.append("fade=t=out:st=\(start.sixDecimals):d=\(length.sixDecimals):alpha=1")
        }
        return chain + [Self.shift(by: piece.offset - piece.first)]
    }

    private static func shift(by frames: Int) -> String {
        "setpts=PTS\(frames < 0 ? "-" : "+")\(frames.magnitude)"
    }

    // MARK: Joining

    /// Background for some frames. The colour is converted by `scale`, once:
    /// `color` itself would convert with another matrix.
    private mutating func gap(_ count: Int) -> String {
        let label = "g\(stillCount)"
        stillCount += 1
        let source =
            "color=c=0x\(output.background):s=\(output.width)x\(output.height):r=\(rate)"
        let chain =
            [
                source, "format=rgb24", "trim=end_frame=1",
                "scale=flags=bicubic:out_color_matrix=bt709:out_range=tv", "format=yuv420p",
                "setsar=1",
            ] + still(count)
        chains.append(chain.joined(separator: ",") + "[\(label)]")
        return label
    }

    private mutating func finish(
        bottom: [String], raised: [(label: String, piece: PicturePiece)]
    ) {
        let pads = bottom.map { "[\($0)]" }.joined()
        let join = bottom.count > 1 ? "concat=n=\(bottom.count):v=1:a=0," : ""
        // `concat` counts in microseconds and guesses lengths; the frames are
        // whole, so numbering them anew is exact.
        chains.append("\(pads)\(join)settb=\(timeBase),setpts=N[b0]")
        for (index, layer) in raised.enumerated() {
            let geometry = layer.piece.geometry
            chains.append(
                "[b\(index)][\(layer.label)]overlay=x=\(geometry.x):y=\(geometry.y):eval=init"
                    + ":eof_action=pass:repeatlast=0:format=yuv420[b\(index + 1)]")
        }
        chains.append(
            "[b\(raised.count)]trim=end_pts=\(frames.count),"
                + "setparams=range=tv:color_primaries=bt709:color_trc=bt709:colorspace=bt709,"
                + "format=yuv420p[v]")
    }
}

/// The colour matrix and range of a picture, guessed where the file is silent.
enum ColorMatrix {
    /// A name that `scale` takes. Files without one are taken for HD above
    /// 576 lines and for SD below, as players do.
    static func name(of video: MediaInfo.Video) -> String {
        switch video.colorSpace {
        case "bt709": "bt709"
        case "fcc": "fcc"
        case "smpte240m": "smpte240m"
        case "bt470bg", "smpte170m": "smpte170m"
        case "bt2020nc", "bt2020c", "bt2020": "bt2020"
        default: min(video.width, video.height) > 576 ? "bt709" : "smpte170m"
        }
    }

    static func range(of video: MediaInfo.Video) -> String {
        video.colorRange == "pc" || video.pixelFormat.hasPrefix("yuvj") ? "pc" : "tv"
    }
}
