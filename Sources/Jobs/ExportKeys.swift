package import Captions
package import MediaTime
package import ObjectStore

/// Where one export lives. Every key of an export is built here.
package struct ExportKeys: Hashable, Sendable {
    package let owner: OwnerID
    package let job: JobID

    package init(owner: OwnerID, job: JobID) {
        self.owner = owner
        self.job = job
    }

    /// All objects of the export, with the closing slash.
    package var prefix: String { "exports/\(owner.text)/\(job.text)/" }

    /// The edit as the caller sent it.
    package var edit: ObjectKey { key("edit.json") }
    /// The immutable `RenderPlan`.
    package var plan: ObjectKey { key("plan.json") }
    /// Its presence asks every renderer to stop.
    package var cancel: ObjectKey { key("cancel.json") }
    /// The one terminal record, written with `If-None-Match: *`.
    package var result: ObjectKey { key("result.json") }
    /// Its event starts the stitch; written with `If-None-Match: *`.
    package var stitchRequest: ObjectKey { key(Self.stitchRequestName) }
    /// The finished file: `exports/{owner}/{job}/output.mp4` (CF-49), or with
    /// the extension of its format.
    package func output(fileExtension: String) -> ObjectKey { key("output.\(fileExtension)") }

    /// A chunk as a piece of the HLS stream. The name tells how many bytes set
    /// a player up, so that a listing is all that a playlist needs.
    package func streamPiece(_ frames: FrameRange, initialisationBytes: Int) -> ObjectKey {
        key("hls/\(RenderUnit.video(frames).name).\(initialisationBytes).mp4")
    }
    /// The whole sound of the HLS stream.
    package var streamSound: ObjectKey { key("hls/audio.mp4") }
    /// Where the sound's fragments lie; written after the sound itself.
    package var streamSoundIndex: ObjectKey { key("hls/audio.json") }

    /// A file of captions beside the output.
    package func captions(_ format: CaptionFormat) -> ObjectKey {
        key("captions.\(format.rawValue)")
    }

    package func request(_ unit: RenderUnit) -> ObjectKey {
        key("requests/\(unit.name).chunk.json")
    }
    /// In place of a request while another export renders the unit as well.
    package func awaited(_ unit: RenderUnit) -> ObjectKey {
        key("requests/\(unit.name).shared.json")
    }
    /// Its size in bytes is the number of frames done.
    package func progress(_ unit: RenderUnit) -> ObjectKey { key("progress/\(unit.name)") }
    package func receipt(_ unit: RenderUnit) -> ObjectKey { key("receipts/\(unit.name).json") }
    /// - Parameter attempt: From 1.
    package func failure(_ unit: RenderUnit, attempt: Int) -> ObjectKey {
        key("failures/\(unit.name).\(attempt).json")
    }
    /// - Parameter attempt: From 1.
    package func stitchFailure(attempt: Int) -> ObjectKey { key("failures/all.\(attempt).json") }

    /// Says that the export is not terminal yet: the sweep's work list.
    package var active: ObjectKey { ObjectKey("active/\(job.text)") }
    package static let activePrefix = "active/"
    /// Tells the owner of a job from its ID alone.
    package var pointer: ObjectKey { Self.pointer(job) }
    package static func pointer(_ job: JobID) -> ObjectKey { ObjectKey("jobs/\(job.text).json") }
    /// Says that the export exists; an owner's are listed newest first.
    package var recent: ObjectKey {
        let age = max(0, Self.latestMilliseconds - job.milliseconds)
        let digits = String(age)
        let zeros = String(repeating: "0", count: max(0, 13 - digits.count))
        return ObjectKey("\(Self.recentPrefix(of: owner))\(zeros)\(digits)/\(job.text)")
    }
    /// Of every `recent` key of one owner.
    package static func recentPrefix(of owner: OwnerID) -> String { "recent/\(owner.text)/" }
    /// The export that a `recent` key stands for, or nil for another key.
    package static func parseRecent(_ key: ObjectKey) -> ExportKeys? {
        let parts = key.text.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count == 4, parts[0] == "recent", let owner = OwnerID(String(parts[1])),
            let job = JobID(String(parts[3]))
        else { return nil }
        return ExportKeys(owner: owner, job: job)
    }
    /// Times are counted down from here, in the year 2286: a listing is in
    /// rising order.
    private static let latestMilliseconds = 9_999_999_999_999

    /// The first request with a client token decides the job.
    /// - Parameter digest: SHA-256 of the token, in hexadecimal.
    package static func clientToken(_ digest: String, owner: OwnerID) -> ObjectKey {
        ObjectKey("tokens/\(owner.text)/\(digest).json")
    }
    /// A rendered unit under its content address.
    /// - Parameter digest: SHA-256 of the unit's fingerprint, in hexadecimal.
    package static func cache(_ digest: String, fileExtension: String, owner: OwnerID) -> ObjectKey
    {
        ObjectKey("cache/\(owner.text)/\(digest).\(fileExtension)")
    }

    private func key(_ rest: String) -> ObjectKey { ObjectKey(prefix + rest) }

    /// The export and the rest of the key below it, or nil for another key.
    package static func parse(_ key: ObjectKey) -> (keys: ExportKeys, rest: Substring)? {
        let parts = key.text.split(separator: "/", maxSplits: 3, omittingEmptySubsequences: false)
        guard parts.count == 4, parts[0] == "exports",
            let owner = OwnerID(String(parts[1])), let job = JobID(String(parts[2]))
        else { return nil }
        return (ExportKeys(owner: owner, job: job), parts[3])
    }

    /// What a `*.chunk.json` key asks for, or nil for another key.
    package static func parseChunkRequest(_ key: ObjectKey) -> (ExportKeys, RenderUnit)? {
        guard let (keys, rest) = parse(key), rest.hasPrefix("requests/"),
            rest.hasSuffix(".chunk.json"),
            let unit = RenderUnit(
                name: rest.dropFirst("requests/".count).dropLast(".chunk.json".count))
        else { return nil }
        return (keys, unit)
    }

    /// The export that a `*.stitch.json` key asks to stitch, or nil for another key.
    package static func parseStitchRequest(_ key: ObjectKey) -> ExportKeys? {
        guard let (keys, rest) = parse(key), rest == stitchRequestName else { return nil }
        return keys
    }

    private static let stitchRequestName = "requests/all.stitch.json"
}
