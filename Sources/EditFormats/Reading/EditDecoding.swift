import Captions
package import JSON
import MediaTime
import RenderPlans

extension Edit {
    /// Reads the body of an export request: `{timeline, output, merge, callback,
    /// clientToken}`, or ClipForge's `{project, settings}`.
    /// - Throws: Every fault of the document alone. `lowered(assets:planner:)` checks it
    ///   against the media.
    package init(request: JSONValue) throws(EditFaults) {
        var decoding = EditDecoding()
        let edit = decoding.edit(request)
        guard let edit, decoding.reader.faults.isEmpty else {
            throw EditFaults(decoding.reader.faults)
        }
        self = edit
    }
}

/// One reading of an export request. Every function reports faults to `reader` and
/// continues.
struct EditDecoding {
    var reader = JSONReader()
    /// Parts of the request that the edit omits.
    var dropped: [FieldFault] = []

    /// Reads the edit.
    /// - Returns: nil only if a fault was reported.
    mutating func edit(_ request: JSONValue) -> Edit? {
        guard let request = merged(request), let whole = reader.object(request) else { return nil }
        let root = withUsualClipOutput(whole)
        let output = self.output(of: root)
        let callback = root["callback"].flatMap { self.callback($0) }
        let clientToken = root["clientToken"].flatMap {
            reader.text($0, lengthMax: Limits.clientTokenCharactersMax)
        }
        guard let (tracks, soundtrack) = content(of: root) else { return nil }
        let place = root.pointer.appending(
            Self.shapes.first { root[$0] != nil } ?? Self.shapes[0])
        guard tracks.contains(where: { !$0.clips.isEmpty }) || !reader.faults.isEmpty else {
            reader.report(EditFaults.emptyProjectDetail, at: place)
            return nil
        }
        let edit = Edit(
            tracks: tracks, soundtrack: soundtrack, output: output, callback: callback,
            clientToken: clientToken, dropped: dropped)
        let assetCount = edit.assetIDs.count
        if assetCount > Limits.assetCountMax {
            reader.report(
                "uses \(assetCount) assets; at most \(Limits.assetCountMax) are allowed", at: place)
        }
        let fileCount = edit.captionIDs.count
        if fileCount > CaptionLimits.fileCountMax {
            reader.report(
                "uses \(fileCount) caption files; at most \(CaptionLimits.fileCountMax) are"
                    + " allowed",
                at: place)
        }
        return edit
    }

    mutating func merged(_ request: JSONValue) -> JSONNode? {
        guard case .object(var fields) = request, let list = fields["merge"], list != .null else {
            return JSONNode(request, .root)
        }
        let place = JSONPointer.root.appending("merge")
        var merge = EditMerge(JSONNode(list, place), reader: &reader)
        fields["merge"] = nil
        guard let filled = merge.filled(.object(fields)) else {
            reader.report("adds more than \(Limits.mergedBytesMax) bytes", at: place)
            return nil
        }
        return JSONNode(filled, .root)
    }

    /// The fields of which a request has one; each has a different shape.
    private static let shapes = ["timeline", "project", "clip", "otio", "sources"]

    /// Reads the tracks and the soundtrack from the shape of the request.
    private mutating func content(of root: JSONObjectNode) -> ([Edit.Track], Edit.Soundtrack?)? {
        let given = Self.shapes.compactMap { name in root[name].map { (name, $0) } }
        guard let (name, node) = given.first else {
            reader.report("must have a timeline, a project, a clip or an otio", at: root.pointer)
            return nil
        }
        guard given.count == 1 else {
            reader.report("cannot be combined with \(name)", at: given[1].1.pointer)
            return nil
        }
        switch name {
        case "timeline": return timeline(node)
        case "project": return project(node).map { ($0, nil) }
        case "clip": return clipRequest(node).map { ($0, nil) }
        case "sources": return multicamConfig(root, node).map { ($0, nil) }
        default:
            return openTimelineIO(node, media: root["media"]).map { ($0, nil) }
        }
    }

    private mutating func timeline(_ node: JSONNode) -> ([Edit.Track], Edit.Soundtrack?)? {
        guard let timeline = reader.object(node) else { return nil }
        let tracks = reader.required("tracks", of: timeline).flatMap {
            self.tracks($0) { decoding, clip, _ in decoding.clip(clip) }
        }
        let soundtrack = timeline["soundtrack"].flatMap { self.soundtrack($0) }
        return tracks.map { ($0, soundtrack) }
    }

    /// Reads one clip of the track with that index.
    typealias ClipReading = (inout EditDecoding, JSONObjectNode, _ trackIndex: Int) -> Edit.Clip?

    /// Reads the tracks, with `clip` for each of their clips.
    mutating func tracks(_ node: JSONNode, clip: ClipReading) -> [Edit.Track]? {
        guard let elements = reader.array(node, maximum: Limits.trackCountMax) else { return nil }
        var tracks: [Edit.Track] = []
        var clipCount = 0
        for (index, element) in elements.enumerated() {
            guard let track = reader.object(element),
                let list = reader.required("clips", of: track),
                let clips = reader.array(list, maximum: Limits.clipCountMax)
            else { continue }
            clipCount += clips.count
            guard clipCount <= Limits.clipCountMax else {
                reader.report(
                    "brings the number of clips above \(Limits.clipCountMax)", at: list.pointer)
                return nil
            }
            let read = clips.compactMap { reader.object($0) }
                .compactMap { clip(&self, $0, index) }
            tracks.append(Edit.Track(clips: read))
        }
        return tracks
    }

    /// Reads the value of the first of these fields. The other fields are read too, so that
    /// their faults are reported.
    mutating func first<Value>(
        of names: [String], in object: JSONObjectNode,
        _ read: (inout EditDecoding, JSONNode) -> Value?
    ) -> Value? {
        let values = names.compactMap { object[$0] }.map { read(&self, $0) }
        return values.first ?? nil
    }

    private mutating func clip(_ clip: JSONObjectNode) -> Edit.Clip? {
        let start = clip["start"].flatMap { self.start($0) }
        let length = clip["length"].flatMap { self.length($0) }
        var look = self.look(of: clip)
        guard let asset = reader.required("asset", of: clip).flatMap({ reader.object($0) }),
            let content = self.content(ofAsset: asset, into: &look)
        else { return nil }
        return Edit.Clip(
            pointer: clip.pointer, content: content,
            start: start ?? Located(.auto, clip.pointer.appending("start")),
            length: length ?? Located(.auto, clip.pointer.appending("length")), look: look)
    }

    private mutating func soundtrack(_ node: JSONNode) -> Edit.Soundtrack? {
        guard let soundtrack = reader.object(node) else { return nil }
        let assetID = reader.required("assetId", of: soundtrack).flatMap { self.assetID($0) }
        let effect: Edit.Soundtrack.Effect? = soundtrack["effect"].flatMap { reader.choice($0) }
        let volume = soundtrack["volume"].flatMap { self.volume($0) } ?? Rational(1)
        let ducks = soundtrack["ducking"].flatMap { reader.flag($0) } ?? false
        return assetID.map {
            Edit.Soundtrack(assetID: $0, effect: effect, volume: volume, ducks: ducks)
        }
    }
}
