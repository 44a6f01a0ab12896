import MediaTime
import RenderPlans

/// The filters that turn one piece's decoded frames into pictures of its size.
///
/// Every number is an integer count of frames or an exact fraction, and none
/// depends on where the chunk stands.
struct PictureChain {
    let piece: PlacedFrames
    let output: RenderPlan.OutputSettings
    /// Unique in the graph; prefix of the labels inside the chain.
    let label: String

    private var rate: Rational { output.frameRate }
    private var timeBase: Rational { Rational(1) / rate }

    /// How far before the first frame wanted decoding begins, in seconds.
    ///
    /// Indexes hold decode times, so a seek may land behind the wanted frame
    /// by the length of the reordered frames: a few at a constant rate, long
    /// holds at a variable one. MPEG-TS has no index and needs more. Measured:
    /// 1.5 s and 3 s leave no wrong frame. Where the reordering is known and the
    /// index is exact, four frames more than it are enough: half a second would
    /// often reach into the group of pictures before.
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

    /// A source may end this much early, its last frame is held: containers
    /// round their lengths and the last frame's length is often unknown.
    private static let heldTail = Rational(1, 2)

    // MARK: Time

    /// Where decoding begins, in seconds; nil at the file's start.
    func seek(_ reading: PlacedFrames.Reading, _ media: MediaInfo) -> Rational? {
        let step = piece.placement.speed / rate
        let start = Rational(reading.gridFirst) * step + reading.gridRemainder
        let seek = start - Self.preroll(media)
        return !reading.isStill && seek > .zero ? seek : nil
    }

    /// Source frames onto the piece's grid, and the frames wanted of it.
    ///
    /// `fps` repeats the first frame from `start_time` on. A whole multiple
    /// of the rate's denominator is exact in every time base, so it may be
    /// moved up close to the seek without moving any rounding.
    func grid(_ reading: PlacedFrames.Reading, _ media: MediaInfo) -> [String] {
        let speed = piece.placement.speed
        let shift = Rational(media.startMicroseconds, 1_000_000) + reading.gridRemainder
        let block = rate.denominator
        let seek = self.seek(reading, media) ?? .zero
        let blocks = ((seek - reading.gridRemainder) / speed / Rational(block)).floor
        let held = (Self.heldTail / speed * rate).ceiling
        return clock(shift: shift, speed: speed) + [
            "fps=fps=\(rate):start_time=\(max(0, blocks) * block)",
            "tpad=stop=\(held):stop_mode=clone",
            "trim=start_pts=\(reading.gridFirst):end_pts=\(reading.gridFirst + piece.count)",
        ]
    }

    /// Time 0 is the grid's origin, and runs as fast as the clip asks. The
    /// finer time base keeps the division by the speed exact.
    private func clock(shift: Rational, speed: Rational) -> [String] {
        let zero = "PTS-(\(shift.numerator)/\(shift.denominator))/TB"
        guard speed != Rational(1) else { return ["setpts='round(\(zero))'"] }
        return [
            "settb='intb/\(speed.numerator)'",
            "setpts='round((\(zero))*\(speed.denominator)/\(speed.numerator))'",
        ]
    }

    /// One picture, scaled once, then repeated: frames from 0 on.
    static func still(_ count: Int, rate: Rational) -> [String] {
        [
            "loop=loop=-1:size=1", "settb=\(Rational(1) / rate)", "setpts=N",
            "fps=fps=\(rate):start_time=0", "trim=end_pts=\(count)",
        ]
    }

    // MARK: Picture

    /// Cut, scaled into its box, with its effects.
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

    /// Whether `scale` would copy each picture as it is, for 3 ms of 1080p
    /// each (measured).
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

    /// The blurred copy is made at this fraction of the size: no detail of it
    /// is left to see, and it costs a sixty-fourth.
    private static let blurDivisor = 8

    /// The whole picture over a blurred copy of itself that fills the box.
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

    /// FFmpeg's largest.
    private static let sigmaMax = Rational(1024)

    /// `eq` has no formats with alpha, so its sums are done by table.
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

    /// One colour, as many frames as wanted, from 0 on. It is converted by
    /// `scale`, once: `color` itself would convert with another matrix.
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

    /// A clip of one colour.
    func solid(_ color: String) -> [String] {
        Self.solid(
            color, piece.geometry.width, piece.geometry.height, count: piece.count, rate: rate,
            effects: effects)
    }

    /// Turned around its middle; what is new in the corners is clear.
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
