import Foundation
import SpoolCommands
import TestSupport
import Testing

@Suite(.timeLimit(.minutes(1))) struct `spool export` {
    private static let edit = """
        {"timeline":{"tracks":[{"clips":[{"asset":{"type":"video","assetId":"a"},"start":0.1,
        "length":2},{"asset":{"type":"multicam","angles":{"A":"a","B":"b"},"audio":"b"}}]}],
        "soundtrack":{"assetId":"ast_0"}}}
        """

    private func status(_ status: String, _ more: String = "") -> APIResponse {
        .json(#"{"jobId":"j1","status":"\#(status)"\#(more)}"#)
    }

    private func answers(_ statuses: [APIResponse]) -> [String: [APIResponse]] {
        [
            "POST /api/upload/init": [
                .json(
                    #"{"assetId":"ast_1","method":"PUT","uploadUrl":"http://s3/k?sig=1","#
                        + #""headers":{"Content-Type":"video/mp4"}}"#),
                .json(
                    #"{"assetId":"ast_2","method":"MULTIPART","uploadId":"u","partSize":4,"#
                        + #""parts":[{"partNumber":1,"url":"http://s3/p1"},"#
                        + #"{"partNumber":2,"url":"http://s3/p2"}]}"#),
            ],
            "PUT http://s3/k?sig=1": [.json("", status: 503), .json("")],
            "PUT http://s3/p1": [APIResponse(status: 200, headers: [.init("etag", "\"e1\"")])],
            "PUT http://s3/p2": [APIResponse(status: 200, headers: [.init("ETag", "\"e2\"")])],
            "POST /api/upload/complete": [.json(#"{"id":"x","status":"ready"}"#)],
            "POST /api/export": [.json(#"{"jobId":"j1","status":"queued"}"#, status: 202)],
            "GET /api/export/j1": statuses,
            "GET http://s3/out": [.json("movie")],
            "DELETE /api/export/j1": [.json(#"{"jobId":"j1","status":"cancelled"}"#)],
        ]
    }

    private func run(
        _ backEnd: BackEnd, in folder: String, json: Bool = false, context: CommandContext? = nil
    ) async throws -> Int32 {
        try write(Self.edit, to: folder + "/edit.json")
        try write("AAAA", to: folder + "/a.mp4")
        try write("BBBBbb", to: folder + "/b.mov")
        let arguments = [
            "export", folder + "/edit.json", "--asset", "a=\(folder)/a.mp4", "--asset",
            "b=\(folder)/b.mov", "-o", folder + "/out.mp4",
        ]
        return await runCommand(
            arguments + (json ? ["--json"] : []), environment: ["SPOOL_API": "http://api"],
            context: context ?? backEnd.context())
    }

    @Test func `an export uploads, starts, watches and downloads`() async throws {
        let done = #","progress":100,"downloadUrl":"http://s3/out","size":5"#
        let rendering = #","phase":"rendering","progress":42.5,"frames":{"done":17,"total":40}"#
        let backEnd = BackEnd(
            answers([
                status("rendering", rendering), .json("", status: 503),
                status("rendering", rendering), status("completed", done),
            ]))

        try await withFolder { folder in
            let status = try await run(backEnd, in: folder)
            #expect(status == 0)

            let result = try String(contentsOf: URL(filePath: folder + "/out.mp4"), encoding: .utf8)
            #expect(result == "movie")
            #expect(backEnd.output == folder + "/out.mp4\n")
            let files = try FileManager.default.contentsOfDirectory(atPath: folder).sorted()
            #expect(files == ["a.mp4", "b.mov", "edit.json", "out.mp4"])
        }
        let put = BackEnd.Call(line: "PUT http://s3/k?sig=1", body: "AAAA")
        let parts = backEnd.calls.filter { $0.line.hasPrefix("PUT http://s3/p") }
        #expect(
            backEnd.calls.filter { !parts.contains($0) } == [
                .init(
                    line: "POST /api/upload/init",
                    body: #"{"filename":"a.mp4","size":4}"#),
                put, put,
                .init(line: "POST /api/upload/complete", body: #"{"assetId":"ast_1"}"#),
                .init(
                    line: "POST /api/upload/init",
                    body: #"{"filename":"b.mov","size":6}"#),
                .init(
                    line: "POST /api/upload/complete",
                    body: #"{"assetId":"ast_2","parts":[{"etag":"\"e1\"","partNumber":1},"#
                        + #"{"etag":"\"e2\"","partNumber":2}],"uploadId":"u"}"#),
                .init(
                    line: "POST /api/export",
                    body: #"{"clientToken":"token-1","timeline":{"soundtrack":{"assetId":"ast_0"},"#
                        + #""tracks":[{"clips":[{"asset":{"assetId":"ast_1","type":"video"},"#
                        + #""length":2,"start":0.1},{"asset":{"angles":{"A":"ast_1","B":"ast_2"},"#
                        + #""audio":"ast_2","type":"multicam"}}]}]}}"#),
                .init(line: "GET /api/export/j1", body: ""),
                .init(line: "GET /api/export/j1", body: ""),
                .init(line: "GET /api/export/j1", body: ""),
                .init(line: "GET /api/export/j1", body: ""),
                .init(line: "GET http://s3/out", body: ""),
            ])
        #expect(parts.map(\.body).sorted() == ["BBBB", "bb"])
        #expect(
            backEnd.errors.contains(
                "rendering  [###########-----------------]  42%  17/40 frames\n"))
    }

    @Test func `every finished output is downloaded although others fail`() async throws {
        var answers = answers([
            status("completed", #","downloadUrl":"http://s3/out","size":5"#)
        ])
        answers["POST /api/export"] = [
            .json(
                #"{"jobId":"j1","status":"queued","jobs":[{"jobId":"j1","format":"mp4"},"#
                    + #"{"jobId":"j2","format":"webm"},{"jobId":"j3"}]}"#, status: 202)
        ]
        answers["GET /api/export/j2"] = [status("failed", #","error":"no such luck""#)]
        answers["GET /api/export/j3"] = answers["GET /api/export/j1"]
        let backEnd = BackEnd(answers)

        try await withFolder { folder in
            let status = try await run(backEnd, in: folder)

            #expect(status == 1)
            #expect(backEnd.output == "\(folder)/out-1.mp4\n\(folder)/out-3.mp4\n")
            #expect(backEnd.errors.hasSuffix("Job j2 failed: no such luck\n"))
            #expect(backEnd.errors.contains("3 of 3: "))
        }
    }

    @Test func `--json writes only the result`() async throws {
        let backEnd = BackEnd(answers([status("completed", #","downloadUrl":"http://s3/out""#)]))

        try await withFolder { folder in
            let status = try await run(backEnd, in: folder, json: true)
            #expect(status == 0)

            #expect(
                backEnd.output == #"{"bytes":5,"jobId":"j1","path":"\#(folder)/out.mp4"}"# + "\n")
            #expect(backEnd.errors == "")
        }
    }

    @Test func `a failed job prints its error and leaves no file`() async throws {
        let backEnd = BackEnd(answers([status("failed", #","error":"b.mov is not media""#)]))

        try await withFolder { folder in
            let status = try await run(backEnd, in: folder)
            #expect(status == 1)

            #expect(backEnd.errors.hasSuffix("Job j1 failed: b.mov is not media\n"))
            #expect(!FileManager.default.fileExists(atPath: folder + "/out.mp4"))
        }
    }

    @Test func `a download of the wrong size is refused`() async throws {
        let backEnd = BackEnd(
            answers([status("completed", #","downloadUrl":"http://s3/out","size":6"#)]))

        try await withFolder { folder in
            let status = try await run(backEnd, in: folder)
            #expect(status == 1)

            #expect(backEnd.errors.hasSuffix("failed: received 5 of 6 bytes.\n"))
            let files = try FileManager.default.contentsOfDirectory(atPath: folder)
            #expect(files.count == 3)
        }
    }

    @Test func `every fault of a refused edit is printed with its pointer`() async throws {
        var answers = answers([])
        answers["POST /api/export"] = [
            .json(
                #"{"type":"about:blank","title":"Bad Request","status":400,"detail":"The edit is "#
                    + #"not valid.","errors":[{"pointer":"/timeline/tracks/0","detail":"empty"},"#
                    + #"{"pointer":"","detail":"too long"}],"error":"x"}"#, status: 400)
        ]
        let backEnd = BackEnd(answers)

        try await withFolder { folder in
            let status = try await run(backEnd, in: folder)
            #expect(status == 1)
        }

        #expect(
            backEnd.errors.hasSuffix(
                "Starting the export failed (400): The edit is not valid.\n"
                    + "  /timeline/tracks/0: empty\n  (whole document): too long\n"))
    }

    @Test func `an asset option that the edit does not use is refused before any upload`()
        async throws
    {
        let backEnd = BackEnd([:])

        try await withFolder { folder in
            try write(#"{"timeline":{}}"#, to: folder + "/e.json")
            let status = await backEnd.run(
                "export", folder + "/e.json", "--asset", "c=/x", "-o", "/y")
            #expect(status == 2)
        }

        #expect(backEnd.errors == "--asset c=… matches no assetId of the edit.\n")
        #expect(backEnd.calls == [])
    }

    @Test func `an interrupt cancels the job`() async throws {
        let backEnd = BackEnd(answers([status("rendering")]))
        let context = backEnd.context(interrupted: {
            _ = try? await eventually("the first status request") {
                backEnd.lines.contains("GET /api/export/j1")
            }
        })

        try await withFolder { folder in
            let status = try await run(backEnd, in: folder, context: context)
            #expect(status == 1)
        }

        #expect(backEnd.lines.last == "DELETE /api/export/j1")
        #expect(backEnd.errors.hasSuffix("Interrupted: job j1 is cancelled.\n"))
    }

    @Test func `an unreachable back end is reported after four attempts`() async throws {
        var answers = answers([])
        answers["POST /api/upload/init"] = [.json("", status: 503)]
        let backEnd = BackEnd(answers)

        try await withFolder { folder in
            let status = try await run(backEnd, in: folder)
            #expect(status == 1)
        }

        #expect(backEnd.errors == "Requesting the upload of a.mp4 failed with status 503.\n")
        #expect(backEnd.sleeps == [200, 400, 800])
    }
    @Test func `a retry waits as long as the back end asks, up to 30 seconds`() async throws {
        var answers = answers([])
        let header = APIRequest.Header("Retry-After", "7")
        let tooLong = APIRequest.Header("retry-after", "31")
        answers["POST /api/upload/init"] = [
            APIResponse(status: 429, headers: [header]),
            APIResponse(status: 503, headers: [tooLong]),
        ]
        let backEnd = BackEnd(answers)

        try await withFolder { folder in
            let status = try await run(backEnd, in: folder)
            #expect(status == 1)
        }

        #expect(backEnd.sleeps == [7_000])
    }
}
