package import JSON
import MediaTime
import Randomness
import RenderPlans

/// A request for small random variations of whole videos:
/// `{variations: {assets, count, seed?}, output?, callback?, clientToken?}`.
///
/// Each variation becomes a separate edit with its numbers written out: the stored request
/// documents the variation and reproduces it.
package struct Variations: Hashable, Sendable {
    /// The variations, all of the first asset first.
    package let variations: [Variation]
    /// Token of the caller: an equal token from the same owner means the same exports. Nil
    /// is no token.
    package let clientToken: String?

    /// One variation of one asset.
    package struct Variation: Hashable, Sendable {
        /// The edit of this variation.
        package var edit: Edit
        /// The request that the edit was read from.
        package var request: JSONValue
        /// ID of the varied asset.
        package var assetID: String
        /// Number of the variation, from 1.
        package var number: Int
        /// The random values of the variation.
        package var effects: Effects
    }

    /// The numbers of one variation.
    package struct Effects: Hashable, Sendable, Codable {
        /// Clockwise rotation, 0.001 to 0.01.
        package var rotationRadians: Double
        /// Offset of the luma, -0.05 to 0.05.
        package var brightness: Double
        /// Factor of the contrast, 0.95 to 1.05.
        package var contrast: Double
        /// Factor of the saturation, 0.95 to 1.05.
        package var saturation: Double
    }

    /// Creates the variations; nil if the request has no `variations`.
    /// - Parameter freshSeed: Seed for a request without one.
    /// - Throws: Every fault of the request.
    package init?(request: JSONValue, freshSeed: UInt64) throws(EditFaults) {
        guard case .object(let fields) = request, fields["variations"] ?? .null != .null else {
            return nil
        }
        var decoding = VariationDecoding(fields: fields)
        let read = decoding.read(freshSeed: freshSeed)
        guard let read, decoding.reader.faults.isEmpty else {
            throw EditFaults(decoding.reader.faults)
        }
        variations = read
        if case .string(let token)? = fields["clientToken"] {
            clientToken = token
        } else {
            clientToken = nil
        }
    }
}

/// One reading of a request for variations.
private struct VariationDecoding {
    let fields: [String: JSONValue]
    var reader = JSONReader()

    /// Default output of a variation: a rate factor with a ceiling instead of a bit rate.
    /// The request's output overrides it.
    private static let usualOutput: [String: JSONValue] = [
        "resolution": "source", "fps": 29.97, "crf": 23, "preset": "medium",
        "maxBitrate": 2_500, "bufferSize": 4_000,
    ]

    mutating func read(freshSeed: UInt64) -> [Variations.Variation]? {
        let root = JSONObjectNode(fields: fields, pointer: .root)
        guard let request = root["variations"].flatMap({ reader.object($0) }) else { return nil }
        for name in ["timeline", "project"] {
            if let node = root[name] {
                reader.report("cannot be combined with variations", at: node.pointer)
            }
        }
        let assets = reader.required("assets", of: request)
            .flatMap { reader.array($0, maximum: Limits.variedAssetCountMax) }
        let count = reader.required("count", of: request)
            .flatMap { reader.integer($0, in: 1...Limits.variationCountMax) }
        let seed = request["seed"].flatMap { reader.integer($0, in: 0...Limits.seedMax) }
        var ids = EditDecoding()
        let assetIDs = assets?.compactMap { ids.assetID($0) } ?? []
        reader.adopt(ids.reader.faults)
        if assets?.isEmpty == true {
            reader.report("must not be empty", at: request.pointer.appending("assets"))
        }
        let output = root["output"].flatMap { reader.object($0) }?.fields ?? [:]
        guard let count, reader.faults.isEmpty else { return nil }

        let chosen = seed.map(UInt64.init) ?? freshSeed
        var variations: [Variations.Variation] = []
        for (index, assetID) in assetIDs.enumerated() {
            for number in 1...count {
                let effects = Variations.Effects(seed: chosen, asset: index, number: number)
                guard let variation = variation(assetID, number, effects, output) else {
                    return nil
                }
                variations.append(variation)
            }
        }
        return variations
    }

    private mutating func variation(
        _ assetID: Located<String>, _ number: Int, _ effects: Variations.Effects,
        _ output: [String: JSONValue]
    ) -> Variations.Variation? {
        var request = fields
        request["variations"] = nil
        request["output"] = .object(Self.usualOutput.merging(output) { $1 })
        request["timeline"] = effects.timeline(of: assetID.value)
        request["variation"] = [
            "assetId": .string(assetID.value), "number": .number(Double(number)),
            "rotationRadians": .number(effects.rotationRadians),
            "brightness": .number(effects.brightness), "contrast": .number(effects.contrast),
            "saturation": .number(effects.saturation),
        ]
        if case .string(let token)? = fields["clientToken"] {
            request["clientToken"] = .string("\(token)#\(assetID.pointer)#\(number)")
        }
        do {
            var edit = try Edit(request: .object(request))
            // A fault of an asset is reported at the field that named it.
            if case .media(var media) = edit.tracks[0].clips[0].content {
                media.assetID = assetID
                edit.tracks[0].clips[0].content = .media(media)
            }
            return Variations.Variation(
                edit: edit, request: .object(request), assetID: assetID.value, number: number,
                effects: effects)
        } catch {
            reader.adopt(error.faults)
            return nil
        }
    }
}

extension Variations.Effects {
    /// Creates the numbers of one variation from a seed; they do not depend on the number
    /// of assets or variations.
    init(seed: UInt64, asset: Int, number: Int) {
        var random = SeededGenerator(seed: seed, asset: asset, number: number)
        rotationRadians = random.next(from: 1_000, to: 10_000)
        brightness = random.next(from: -50_000, to: 50_000)
        contrast = random.next(from: 950_000, to: 1_050_000)
        saturation = random.next(from: 950_000, to: 1_050_000)
    }

    fileprivate func timeline(of assetID: String) -> JSONValue {
        let degrees = rotationRadians * 180 / 3.141_592_653_589_793
        let rounded = Double(Int(degrees * 1_000_000 + 0.5)) / 1_000_000
        let clip: JSONValue = [
            "asset": ["type": "video", "assetId": .string(assetID)], "fit": "cover",
            "rotation": .number(rounded),
            "effects": [
                "brightness": .number(brightness), "contrast": .number(contrast),
                "saturation": .number(saturation),
            ],
        ]
        return ["tracks": [["clips": [clip]]]]
    }
}

extension SeededGenerator {
    /// Creates a generator for one variation.
    fileprivate init(seed: UInt64, asset: Int, number: Int) {
        self.init(seed: seed)
        for part in [UInt64(asset), UInt64(number)] { self.init(seed: next() ^ part) }
    }

    /// The next random number in whole millionths.
    fileprivate mutating func next(from minimum: Int, to maximum: Int) -> Double {
        let steps = UInt64(maximum - minimum + 1)
        return Double(minimum + Int(next() % steps)) / 1_000_000
    }
}
