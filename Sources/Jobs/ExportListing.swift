package import MediaTime
package import ObjectStore
package import RenderPlans
package import WallClock

/// The objects of one export as a listing shows them, sorted by meaning.
///
/// Everything that is said of an export's state is derived from this value:
/// there is no mutable record to keep in step.
package struct ExportListing: Hashable, Sendable {
    package var hasPlan = false
    package var hasCancel = false
    package var hasResult = false
    package var hasStitchRequest = false
    /// Time of each unit's request.
    package var requests: [RenderUnit: UnixTime] = [:]
    /// Units that another export's renderer makes and then asks for.
    package var awaited: Set<RenderUnit> = []
    package var progress: [RenderUnit: Progress] = [:]
    package var receipts: Set<RenderUnit> = []
    /// Failure records of each unit.
    package var failures: [RenderUnit: Int] = [:]
    package var stitchFailures = 0
    /// The youngest object: the export's last sign of life.
    package var lastActivity = UnixTime(milliseconds: 0)
    /// The oldest object: when the export was accepted.
    package var firstActivity = UnixTime(milliseconds: .max)

    /// Chunks that can be watched by HLS.
    package var streamedChunks: [FrameRange: StreamedChunk] = [:]
    /// Whether the sound can be heard by HLS.
    package var hasStreamAudio = false

    /// One chunk of the stream.
    package struct StreamedChunk: Hashable, Sendable {
        package var key: ObjectKey
        package var bytes: Int
        /// How many of them, from the first, set a player up.
        package var initialisationBytes: Int
    }

    /// How far a unit is: the progress object's size and its time.
    package struct Progress: Hashable, Sendable {
        package var frames: Int
        package var written: UnixTime
    }

    /// - Parameter objects: All objects below `keys.prefix`; others are ignored.
    package init(_ objects: [ObjectInfo], of keys: ExportKeys) {
        for object in objects where object.key.text.hasPrefix(keys.prefix) {
            let rest = object.key.text.dropFirst(keys.prefix.count)
            let time = UnixTime(milliseconds: object.lastModifiedMilliseconds)
            lastActivity = max(lastActivity, time)
            firstActivity = min(firstActivity, time)
            read(rest, object: object)
        }
    }

    private mutating func read(_ rest: Substring, object: ObjectInfo) {
        let time = UnixTime(milliseconds: object.lastModifiedMilliseconds)
        switch rest {
        case "plan.json": hasPlan = true
        case "cancel.json": hasCancel = true
        case "result.json": hasResult = true
        case "hls/audio.json": hasStreamAudio = true
        case "requests/all.stitch.json":
            hasStitchRequest = true
        default:
            if let unit = Self.unit(rest, "requests/", ".chunk.json") {
                requests[unit] = time
            } else if let unit = Self.unit(rest, "requests/", ".shared.json") {
                awaited.insert(unit)
            } else if let unit = Self.unit(rest, "progress/", "") {
                progress[unit] = Progress(frames: object.bytes, written: time)
            } else if let unit = Self.unit(rest, "receipts/", ".json") {
                receipts.insert(unit)
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

    /// The pieces of the stream from its start as far as there is no gap.
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

    /// Frames of the whole export, as far as requests tell; nil where no
    /// picture was asked for.
    package var frames: FrameRange? {
        let ranges = wantedRanges
        guard let first = ranges.map(\.start).min(), let end = ranges.map(\.end).max() else {
            return nil
        }
        return FrameRange(first, end)
    }

    /// Whether every unit of a plan has its receipt.
    package func isEverythingRendered(of plan: RenderPlan) -> Bool {
        finishedAudio(of: plan) != nil && finishedChunks(of: plan.pictureFrames) != nil
    }

    /// The finest ranges that were asked for or are there, in time order, without
    /// those that finer ones replace.
    ///
    /// A renderer that ran out of time asks for parts of its range, so ranges can
    /// lie inside each other.
    package var chunks: [FrameRange] {
        Tiling.finest(wantedRanges)
    }

    /// Ranges that were asked for here or by way of another export, and finished
    /// ones of which nobody was asked yet.
    private var wantedRanges: [FrameRange] {
        awaited.union(requests.keys).union(receipts).compactMap(\.frames)
    }

    /// Whether a receipt holds all of a chunk: its own, or that of a larger
    /// range that was split and yet came to its end.
    package func isDone(_ chunk: FrameRange) -> Bool {
        receipts.contains(.video(chunk)) || isHeld(chunk, by: \.frames)
    }

    /// Whether one receipt of the kind holds the range.
    func isHeld<Unit>(
        _ range: MediaRange<Unit>, by kind: KeyPath<RenderUnit, MediaRange<Unit>?>
    ) -> Bool {
        receipts.contains { $0[keyPath: kind]?.contains(range) == true }
    }

    /// Frames done of one chunk; all of them when it is done.
    ///
    /// What a larger range had done before it was split counts for its parts,
    /// so that what is shown does not go back.
    package func framesDone(in chunk: FrameRange) -> Int {
        isDone(chunk) ? chunk.count : framesWritten(in: chunk, by: \.frames)
    }

    /// The furthest that a unit of the kind has come in the range.
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

    /// The receipts that tile these frames, in time order; nil while one is
    /// missing.
    package func finishedChunks(of whole: FrameRange) -> [FrameRange]? {
        Tiling.cover(whole, with: receipts.compactMap(\.frames))
    }
}
