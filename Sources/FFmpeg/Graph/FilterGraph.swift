import MediaTime
import RenderPlans

/// The filter graph of one chunk, and its inputs.
///
/// Every number in it is an integer count of frames or an exact fraction, and none depends
/// on the chunk's place in the timeline. So the frames are the same however the timeline is
/// divided into chunks.
struct FilterGraph {
    private(set) var inputs: ChunkInputs
    private(set) var text = ""
    /// Prefix of every label, different for each graph of a run.
    private let name: String

    private let plan: RenderPlan
    private let frames: FrameRange
    private let picture: ChunkPicture
    private var chains: [String] = []
    private var solidCount = 0
    /// Labels of each piece's parts that are not drawn yet.
    private var labels: [[String]] = []
    /// An element that is drawn over the bottom layer.
    private enum Overlay {
        /// Frames with their place in the output, as expressions of `overlay`.
        case picture(label: String, x: String, y: String)
        /// A text; index into the chunk's scripts.
        case script(Int)
    }

    /// The pad from which the output is mapped (`-map`).
    var outputPad: String { "[\(name)v]" }

    private var output: RenderPlan.OutputSettings { plan.output }
    private var rate: Rational { plan.output.frameRate }
    private var timeBase: Rational { Rational(1) / rate }

    /// - Parameter before: The previous graph of the same run of FFmpeg; inputs that both
    ///   read are decoded once.
    init(
        _ frames: FrameRange, of plan: RenderPlan, sourceURLs: [Int: String],
        scripts: ScriptFiles = ScriptFiles(pieces: [], prefix: ""), after before: FilterGraph? = nil
    ) throws(FFmpegError) {
        inputs = before?.inputs ?? ChunkInputs()
        name = before.map { $0.name + "n" } ?? ""
        self.plan = plan
        self.frames = frames
        picture = ChunkPicture(frames, of: plan)
        let parts = picture.partsOfPieces
        for (index, piece) in picture.pieces.enumerated() {
            try add(piece, index, parts[index], sourceURLs)
        }
        var bottom: [String] = []
        var raised: [(layer: Int, overlay: Overlay)] = []
        var covered = 0
        for (index, segment) in picture.segments.enumerated() {
            guard segment.isBottom, picture.isOpaque(segment, in: output) else {
                raised.append((segment.layer, draw(segment, "\(name)r\(index)")))
                continue
            }
            if segment.offset > covered { bottom.append(gap(segment.offset - covered)) }
            covered = segment.offset + segment.count
            bottom.append(base(segment, "\(name)m\(index)"))
        }
        if covered < frames.count { bottom.append(gap(frames.count - covered)) }
        for (index, script) in scripts.pieces.enumerated() {
            // Above the pictures of the script's layer and below those of the next.
            let place = raised.firstIndex { $0.layer > script.layer } ?? raised.endIndex
            raised.insert((script.layer, .script(index)), at: place)
        }
        finish(bottom: bottom, raised: raised.map(\.overlay), scripts)
        text = chains.joined(separator: ";")
    }

    // MARK: Pieces

    /// Adds the input and the chain of a piece; the frames of each part count from 0.
    private mutating func add(
        _ piece: PlacedFrames, _ index: Int, _ parts: [ChunkPicture.Part],
        _ sourceURLs: [Int: String]
    ) throws(FFmpegError) {
        let label = "\(name)p\(index)"
        var chain: [String]
        if let reading = piece.reading {
            guard let url = sourceURLs[reading.source] else {
                throw FFmpegError(
                    .sourceUnreadable(source: reading.source),
                    "Source \(reading.source) of the plan has no URL.")
            }
            chain = conform(piece, index, reading, url: url, label: label)
        } else if case .color(let color) = piece.placement.picture {
            chain = PictureChain(piece: piece, output: output, label: label).solid(color)
        } else {
            chain = []
        }
        if parts.count == 1, parts[0].first == 0 {
            labels.append([label])
            chains.append(chain.joined(separator: ",") + "[\(label)]")
            return
        }
        let names = parts.indices.map { "\(label)s\($0)" }
        let pads = names.map { "[\($0)]" }.joined()
        chains.append(chain.joined(separator: ",") + ",split=\(parts.count)\(pads)")
        for (index, part) in parts.enumerated() {
            let end = index + 1 < parts.count ? ":end_pts=\(parts[index + 1].first)" : ""
            chains.append(
                "[\(names[index])]trim=start_pts=\(part.first)\(end),"
                    + "\(Self.shift(by: -part.first))[\(names[index])t]")
        }
        labels.append(names.map { "\($0)t" })
    }

    private mutating func conform(
        _ piece: PlacedFrames, _ index: Int, _ reading: PlacedFrames.Reading, url: String,
        label: String
    ) -> [String] {
        let media = plan.sources[reading.source].media
        let pictures = PictureChain(piece: piece, output: output, label: label)
        var options = media.videoOptions
        if let seek = pictures.seek(reading, media) {
            options += ["-noaccurate_seek", "-ss", seek.sixDecimals]
        }
        let number = inputs.add(
            SourceInput(url: url, format: media.demuxer, options: options),
            source: reading.source, piece: index, of: frames)
        let counter = counter(inputs.count(piece.count, of: .source(reading.source)))
        var chain: [String]
        if reading.isStill {
            chain =
                (media.video?.ownTurn ?? []) + pictures.fitted(media)
                + PictureChain.still(piece.count, rate: rate)
                + counter
        } else {
            chain =
                pictures.grid(reading, media) + counter + pictures.fitted(media)
                + [Self.shift(by: -reading.gridFirst)]
        }
        chain[0] = "[\(number):\(media.video?.streamIndex ?? 0)]" + chain[0]
        return chain
    }

    /// Filters that print `spool=K` to standard output for each frame: the only way to
    /// find the source that ended early.
    private func counter(_ number: Int) -> [String] {
        [
            "metadata=mode=add:key=spool:value=\(number)",
            "metadata=mode=print:key=spool:file='pipe\\:1':direct=1",
            "metadata=mode=delete:key=spool",
        ]
    }

    private mutating func takeLabel(of part: ChunkPicture.Part) -> String {
        labels[part.piece].removeFirst()
    }

    private static func shift(by frames: Int) -> String {
        "setpts=PTS\(frames < 0 ? "-" : "+")\(frames.magnitude)"
    }

    // MARK: Segments

    /// Draws an opaque segment of the bottom layer.
    /// - Returns: Its label.
    private mutating func base(_ segment: ChunkPicture.Segment, _ label: String) -> String {
        switch segment.drawing {
        case .plain(let part): return takeLabel(of: part)
        case .mix(let from?, let to?, let mix):
            let sides = [takeLabel(of: from), takeLabel(of: to)]
            for side in sides {
                chains.append("[\(side)]format=yuv444p,\(steady)[\(side)w]")
            }
            chains.append(
                "[\(sides[0])w][\(sides[1])w]\(crossfade(mix, segment.count)),format=yuv420p"
                    + "[\(label)]")
            return label
        case .mix: return gap(segment.count)
        }
    }

    /// Draws a segment that is laid over the layers below; its frames count from the start
    /// of the chunk.
    private mutating func draw(
        _ segment: ChunkPicture.Segment, _ label: String
    ) -> Overlay {
        switch segment.drawing {
        case .plain(let part):
            let piece = picture.pieces[part.piece]
            var chain = clear(piece)
            let fades = picture.fades(of: part, count: segment.count)
            let first = piece.first + part.first
            if fades.isEmpty {
                chain.append(Self.shift(by: segment.offset))
            } else {
                chain.append(Self.shift(by: first))
                chain += fades.map { fade($0) }
                chain.append(Self.shift(by: segment.offset - first))
            }
            chains.append(
                "[\(takeLabel(of: part))]" + chain.joined(separator: ",") + "[\(label)]")
            let place = place(of: piece)
            return .picture(label: label, x: place.x, y: place.y)
        case .mix(let from, let to, let mix):
            let sides = [from, to].enumerated().map {
                onCanvas($1, count: segment.count, "\(label)\($0 == 0 ? "a" : "b")")
            }
            chains.append(
                "[\(sides[0])][\(sides[1])]\(crossfade(mix, segment.count)),"
                    + "\(Self.shift(by: segment.offset))[\(label)]")
            return .picture(label: label, x: "0", y: "0")
        }
    }

    /// Filters for alpha, opacity and rotation.
    private func clear(_ piece: PlacedFrames) -> [String] {
        var chain = ["format=yuva420p"]
        let opacity = piece.placement.opacity
        if opacity < Rational(1) {
            chain.append("lutyuv=a='round(val*\(opacity.numerator)/\(opacity.denominator))'")
        }
        return chain + PictureChain(piece: piece, output: output, label: "").rotated
    }

    private func fade(_ fade: ChunkPicture.Fade) -> String {
        let start = fade.start == 0 ? "0" : (Rational(fade.start) / rate).sixDecimals
        let length = Rational(fade.frames) / rate
        return "fade=t=\(fade.isIn ? "in" : "out"):st=\(start):d=\(length.sixDecimals):alpha=1"
    }

    private func place(of piece: PlacedFrames) -> (x: String, y: String) {
        let geometry = piece.geometry
        guard piece.isRotated else { return ("\(geometry.x)", "\(geometry.y)") }
        return (
            "\(geometry.x + geometry.width / 2)-overlay_w/2",
            "\(geometry.y + geometry.height / 2)-overlay_h/2"
        )
    }

    /// Draws a part on a transparent canvas of the output's size.
    /// - Returns: Its label.
    private mutating func onCanvas(
        _ part: ChunkPicture.Part?, count: Int, _ label: String
    ) -> String {
        let canvas =
            "color=c=black@0:s=\(output.width)x\(output.height):r=\(rate),format=yuva444p,"
            + PictureChain.still(count, rate: rate).joined(separator: ",") + ",\(steady)"
        guard let part else {
            chains.append("\(canvas)[\(label)]")
            return label
        }
        let piece = picture.pieces[part.piece]
        let place = place(of: piece)
        chains.append("\(canvas)[\(label)c]")
        chains.append(
            "[\(takeLabel(of: part))]" + (clear(piece) + ["format=yuva444p"]).joined(separator: ",")
                + "[\(label)o]")
        chains.append(
            "[\(label)c][\(label)o]overlay=x=\(place.x):y=\(place.y):eval=init"
                + ":eof_action=pass:repeatlast=0:format=yuv444,format=yuva444p,\(steady)[\(label)]")
        return label
    }

    /// Filters before `xfade`, which needs a constant frame rate and one more frame of both
    /// inputs. `setpts` drops the rate (FFmpeg 6.1), and `fps` drops the last frame after an
    /// `overlay`, whose stream ends one frame early.
    private var steady: String {
        "settb=\(timeBase),tpad=stop=3:stop_mode=clone,fps=fps=\(rate):start_time=0"
    }

    /// The filter of a transition, of which the chunk may show a part.
    ///
    /// All frames lie strictly between the two pictures: for one picture alone,
    /// `slideleft` and `slideup` (FFmpeg 5.1) would read a column or a row that does not
    /// exist.
    private func crossfade(_ mix: ChunkPicture.Mix, _ count: Int) -> String {
        let length = (Rational(mix.length + 1) / rate).sixDecimals
        let offset = (Rational(-mix.first - 1) / rate).sixDecimals
        return "xfade=transition=\(mix.kind.rawValue):duration=\(length):offset=\(offset),"
            + "trim=end_pts=\(count)"
    }

    /// Draws `count` frames of background.
    /// - Returns: Their label.
    private mutating func gap(_ count: Int) -> String {
        let label = "\(name)g\(solidCount)"
        solidCount += 1
        let chain = PictureChain.solid(
            output.background, output.width, output.height, count: count, rate: rate)
        chains.append(chain.joined(separator: ",") + "[\(label)]")
        return label
    }

    // MARK: Joining

    /// Joins the bottom layer, lays the rest over it and closes the graph.
    private mutating func finish(
        bottom: [String], raised: [Overlay], _ scripts: ScriptFiles
    ) {
        let pads = bottom.map { "[\($0)]" }.joined()
        let join = bottom.count > 1 ? "concat=n=\(bottom.count):v=1:a=0," : ""
        // `concat` counts in microseconds and estimates durations; renumbering whole frames
        // is exact.
        chains.append("\(pads)\(join)settb=\(timeBase),setpts=N[\(name)b0]")
        for (index, overlay) in raised.enumerated() {
            switch overlay {
            case .picture(let label, let x, let y):
                chains.append(
                    "[\(name)b\(index)][\(label)]overlay=x=\(x):y=\(y):eval=init"
                        + ":eof_action=pass:repeatlast=0:format=yuv420[\(name)b\(index + 1)]")
            case .script(let script):
                let filters = scripts.pieces[script]
                    .filters(path: scripts.path(script), timeBase: timeBase)
                chains.append(
                    "[\(name)b\(index)]" + filters.joined(separator: ",")
                        + "[\(name)b\(index + 1)]")
            }
        }
        let upload =
            output.video.hardwareEncoder.map { HardwareEncoding($0, output.video).upload } ?? []
        // FFmpeg reports the number of written frames for its first output only.
        let counted = name.isEmpty ? [] : counter(inputs.count(frames.count, of: .output))
        let last =
            [
                "trim=end_pts=\(frames.count)",
                "setparams=range=tv:color_primaries=bt709:color_trc=bt709:colorspace=bt709",
                "format=yuv420p",
            ] + counted + upload
        chains.append("[\(name)b\(raised.count)]\(last.joined(separator: ","))\(outputPad)")
    }
}
