import Captions
import JSON
import MediaTime
import RenderPlans

/// Reads a request for one segment of a long source as a short clip, with captions and a
/// title: `{clip: {assetId, start, end, fit?, focus?, captions?, title?}, output?}`.
///
/// The result is a timeline of up to three tracks; faults name the fields of the request.
extension EditDecoding {
    /// Default output of a clip: upright, with a better quality than other outputs.
    private static let usualOutput: [String: JSONValue] = ["aspectRatio": "9:16", "crf": 18]

    /// The request with the default output of a clip for the fields that it lacks.
    func withUsualClipOutput(_ root: JSONObjectNode) -> JSONObjectNode {
        guard root["clip"] != nil else { return root }
        var fields = root.fields
        switch fields["output"] ?? .null {
        case .null: fields["output"] = .object(Self.usualOutput)
        case .object(let given):
            var usual = Self.usualOutput
            // A rate factor is only valid for its codec.
            if given["format"] != nil || given["codec"] != nil { usual["crf"] = nil }
            fields["output"] = .object(usual.merging(given) { $1 == .null ? $0 : $1 })
        default: break
        }
        return JSONObjectNode(fields: fields, pointer: root.pointer)
    }

    /// Default length of a title, in seconds.
    private static let usualTitleSeconds = Rational(3)
    /// Length of a title's fade at either end, in seconds.
    private static let titleFadeSeconds = Rational(1, 2)

    mutating func clipRequest(_ node: JSONNode) -> [Edit.Track]? {
        guard let clip = reader.object(node) else { return nil }
        var look = self.look(of: clip)
        if let crop = clip["crop"].flatMap({ self.crop($0) }) { look.crop = crop }
        let assetID = reader.required("assetId", of: clip).flatMap { self.assetID($0) }
        let start =
            clip["start"].map { trim($0) } ?? Located(.zero, clip.pointer.appending("start"))
        let end = clip["end"].map { trim($0) }
        let gain = self.gain(of: clip)
        let captions = clip["captions"].flatMap { captionContent($0, from: start?.value) }
        let title = clip["title"].flatMap { titleClip($0) }
        let length = start.flatMap { segment(from: $0, to: end, of: clip) }
        guard let assetID, let start, let length else { return nil }
        let shown = title.map { cut($0, to: length.value) }
        let zero = Located(Edit.Start.seconds(.zero), clip.pointer)
        let video = Edit.Clip(
            pointer: clip.pointer,
            content: .media(
                Edit.Media(
                    type: .video, assetID: assetID, trim: start, speed: Rational(1), gain: gain)),
            start: zero, length: length, look: look)
        let words = captions.map {
            Edit.Clip(
                pointer: clip.pointer.appending("captions"), content: $0, start: zero,
                length: Located(.end, clip.pointer.appending("captions")), look: Edit.Look())
        }
        return [shown, words, video].compactMap { $0.map { Edit.Track(clips: [$0]) } }
    }

    private mutating func segment(
        from start: Located<Rational>, to end: Located<Rational>??, of clip: JSONObjectNode
    ) -> Located<Edit.Length>? {
        guard let end else { return Located(.auto, clip.pointer.appending("end")) }
        guard let end else { return nil }
        guard end.value > start.value else {
            reader.report("must be after the clip's start", at: end.pointer)
            return nil
        }
        return Located(.seconds(end.value - start.value), end.pointer)
    }

    /// The title, cut to the length of the segment.
    private func cut(_ title: Edit.Clip, to segment: Edit.Length) -> Edit.Clip {
        guard case .seconds(let maximum) = segment,
            case .seconds(let requested) = title.length.value,
            requested > maximum
        else { return title }
        var title = title
        title.length.value = segment
        return title
    }

    /// Reads an asset's ID or the fields of a caption asset. The words have the source's
    /// times, so by default they begin at the segment's start.
    private mutating func captionContent(
        _ node: JSONNode, from start: Rational?
    ) -> Edit.Content? {
        if case .string = node.value {
            let trim = Located(start ?? .zero, node.pointer)
            return assetID(node).map { .captions(Edit.Captions(source: .asset($0), trim: trim)) }
        }
        guard let object = reader.object(node),
            case .captions(var captions)? = self.captions(object)
        else { return nil }
        if object["trim"] == nil { captions.trim.value = start ?? .zero }
        return .captions(captions)
    }

    /// Reads text, or the fields of a text asset with a `length`.
    private mutating func titleClip(_ node: JSONNode) -> Edit.Clip? {
        var (content, look): (Edit.Content?, Edit.Look) = (nil, Edit.Look())
        var length: Located<Edit.Length>?
        if case .string = node.value {
            content = reader.text(node, lengthMax: CaptionLimits.textCharactersMax)
                .map { .text(Edit.Text(text: $0, preset: .title)) }
        } else if let object = reader.object(node) {
            (content, look) = (text(object), self.look(of: object))
            length = object["length"].flatMap { self.length($0) }
        }
        if look.transitionIn == nil, look.transitionOut == nil {
            (look.transitionIn, look.transitionOut) = (.fade, .fade)
            look.transitionSeconds = Self.titleFadeSeconds
        }
        guard let content else { return nil }
        return Edit.Clip(
            pointer: node.pointer, content: content,
            start: Located(.seconds(.zero), node.pointer),
            length: length
                ?? Located(.seconds(Self.usualTitleSeconds), node.pointer.appending("length")),
            look: look)
    }
}
