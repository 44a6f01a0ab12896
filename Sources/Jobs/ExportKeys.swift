package import Captions
package import MediaTime
package import ObjectStore
import WallClock

/// Builds and parses every object key of one export.
package struct ExportKeys: Hashable, Sendable {
    /// Owner of the export.
    package let owner: OwnerID
    /// The export.
    package let job: JobID

    /// Keys of one export.
    package init(owner: OwnerID, job: JobID) {
        self.owner = owner
        self.job = job
    }

    /// Prefix of all objects of the export, with the closing slash.
    package var prefix: String { "exports/\(owner.text)/\(job.text)/" }

    /// The edit as the caller sent it.
    package var edit: ObjectKey { key("edit.json") }
    /// The immutable `RenderPlan`.
    package var plan: ObjectKey { key("plan.json") }
    /// Its presence asks every renderer to stop.
    package var cancel: ObjectKey { key("cancel.json") }
    /// The one terminal record, written with `If-None-Match: *`.
    package var result: ObjectKey { key("result.json") }
    /// Notes that no work was done for long. The sweep writes it again while that lasts.
    package var stall: ObjectKey { key(Self.stallName) }
    /// Its event starts the stitch; written with `If-None-Match: *`.
    package var stitchRequest: ObjectKey { key(Self.stitchRequestName) }
    /// The finished file: `exports/{owner}/{job}/output.mp4`, or with the extension of its
    /// format.
    package func output(fileExtension: String) -> ObjectKey { key("output.\(fileExtension)") }

    /// A chunk as a segment of the HLS stream. The name holds the size of the initialization
    /// segment, so a playlist needs only a listing.
    package func streamPiece(_ frames: FrameRange, initialisationBytes: Int) -> ObjectKey {
        key("hls/\(RenderUnit.video(frames).name).\(initialisationBytes).mp4")
    }
    /// The audio of the HLS stream.
    package var streamAudio: ObjectKey { key("hls/audio.mp4") }
    /// Byte ranges of the audio's fragments; written after the audio.
    package var streamAudioIndex: ObjectKey { key("hls/audio.json") }

    /// A caption file next to the output.
    package func captions(_ format: CaptionFormat) -> ObjectKey {
        key("captions.\(format.rawValue)")
    }

    /// Request of a unit: its event starts render-chunk.
    package func request(_ unit: RenderUnit) -> ObjectKey {
        key("requests/\(unit.name).chunk.json")
    }
    /// Replaces a request while another export renders the unit.
    package func awaited(_ unit: RenderUnit) -> ObjectKey {
        key("requests/\(unit.name).shared.json")
    }
    /// Marks the whole picture or the whole audio of a plan whose units are requested in waves.
    package func planned(_ range: RenderUnit) -> ObjectKey { key("planned/\(range.name)") }
    /// Progress of a unit: its size in bytes is the number of frames done.
    package func progress(_ unit: RenderUnit) -> ObjectKey { key("progress/\(unit.name)") }
    /// The `RenderReceipt` of a finished unit.
    package func receipt(_ unit: RenderUnit) -> ObjectKey { key("receipts/\(unit.name).json") }
    /// The `FailureRecord` of one attempt at a unit.
    /// - Parameter attempt: From 1.
    package func failure(_ unit: RenderUnit, attempt: Int) -> ObjectKey {
        key("failures/\(unit.name).\(attempt).json")
    }
    /// The `FailureRecord` of one attempt at the stitch.
    /// - Parameter attempt: From 1.
    package func stitchFailure(attempt: Int) -> ObjectKey { key("failures/all.\(attempt).json") }

    /// Marks an export that has not ended. The sweep lists these markers.
    package var active: ObjectKey { ObjectKey("active/\(job.text)") }
    /// Prefix of every `active` key.
    package static let activePrefix = "active/"
    /// The `JobPointer`: finds the owner by job ID.
    package var pointer: ObjectKey { Self.pointer(job) }
    /// The `JobPointer` of a job.
    package static func pointer(_ job: JobID) -> ObjectKey { ObjectKey("jobs/\(job.text).json") }
    /// Entry in the owner's list of exports and batches, newest first.
    package var recent: ObjectKey { RecentEntry.export(self).key }
    /// Prefix of every `recent` key of one owner.
    package static func recentPrefix(of owner: OwnerID) -> String { RecentEntry.prefix(of: owner) }
    /// The export of a `recent` key, a single one or one of a batch; nil for any other key.
    package static func parseRecent(_ key: ObjectKey) -> ExportKeys? {
        switch RecentEntry(key) {
        case .export(let keys), .output(let keys, _): keys
        case .batch, nil: nil
        }
    }

    /// The `ClientTokenRecord`: the first request with a token names the job.
    /// - Parameter digest: SHA-256 of the token, in hexadecimal.
    package static func clientToken(_ digest: String, owner: OwnerID) -> ObjectKey {
        ObjectKey("tokens/\(owner.text)/\(digest).json")
    }
    /// A rendered unit by content address.
    /// - Parameter digest: SHA-256 of the unit's fingerprint, in hexadecimal.
    package static func cache(_ digest: String, fileExtension: String, owner: OwnerID) -> ObjectKey
    {
        ObjectKey("cache/\(owner.text)/\(digest).\(fileExtension)")
    }

    private func key(_ rest: String) -> ObjectKey { ObjectKey(prefix + rest) }

    /// The export and the rest of a key below its prefix, or nil for any other key.
    package static func parse(_ key: ObjectKey) -> (keys: ExportKeys, rest: Substring)? {
        let parts = key.text.split(separator: "/", maxSplits: 3, omittingEmptySubsequences: false)
        guard parts.count == 4, parts[0] == "exports",
            let owner = OwnerID(String(parts[1])), let job = JobID(String(parts[2]))
        else { return nil }
        return (ExportKeys(owner: owner, job: job), parts[3])
    }

    /// Export and unit of a `*.chunk.json` key, or nil for any other key.
    package static func parseChunkRequest(_ key: ObjectKey) -> (ExportKeys, RenderUnit)? {
        guard let (keys, rest) = parse(key), rest.hasPrefix("requests/"),
            rest.hasSuffix(".chunk.json"),
            let unit = RenderUnit(
                name: rest.dropFirst("requests/".count).dropLast(".chunk.json".count))
        else { return nil }
        return (keys, unit)
    }

    /// The export of a stitch request's key, or nil for any other key.
    package static func parseStitchRequest(_ key: ObjectKey) -> ExportKeys? {
        guard let (keys, rest) = parse(key), rest == stitchRequestName else { return nil }
        return keys
    }

    static let stallName = "stalled.json"
    private static let stitchRequestName = "requests/all.stitch.json"
}
