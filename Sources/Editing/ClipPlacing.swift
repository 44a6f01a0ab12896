/// A clip whose asset exists and is of the right kind.
struct UsableClip {
    var clip: Edit.Clip
    var asset: AssetDescription
    var type: Edit.AssetType
}

/// A clip that has its frames.
struct PlacedClip {
    var clip: Edit.Clip
    var asset: AssetDescription
    var type: Edit.AssetType
    var frames: FrameRange
}

/// Gives every clip its place: exact seconds first, then frames, once.
struct ClipPlacing {
    let frameRate: Rational
    var reader = EditReader()

    init(frameRate: Rational) { self.frameRate = frameRate }

    /// Exact times of a clip on the timeline.
    private struct Times {
        var start: Rational
        /// Nil for a clip that runs to the end of the timeline.
        var end: Rational?
    }

    /// Where the next `auto` clip of a track starts.
    private enum Cursor {
        case at(Rational)
        /// The clip before has a fault of its own, already reported.
        case unknown
        /// The clip before runs to the end of the timeline.
        case afterEnd
    }

    /// The clips of each track in time order. Clips with a fault are left out.
    mutating func place(_ tracks: [[UsableClip]]) -> [[PlacedClip]] {
        let timed = tracks.map { times(of: $0) }
        let ends = timed.flatMap { $0 }.compactMap(\.times.end)
        guard let timelineEnd = ends.max() else {
            if let clip = timed.flatMap({ $0 }).first?.clip.clip {
                reader.report(
                    "leads nowhere: no clip gives the timeline an end",
                    at: clip.length.pointer)
            }
            return []
        }
        guard timelineEnd <= Rational(Limits.longestTimelineSeconds) else {
            let last = timed.flatMap { $0 }.first { $0.times.end == timelineEnd }
            reader.report(
                "makes the timeline longer than \(Limits.longestTimelineSeconds) s",
                at: last?.clip.clip.length.pointer ?? .root)
            return []
        }
        return timed.map { track in
            let placed = track.compactMap { self.placed($0.clip, $0.times, timelineEnd) }
                .sorted { ($0.frames.start, $0.frames.end) < ($1.frames.start, $1.frames.end) }
            refuseOverlaps(placed)
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
        let start = clip.clip.start
        if case .seconds(let seconds) = start.value { return seconds }
        switch cursor {
        case .at(let seconds): return seconds
        case .unknown: return nil
        case .afterEnd:
            reader.report(
                "cannot follow a clip that runs to the end of the timeline", at: start.pointer)
            return nil
        }
    }

    /// The clip's length with `auto` resolved: seconds, or `.end`.
    private mutating func length(of clip: UsableClip) -> Edit.Length? {
        let (length, trim) = (clip.clip.length, clip.clip.trim)
        if clip.type == .image {
            guard length.value == .auto else { return length.value }
            reader.report(
                "is required for an image: it has no length of its own", at: length.pointer)
            return nil
        }
        guard clip.asset.media.durationSeconds > .zero else {
            reader.report("has no known length", at: clip.clip.assetID.pointer)
            return nil
        }
        let rest = clip.asset.media.durationSeconds - trim.value
        guard rest > .zero else {
            reader.report(
                "lies beyond the end of the source, which is"
                    + " \(clip.asset.media.durationSeconds.decimalText) s long",
                at: trim.pointer)
            return nil
        }
        switch length.value {
        case .auto: return .seconds(rest)
        case .end: return .end
        case .seconds(let seconds):
            guard reaches(clip, seconds) else { return nil }
            return length.value
        }
    }

    /// Whether the source has that much after the in-point. One frame more is
    /// let pass (front ends print rounded durations) and shows the last
    /// picture again.
    private mutating func reaches(_ clip: UsableClip, _ seconds: Rational) -> Bool {
        guard clip.type != .image else { return true }
        let duration = clip.asset.media.durationSeconds
        let rest = duration - clip.clip.trim.value
        guard seconds > rest + Rational(1) / frameRate else { return true }
        reader.report(
            "takes \(seconds.decimalText) s, but the source has only \(rest.decimalText) s"
                + " after \(clip.clip.trim.value.decimalText) s",
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
                    "starts at \(times.start.decimalText) s, where the timeline has ended",
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
            clip: clip.clip, asset: clip.asset, type: clip.type, frames: FrameRange(first, last))
    }

    private mutating func refuseOverlaps(_ track: [PlacedClip]) {
        for (clip, next) in zip(track, track.dropFirst())
        where next.frames.start < clip.frames.end {
            let start = (Rational(next.frames.start) / frameRate).decimalText
            let end = (Rational(clip.frames.end) / frameRate).decimalText
            reader.report(
                "overlaps another clip of the track: it starts at \(start) s, that one ends at"
                    + " \(end) s",
                at: next.clip.start.pointer)
        }
    }
}

extension MediaInfo {
    /// Exact length of the file in seconds, at most what an edit can reach: a
    /// hostile file may claim any length.
    package var durationSeconds: Rational {
        let most = (Limits.furthestTrimSeconds + Limits.longestTimelineSeconds) * 1_000_000
        return Rational(durationMicroseconds.clamped(to: 0...most), 1_000_000)
    }
}
