@testable import EditFormats
import Foundation
@testable import JSON
@testable import Randomness
import Testing
import TestSupport


/// `docs/schema/edit.schema.json` and the decoder accept the same documents.
@Suite struct EditSchemaTests {
    private let schema: SchemaChecker

    init() throws {
        let file = repositoryRoot.appending(path: "docs/schema/edit.schema.json")
        schema = SchemaChecker(
            root: try JSONDecoder().decode(JSONValue.self, from: Data(contentsOf: file)))
    }

    /// What the schema's `$comment` lists: rules that JSON Schema cannot say.
    private static let beyondSchema = [
        "makes a picture of", "frames per second", "must be a size such as", "does not go with",
        "of the picture", "must be later than the", "of the first switch must be 0",
        "must be one of the angles", "is no angle of this clip",
        "must lie after the clip's in-point", "must lie after the clip's start",
        "does not go with the format", "needs maxBitrate beside it", "does not go with",
        "needs a word",
        "ends before it begins", "has no words", "is longer than 200 characters", "is no time",
        "is not usable:", "has more than 40 lines", "s after the in-point, but the clip is",
    ]

    private func decoderFaults(_ request: JSONValue) -> [FieldFault] {
        do {
            if try OutputList(request: request) == nil { _ = try Edit(request: request) }
            return []
        } catch {
            return error.faults
        }
    }

    private func agree(_ request: JSONValue) -> Bool {
        let faults = decoderFaults(request)
        let isBeyondSchema =
            !faults.isEmpty
            && faults.allSatisfy { fault in
                fault.pointer.hasPrefix("/otio") || fault.pointer.hasPrefix("/media/")
                    || Self.beyondSchema.contains { fault.detail.contains($0) }
            }
        return isBeyondSchema || schema.accepts(request) == faults.isEmpty
    }

    /// The schema describes a document after its merge fields are filled in.
    private static let written = EditFixture.all.filter { $0.name != "valid.merged-length" }

    @Test(arguments: written)
    func `the schema and the decoder agree on a fixture`(fixture: EditFixture) {
        #expect(agree(fixture.request), "\(decoderFaults(fixture.request))")
    }

    @Test func `the schema and the decoder agree on any change of a valid document`() throws {
        let valid = Self.written.filter(\.faults.isEmpty).map(\.request)
        for seed in testSeeds(3_000, environment: ProcessInfo.processInfo.environment) {
            var random = SeededGenerator(seed: seed)
            var request = try #require(valid.randomElement(using: &random))
            for _ in 0..<Int.random(in: 1...2, using: &random) {
                request = JSONMutation.changed(request, using: &random)
            }

            #expect(
                agree(request),
                "SPOOL_TEST_SEED=\(seed) \(request) \(decoderFaults(request))")
        }
    }
}

/// Small changes of JSON documents.
private enum JSONMutation {
    private static let values: [JSONValue] = [
        .null, true, 0, 1, 2, -1, 0.5, 17.25, 1e6, 90_000, "", "auto", "end", "x", "fade",
        "ast_1", "1080", "1080p", "640x360", "30000/1001", "9:16", "#ffffff", "aac", "mp4",
        "high", "wipeleft", "title", "highlight", "caption", "text", "Lato Black", "a,b",
        "multicam", "color", true, [], [:], [.null], ["A": "ast_1"],
        [["at": 0, "volume": 1], ["at": 1.5, "volume": 0.25]],
    ]
    private static let names = [
        "start", "startTime", "length", "duration", "trim", "trimStart", "outPoint", "volume",
        "muted", "fit", "position", "offset", "x", "scale", "opacity", "transition", "in", "out",
        "type", "assetId", "asset", "clips", "tracks", "background", "soundtrack", "effect",
        "format", "resolution", "aspectRatio", "size", "width", "height", "fps", "frameRate",
        "crf", "preset", "codec", "audio", "chunkSeconds", "quality", "output", "settings",
        "rotation", "effects", "brightness", "greyscale", "blur", "focus", "y", "crop", "left",
        "speed", "fadeIn", "volumeEffect", "angles", "offsets", "switches", "at", "angle",
        "color", "overlap", "clip", "end", "captions", "title", "words", "otio", "maxBitrate",
        "bufferSize", "smartCut", "hls", "range", "ducking", "text", "style", "captions", "words",
        "font",
        "family", "stroke",
        "srt",
        "font-family", "maxWordsPerLine", "animation", "colors", "bold", "uppercase", "project",
        "timeline", "callback", "url", "outputs",
        "secretRef", "data", "clientToken",
    ]

    static func changed(_ value: JSONValue, using random: inout SeededGenerator) -> JSONValue {
        switch value {
        case .object(var fields):
            let name = fields.keys.sorted().randomElement(using: &random)
            switch Int.random(in: 0..<8, using: &random) {
            case 0: fields[name ?? ""] = nil
            case 1: fields[names.randomElement(using: &random) ?? ""] = other(using: &random)
            default:
                guard let name, let child = fields[name] else { break }
                fields[name] = changed(child, using: &random)
            }
            return .object(fields)
        case .array(var elements):
            guard !elements.isEmpty, Int.random(in: 0..<8, using: &random) > 0 else {
                return .array(elements + [other(using: &random)])
            }
            let index = elements.indices.randomElement(using: &random) ?? 0
            elements[index] = changed(elements[index], using: &random)
            return .array(elements)
        default: return other(using: &random)
        }
    }

    private static func other(using random: inout SeededGenerator) -> JSONValue {
        values.randomElement(using: &random) ?? .null
    }
}
