@testable import EditFormats
@testable import JSON
@testable import MediaTime
import Testing
import TestSupport

/// The multicam config as an edit. Its faults are in test_multicam_schema.py.
@Suite struct MulticamConfigTests {
    private static let sources: JSONValue = [
        ["id": "wide", "assetId": "ast_w"],
        ["id": "close", "key": "uploads/me/ast_c/close.mov", "offset": 1.5],
        ["id": "mic", "assetId": "ast_m", "offset": -2],
        ["id": "spare", "assetId": "ast_s"],
    ]

    private func clips(_ config: JSONValue) throws -> [Edit.Clip] {
        try #require(try Edit(request: config).tracks.first).clips
    }

    private func multicam(_ clip: Edit.Clip) throws -> Edit.Multicam {
        guard case .multicam(let content) = clip.content else {
            throw EditFaults([FieldFault(pointer: "", detail: "is no multicam clip")])
        }
        return content
    }

    @Test func `switches become one multicam clip of the sources that are shown`() throws {
        let clip = try #require(
            try clips([
                "sources": Self.sources,
                "switches": [["at": 0, "source": "wide"], ["at": 4, "source": "close"]],
                "trim": 10, "length": 9, "audio": "mic",
            ]).first)

        let content = try multicam(clip)
        #expect(content.angles.map(\.name) == ["close", "wide"])
        #expect(content.switches.map(\.angle) == [1, 0])
        #expect(content.angles[0].assetID.value == "ast_c")
        #expect(content.angles[0].assetID.pointer.description == "/sources/1/key")
        #expect(content.angles[0].offset == Rational(3, 2))
        #expect(content.audio?.assetID.value == "ast_m")
        #expect(content.trim.value == Rational(10))
        #expect(clip.length.value == .seconds(Rational(9)))
    }

    @Test func `each segment becomes a clip, faded at the ends of the result`() throws {
        let clips = try clips([
            "sources": Self.sources,
            "segments": [
                ["source": "close", "start": 3, "end": 5],
                ["source": "wide", "start": 8, "end": 9],
                ["source": "wide", "start": 1, "end": 2],
            ],
            "audio": ["source": "mic", "volume": 0.5, "fadeIn": 1, "fadeOut": 2],
        ])

        #expect(clips.map(\.length.value) == [2, 1, 1].map { .seconds(Rational($0)) })
        let contents = try clips.map(multicam)
        #expect(contents.map(\.trim.value) == [3, 8, 1].map { Rational($0) })
        #expect(contents.map(\.gain.fadeInSeconds) == [1, 0, 0].map { Rational($0) })
        #expect(contents.map(\.gain.fadeOutSeconds) == [0, 0, 2].map { Rational($0) })
        #expect(contents.allSatisfy { $0.gain.volume == Rational(1, 2) })
        #expect(clips[1].pointer.description == "/segments/1")
    }

    @Test func `without audio each source is heard while it is shown`() throws {
        let clip = try #require(
            try clips([
                "sources": Self.sources, "switches": [["at": 0, "source": "wide"]],
                "audio": ["volume": 2],
            ]).first)

        #expect(try multicam(clip).audio == nil)
        #expect(try multicam(clip).gain.volume == Rational(2))
        #expect(clip.length.value == .auto)
    }
}
