import JSON
import MediaTime

/// Reads ClipForge's project as tracks. Its clips name an asset but not its kind.
///
/// ClipForge fixes only `tracks[].clips[].assetId`. The other names are those that similar
/// editors use for the same field; the first name present counts.
extension EditDecoding {
    private static let startNames = ["start", "startTime"]
    private static let lengthNames = ["length", "duration"]
    private static let inPointNames = ["trim", "trimStart", "inPoint"]
    private static let outPointNames = ["trimEnd", "outPoint"]

    /// Tolerance between a length and an out-point, in seconds: the rounding of a front end
    /// that writes hundredths.
    private static let rounding = Rational(5, 100)

    private enum TrackType: String, CaseIterable { case video, audio }

    /// Reads the project's tracks; the first is on top.
    mutating func project(_ node: JSONNode) -> [Edit.Track]? {
        guard let project = reader.object(node) else { return nil }
        guard let list = project["tracks"] else { return [] }
        let types = trackTypes(list)
        return tracks(list) { decoding, clip, trackIndex in
            decoding.projectClip(clip, trackType: types[trackIndex])
        }
    }

    /// The `type` of each track that has one. Clips on tracks of a type other than audio
    /// have the kind of their asset.
    private mutating func trackTypes(_ list: JSONNode) -> [Int: Edit.AssetType] {
        guard case .array(let values) = list.value else { return [:] }
        var types: [Int: Edit.AssetType] = [:]
        for (index, value) in values.enumerated() {
            guard case .object(let fields) = value, let type = fields["type"], type != .null else {
                continue
            }
            let node = JSONNode(type, list.pointer.appending(index).appending("type"))
            if reader.choice(node, TrackType.self) == .audio { types[index] = .audio }
        }
        return types
    }

    private mutating func projectClip(
        _ clip: JSONObjectNode, trackType: Edit.AssetType?
    ) -> Edit.Clip? {
        let start = first(of: Self.startNames, in: clip) { $0.start($1) }
        let trim =
            first(of: Self.inPointNames, in: clip) { $0.trim($1) }
            ?? Located(.zero, clip.pointer.appending("trimStart"))
        let length = projectLength(of: clip, trim: trim.value)
        var gain = Edit.Gain()
        gain.volume = clip["volume"].flatMap { volume($0) } ?? Rational(1)
        if let muted = clip["muted"].flatMap({ reader.flag($0) }), muted { gain.volume = .zero }
        let look = self.look(of: clip)
        let assetID = reader.required("assetId", of: clip).flatMap { self.assetID($0) }
        guard let assetID else { return nil }
        return Edit.Clip(
            pointer: clip.pointer,
            content: .media(
                Edit.Media(
                    type: trackType, assetID: assetID, trim: trim, speed: Rational(1),
                    gain: gain)),
            start: start ?? Located(.auto, clip.pointer.appending("startTime")),
            length: length ?? Located(.auto, clip.pointer.appending("duration")), look: look)
    }

    /// Reads the clip's length from its duration or its out-point.
    private mutating func projectLength(
        of clip: JSONObjectNode, trim: Rational
    ) -> Located<Edit.Length>? {
        let length = first(of: Self.lengthNames, in: clip) { $0.length($1) }
        let outPoint = first(of: Self.outPointNames, in: clip) { $0.trim($1) }
        guard let outPoint else { return length }
        let span = outPoint.value - trim
        guard span > .zero else {
            reader.report("must be after the clip's in-point", at: outPoint.pointer)
            return nil
        }
        guard case .seconds(let seconds)? = length?.value else {
            return Located(.seconds(span), outPoint.pointer)
        }
        let difference = span > seconds ? span - seconds : seconds - span
        guard difference <= Self.rounding else {
            reader.report(
                "is \(span.decimalText) s after the in-point, but the clip is"
                    + " \(seconds.decimalText) s long",
                at: outPoint.pointer)
            return nil
        }
        return length
    }
}
