import FoundationEssentials
import Functions
import Jobs
import JSON
import LambdaRuntime
import MediaTime
import ObjectStore
import Testing
import TestSupport

@Suite struct StreamTests {
    private func streamed(_ harness: FunctionHarness) async throws -> JobID {
        let body = FunctionHarness.edit(try await harness.asset())
            .replacing(#""output":{"#, with: #""output":{"hls":true,"#)
        let (_, answer) = try await harness.call(.startExport, "POST", "/", body)
        guard case .string(let text)? = answer["jobId"], let job = JobID(text) else {
            throw HarnessError(text: "\(answer)")
        }
        return job
    }

    private func playlist(
        _ harness: FunctionHarness, _ job: JobID, _ name: String
    ) async throws -> (status: Int, text: String) {
        let request = FunctionURLRequest(
            method: "GET", rawPath: "/api/export/\(job.text)/hls/\(name)", headers: [:],
            bodyBytes: [])
        let bytes = try await Registry.handler(.jobStatus, harness.services())(
            Array(try JSONEncoder().encode(request)), FunctionHarness.context)
        let response = try JSONDecoder().decode(FunctionURLResponse.self, from: Data(bytes))
        return (response.statusCode, response.body ?? "")
    }

    @Test func `a playlist grows with the chunks from the start on`() async throws {
        let harness = FunctionHarness()
        let job = try await streamed(harness)
        let keys = harness.keys(job)
        #expect(try await playlist(harness, job, "main.m3u8").status == 409)

        // The second chunk alone cannot be played.
        try await harness.deliver(keys.request(FunctionHarness.units[1]).text, to: .renderChunk)
        let early = try await playlist(harness, job, "video.m3u8")
        #expect(!early.text.contains("#EXTINF"))

        try await harness.deliver(keys.request(FunctionHarness.units[0]).text, to: .renderChunk)
        let first = keys.streamPiece(FrameRange(0, 300), initialisationBytes: 6).text
        let second = keys.streamPiece(FrameRange(300, 600), initialisationBytes: 6).text
        #expect(
            try await playlist(harness, job, "video.m3u8").text == """
                #EXTM3U
                #EXT-X-VERSION:7
                #EXT-X-INDEPENDENT-SEGMENTS
                #EXT-X-TARGETDURATION:10
                #EXT-X-PLAYLIST-TYPE:EVENT
                #EXT-X-MAP:URI="memory://client/get/\(first)",BYTERANGE="6@0"
                #EXTINF:10.000000,
                #EXT-X-BYTERANGE:10@6
                memory://client/get/\(first)
                #EXTINF:10.000000,
                #EXT-X-BYTERANGE:10@6
                memory://client/get/\(second)
                #EXT-X-ENDLIST

                """)
    }

    @Test func `the audio is a rendition once it is rendered`() async throws {
        let harness = FunctionHarness()
        let job = try await streamed(harness)
        let keys = harness.keys(job)
        try await harness.deliver(keys.request(FunctionHarness.units[0]).text, to: .renderChunk)
        let silent = try await playlist(harness, job, "main.m3u8")
        #expect(silent.status == 200)
        #expect(silent.text.hasSuffix("RESOLUTION=320x180,FRAME-RATE=30.000\nvideo.m3u8\n"))
        #expect(try await playlist(harness, job, "audio.m3u8").status == 409)

        try await harness.deliver(keys.request(.audio).text, to: .renderChunk)

        #expect(try await playlist(harness, job, "main.m3u8").text.contains("URI=\"audio.m3u8\""))
        let audio = try await playlist(harness, job, "audio.m3u8").text
        // 20 s of audio end 2 frames late; the first fragment has 6 s.
        #expect(audio.contains("#EXTINF:6.000000,\n#EXT-X-BYTERANGE:4@6\n"))
        #expect(audio.contains("#EXTINF:14.066667,\n#EXT-X-BYTERANGE:6@10\n"))
        #expect(audio.hasSuffix("#EXT-X-ENDLIST\n"))
    }

    @Test func `an export without hls has no playlist`() async throws {
        let harness = FunctionHarness()
        let job = try await harness.export(try await harness.asset())
        try await harness.run(job)

        #expect(try await playlist(harness, job, "main.m3u8").status == 409)
        let status = try await harness.call(.jobStatus, "GET", "/api/export/\(job)/status").json
        #expect(status["playlist"] == nil)
    }
}
