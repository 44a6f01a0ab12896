import MediaTime
import RenderPlans

/// The filters that map one piece's decoded frames to its grid and size.
///
/// Every number is an integer count of frames or an exact fraction, and none depends on the
/// chunk's place in the timeline.
struct PictureChain {
    let piece: PlacedFrames
    let output: RenderPlan.OutputSettings
    /// Prefix of the labels inside the chain, unique in the graph.
    let label: String

    private var rate: Rational { output.frameRate }
    private var timeBase: Rational { Rational(1) / rate }

    /// Seconds before the first requested frame at which decoding begins.
    ///
    /// Indexes hold decode times, so a seek may end after the requested frame by the
    /// duration of the reordered frames, which is long at a variable rate. MPEG-TS has no
    /// index and needs more. With 1.5 s and 3 s no frame was wrong (measured). If the
    /// reordering is known and the index exact, four more frames are enough: half a second
    /// would often reach into the previous group of pictures.
    static func preroll(_ media: MediaInfo) -> Rational {
        if ["mpegts", "mpeg"].contains(media.demuxer) { return Rational(3) }
        guard ["mov", "matroska"].contains(media.demuxer), let video = media.video,
            video.isConstantFrameRate, let rate = video.frameRate
        else { return Rational(3, 2) }
        if media.demuxer == "mov", let reordered = video.reorderedFrames {
            return Rational(max(0, reordered) + 4) / rate
        }
        return max(Rational(1, 2), Rational(12) / rate)
    }

    /// Seconds by which a source may end early; its last frame is repeated. Containers round
    /// durations, and that of the last frame is often unknown.
    private static let heldTail = Rational(1, 2)

    // MARK: Time

    /// Time in seconds at which decoding begins; nil for the start of the file.
    func seek(_ reading: PlacedFrames.Reading, _ media: MediaInfo) -> Rational? {
        let step = piece.placement.speed / rate
        let start = Rational(reading.gridFirst) * step + reading.gridRemainder
        let seek = start - Self.preroll(media)
        return !reading.isStill && seek > .zero ? seek : nil
    }

    /// Filters that map the source's frames to the grid and keep the requested ones.
    ///
    /// `fps` repeats the first frame from `start_time` on. A whole multiple of the rate's
    /// denominator is exact in every time base, so it can be close to the seek without
    /// changing any rounding.
    func grid(_ reading: PlacedFrames.Reading, _ media: MediaInfo) -> [String] {
        let speed = piece.placement.speed
        var shift = Rational(media.startMicroseconds, 1_000_000) + reading.gridRemainder
        let block = rate.denominator
        let seek = self.seek(reading, media) ?? .zero
        let blocks = ((seek - reading.gridRemainder) / speed / Rational(block)).floor
        var rounding = ""
        if isLowered(media) {
            shift = shift + Self.timestampTolerance
            rounding = ":round=up"
        }
        let held = (Self.heldTail / speed * rate).ceiling
        let deinterlaced = media.deinterlacing(at: rate / speed).map { [$0] } ?? []
        return deinterlaced + clock(shift: shift, speed: speed) + [
            "fps=fps=\(rate):start_time=\(max(0, blocks) * block)\(rounding)",
            "tpad=stop=\(held):stop_mode=clone",
            "trim=start_pts=\(reading.gridFirst):end_pts=\(reading.gridFirst + piece.count)",
        ]
    }

    /// True if the output has fewer frames than the source: each then shows the frame that the
    /// source shows at its time, the in-point first. The nearest frame may be a later one, which
    /// the audio has not reached.
    private func isLowered(_ media: MediaInfo) -> Bool {
        guard let video = media.video, video.isConstantFrameRate, video.firstField == nil,
            let own = video.frameRate
        else { return false }
        return own * piece.placement.speed > rate * Rational(101, 100)
    }

    /// Seconds by which a timestamp may be late and still count: Matroska and FLV round to
    /// milliseconds.
    private static let timestampTolerance = Rational(1, 1_000)

    /// Filters that move time 0 to the grid's origin and apply the clip's speed. The finer
    /// time base keeps the division by the speed exact.
    private func clock(shift: Rational, speed: Rational) -> [String] {
        let zero = "PTS-(\(shift.numerator)/\(shift.denominator))/TB"
        guard speed != Rational(1) else { return ["setpts='round(\(zero))'"] }
        return [
            "settb='intb/\(speed.numerator)'",
            "setpts='round((\(zero))*\(speed.denominator)/\(speed.numerator))'",
        ]
    }

    /// Filters that repeat one frame `count` times, from 0 on.
    static func still(_ count: Int, rate: Rational) -> [String] {
        [
            "loop=loop=-1:size=1", "settb=\(Rational(1) / rate)", "setpts=N",
            "fps=fps=\(rate):start_time=0", "trim=end_pts=\(count)",
        ]
    }

    // MARK: Picture

    /// Filters that crop, scale into the box and apply effects.
    func fitted(_ media: MediaInfo) -> [String] {
        var chain: [String] = []
        if let cut = piece.reading?.cut {
            chain.append("crop=\(cut.width):\(cut.height):\(cut.x):\(cut.y)")
        }
        if let foreground = piece.foreground {
            chain.append(overBlur(foreground, media))
        } else {
            chain += scaled(piece.geometry, media, format: piece.hasAlpha ? "yuva420p" : "yuv420p")
        }
        return chain + effects + ["setsar=1"]
    }

    private func scaled(
        _ geometry: Geometry, _ media: MediaInfo, format: String
    ) -> [String] {
        let size = (geometry.scaledWidth, geometry.scaledHeight)
        var chain =
            media.video.flatMap { ToneMapping($0)?.chain(to: size) }
            ?? (needsNoScale(to: size, media) ? [] : [plainScale(to: size, media)])
        chain.append("format=\(format)")
        if geometry.isCropped {
            chain.append(
                "crop=\(geometry.width):\(geometry.height):\(geometry.cropX):\(geometry.cropY)"
                    + ":exact=1")
        }
        return chain
    }

    /// True if `scale` would only copy each frame, which takes 3 ms for 1080p (measured).
    private func needsNoScale(to size: (width: Int, height: Int), _ media: MediaInfo) -> Bool {
        guard let video = media.video, video.pixelFormat == "yuv420p",
            video.rotationDegrees == 0
        else { return false }
        let cut = piece.reading?.cut
        return (cut?.width ?? video.width, cut?.height ?? video.height) == size
            && ColorMatrix.name(of: video) == "bt709" && ColorMatrix.range(of: video) == "tv"
    }

    private func plainScale(to size: (width: Int, height: Int), _ media: MediaInfo) -> String {
        var scale = "scale=\(size.width):\(size.height):flags=bicubic"
        if let video = media.video, !PixelFormat.isRGB(video.pixelFormat) {
            scale += ":in_color_matrix=\(ColorMatrix.name(of: video))"
            scale += ":in_range=\(ColorMatrix.range(of: video))"
        }
        return "\(scale):out_color_matrix=bt709:out_range=tv"
    }

    /// Divisor of the size at which the blurred copy is made: blurring hides the lost
    /// detail, and the cost is a sixty-fourth.
    private static let blurDivisor = 8

    /// A chain that lays the whole picture over a blurred copy that fills the box.
    private func overBlur(_ foreground: Geometry, _ media: MediaInfo) -> String {
        let (width, height) = (piece.geometry.width, piece.geometry.height)
        let small = RenderPlan.Box(
            width: max(8, width / Self.blurDivisor), height: max(8, height / Self.blurDivisor))
        let size = (foreground.scaledWidth, foreground.scaledHeight)
        let cover = Geometry(fitting: size, .crop, into: small, focus: piece.placement.focus)
        let sigma = Rational(min(small.width, small.height), 20)
        let background =
            scaled(cover, media, format: "yuv420p")
            + ["gblur=sigma=\(sigma.sixDecimals)", "scale=\(width):\(height):flags=bicubic"]
        let sharp = scaled(foreground, media, format: piece.hasAlpha ? "yuva420p" : "yuv420p")
        return "split[\(label)a][\(label)b];[\(label)a]" + background.joined(separator: ",")
            + ",setsar=1[\(label)c];[\(label)b]" + sharp.joined(separator: ",")
            + ",setsar=1[\(label)d];[\(label)c][\(label)d]"
            + "overlay=x=\(foreground.x):y=\(foreground.y):eval=init:format=yuv420"
    }

    /// Maximum of `gblur`.
    private static let sigmaMax = Rational(1024)

    /// Filters of the effects. `eq` does not support alpha, so `lutyuv` computes the same.
    private var effects: [String] {
        let effects = piece.placement.effects
        var chain: [String] = []
        if effects.brightness != .zero || effects.contrast != Rational(1)
            || effects.saturation != Rational(1)
        {
            let (c, b, s) = (effects.contrast, effects.brightness, effects.saturation)
            let luma =
                "(val-127.5)*\(c.numerator)/\(c.denominator)+127.5"
                + "+255*(\(b.numerator))/\(b.denominator)"
            let chroma = "clip(round((val-128)*\(s.numerator)/\(s.denominator)+128),0,255)"
            chain.append("lutyuv=y='clip(round(\(luma)),0,255)':u='\(chroma)':v='\(chroma)'")
        }
        if effects.isNegative {
            chain.append(
                "lutyuv=y='clip(251-val,0,255)':u='clip(256-val,0,255)':v='clip(256-val,0,255)'")
        }
        if effects.blur > .zero {
            let side = Rational(min(piece.geometry.width, piece.geometry.height))
            let sigma = min(effects.blur * side, Self.sigmaMax)
            chain.append("gblur=sigma=\(sigma.sixDecimals)")
        }
        return chain
    }

    /// Filters that make `count` frames of one colour, from 0 on. `scale` converts the first
    /// frame, since `color` would use another matrix.
    static func solid(
        _ color: String, _ width: Int, _ height: Int, count: Int, rate: Rational,
        effects: [String] = []
    ) -> [String] {
        [
            "color=c=0x\(color):s=\(width)x\(height):r=\(rate)", "format=rgb24",
            "trim=end_frame=1", "scale=flags=bicubic:out_color_matrix=bt709:out_range=tv",
            "format=yuv420p",
        ] + effects + ["setsar=1"] + still(count, rate: rate)
    }

    /// Filters of a clip of one colour.
    func solid(_ color: String) -> [String] {
        Self.solid(
            color, piece.geometry.width, piece.geometry.height, count: piece.count, rate: rate,
            effects: effects)
    }

    /// Filters that rotate around the middle; new corners are transparent.
    var rotated: [String] {
        let degrees = piece.placement.rotation
        let turns = degrees / Rational(90)
        if turns.denominator == 1 {
            switch ((turns.numerator % 4) + 4) % 4 {
            case 1: return ["transpose=clock"]
            case 2: return ["hflip", "vflip"]
            case 3: return ["transpose=cclock"]
            default: return []
            }
        }
        let angle = "\(degrees.numerator)*PI/\(degrees.denominator * 180)"
        return [
            "rotate=a='\(angle)':ow='2*ceil(rotw(\(angle))/2)':oh='2*ceil(roth(\(angle))/2)'"
                + ":c=black@0"
        ]
    }
}
