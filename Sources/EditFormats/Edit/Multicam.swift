package import JSON
package import MediaTime
import RenderPlans

extension Edit {
    /// Several recordings of one event, of which one is visible at a time.
    package struct Multicam: Hashable, Sendable {
        /// One camera's recording.
        package struct Angle: Hashable, Sendable {
            /// The name that switches refer to.
            package var name: String
            /// ID of the camera's asset.
            package var assetID: Located<String>
            /// Seconds after the start of the angle's file at which the common time of all
            /// angles is 0; negative if the recording began later.
            package var offset: Rational
        }

        /// A change to another angle.
        package struct Switch: Hashable, Sendable {
            /// Seconds after the start of the clip.
            package var at: Located<Rational>
            /// Index into `angles`.
            package var angle: Int
        }

        /// The angles, sorted by name.
        package var angles: [Angle]
        /// The recording whose audio is heard; nil plays each angle's own audio while it is
        /// visible.
        package var audio: Angle?
        /// The switches in time order, the first at 0.
        package var switches: [Switch]
        /// In-point in seconds of the angles' common time.
        package var trim: Located<Rational>
        /// Volume of the audio.
        package var gain: Gain

        var assetIDs: [String] {
            angles.map(\.assetID.value) + (audio.map { [$0.assetID.value] } ?? [])
        }
    }
}

extension EditDecoding {
    /// The key in `offsets` for an audio recording that is not an angle.
    private static let audioAngleName = "audio"

    mutating func multicam(_ asset: JSONObjectNode) -> Edit.Content? {
        let offsets = asset["offsets"].flatMap { self.offsets($0) } ?? [:]
        let angles = reader.required("angles", of: asset).flatMap { self.angles($0, offsets) }
        let trim = asset["trim"].flatMap { self.trim($0) }
        let gain = self.gain(of: asset)
        guard let angles else { return nil }
        for name in offsets.keys.sorted()
        where name != Self.audioAngleName && !angles.contains(where: { $0.name == name }) {
            let place = asset.pointer.appending("offsets").appending(name)
            reader.report("is not an angle of this clip", at: place)
        }
        let audio = asset["audio"].flatMap { self.audioAngle($0, angles, offsets) }
        let switches = reader.required("switches", of: asset).flatMap {
            self.switches($0, angles, naming: "angle")
        }
        guard let switches else { return nil }
        return .multicam(
            Edit.Multicam(
                angles: angles, audio: audio, switches: switches,
                trim: trim ?? Located(.zero, asset.pointer.appending("trim")),
                gain: gain))
    }

    private mutating func offsets(_ node: JSONNode) -> [String: Rational]? {
        guard let object = reader.object(node) else { return nil }
        let maximum = Rational(Limits.trimSecondsMax)
        var offsets: [String: Rational] = [:]
        for name in object.fields.keys.sorted() {
            guard let node = object[name] else { continue }
            offsets[name] = reader.decimal(
                node, from: -maximum, to: maximum, expected: "a number of seconds")
        }
        return offsets
    }

    private mutating func angles(
        _ node: JSONNode, _ offsets: [String: Rational]
    ) -> [Edit.Multicam.Angle]? {
        guard let object = reader.object(node) else { return nil }
        let names = object.fields.keys.sorted()
        guard (1...Limits.angleCountMax).contains(names.count) else {
            reader.report(
                "must have from 1 to \(Limits.angleCountMax) angles, not \(names.count)",
                at: node.pointer)
            return nil
        }
        var angles: [Edit.Multicam.Angle] = []
        for name in names {
            guard let node = reader.required(name, of: object), let assetID = assetID(node) else {
                continue
            }
            angles.append(
                Edit.Multicam.Angle(
                    name: name, assetID: assetID, offset: offsets[name] ?? .zero))
        }
        return angles.count == names.count ? angles : nil
    }

    /// Reads an angle's name, the asset ID of an angle, or the ID of another asset.
    private mutating func audioAngle(
        _ node: JSONNode, _ angles: [Edit.Multicam.Angle], _ offsets: [String: Rational]
    ) -> Edit.Multicam.Angle? {
        guard let assetID = assetID(node) else { return nil }
        let angle =
            angles.first { $0.name == assetID.value }
            ?? angles.first { $0.assetID.value == assetID.value }
        if let angle { return angle }
        return Edit.Multicam.Angle(
            name: Self.audioAngleName, assetID: assetID,
            offset: offsets[Self.audioAngleName] ?? .zero)
    }

    /// Reads switches.
    /// - Parameter name: The field that holds an angle's name.
    mutating func switches(
        _ node: JSONNode, _ angles: [Edit.Multicam.Angle], naming name: String
    ) -> [Edit.Multicam.Switch]? {
        guard let elements = reader.array(node, maximum: Limits.switchCountMax) else { return nil }
        guard !elements.isEmpty else {
            reader.report("must not be empty", at: node.pointer)
            return nil
        }
        let before = reader.faults.count
        var switches: [Edit.Multicam.Switch] = []
        for element in elements {
            guard let object = reader.object(element) else { continue }
            let at = reader.required("at", of: object).flatMap { self.at($0) }
            let angle = reader.required(name, of: object)
                .flatMap { self.angle($0, angles, naming: name) }
            guard let at, let angle else { continue }
            if let last = switches.last, at.value <= last.at.value {
                reader.report("must be later than the previous switch", at: at.pointer)
            }
            if switches.isEmpty, at.value != .zero {
                reader.report("must be 0 for the first switch", at: at.pointer)
            }
            switches.append(Edit.Multicam.Switch(at: at, angle: angle))
        }
        return reader.faults.count == before ? switches : nil
    }

    private mutating func at(_ node: JSONNode) -> Located<Rational>? {
        let maximum = Rational(Limits.timelineSecondsMax)
        return reader.decimal(node, from: .zero, to: maximum, expected: "a number of seconds")
            .map { Located($0, node.pointer) }
    }

    /// Reads the name of an angle.
    /// - Returns: Its index.
    mutating func angle(
        _ node: JSONNode, _ angles: [Edit.Multicam.Angle], naming name: String
    ) -> Int? {
        guard case .string(let word) = node.value else {
            return reader.mismatch(node, expected: "a string")
        }
        if let index = angles.firstIndex(where: { $0.name == word }) { return index }
        let known = angles.map(\.name).joined(separator: ", ")
        reader.report(
            "must be one of the \(name)s \(known), not \(JSONReader.quoted(word))",
            at: node.pointer)
        return nil
    }
}
