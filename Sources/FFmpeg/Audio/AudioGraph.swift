import MediaTime
import RenderPlans

/// The filter graph of an audio mix, and its inputs.
///
/// Clips that do not overlap share a track, in which they are concatenated with silence
/// between them, counted in samples. Tracks are added without scaling.
struct AudioGraph {
    private(set) var inputs: [SourceInput] = []
    private(set) var text = ""
    /// Source index of each input.
    private(set) var sources: [Int] = []

    private let plan: RenderPlan
    private var chains: [String] = []
    private var silenceCount = 0

    /// In-point in seconds up to which a file is decoded from its start, so that the
    /// decoder's state does not depend on which file holds the audio.
    private static let seekThreshold = Rational(20)
    /// Seconds of audio that are decoded before the in-point after a seek.
    private static let preroll = Rational(5)

    private var sampleRate: Int { plan.output.audio.sampleRate }
    private var layout: String { plan.output.audio.channels == 1 ? "mono" : "stereo" }
    private var format: String {
        "aformat=sample_fmts=fltp:sample_rates=\(sampleRate):channel_layouts=\(layout)"
    }

    /// Filters that renumber the samples from 0. `concat` counts in microseconds, `apad`
    /// and `aloop` continue from its times, and fades and muxers rely on timestamps.
    private var numbered: String { "asettb=1/\(sampleRate),asetpts=N" }

    /// Samples of the output.
    private let count: Int

    /// - Parameter count: Samples of the output; nil for those of the plan.
    init(
        _ plan: RenderPlan, sourceURLs: [Int: String], count: Int? = nil
    ) throws(FFmpegError) {
        self.plan = plan
        self.count = count ?? plan.sampleCount
        let audible = Self.audible(plan)
        var loud: [String] = []
        var ducked: [String] = []
        for track in Self.tracks(of: audible.filter { !$0.ducks }) {
            loud.append(try makeTrack(track, number: trackCount, sourceURLs: sourceURLs))
        }
        for track in Self.tracks(of: audible.filter(\.ducks)) {
            ducked.append(try makeTrack(track, number: trackCount, sourceURLs: sourceURLs))
        }
        if !loud.isEmpty, !ducked.isEmpty {
            duck(&ducked, under: &loud)
        }
        var labels = loud + ducked
        if labels.isEmpty {
            labels = [silence(self.count)]
        }
        chains.append(
            "\(mix(labels))apad=whole_len=\(self.count),\(numbered),"
                + "atrim=end_sample=\(self.count),\(format)[a]")
        text = chains.joined(separator: ";")
    }

    /// The placements that have audio within the plan's duration.
    static func audible(_ plan: RenderPlan) -> [RenderPlan.AudioPlacement] {
        plan.audio.filter {
            plan.sources[$0.source].media.audio != nil && $0.endSample > max(0, $0.startSample)
                && $0.startSample < plan.sampleCount
        }
    }

    /// The start of a chain that adds the labels without scaling.
    private func mix(_ labels: [String]) -> String {
        let pads = labels.map { "[\($0)]" }.joined()
        guard labels.count > 1 else { return pads }
        return "\(pads)amix=inputs=\(labels.count):normalize=0:duration=longest"
            + ":dropout_transition=0,"
    }

    /// The compressor for ducking: about 12 dB down within 50 ms of speech, and back
    /// within a second, as is usual in broadcasting for music under a voice.
    private static let ducking =
        "sidechaincompress=threshold=0.02:ratio=6:attack=50:release=1000:detection=rms"

    /// Lowers the first labels while the second are heard.
    private mutating func duck(_ ducked: inout [String], under loud: inout [String]) {
        let length = "apad=whole_len=\(count),\(numbered)"
        chains.append("\(mix(loud))\(length),asplit=2[voice][key]")
        chains.append("\(mix(ducked))\(length)[music]")
        chains.append("[music][key]\(Self.ducking),\(numbered)[ducked]")
        (loud, ducked) = (["voice"], ["ducked"])
    }

    /// Distributes placements, in time order, to as few tracks as keep them from overlapping.
    static func tracks(
        of placements: [RenderPlan.AudioPlacement]
    ) -> [[RenderPlan.AudioPlacement]] {
        var tracks: [[RenderPlan.AudioPlacement]] = []
        for placement in placements.sorted(by: { $0.startSample < $1.startSample }) {
            let free = tracks.firstIndex { $0.last.map(\.endSample) ?? 0 <= placement.startSample }
            if let free {
                tracks[free].append(placement)
            } else {
                tracks.append([placement])
            }
        }
        return tracks
    }

    private var trackCount = 0

    private mutating func makeTrack(
        _ placements: [RenderPlan.AudioPlacement], number: Int, sourceURLs: [Int: String]
    ) throws(FFmpegError) -> String {
        trackCount += 1
        var parts: [String] = []
        var covered = 0
        for placement in placements {
            if placement.startSample > covered {
                parts.append(silence(placement.startSample - covered))
            }
            parts.append(try clip(placement, sourceURLs: sourceURLs))
            covered = placement.endSample
        }
        guard parts.count > 1 else { return parts[0] }
        let pads = parts.map { "[\($0)]" }.joined()
        chains.append("\(pads)concat=n=\(parts.count):v=0:a=1,\(numbered)[t\(number)]")
        return "t\(number)"
    }

    private mutating func silence(_ samples: Int) -> String {
        let label = "s\(silenceCount)"
        silenceCount += 1
        chains.append(
            "anullsrc=r=\(sampleRate):cl=\(layout),\(format),"
                + "atrim=end_sample=\(samples)[\(label)]")
        return label
    }

    private mutating func clip(
        _ placement: RenderPlan.AudioPlacement, sourceURLs: [Int: String]
    ) throws(FFmpegError) -> String {
        guard let url = sourceURLs[placement.source] else {
            throw FFmpegError(
                .sourceUnreadable(source: placement.source),
                "Source \(placement.source) of the plan has no URL.")
        }
        let media = plan.sources[placement.source].media
        let count = placement.endSample - placement.startSample
        // Samples before the output's first one are mixed and trimmed.
        let early = max(0, -placement.startSample)
        // Timestamps count from the start of the uploaded file, which may differ from that
        // of the extracted audio: so seeks are absolute too.
        let zero = Rational(media.startMicroseconds, 1_000_000) + placement.sourceStart
        var options = ["-vn", "-sn", "-dn"]
        if placement.sourceStart > Self.seekThreshold {
            options += ["-noaccurate_seek", "-seek_timestamp", "1"]
            options += ["-ss", (zero - Self.preroll).sixDecimals]
        }
        let input = inputs.count
        inputs.append(SourceInput(url: url, options: options))
        sources.append(placement.source)
        var chain = conform(zero, media)
        if placement.loops { chain += loop(placement, media, count: count) }
        chain += tempo(placement.speed)
        chain += ["atrim=end_sample=\(count)", "apad=whole_len=\(count)", numbered]
        chain += envelope(placement, count: count)
        if early > 0 { chain += ["atrim=start_sample=\(early)", numbered] }
        chains.append(
            "[\(input):\(media.audioStream)]" + chain.joined(separator: ",") + "[c\(input)]")
        return "c\(input)"
    }

    /// Filters that make the in-point sample 0: earlier audio is trimmed at the source's
    /// rate, a late start and gaps are filled with silence.
    private func conform(_ zero: Rational, _ media: MediaInfo) -> [String] {
        var chain = [
            "asetpts='round(PTS-(\(zero.numerator)/\(zero.denominator))/TB)'", "atrim=start_pts=0",
        ]
        // FFmpeg's default matrix would halve the power of a mono voice.
        if media.audio?.channels == 1, layout == "stereo" {
            chain.append("pan=stereo|c0=c0|c1=c0")
        }
        return chain + [
            "aresample=\(sampleRate):async=1:min_comp=0.000001:min_hard_comp=0.1:first_pts=0",
            format,
        ]
    }

    /// Filters that repeat the file from the in-point if it is too short.
    private func loop(
        _ placement: RenderPlan.AudioPlacement, _ media: MediaInfo, count: Int
    ) -> [String] {
        let length = Rational(media.durationMicroseconds, 1_000_000) - placement.sourceStart
        guard length * Rational(sampleRate) < Rational(count + sampleRate) else { return [] }
        return [numbered, "aloop=loop=-1:size=\(Int32.max)", numbered]
    }

    /// Filters that change the speed at the same pitch, in steps that `atempo` accepts.
    private func tempo(_ speed: Rational) -> [String] {
        guard speed != Rational(1) else { return [] }
        let half = Rational(1, 2)
        var (rest, steps): (Rational, [Rational]) = (speed, [])
        while rest < half {
            steps.append(half)
            rest = rest / half
        }
        return (steps + [rest]).map { "atempo=\($0.sixDecimals)" } + [numbered]
    }

    private func envelope(_ placement: RenderPlan.AudioPlacement, count: Int) -> [String] {
        var chain: [String] = []
        if placement.volume != Rational(1) {
            chain.append(
                "volume=volume=\(placement.volume.numerator)/\(placement.volume.denominator)"
                    + ":precision=float:eval=once")
        }
        if !placement.gainPoints.isEmpty {
            let gain = Self.gain(placement.gainPoints[...])
            let channels = (0..<plan.output.audio.channels).map { "val(\($0))*\(gain)" }
            chain.append(
                "aeval=exprs='\(channels.joined(separator: "|"))':channel_layout=same")
        }
        if placement.fadeInSamples > 0 {
            chain.append("afade=t=in:ss=0:ns=\(placement.fadeInSamples)")
        }
        if placement.fadeOutSamples > 0 {
            let start = count - placement.fadeOutSamples
            chain.append("afade=t=out:ss=\(start):ns=\(placement.fadeOutSamples)")
        }
        return chain
    }

    /// An expression for the gain at sample `n`, linear between the points.
    ///
    /// It is a binary search, since it is evaluated for each sample.
    static func gain(_ points: ArraySlice<RenderPlan.GainPoint>) -> String {
        guard points.count > 2 else { return line(points) }
        let middle = points.startIndex + points.count / 2
        return "if(lt(n,\(points[middle].sample)),\(gain(points[...middle])),"
            + "\(gain(points[middle...])))"
    }

    private static func line(_ points: ArraySlice<RenderPlan.GainPoint>) -> String {
        guard let from = points.first, let to = points.last else { return "1" }
        guard to.sample > from.sample, to.gain != from.gain else { return text(from.gain) }
        let slope = (to.gain - from.gain) / Rational(to.sample - from.sample)
        return "(\(text(from.gain))+clip(n-(\(from.sample)),0,\(to.sample - from.sample))"
            + "*(\(slope.numerator)/\(slope.denominator)))"
    }

    private static func text(_ gain: Rational) -> String {
        "\(gain.numerator)/\(gain.denominator)"
    }
}
