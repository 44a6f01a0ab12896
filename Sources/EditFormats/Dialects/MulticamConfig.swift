import JSON
import MediaTime
import RenderPlans

/// Reads a multicam config, the request of an editor that cuts between recordings of one
/// event: `{sources, switches | segments, audio?, trim?, length?, output?}`.
///
/// `docs/multicam.md` describes every field, and `docs/schema/multicam.schema.json` is the
/// machine-readable form. The result is one track; faults name the fields of the config.
extension EditDecoding {
    /// The audio of a config: one recording, or each source's own audio.
    private struct ConfigAudio {
        var angle: Edit.Multicam.Angle?
        var gain = Edit.Gain()
    }

    mutating func multicamConfig(_ root: JSONObjectNode, _ node: JSONNode) -> [Edit.Track]? {
        let sources = recordings(node)
        let trim = root["trim"].flatMap { self.trim($0) }
        let length = root["length"].flatMap { configLength($0) }
        guard let sources else { return nil }
        let audio = root["audio"].map { configAudio($0, sources) } ?? ConfigAudio()
        switch (root["switches"], root["segments"]) {
        case (nil, nil):
            reader.report(
                "is required in a config without segments", at: root.pointer.appending("switches"))
            return nil
        case (_?, let segments?):
            reader.report("cannot be combined with switches", at: segments.pointer)
            return nil
        case (let switches?, nil):
            guard let read = self.switches(switches, sources, naming: "source"), let audio else {
                return nil
            }
            // A recording that is only heard has no picture, so it is not an angle.
            let shown = Set(read.map(\.angle)).sorted()
            let content = Edit.Multicam(
                angles: shown.map { sources[$0] }, audio: audio.angle,
                switches: read.map { change in
                    Edit.Multicam.Switch(
                        at: change.at, angle: shown.firstIndex(of: change.angle) ?? 0)
                },
                trim: trim ?? Located(.zero, root.pointer.appending("trim")), gain: audio.gain)
            return [Edit.Track(clips: [clip(content, length, at: switches.pointer)])]
        case (nil, let segments?):
            for name in ["trim", "length"] {
                if let node = root[name] {
                    reader.report("cannot be combined with segments", at: node.pointer)
                }
            }
            return self.segments(segments, sources, audio, audioNode: root["audio"])
        }
    }

    private func clip(
        _ content: Edit.Multicam, _ length: Located<Edit.Length>?, at pointer: JSONPointer
    ) -> Edit.Clip {
        Edit.Clip(
            pointer: pointer, content: .multicam(content), start: Located(.auto, pointer),
            length: length ?? Located(.auto, pointer), look: Edit.Look())
    }

    private mutating func configLength(_ node: JSONNode) -> Located<Edit.Length>? {
        let seconds = reader.decimal(
            node, from: .zero, to: Rational(Limits.timelineSecondsMax),
            expected: "a number of seconds")
        guard let seconds else { return nil }
        guard seconds > .zero else {
            reader.report("must be greater than 0", at: node.pointer)
            return nil
        }
        return Located(.seconds(seconds), node.pointer)
    }

    // MARK: Sources

    private mutating func recordings(_ node: JSONNode) -> [Edit.Multicam.Angle]? {
        guard let elements = reader.array(node, maximum: Limits.angleCountMax) else { return nil }
        guard !elements.isEmpty else {
            reader.report("must not be empty", at: node.pointer)
            return nil
        }
        var sources: [Edit.Multicam.Angle] = []
        for element in elements {
            guard let object = reader.object(element) else { continue }
            let id = reader.required("id", of: object)
            let name = id.flatMap { reader.text($0, lengthMax: Limits.assetIDCharactersMax) }
            let maximum = Rational(Limits.trimSecondsMax)
            let offset = object["offset"].map {
                reader.decimal($0, from: -maximum, to: maximum, expected: "a number of seconds")
            }
            let assetID = namedAsset(object)
            if let name, sources.contains(where: { $0.name == name }) {
                reader.report(
                    "\(JSONReader.quoted(name)) is the ID of another source",
                    at: object.pointer.appending("id"))
            }
            guard let name, let assetID, let offset = offset ?? Rational.zero else { continue }
            sources.append(Edit.Multicam.Angle(name: name, assetID: assetID, offset: offset))
        }
        guard sources.count == elements.count else { return nil }
        return sources.sorted { $0.name < $1.name }
    }

    /// Reads the one field that names a source's file.
    private mutating func namedAsset(_ source: JSONObjectNode) -> Located<String>? {
        let given = ["assetId", "key", "path"].compactMap { source[$0] }
        guard let node = given.first else {
            reader.report("must have one of assetId, key and path", at: source.pointer)
            return nil
        }
        if given.count > 1 {
            reader.report(
                "must have only one of assetId, key and path, not \(given.count)",
                at: source.pointer)
            return nil
        }
        if source["assetId"] != nil { return assetID(node) }
        if source["key"] != nil { return assetID(ofUpload: node) }
        reader.report(
            "names a file, which only a server with MEDIA_BASE_PATH accepts", at: node.pointer)
        return nil
    }

    /// Reads `uploads/{owner}/{asset}/{file name}`. The owner is checked where the caller is
    /// known.
    private mutating func assetID(ofUpload node: JSONNode) -> Located<String>? {
        guard let key = reader.text(node, lengthMax: Limits.objectKeyCharactersMax) else {
            return nil
        }
        let parts = key.split(separator: "/", maxSplits: 3, omittingEmptySubsequences: false)
        guard parts.count == 4, parts[0] == "uploads", !parts[3].isEmpty else {
            reader.report(
                "must be the key of an upload: uploads/{owner}/{asset}/{file name}",
                at: node.pointer)
            return nil
        }
        return assetID(JSONNode(.string(String(parts[2])), node.pointer))
    }

    // MARK: Audio

    /// Reads the ID of a source, or an object with `source`, `volume`, `fadeIn`, `fadeOut`.
    private mutating func configAudio(
        _ node: JSONNode, _ sources: [Edit.Multicam.Angle]
    ) -> ConfigAudio? {
        if case .string = node.value {
            return angle(node, sources, naming: "source").map { ConfigAudio(angle: sources[$0]) }
        }
        guard case .object(let fields) = node.value else {
            return reader.mismatch(node, expected: "a string or an object")
        }
        let object = JSONObjectNode(fields: fields, pointer: node.pointer)
        var audio = ConfigAudio(gain: gain(of: object))
        if let source = object["source"] {
            guard let index = angle(source, sources, naming: "source") else { return nil }
            audio.angle = sources[index]
        }
        return audio
    }

    // MARK: Segments

    private mutating func segments(
        _ node: JSONNode, _ sources: [Edit.Multicam.Angle], _ audio: ConfigAudio?,
        audioNode: JSONNode?
    ) -> [Edit.Track]? {
        guard let elements = reader.array(node, maximum: Limits.clipCountMax) else { return nil }
        guard !elements.isEmpty else {
            reader.report("must not be empty", at: node.pointer)
            return nil
        }
        if let audio, !audio.gain.points.isEmpty, let audioNode {
            reader.report(
                "must be a number in a config with segments",
                at: audioNode.pointer.appending("volume"))
        }
        let parts = elements.map { segment($0, sources) }
        guard let audio else { return nil }
        var clips: [Edit.Clip] = []
        for (index, part) in parts.enumerated() {
            guard let part else { return nil }
            var gain = audio.gain
            if index > 0 { gain.fadeInSeconds = .zero }
            if index < parts.count - 1 { gain.fadeOutSeconds = .zero }
            let zero = Located(Rational.zero, part.start.pointer)
            let content = Edit.Multicam(
                angles: [part.source], audio: audio.angle,
                switches: [Edit.Multicam.Switch(at: zero, angle: 0)], trim: part.start,
                gain: gain)
            clips.append(clip(content, part.length, at: elements[index].pointer))
        }
        return [Edit.Track(clips: clips)]
    }

    private struct Segment {
        var source: Edit.Multicam.Angle
        var start: Located<Rational>
        var length: Located<Edit.Length>
    }

    private mutating func segment(
        _ node: JSONNode, _ sources: [Edit.Multicam.Angle]
    ) -> Segment? {
        guard let object = reader.object(node) else { return nil }
        let source = reader.required("source", of: object)
            .flatMap { angle($0, sources, naming: "source") }
        let start = reader.required("start", of: object).flatMap { trim($0) }
        let end = reader.required("end", of: object).flatMap { trim($0) }
        guard let source, let start, let end else { return nil }
        guard end.value > start.value else {
            reader.report("must be after the segment's start", at: end.pointer)
            return nil
        }
        guard end.value - start.value <= Rational(Limits.timelineSecondsMax) else {
            reader.report(
                "makes a segment longer than \(Limits.timelineSecondsMax) seconds", at: end.pointer)
            return nil
        }
        return Segment(
            source: sources[source], start: start,
            length: Located(.seconds(end.value - start.value), end.pointer))
    }
}
