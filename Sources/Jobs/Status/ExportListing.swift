package import MediaTime
package import ObjectStore
package import RenderPlans
package import WallClock

/// The objects of one export, sorted by meaning.
///
/// The state of an export is derived from this value. No mutable record exists that could
/// disagree with it.
package struct ExportListing: Hashable, Sendable {
    /// The plan is written.
    package var hasPlan = false
    /// The export is to be cancelled.
    package var hasCancel = false
    /// The export has ended.
    package var hasResult = false
    /// The export is removed, or its removal has begun.
    package var hasTombstone = false
    /// The output is stored.
    package var hasOutput = false
    /// The stitch is requested.
    package var hasStitchRequest = false
    /// Time of each unit's last request.
    package var requests: [RenderUnit: UnixTime] = [:]
    /// Units that another export's renderers make.
    package var awaited: Set<RenderUnit> = []
    /// The whole picture and the whole audio of a plan whose units are requested in waves.
    package var planned: Set<RenderUnit> = []
    /// Progress of each unit.
    package var progress: [RenderUnit: Progress] = [:]
    /// Finished units.
    package var receipts: Set<RenderUnit> = []
    /// Number of failure records of each unit.
    package var failures: [RenderUnit: Int] = [:]
    /// Number of failure records of the stitch.
    package var stitchFailures = 0
    /// Times of all objects but the stall mark.
    private var activity: [UnixTime] = []
    /// Times of the objects that work leaves: the plan, progress, receipts, failures, the output.
    private var work: [UnixTime] = []
    /// Time at which the sweep noted that no work was done for long.
    package var stalledAt: UnixTime?

    /// Segments of the HLS stream, by chunk.
    package var streamedChunks: [FrameRange: StreamedChunk] = [:]
    /// True if the HLS stream has its audio.
    package var hasStreamAudio = false

    /// One segment of the HLS stream.
    package struct StreamedChunk: Hashable, Sendable {
        /// Key of the segment.
        package var key: ObjectKey
        /// Size of the segment.
        package var bytes: Int
        /// Size of the initialization segment at its start.
        package var initialisationBytes: Int
    }

    /// Progress of a unit: size and time of its progress object.
    package struct Progress: Hashable, Sendable {
        /// Frames done.
        package var frames: Int
        /// Time of the progress object.
        package var written: UnixTime
    }

    /// Sorts the objects of an export.
    /// - Parameter objects: All objects below `keys.prefix`; unknown ones are ignored.
    package init(_ objects: [ObjectInfo], of keys: ExportKeys) {
        for object in objects where object.key.text.hasPrefix(keys.prefix) {
            let rest = object.key.text.dropFirst(keys.prefix.count)
            read(rest, object: object)
            guard rest != Substring(ExportKeys.stallName) else { continue }
            activity.append(object.lastModified)
            if !rest.hasPrefix("requests/") { work.append(object.lastModified) }
        }
    }

    private mutating func read(_ rest: Substring, object: ObjectInfo) {
        let time = object.lastModified
        switch rest {
        case "plan.json": hasPlan = true
        case "cancel.json": hasCancel = true
        case Substring(ExportKeys.stallName): stalledAt = time
        case "result.json": hasResult = true
        case Substring(ExportKeys.tombstoneName): hasTombstone = true
        case "hls/audio.json": hasStreamAudio = true
        case "requests/all.stitch.json":
            hasStitchRequest = true
        default:
            if let unit = Self.unit(rest, "requests/", ".chunk.json") {
                requests[unit] = time
            } else if let unit = Self.unit(rest, "requests/", ".shared.json") {
                awaited.insert(unit)
            } else if let unit = Self.unit(rest, "planned/", "") {
                planned.insert(unit)
            } else if let unit = Self.unit(rest, "progress/", "") {
                progress[unit] = Progress(frames: object.bytes, written: time)
            } else if let unit = Self.unit(rest, "receipts/", ".json") {
                receipts.insert(unit)
            } else if rest.hasPrefix("output.") {
                hasOutput = true
            } else if rest.hasPrefix("hls/") {
                readStream(rest.dropFirst("hls/".count), object: object)
            } else if rest.hasPrefix("failures/all.") {
                stitchFailures += 1
            } else if rest.hasPrefix("failures/") {
                let name = rest.dropFirst("failures/".count).prefix { $0 != "." }
                if let unit = RenderUnit(name: name) { failures[unit, default: 0] += 1 }
            }
        }
    }

    private mutating func readStream(_ name: Substring, object: ObjectInfo) {
        let parts = name.split(separator: ".")
        guard parts.count == 3, parts[2] == "mp4", let head = Int(parts[1]),
            case .video(let frames)? = RenderUnit(name: parts[0]), 0 < head, head < object.bytes
        else { return }
        streamedChunks[frames] = StreamedChunk(
            key: object.key, bytes: object.bytes, initialisationBytes: head)
    }

    /// The segments from the start of the stream up to the first gap.
    package var streamedStretch: [(frames: FrameRange, entry: StreamedChunk)] {
        let byStart = Dictionary(
            grouping: streamedChunks.keys, by: \.start
        ).compactMapValues { $0.max { $0.end < $1.end } }
        var stretch: [(frames: FrameRange, entry: StreamedChunk)] = []
        while let next = byStart[stretch.last?.frames.end ?? 0], let entry = streamedChunks[next] {
            stretch.append((next, entry))
        }
        return stretch
    }

    private static func unit(
        _ rest: Substring, _ prefix: String, _ suffix: String
    ) -> RenderUnit? {
        guard rest.hasPrefix(prefix), rest.hasSuffix(suffix) else { return nil }
        return RenderUnit(name: rest.dropFirst(prefix.count).dropLast(suffix.count))
    }

    /// Frames of the whole export, from its requests; nil if no video is requested.
    package var frames: FrameRange? {
        let ranges = wantedRanges + planned.compactMap(\.frames)
        guard let first = ranges.map(\.start).min(), let end = ranges.map(\.end).max() else {
            return nil
        }
        return FrameRange(first, end)
    }

    /// True if every unit of the plan has a receipt.
    package func isEverythingRendered(of plan: RenderPlan) -> Bool {
        finishedAudio(of: plan) != nil && finishedChunks(of: plan.pictureFrames) != nil
    }

    /// The finest ranges that are requested or finished, in time order, without those that finer
    /// ones replace. What later waves will request is one range for each gap.
    package var chunks: [FrameRange] {
        Tiling.filled(requestedChunks, upTo: planned.compactMap(\.frames))
    }

    /// The finest ranges that are requested or finished, in time order, without those that finer
    /// ones replace.
    ///
    /// A renderer that ran out of time requests parts of its range, so ranges can nest.
    package var requestedChunks: [FrameRange] {
        Tiling.finest(wantedRanges)
    }

    /// Ranges that are requested here, awaited from another export, or finished without a
    /// request.
    private var wantedRanges: [FrameRange] {
        awaited.union(requests.keys).union(receipts).compactMap(\.frames)
    }

    /// True if one receipt covers the chunk: its own, or that of a larger range that was split
    /// but finished in the end.
    package func isDone(_ chunk: FrameRange) -> Bool {
        receipts.contains(.video(chunk)) || isHeld(chunk, by: \.frames)
    }

    /// True if one receipt of the kind covers the range.
    func isHeld<Unit>(
        _ range: MediaRange<Unit>, by kind: KeyPath<RenderUnit, MediaRange<Unit>?>
    ) -> Bool {
        receipts.contains { $0[keyPath: kind]?.contains(range) == true }
    }

    /// Frames done of one chunk; all of them if it is finished.
    ///
    /// Progress of a larger range from before its split counts for its parts, so that progress
    /// never goes back.
    package func framesDone(in chunk: FrameRange) -> Int {
        isDone(chunk) ? chunk.count : framesWritten(in: chunk, by: \.frames)
    }

    /// Maximum number of frames of the range that a unit of the kind has done.
    func framesWritten<Unit>(
        in range: MediaRange<Unit>, by kind: KeyPath<RenderUnit, MediaRange<Unit>?>
    ) -> Int {
        progress.reduce(0) { maximum, entry in
            guard let frames = entry.key[keyPath: kind], frames.contains(range) else {
                return maximum
            }
            let before = range.start - frames.start
            return max(maximum, min(range.count, entry.value.frames - before))
        }
    }

    /// The receipts that tile these frames, in time order; nil while one is missing.
    package func finishedChunks(of whole: FrameRange) -> [FrameRange]? {
        Tiling.cover(whole, with: receipts.compactMap(\.frames))
    }

    /// Difference of clocks that is normal: a later time is of a clock that was set back since.
    package static let clockSkewMax = Duration.seconds(60)

    /// Time of the newest object; nil if there is none, or if the clock was set back since.
    package func lastActivity(now: UnixTime) -> UnixTime? {
        activity.lazy.filter { $0 <= now + Self.clockSkewMax }.max()
    }

    /// Time of the newest object that work left; nil if there is none, or if the clock was set
    /// back since.
    package func lastWork(now: UnixTime) -> UnixTime? {
        work.lazy.filter { $0 <= now + Self.clockSkewMax }.max()
    }
}
