import SpoolCommands
import Testing

@Suite struct `Replays and dead letters` {
    private let path = "POST /2015-03-31/functions/f/invocations"

    private func recording(_ event: String, _ answer: String, outcome: String = "ok") -> String {
        #"{"version":1,"function":"f","requestId":"r-1","traceId":"Root=1","event":\#(event),"#
            + #""outcome":"\#(outcome)","answer":\#(answer)}"#
    }

    @Test func `times, signatures and new IDs are not differences`()
        async throws
    {
        let backEnd = BackEnd([
            path: [
                .json(#"{"id":"job_22222222","at":"2027-01-01T00:00:00Z"}"#),
                .json(
                    #"{"statusCode":200,"body":"{\"of\":\"x/job_22222222?X-Amz-Signature=b&c=1\"}"}"#
                ),
            ]
        ])
        try await withFolder { folder in
            try write(
                recording("{}", #"{"id":"job_11111111","at":"2026-01-01T00:00:00Z"}"#),
                to: folder + "/000001-f.json")
            try write(
                recording(
                    #"{"want":"job_11111111"}"#,
                    #"{"statusCode":200,"body":"{\"of\":\"x/job_11111111?X-Amz-Signature=a&c=1\"}"}"#
                ),
                to: folder + "/000002-f.json")

            #expect(await backEnd.run("replay", folder) == 0)
        }

        #expect(backEnd.calls.map(\.body) == ["{}", #"{"want":"job_22222222"}"#])
        #expect(
            backEnd.output == """
                same    000001-f.json
                same    000002-f.json
                2 of 2 responses are equal.

                """)
    }

    @Test(arguments: [
        (#"{"a":1}"#, #"{"a":2}"#, "  /a: 1 -> 2\n"),
        (#"{"a":"queued"}"#, #"{"a":"failed"}"#, "  /a: \"queued\" -> \"failed\"\n"),
        (#"{"a":"{\"b\":[1]}"}"#, #"{"a":"{\"b\":[3]}"}"#, "  /a#/b/0: 1 -> 3\n"),
        (#"{"x/y":true}"#, "{}", "  /x~1y: true -> null\n"),
        // One old ID cannot become two new ones.
        (
            #"["id_1111111","id_1111111"]"#, #"["id_2222222","id_3333333"]"#,
            "  /1: \"id_1111111\" -> \"id_3333333\"\n"
        ),
    ])
    func `a difference is printed with its pointer`(
        recorded: String, replayed: String, line: String
    ) async throws {
        let backEnd = BackEnd([path: [.json(replayed)]])

        try await withFolder { folder in
            try write(recording("{}", recorded), to: folder + "/000001-f.json")
            #expect(await backEnd.run("replay", folder) == 1)
        }

        #expect(
            backEnd.output
                == "differs 000001-f.json\n\(line)0 of 1 responses are equal.\n")
    }

    @Test func `an answer that no longer fails is a difference`() async throws {
        let backEnd = BackEnd([path: [.json("{}")]])

        try await withFolder { folder in
            try write(recording("{}", "{}", outcome: "Function.X"), to: folder + "/1-f.json")
            #expect(await backEnd.run("replay", folder) == 1)
        }

        #expect(backEnd.output.contains(#"(whole response): "Function.X" -> "ok""#))
    }

    @Test func `a folder without recordings and an invalid recording are errors`() async throws {
        let backEnd = BackEnd([:])

        try await withFolder { folder in
            #expect(await backEnd.run("replay", folder) == 1)
            try write("{}", to: folder + "/1-f.json")
            #expect(await backEnd.run("replay", folder) == 1)
        }

        #expect(backEnd.errors.contains("contains no recorded invocation"))
        #expect(backEnd.errors.contains("1-f.json is not a recorded invocation of version 1."))
    }

    @Test func `dead letters are listed, and replayed one by one or all`() async {
        let letters = #"""
            {"deadLetters":[{"id":2,"function":"f","requestId":"r","died":"2026-01-01T00:00:00Z",
            "attempts":3,"condition":"RetriesExhausted","response":"{}"},{"id":1,"function":"g",
            "requestId":"s","objectKey":"k","died":"2026-01-01T00:00:00Z","attempts":0,
            "condition":"EventAgeExceeded","response":""}]}
            """#
        let backEnd = BackEnd([
            "GET /console/api/queue?limit=2000": [.json(letters)],
            "POST /console/api/dead-letters/1/replay": [.json("", status: 202)],
            "POST /console/api/dead-letters/2/replay": [.json("", status: 202)],
        ])

        #expect(await backEnd.run("dead-letters") == 0)
        #expect(await backEnd.run("replay-dead-letter", "all") == 0)
        #expect(await backEnd.run("replay-dead-letter", "some") == 2)
        #expect(await backEnd.run("dead-letters", "extra") == 2)

        #expect(
            backEnd.output == """
                2  2026-01-01T00:00:00Z  f  RetriesExhausted after 3  r
                    {}
                1  2026-01-01T00:00:00Z  g  EventAgeExceeded after 0  k
                Dead letter 1 is queued again.
                Dead letter 2 is queued again.

                """)
    }
}
