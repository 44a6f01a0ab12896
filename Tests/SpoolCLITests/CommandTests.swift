import SpoolCommands
import Testing

@Suite struct `Small commands` {
    @Test func `status prints phase, percent and frames`() async {
        let backEnd = BackEnd([
            "GET /api/export/j": [
                .json(
                    #"{"jobId":"j","status":"rendering","phase":"rendering","progress":50,"#
                        + #""frames":{"done":5,"total":10}}"#)
            ]
        ])

        #expect(await backEnd.run("status", "j") == 0)
        #expect(backEnd.output == "rendering  [##############--------------]  50%  5/10 frames\n")
    }

    @Test func `status --json prints the document`() async {
        let document = #"{"jobId":"j","status":"failed","error":"e","new":1}"#
        let backEnd = BackEnd(["GET /api/export/j": [.json(document)]])

        #expect(await backEnd.run("status", "j", "--json") == 0)
        #expect(backEnd.output == document + "\n")
    }

    @Test func `an unknown job is an error, as JSON with --json`() async {
        let answers = [
            "GET /api/export/j": [APIResponse.json(#"{"error":"Job not found"}"#, status: 404)]
        ]
        let plain = BackEnd(answers)
        let json = BackEnd(answers)

        #expect(await plain.run("status", "j") == 1)
        #expect(await json.run("status", "j", "--json") == 1)
        #expect(plain.errors == "Reading the status of job j failed (404): Job not found\n")
        #expect(
            json.errors
                == #"{"details":[],"error":"Reading the status of job j failed (404): Job not found"}"#
                + "\n")
    }

    @Test func `cancel prints the cancelled job`() async {
        let backEnd = BackEnd(["DELETE /api/export/j": [.json(#"{"jobId":"j"}"#)]])

        #expect(await backEnd.run("cancel", "j") == 0)
        #expect(backEnd.output == "Job j is cancelled.\n")
    }

    @Test func `invoke sends the event and prints the answer`() async throws {
        let path = "/2015-03-31/functions/sweep/invocations"
        let backEnd = BackEnd(["POST \(path)": [.json("[1]")]])

        try await withFolder { folder in
            try write("{\"a\":1}", to: folder + "/e.json")
            #expect(await backEnd.run("invoke", "sweep", "--event", folder + "/e.json") == 0)
        }

        #expect(backEnd.calls == [.init(line: "POST \(path)", body: "{\"a\":1}")])
        #expect(backEnd.output == "[1]\n")
    }

    @Test func `a function's failure is printed with status 1`() async {
        let path = "/2015-03-31/functions/sweep/invocations"
        let backEnd = BackEnd([
            "POST \(path)": [
                APIResponse(
                    status: 200, headers: [.init("X-Amz-Function-Error", "Unhandled")],
                    body: Array("{\"errorType\":\"x\"}".utf8))
            ]
        ])

        #expect(await backEnd.run("invoke", "sweep") == 1)
        #expect(backEnd.output == "{\"errorType\":\"x\"}\n")
        #expect(backEnd.errors == "sweep failed: Unhandled.\n")
    }

    @Test func `an unknown function prints the Invoke API's error`() async {
        let path = "/2015-03-31/functions/nope/invocations"
        let answer = #"{"Type":"User","Message":"Function not found: nope"}"#
        let backEnd = BackEnd(["POST \(path)": [.json(answer, status: 404)]])

        #expect(await backEnd.run("invoke", "nope") == 1)
        #expect(backEnd.errors == "Invoking nope failed (404): Function not found: nope\n")
    }

    @Test func `upload prints the asset's ID`() async throws {
        let backEnd = BackEnd([
            "POST /api/upload/init": [.json(#"{"assetId":"ast_1","uploadUrl":"http://s3/k"}"#)],
            "PUT http://s3/k": [.json("")],
            "POST /api/upload/complete": [.json(#"{"id":"ast_1"}"#)],
        ])

        try await withFolder { folder in
            try write("x", to: folder + "/a.mp4")
            #expect(await backEnd.run("upload", folder + "/a.mp4") == 0)
            #expect(backEnd.output == "ast_1\n")
            #expect(await backEnd.run("upload", folder + "/none.mp4") == 1)
            #expect(backEnd.errors == "The file \(folder)/none.mp4 does not exist.\n")
        }
    }

    @Test func `a terminal line is overwritten, a file gets changes only`() {
        var terminal = ProgressScreen(isTerminal: true, isQuiet: false)
        var file = ProgressScreen(isTerminal: false, isQuiet: false)
        let bar = ProgressBar.line(phase: "p", percent: 1, done: nil, total: nil)

        #expect(terminal.show(phase: "p", percent: 1) == "\r\u{1B}[K" + bar)
        #expect(terminal.show(phase: "p", percent: 1.9) == "")
        #expect(terminal.finish() == "\n")
        #expect(file.show(phase: "p", percent: 1) == bar + "\n")
        #expect(file.show(phase: "p", percent: 2) == "")
        #expect(file.show(phase: "p", percent: 11) != "")
        #expect(file.show(phase: "q", percent: 11) != "")
        #expect(file.finish() == "")
        #expect(ProgressBar.line(phase: "p", percent: 400, done: nil, total: nil).hasSuffix("100%"))
        #expect(
            ProgressBar.line(phase: "p", percent: .nan, done: 0, total: 1).contains("  0%  0/1"))
    }
}
