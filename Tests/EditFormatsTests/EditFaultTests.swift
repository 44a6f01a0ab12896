@testable import EditFormats
import Foundation
@testable import JSON
@testable import MediaTime
import RenderPlans
import Testing
import TestSupport

@Suite struct EditFaultTests {
    @Test func `every fixture file decodes`() throws {
        let folder = repositoryRoot.appending(path: "Tests/Fixtures/edits").path
        let files = try FileManager.default.contentsOfDirectory(atPath: folder)

        #expect(EditFixture.all.count == files.filter { $0.hasSuffix(".json") }.count)
        #expect(EditFixture.all.count >= 80)
    }

    @Test(arguments: EditFixture.all)
    func `a request has exactly the faults of its fixture`(fixture: EditFixture) {
        #expect(faults(fixture.request) == fixture.faults)
    }

    @Test func `every example of the documentation is an edit`() throws {
        let page = try String(
            contentsOf: repositoryRoot.appending(path: "docs/edit.md"), encoding: .utf8)
        let examples = page.components(separatedBy: "```json\n").dropFirst()
            .compactMap { $0.components(separatedBy: "```").first }

        #expect(examples.count == 9)
        for example in examples {
            let request = try request(example)
            #expect(throws: Never.self) {
                if try Variations(request: request, freshSeed: 1) == nil {
                    _ = try Edit(request: request)
                }
            }
        }
    }

    @Test func `an empty project has ClipForge's error text`() throws {
        let request = try request(#"{"project":{"tracks":[]},"settings":{}}"#)

        #expect {
            try Edit(request: request)
        } throws: {
            "\($0)" == "Empty project"
        }
    }

    @Test func `several faults are one sentence`() {
        let faults = EditFaults([
            FieldFault(pointer: "/output/fps", detail: "is required"),
            FieldFault(pointer: "/output/crf", detail: "is required"),
        ])

        #expect("\(faults)" == "/output/fps is required (and 1 more)")
    }

    @Test func `the list of faults is cut at its maximum`() throws {
        let clips = Array(repeating: "{}", count: 1_500).joined(separator: ",")
        let request = try request(#"{"timeline":{"tracks":[{"clips":[\#(clips)]}]}}"#)

        #expect(faults(request).count == JSONLimits.faultCountMax)
    }

    @Test func `clips are counted over all tracks`() throws {
        let clips = Array(
            repeating: #"{"asset":{"type":"video","assetId":"ast_1"}}"#, count: 1_001
        ).joined(separator: ",")
        let track = #"{"clips":[\#(clips)]}"#
        let request = try request(#"{"timeline":{"tracks":[\#(track),\#(track)]}}"#)

        #expect(
            faults(request) == [
                FieldFault(
                    pointer: "/timeline/tracks/1/clips",
                    detail: "brings the number of clips above 2000")
            ])
    }

    @Test func `distinct assets are counted`() throws {
        let clips = (0...Limits.assetCountMax)
            .map { #"{"asset":{"type":"video","assetId":"a\#($0)"}}"# }.joined(separator: ",")
        let request = try request(#"{"timeline":{"tracks":[{"clips":[\#(clips)]}]}}"#)

        #expect(
            faults(request) == [
                FieldFault(
                    pointer: "/timeline", detail: "uses 501 assets; at most 500 are allowed")
            ])
    }

    @Test func `merge fields cannot exceed the document's size limit`() throws {
        let long = String(repeating: "x", count: 100_000)
        let names = Array(repeating: "{{A}}", count: 200).joined()
        let request = try request(
            #"{"timeline":{},"note":"\#(names)","merge":[{"find":"A","replace":"\#(long)"}]}"#)

        #expect(
            faults(request) == [
                FieldFault(pointer: "/merge", detail: "adds more than 10000000 bytes")
            ])
    }

    @Test func `a decoder refuses too many levels`() {
        let text = String(repeating: "[", count: 100) + String(repeating: "]", count: 100)

        #expect(throws: DecodingError.self) {
            try JSONDecoder().decode(JSONValue.self, from: Data(text.utf8))
        }
    }

    @Test func `a pointer escapes the names of fields`() {
        let pointer = JSONPointer.root.appending("a/b").appending(3).appending("c~d")

        #expect(pointer.description == "/a~1b/3/c~0d")
    }

    @Test func `any JSON value survives a round trip`() throws {
        let text = #"{"a":[1,2.5,"x",true,null,{"b":[]}],"c":{}}"#

        let value = try request(text)
        let copy = try JSONDecoder().decode(JSONValue.self, from: JSONEncoder().encode(value))

        #expect(value == ["a": [1, 2.5, "x", true, .null, ["b": []]], "c": [:]])
        #expect(copy == value)
    }
}
