import Captions
import EditFormats
import JSON
package import MediaTime
import RenderPlans

/// A clip whose assets exist and have the right kind.
struct UsableClip {
    var clip: Edit.Clip
    var content: UsableContent
}

/// A clip's content with its assets.
enum UsableContent {
    case media(Edit.Media, AssetDescription, Edit.AssetType)
    /// A multicam clip with its angles' assets, in the order of the angles.
    case multicam(Edit.Multicam, angles: [AssetDescription], audio: AssetDescription?)
    case color(String)
    case text(Edit.Text)
    /// Captions with their words from the in-point on.
    case captions(Edit.Captions, CaptionTrack)

    /// The kind of a still source with its article; nil for moving content.
    var stillPhrase: String? {
        switch self {
        case .media(_, _, .image): "an image"
        case .color: "a colour"
        case .text: "a text"
        case .media, .multicam, .captions: nil
        }
    }
}

/// The usable length of a source, in seconds of the source.
struct Extent {
    var duration: Rational
    var trim: Located<Rational>
    var speed: Rational
    /// The place of the field that names the source.
    var place: JSONPointer

    /// Seconds of the timeline after the in-point.
    var rest: Rational { (duration - trim.value) / speed }
}

/// A clip with its frames.
struct PlacedClip {
    var clip: Edit.Clip
    var content: UsableContent
    var frames: FrameRange
    /// Frames at the start (`mixIn`) and at the end (`mixOut`) that are mixed with the
    /// neighbour on the track.
    var mixIn = 0
    var mixOut = 0
    /// Seconds by which the first frame begins after the exact start; negative before it.
    var drift = Rational.zero
}

/// Places every clip: first in exact seconds, then once in frames.
struct ClipPlacer {
    let frameRate: Rational
    var reader = JSONReader()

    init(frameRate: Rational) { self.frameRate = frameRate }

    /// Exact times of a clip on the timeline.
    private struct Times {
        var start: Rational
        /// End of the clip; nil for a clip that runs to the end of the timeline.
        var end: Rational?
    }

    /// The start of the next `auto` clip of a track.
    private enum Cursor {
        case at(Rational)
        /// Unknown, because the previous clip has a fault, already reported.
        case unknown
        /// None, because the previous clip runs to the end of the timeline.
        case afterEnd
    }

    /// The clips of each track in time order, without clips that have a fault.
    mutating func place(_ tracks: [[UsableClip]]) -> [[PlacedClip]] {
        let timed = tracks.map { times(of: $0) }
        let ends = timed.flatMap { $0 }.compactMap(\.times.end)
        guard let timelineEnd = ends.max() else {
            if let clip = timed.flatMap({ $0 }).first?.clip.clip {
                reader.report(
                    "must be a number: no other clip ends the timeline",
                    at: clip.length.pointer)
            }
            return []
        }
        guard timelineEnd <= Rational(Limits.timelineSecondsMax) else {
            let last = timed.flatMap { $0 }.first { $0.times.end == timelineEnd }
            reader.report(
                "makes the timeline longer than \(Limits.timelineSecondsMax) s",
                at: last?.clip.clip.length.pointer ?? .root)
            return []
        }
        return timed.map { track in
            var placed = track.compactMap { self.placed($0.clip, $0.times, timelineEnd) }
                .sorted { ($0.frames.start, $0.frames.end) < ($1.frames.start, $1.frames.end) }
            mixOverlaps(&placed)
            return placed
        }
    }

    private mutating func times(of track: [UsableClip]) -> [(clip: UsableClip, times: Times)] {
        var cursor = Cursor.at(.zero)
        var result: [(clip: UsableClip, times: Times)] = []
        for clip in track {
            guard let start = start(of: clip, cursor), let length = length(of: clip) else {
                cursor = .unknown
                continue
            }
            let end: Rational? =
                if case .seconds(let seconds) = length { start + seconds } else {
                    nil
                }
            cursor = end.map { .at($0) } ?? .afterEnd
            result.append((clip, Times(start: start, end: end)))
        }
        return result
    }

    private mutating func start(of clip: UsableClip, _ cursor: Cursor) -> Rational? {
        let (start, look) = (clip.clip.start, clip.clip.look)
        if case .seconds(let seconds) = start.value { return seconds }
        switch cursor {
        case .at(let seconds):
            guard look.overlaps, look.transitionIn != nil else { return seconds }
            return max(.zero, seconds - look.transitionSeconds)
        case .unknown: return nil
        case .afterEnd:
            reader.report(
                "cannot follow a clip that runs to the end of the timeline", at: start.pointer)
            return nil
        }
    }

    /// The clip's length in seconds with `auto` resolved, or `.end`.
    private mutating func length(of clip: UsableClip) -> Edit.Length? {
        let length = clip.clip.length
        guard let extent = clip.extent else {
            guard length.value == .auto else { return length.value }
            if case .captions(_, let track) = clip.content {
                return .seconds(Rational(track.endMilliseconds, 1_000))
            }
            let phrase = clip.content.stillPhrase ?? "it"
            reader.report(
                "is required for \(phrase): it has no inherent length", at: length.pointer)
            return nil
        }
        guard extent.duration > .zero else {
            reader.report("has an unknown length", at: extent.place)
            return nil
        }
        guard extent.rest > .zero else {
            reader.report(
                "is beyond the end of the source, which is \(extent.duration.decimalText) s long",
                at: extent.trim.pointer)
            return nil
        }
        switch length.value {
        case .auto: return .seconds(extent.rest)
        case .end: return .end
        case .seconds(let seconds):
            guard reaches(clip, seconds) else { return nil }
            return length.value
        }
    }

    /// True if the source is long enough after the in-point; reports it otherwise. One
    /// extra frame is allowed (front ends print rounded durations) and repeats the last
    /// frame.
    private mutating func reaches(_ clip: UsableClip, _ seconds: Rational) -> Bool {
        guard let extent = clip.extent, seconds > extent.rest + Rational(1) / frameRate else {
            return true
        }
        reader.report(
            "takes \(seconds.decimalText) s, but the source has only"
                + " \(extent.rest.decimalText) s after \(extent.trim.value.decimalText) s",
            at: clip.clip.length.pointer)
        return false
    }

    private mutating func placed(
        _ clip: UsableClip, _ times: Times, _ timelineEnd: Rational
    ) -> PlacedClip? {
        let end = times.end ?? timelineEnd
        if times.end == nil {
            guard end > times.start else {
                reader.report(
                    "starts at \(times.start.decimalText) s, after the end of the timeline",
                    at: clip.clip.start.pointer)
                return nil
            }
            guard reaches(clip, end - times.start) else { return nil }
        }
        let (first, last) = ((times.start * frameRate).rounded, (end * frameRate).rounded)
        guard first < last else {
            reader.report("is shorter than one frame", at: clip.clip.length.pointer)
            return nil
        }
        return PlacedClip(
            clip: clip.clip, content: clip.content, frames: FrameRange(first, last),
            drift: Rational(first) / frameRate - times.start)
    }

    /// Makes each overlap of neighbours the transition of the later clip; reports an
    /// overlap that cannot be one.
    private mutating func mixOverlaps(_ track: inout [PlacedClip]) {
        for index in track.indices.dropFirst()
        where track[index].frames.start < track[index - 1].frames.end {
            let (clip, next) = (track[index - 1], track[index])
            let mixed = clip.frames.end - next.frames.start
            if let problem = Self.problem(mixing: clip, with: next) {
                let start = (Rational(next.frames.start) / frameRate).decimalText
                let end = (Rational(clip.frames.end) / frameRate).decimalText
                reader.report(
                    "overlaps \(problem): it starts at \(start) s, the previous clip"
                        + " ends at \(end) s",
                    at: next.clip.start.pointer)
                continue
            }
            track[index - 1].mixOut = mixed
            track[index].mixIn = mixed
        }
    }

    /// The part of a fault that says why two clips may not overlap; nil if they may.
    private static func problem(mixing clip: PlacedClip, with next: PlacedClip) -> String? {
        if next.clip.look.transitionIn == nil { return "the previous clip without a transition" }
        if next.frames.end < clip.frames.end { return "a previous clip that ends later" }
        let isFree = clip.frames.start + clip.mixIn <= next.frames.start
        return isFree ? nil : "the previous clip during its own transition"
    }
}

extension UsableClip {
    /// The usable length of the source; nil for a still.
    var extent: Extent? {
        switch content {
        case .media(_, _, .image), .color, .text, .captions: nil
        case .media(let media, let asset, _):
            Extent(
                duration: asset.media.durationSeconds, trim: media.trim, speed: media.speed,
                place: media.assetID.pointer)
        case .multicam(let multicam, let angles, _):
            Extent(
                duration: multicam.duration(angles), trim: multicam.trim, speed: Rational(1),
                place: clip.pointer.appending("asset").appending("angles"))
        }
    }
}

extension Edit.Multicam {
    /// The end of the last angle in use, in common time.
    fileprivate func duration(_ assets: [AssetDescription]) -> Rational {
        guard let last = switches.last else { return .zero }
        return assets[last.angle].media.durationSeconds - angles[last.angle].offset
    }
}

extension MediaInfo {
    /// Exact length of the file in seconds, limited to the range of an edit: a hostile file
    /// may report any length.
    package var durationSeconds: Rational {
        let maximum = (Limits.trimSecondsMax + Limits.timelineSecondsMax) * 1_000_000
        return Rational(durationMicroseconds.clamped(to: 0...maximum), 1_000_000)
    }
}
