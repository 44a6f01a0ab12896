import JSON
import MediaTime
import RenderPlans

/// Reads a clip's `asset`.
extension EditDecoding {
    private enum ContentType: String, CaseIterable {
        case video, image, audio, multicam, color, text, caption

        var assetType: Edit.AssetType? { Edit.AssetType(rawValue: rawValue) }
    }

    /// Reads the content of an asset.
    /// - Returns: nil only if a fault was reported.
    mutating func content(
        ofAsset asset: JSONObjectNode, into look: inout Edit.Look
    ) -> Edit.Content? {
        guard let type = reader.required("type", of: asset).flatMap({ contentType($0) }) else {
            return nil
        }
        let isPicture = ![.color, .text, .caption].contains(type)
        if isPicture, let crop = asset["crop"].flatMap({ self.crop($0) }) {
            look.crop = crop
        }
        switch type {
        case .video, .image, .audio: return media(asset, type.assetType)
        case .multicam: return multicam(asset)
        case .text: return text(asset)
        case .caption: return captions(asset)
        case .color:
            return reader.required("color", of: asset).flatMap { color($0) }.map { .color($0) }
        }
    }

    private mutating func contentType(_ node: JSONNode) -> ContentType? {
        guard case .string(let word) = node.value else {
            return reader.mismatch(node, expected: "a string")
        }
        if let type = ContentType(rawValue: word) { return type }
        let known = ContentType.allCases.map(\.rawValue).joined(separator: ", ")
        let quoted = JSONReader.quoted(word)
        reader.report("asset type \(quoted) is not supported; use \(known)", at: node.pointer)
        return nil
    }

    private mutating func media(
        _ asset: JSONObjectNode, _ type: Edit.AssetType?
    ) -> Edit.Content? {
        let assetID = reader.required("assetId", of: asset).flatMap { self.assetID($0) }
        let trim = asset["trim"].flatMap { self.trim($0) }
        let speed = asset["speed"].flatMap { self.speed($0) }
        let gain = self.gain(of: asset)
        let audioTrack = asset["audioTrack"].flatMap { node in
            reader.integer(node, in: 0...Limits.audioTrackCountMax - 1)
                .map { Located($0, node.pointer) }
        }
        guard let assetID else { return nil }
        return .media(
            Edit.Media(
                type: type, assetID: assetID,
                trim: trim ?? Located(.zero, asset.pointer.appending("trim")),
                speed: speed ?? Rational(1), gain: gain, audioTrack: audioTrack))
    }

    /// Reads a speed, rounded to hundredths so that FFmpeg's time bases represent it
    /// exactly.
    private mutating func speed(_ node: JSONNode) -> Rational? {
        reader.decimal(node, from: Limits.speedMin, to: Limits.speedMax)
            .map { Rational(($0 * Rational(100)).rounded, 100) }
    }

    private enum VolumeEffect: String, CaseIterable { case fadeIn, fadeOut, fadeInFadeOut }

    /// Reads the audio's `volume` (a number or points), `fadeIn`, `fadeOut` and Shotstack's
    /// `volumeEffect`.
    mutating func gain(of asset: JSONObjectNode) -> Edit.Gain {
        var gain = Edit.Gain()
        if let node = asset["volume"] {
            if case .array = node.value {
                gain.points = volumePoints(node) ?? []
            } else {
                gain.volume = volume(node) ?? Rational(1)
            }
        }
        let effect = asset["volumeEffect"].flatMap { reader.choice($0, VolumeEffect.self) }
        if effect == .fadeIn || effect == .fadeInFadeOut {
            gain.fadeInSeconds = Edit.Soundtrack.fadeSeconds
        }
        if effect == .fadeOut || effect == .fadeInFadeOut {
            gain.fadeOutSeconds = Edit.Soundtrack.fadeSeconds
        }
        gain.fadeInSeconds = asset["fadeIn"].flatMap { fadeSeconds($0) } ?? gain.fadeInSeconds
        gain.fadeOutSeconds = asset["fadeOut"].flatMap { fadeSeconds($0) } ?? gain.fadeOutSeconds
        return gain
    }

    private mutating func fadeSeconds(_ node: JSONNode) -> Rational? {
        let maximum = Rational(Limits.timelineSecondsMax)
        return reader.decimal(node, from: .zero, to: maximum, expected: "a number of seconds")
    }

    private mutating func volumePoints(_ node: JSONNode) -> [Edit.Gain.Point]? {
        guard let elements = reader.array(node, maximum: Limits.volumePointCountMax) else {
            return nil
        }
        guard !elements.isEmpty else {
            reader.report("must not be empty", at: node.pointer)
            return nil
        }
        var points: [Edit.Gain.Point] = []
        for element in elements {
            guard let object = reader.object(element) else { continue }
            let at = reader.required("at", of: object).flatMap { fadeSeconds($0) }
            let volume = reader.required("volume", of: object).flatMap { self.volume($0) }
            guard let at, let volume else { continue }
            if let last = points.last, at <= last.at {
                reader.report(
                    "must be later than the previous point",
                    at: object.pointer.appending("at"))
            }
            points.append(Edit.Gain.Point(at: at, volume: volume))
        }
        return points
    }
}
