import JSON
import MediaTime
import RenderPlans

/// Reads OpenTimelineIO's JSON: `Timeline.1` with a `Stack.1` of `Track.1`, whose children
/// are clips, gaps and transitions; a clip may have a `LinearTimeWarp.1`. Other parts of a
/// document are omitted and listed in `dropped`.
///
/// Source of the shapes: OpenTimelineIO's serialized schema, version 0.17.
extension EditDecoding {
    /// Reads the tracks, the first on top (OpenTimelineIO's last).
    /// - Parameter media: Asset IDs by `target_url`.
    mutating func openTimelineIO(_ node: JSONNode, media: JSONNode?) -> [Edit.Track]? {
        guard let timeline = reader.object(node), isSchema("Timeline", timeline),
            let stack = reader.required("tracks", of: timeline).flatMap({ reader.object($0) }),
            isSchema("Stack", stack),
            let children = reader.required("children", of: stack).flatMap({
                reader.array($0, maximum: Limits.trackCountMax)
            })
        else { return nil }
        noteExtras(of: timeline)
        noteExtras(of: stack)
        if let range = stack["source_range"] {
            drop("is ignored for a stack", at: range.pointer)
        }
        var reading = OTIOContext(media: media.flatMap { reader.object($0) })
        let tracks = children.compactMap { reader.object($0) }.filter { isSchema("Track", $0) }
        reading.hasAudioTracks = tracks.contains { $0["kind"]?.value == .string("Audio") }
        var result: [Edit.Track] = []
        for track in tracks.reversed() {
            noteExtras(of: track)
            if let range = track["source_range"] {
                drop("is ignored for a track", at: range.pointer)
            }
            if let read = otioTrack(track, reading) { result.append(read) }
        }
        let count = result.reduce(0) { $0 + $1.clips.count }
        if count > Limits.clipCountMax {
            reader.report(
                "has \(count) clips; at most \(Limits.clipCountMax) are allowed", at: node.pointer)
        }
        return result
    }

    /// Reads a track; reports all faults instead of stopping at the first.
    private mutating func otioTrack(
        _ track: JSONObjectNode, _ reading: OTIOContext
    ) -> Edit.Track? {
        guard let list = reader.required("children", of: track),
            let children = reader.array(list, maximum: Limits.clipCountMax * 2)
        else { return nil }
        var reading = reading
        reading.isAudio = track["kind"]?.value == .string("Audio")
        var builder = OTIOTrackBuilder()
        for child in children.compactMap({ reader.object($0) }) {
            switch schemaName(of: child) {
            case "Gap":
                guard let range = otioRange(child) else { continue }
                builder.add(gap: range.duration)
            case "Transition":
                guard let offsets = otioOffsets(child) else { continue }
                builder.add(transition: offsets)
            case "Clip":
                guard let item = otioClip(child, reading) else { continue }
                if let clip = item.clip {
                    builder.add(clip, lasting: item.duration)
                } else {
                    builder.add(gap: item.duration)
                }
            default:
                guard let range = otioRange(child) else { continue }
                drop(
                    "is replaced by a gap: a track cannot contain \(JSONReader.quoted(schemaName(of: child)))",
                    at: child.pointer)
                builder.add(gap: range.duration)
            }
        }
        return builder.finished
    }

    private mutating func otioClip(
        _ clip: JSONObjectNode, _ reading: OTIOContext
    ) -> (clip: Edit.Clip?, duration: Rational)? {
        noteExtras(of: clip, effects: false)
        let reference = otioReference(of: clip)
        let available = reference.flatMap { $0["available_range"] }.flatMap { timeRange($0) }
        let own = clip["source_range"].flatMap { timeRange($0) }
        guard let range = own ?? available else {
            reader.report(
                "must have a source_range, or media with an available_range", at: clip.pointer)
            return nil
        }
        if clip["enabled"]?.value == .bool(false) { return (nil, range.duration) }
        guard let reference, let assetID = otioAsset(reference, of: clip, reading) else {
            return nil
        }
        let speed = otioSpeed(of: clip)
        let trim = max(.zero, range.start - (available?.start ?? .zero))
        var gain = Edit.Gain()
        if !reading.isAudio, reading.hasAudioTracks { gain.volume = .zero }
        let place = clip.pointer.appending("source_range")
        let content = Edit.Content.media(
            Edit.Media(
                type: reading.isAudio ? .audio : nil, assetID: assetID,
                trim: Located(trim, place), speed: speed, gain: gain))
        let read = Edit.Clip(
            pointer: clip.pointer, content: content, start: Located(.auto, place),
            length: Located(.seconds(range.duration), place), look: Edit.Look())
        return (read, range.duration)
    }

    /// The clip's active media reference.
    private mutating func otioReference(of clip: JSONObjectNode) -> JSONObjectNode? {
        if let node = clip["media_reference"] { return reader.object(node) }
        let key: String
        if case .string(let active)? = clip["active_media_reference_key"]?.value {
            key = active
        } else {
            key = "DEFAULT_MEDIA"
        }
        guard let all = clip["media_references"].flatMap({ reader.object($0) }) else { return nil }
        return all[key].flatMap { reader.object($0) }
    }

    /// Reads the asset ID: from `media`, or the URL itself if it is an asset ID.
    private mutating func otioAsset(
        _ reference: JSONObjectNode, of clip: JSONObjectNode, _ reading: OTIOContext
    ) -> Located<String>? {
        guard let target = reference["target_url"], case .string(let url) = target.value else {
            reader.report("has no media with a target_url", at: clip.pointer)
            return nil
        }
        if let named = reading.media?[url] { return assetID(named) }
        guard !url.contains("/") else {
            reader.report(
                "\(JSONReader.quoted(url)) has no asset ID in media", at: target.pointer)
            return nil
        }
        return assetID(target)
    }

    /// The product of the clip's time warps; other effects are dropped.
    private mutating func otioSpeed(of clip: JSONObjectNode) -> Rational {
        guard let node = clip["effects"], case .array(let effects) = node.value else {
            return Rational(1)
        }
        var speed = Rational(1)
        for (index, value) in effects.enumerated() {
            let place = node.pointer.appending(index)
            guard case .object(let fields) = value else { continue }
            let effect = JSONObjectNode(fields: fields, pointer: place)
            guard schemaName(of: effect) == "LinearTimeWarp", let factor = effect["time_scalar"]
            else {
                drop("is ignored: unsupported effect \(schemaName(of: effect))", at: place)
                continue
            }
            let read = reader.decimal(
                factor, from: Limits.speedMin, to: Limits.speedMax)
            speed = speed * Rational(((read ?? Rational(1)) * Rational(100)).rounded, 100)
        }
        return speed
    }

    // MARK: Times

    private mutating func otioRange(_ item: JSONObjectNode) -> OTIORange? {
        reader.required("source_range", of: item).flatMap { timeRange($0) }
    }

    private mutating func otioOffsets(_ transition: JSONObjectNode) -> OTIOTransition? {
        let before = reader.required("in_offset", of: transition).flatMap { rationalTime($0) }
        let after = reader.required("out_offset", of: transition).flatMap { rationalTime($0) }
        if let kind = transition["transition_type"], kind.value != .string("SMPTE_Dissolve") {
            drop("is ignored: the transition is rendered as a dissolve", at: kind.pointer)
        }
        guard let before, let after else { return nil }
        return OTIOTransition(before: before, after: after)
    }

    private mutating func timeRange(_ node: JSONNode) -> OTIORange? {
        guard let range = reader.object(node) else { return nil }
        let start = reader.required("start_time", of: range).flatMap { rationalTime($0) }
        let duration = reader.required("duration", of: range).flatMap { rationalTime($0) }
        guard let start, let duration else { return nil }
        return OTIORange(start: start, duration: duration)
    }

    /// Reads `{value, rate}` as exact seconds. Rates below 121 are frame rates and become
    /// standard ones.
    private mutating func rationalTime(_ node: JSONNode) -> Rational? {
        guard let time = reader.object(node) else { return nil }
        let maximum = Rational(Limits.trimSecondsMax * 1_000)
        let value = reader.required("value", of: time).flatMap {
            reader.decimal($0, from: -maximum, to: maximum)
        }
        let rate = reader.required("rate", of: time).flatMap {
            reader.decimal($0, from: Limits.frameRateMin, to: Rational(192_000))
        }
        guard let value, let rate else { return nil }
        return value / (rate < Rational(121) ? rate.standardFrameRate : rate)
    }

    // MARK: Schemas

    private func schemaName(of object: JSONObjectNode) -> String {
        guard case .string(let schema)? = object["OTIO_SCHEMA"]?.value else { return "nothing" }
        return String(schema.prefix { $0 != "." }.prefix(60))
    }

    private mutating func isSchema(_ name: String, _ object: JSONObjectNode) -> Bool {
        if schemaName(of: object) == name { return true }
        let place = object.pointer.appending("OTIO_SCHEMA")
        reader.report(
            "must be \(name).1, not \(JSONReader.quoted(schemaName(of: object)))", at: place)
        return false
    }

    private mutating func noteExtras(of object: JSONObjectNode, effects: Bool = true) {
        for name in ["markers"] + (effects ? ["effects"] : []) {
            if let node = object[name], case .array(let values) = node.value, !values.isEmpty {
                drop(
                    "is ignored: the array has \(values.count) \(values.count == 1 ? "element" : "elements")",
                    at: node.pointer)
            }
        }
    }

    private mutating func drop(_ what: String, at pointer: JSONPointer) {
        guard dropped.count < JSONLimits.faultCountMax else { return }
        dropped.append(FieldFault(pointer: pointer.description, detail: what))
    }
}

/// The properties of a document, or of one of its tracks.
private struct OTIOContext {
    var media: JSONObjectNode?
    /// True if the document has audio tracks; video tracks are then silent.
    var hasAudioTracks = false
    var isAudio = false
}

/// A time range in seconds.
private struct OTIORange {
    var start: Rational
    var duration: Rational
}

/// The lengths of a transition before and after the cut, in seconds.
private struct OTIOTransition {
    var before: Rational
    var after: Rational
}

/// Places items end to end. A transition takes no time: the clips on its sides extend
/// beyond their cut and overlap.
private struct OTIOTrackBuilder {
    private var clips: [Edit.Clip] = []
    private var time = Rational.zero
    private var waiting: OTIOTransition?
    /// True if the last item is a clip.
    private var endsWithClip = false

    var finished: Edit.Track { Edit.Track(clips: clips) }

    mutating func add(gap seconds: Rational) {
        time = time + seconds
        waiting = nil
        endsWithClip = false
    }

    mutating func add(transition: OTIOTransition) {
        waiting = transition
        guard endsWithClip, var last = clips.popLast() else { return }
        last.extend(by: transition.after)
        last.look.transitionOut = .fade
        last.look.transitionSeconds = transition.before + transition.after
        clips.append(last)
    }

    mutating func add(_ clip: Edit.Clip, lasting seconds: Rational) {
        var clip = clip
        clip.start.value = .seconds(time)
        if let waiting {
            clip.begin(earlier: waiting.before)
            clip.look.transitionIn = .fade
            clip.look.transitionSeconds = waiting.before + waiting.after
            // The transition into this clip also ends the previous clip.
            if endsWithClip { clips[clips.count - 1].look.transitionOut = nil }
        }
        waiting = nil
        endsWithClip = true
        clips.append(clip)
        time = time + seconds
    }
}

extension Edit.Clip {
    fileprivate mutating func extend(by seconds: Rational) {
        if case .seconds(let length) = length.value {
            self.length.value = .seconds(length + seconds)
        }
    }

    /// Starts the clip earlier without moving its cut, as far as its in-point allows.
    fileprivate mutating func begin(earlier seconds: Rational) {
        guard case .seconds(let start) = start.value, case .media(var media) = content else {
            return
        }
        let shift = min(seconds, start, media.trim.value / media.speed)
        self.start.value = .seconds(start - shift)
        extend(by: shift)
        media.trim.value = media.trim.value - shift * media.speed
        content = .media(media)
    }
}
