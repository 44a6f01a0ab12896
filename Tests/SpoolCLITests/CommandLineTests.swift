import SpoolCommands
import Testing

@Suite struct `Command line` {
    private func parse(
        _ words: String, environment: [String: String] = [:]
    ) throws -> CommandRequest {
        try CommandRequest(words.split(separator: " ").map(String.init), environment: environment)
    }

    @Test func `export options are read in any order and form`() throws {
        let line = try parse(
            "export --asset a=1.mp4 edit.json -o out.mp4 --asset=b=x=2.mp4 --json --api=http://h/ "
                + "--token t")

        #expect(
            line.command
                == .export(
                    .init(
                        editPath: "edit.json", outputPath: "out.mp4",
                        assets: [
                            .init(name: "a", path: "1.mp4"), .init(name: "b", path: "x=2.mp4"),
                        ])))
        #expect([line.api, line.token] == ["http://h", "t"])
        #expect(line.isJSON)
    }

    @Test(arguments: [
        ("status job_1-a", Command.status(jobID: "job_1-a")),
        ("cancel j", .cancel(jobID: "j")),
        ("upload a.mp4", .upload(path: "a.mp4")),
        ("upload -- -a.mp4", .upload(path: "-a.mp4")),
        ("invoke sweep", .invoke(function: "sweep", eventPath: nil, isAsynchronous: false)),
        (
            "invoke sweep --event - --async",
            .invoke(function: "sweep", eventPath: "-", isAsynchronous: true)
        ),
    ])
    func `each command is read`(words: String, command: Command) throws {
        #expect(try parse(words).command == command)
    }

    @Test func `options override the environment`() throws {
        let environment = ["SPOOL_API": "https://api.example/x/", "SPOOL_TOKEN": "e"]

        let fromEnvironment = try parse("status j", environment: environment)
        let fromOptions = try parse("status j --api http://o --token o", environment: environment)
        let bare = try parse("status j", environment: ["SPOOL_API": "", "SPOOL_TOKEN": ""])

        #expect([fromEnvironment.api, fromEnvironment.token] == ["https://api.example/x", "e"])
        #expect([fromOptions.api, fromOptions.token] == ["http://o", "o"])
        #expect([bare.api, bare.token] == ["http://127.0.0.1:8080", nil])
    }

    @Test(arguments: [
        ("exprt e.json", "Unknown command \"exprt\"; did you mean export?"),
        ("x", "Unknown command \"x\"."),
        (
            "export e.json --aset a=b -o o",
            "spool export has no option --aset; did you mean --asset?"
        ),
        ("status j -o x", "spool status has no option -o."),
        ("export e.json", "-o FILE is missing."),
        (
            "export -o o",
            "EDIT is missing: spool export EDIT [--asset NAME=FILE] -o FILE [options]."
        ),
        ("export e.json -o", "--output requires a value."),
        ("export e.json -o o --asset a", "--asset must be NAME=FILE, not \"a\"."),
        ("export e.json -o o --asset =f", "--asset must be NAME=FILE, not \"=f\"."),
        ("export e.json -o o --asset a=f --asset a=g", "--asset a=… is a duplicate."),
        ("status a b", "b is unexpected: spool status JOB [options]."),
        ("status ../x", "\"../x\" is not a job ID."),
        ("status j --json=1", "--json does not take a value."),
        ("status j --api ftp://x", "--api must be a URL that starts with http:// or https://."),
    ])
    func `an invalid command line is refused with the correct form`(words: String, problem: String)
    {
        let error = #expect(throws: CommandError.self) { try parse(words) }

        #expect(error == CommandError([problem, "See spool --help."], status: 2))
    }

    @Test(arguments: ["", "--help", "help", "-h"])
    func `help lists every command`(words: String) throws {
        guard case .help(let text) = try parse(words).command else {
            Issue.record("That is not help.")
            return
        }
        let commands = ["export", "status", "cancel", "upload", "invoke"]
        #expect(commands.allSatisfy { text.contains("  spool \($0) ") })
    }

    @Test(arguments: ["export", "status", "cancel", "upload", "invoke"])
    func `each command has its help`(name: String) throws {
        let help = try parse("\(name) --help").command

        #expect(try parse("help \(name)").command == help)
        guard case .help(let text) = help else {
            Issue.record("That is not help.")
            return
        }
        #expect(text.contains("Usage: spool \(name) "))
        #expect(text.split(separator: "\n").allSatisfy { $0.count <= 100 })
    }
}

@Suite struct LeadingOptionTests {
    @Test func `global options may precede the command`() throws {
        let before = try CommandRequest(
            ["--api", "http://h:1", "--json", "--token", "t", "status", "job_1"], environment: [:])
        let after = try CommandRequest(
            ["status", "job_1", "--api", "http://h:1", "--json", "--token", "t"], environment: [:])

        #expect(before == after)
    }
}
