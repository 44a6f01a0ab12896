@testable import EditFormats
import JSON
import Lowering
@testable import MediaTime
@testable import Planning
@testable import RenderPlans
import Testing
import TestSupport

/// Several outputs of one edit, and which of them are rendered together.
@Suite struct SharedRenderingTests {
    private func outputs(_ list: String, shared: String = "{}") throws -> OutputList {
        try #require(
            try OutputList(
                request: request(
                    """
                    {"timeline":{"tracks":[{"clips":[
                    {"asset":{"type":"video","assetId":"ast_1"},"length":12}]}]},
                    "output":\(shared),"outputs":[\(list)],"clientToken":"t"}
                    """)))
    }

    /// The plans, and which go together.
    private func arranged(
        _ list: String, planner: ChunkPlanner = ChunkPlanner()
    ) throws -> (plans: [RenderPlan], groups: [[Int]]) {
        let edits = try outputs(list).outputs.map(\.edit)
        var plans = try edits.map {
            try $0.lowered(assets: Assets.all, captions: [:], unready: [:], planner: planner)
        }
        let groups = SharedRendering.arrange(
            &plans, chunkSeconds: edits.map(\.output.chunkSeconds), planner: planner)
        return (plans, groups)
    }

    @Test func `an output's own fields override the shared ones`() throws {
        let list = try outputs(
            #"{},{"crf":30,"resolution":"720"}"#, shared: #"{"fps":25,"crf":18}"#)

        #expect(list.outputs.map(\.edit.output.settings.frameRate) == [Rational(25), Rational(25)])
        #expect(list.outputs.map(\.edit.output.settings.video.crf) == [18, 30])
        #expect(list.outputs.map(\.edit.output.settings.height) == [1080, 720])
        #expect(list.outputs.map(\.edit.clientToken) == ["t#/outputs/0", "t#/outputs/1"])
        // What is kept with each job does the same again.
        #expect(try Edit(request: list.outputs[1].request).output.settings.video.crf == 30)
    }

    @Test func `every fault is reported once at its own pointer`() throws {
        func faults(_ text: String) throws -> [String] {
            let body = try request(text)
            do throws(EditFaults) {
                _ = try OutputList(request: body)
                return []
            } catch { return error.faults.map { "\($0.pointer) \($0.detail)" } }
        }
        let clip = #"{"asset":{"type":"video","assetId":"ast_1","trim":-1},"length":1}"#

        let found = try faults(
            """
            {"timeline":{"tracks":[{"clips":[\(clip)]}]},"output":{"fps":1000},
            "outputs":[{},{"crf":99},{"crf":-1}]}
            """)
        #expect(
            found == [
                "/output/fps must be from 1 to 120 frames per second",
                "/timeline/tracks/0/clips/0/asset/trim must not be negative",
                "/outputs/1/crf must be from 0 to 63, not 99",
                "/outputs/2/crf must be from 0 to 63, not -1",
            ])
        #expect(try faults(#"{"outputs":[]}"#) == ["/outputs must not be empty"])
        #expect(
            try faults(#"{"outputs":[{}],"variations":{}}"#)
                == ["/outputs cannot be combined with variations"])
        #expect(try OutputList(request: request(#"{"outputs":null}"#)) == nil)
    }

    @Test func `outputs of several sizes and codecs share their borders`() throws {
        let (plans, groups) = try arranged(
            #"{"chunkSeconds":4},{"resolution":"720","codec":"hevc","chunkSeconds":4}"#)

        #expect(groups == [[0, 1]])
        #expect(plans[0].chunks == plans[1].chunks)
        #expect(plans[0].chunks.count == 3)
        #expect(SharedRendering.areEqual(plans[0], plans[1]))
        #expect(!SharedRendering.areEqual(plans[0], try arranged(#"{"fps":25}"#).plans[0]))
    }

    @Test(arguments: [
        // Other frames, another stretch, other borders, no film, no picture, copies.
        #"{},{"fps":25}"#, #"{},{"range":{"start":1}}"#, #"{},{"chunkSeconds":4}"#,
        #"{"format":"wav"},{"format":"m4a"}"#, #"{"smartCut":true},{"smartCut":true}"#,
    ])
    func `an output that reads other frames is rendered alone`(list: String) throws {
        #expect(try arranged(list).groups == [])
    }

    @Test func `a timeline without a film is not shared`() throws {
        var one = try plan(
            oneTrack(##"{"asset":{"type":"color","color":"#112233"},"length":4}"##))
        one.output.width = 64
        var plans = [one, one]

        #expect(
            SharedRendering.arrange(&plans, chunkSeconds: [nil, nil], planner: ChunkPlanner())
                == [])
    }

    @Test func `up to four outputs that fit a renderer are rendered together`() throws {
        let six = Array(repeating: "{}", count: 6).joined(separator: ",")
        #expect(try arranged(six).groups == [[0, 1, 2, 3], [4, 5]])

        // 1080p takes 80 MB, 33 for its decoder, and 124 for each encoder.
        var small = ChunkPlanner()
        small.memoryMegabytes = 400
        #expect(try arranged(six, planner: small).groups == [[0, 1], [2, 3], [4, 5]])
        small.memoryMegabytes = 300
        #expect(try arranged(six, planner: small).groups == [])
    }
}
