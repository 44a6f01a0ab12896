import Arguments
import Testing

@Suite struct ParsedArgumentsTests {
    private static let options = [
        ArgumentOption(name: "--output", short: "-o", valueName: "FILE"),
        ArgumentOption(name: "--asset", valueName: "NAME=FILE"), ArgumentOption(name: "--json"),
    ]

    private func parse(_ words: String...) throws(ArgumentError) -> ParsedArguments {
        try ParsedArguments(words, options: Self.options, of: "spool export")
    }

    @Test func `options, flags and positionals are distinguished`() throws {
        let parsed = try parse(
            "edit.json", "-o", "a.mp4", "--asset=x=1.mp4", "--json", "--asset", "y=2.mp4", "-")

        #expect(parsed.positionals == ["edit.json", "-"])
        #expect(parsed.flags == ["--json"])
        #expect(parsed.values == ["--output": ["a.mp4"], "--asset": ["x=1.mp4", "y=2.mp4"]])
        #expect(parsed.last("--asset") == "y=2.mp4")
        #expect(parsed.last("--token") == nil)
    }

    @Test func `after two dashes every word is a positional`() throws {
        #expect(try parse("--", "--json", "-o").positionals == ["--json", "-o"])
    }

    @Test(arguments: [
        (["--outptu", "a"], "spool export has no option --outptu; did you mean --output?"),
        (["--frames"], "spool export has no option --frames."),
        (["-x"], "spool export has no option -x."),
        (["--json=1"], "--json does not take a value."),
        (["--output"], "--output requires a value."),
    ])
    func `an unusable command line is refused in one sentence`(words: [String], text: String) {
        let error = #expect(throws: ArgumentError.self) {
            try ParsedArguments(words, options: Self.options, of: "spool export")
        }

        #expect(error?.sentence == text)
    }

    @Test(arguments: [
        ("exprot", "export"), ("stauts", "status"), ("x", nil), ("completely", nil),
    ])
    func `a near word is suggested`(word: String, expected: String?) {
        #expect(Suggestion.of(word, among: ["export", "status", "cancel"]) == expected)
    }
}
