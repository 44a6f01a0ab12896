import Testing

/// Limits of size that keep files and functions readable.
@Suite struct SizeTests {
    private static let files =
        SourceTree.files(below: "Sources") + SourceTree.files(below: "local-emulator")
        + SourceTree.files(below: "Tests")

    private static let functionLinesMax = 70
    /// `.swift-format` breaks at 100; a literal it cannot break may be longer.
    private static let lineCharactersMax = 120

    @Test func `every function has at most 70 lines`() {
        for file in Self.files {
            for function in Self.functions(in: file.lines) {
                #expect(
                    function.count <= Self.functionLinesMax,
                    "\(file.path):\(function.lowerBound + 1) has \(function.count) lines")
            }
        }
    }

    @Test func `every line has at most 120 characters`() {
        for file in Self.files {
            for (index, line) in file.lines.enumerated() {
                #expect(
                    line.count <= Self.lineCharactersMax,
                    "\(file.path):\(index + 1) has \(line.count) characters")
            }
        }
    }

    @Test func `every test file has at most 420 lines`() {
        for file in SourceTree.files(below: "Tests") {
            #expect(file.lines.count <= 420, "\(file.path) has \(file.lines.count) lines")
        }
    }

    /// Lines of each function and initialiser with a body, from its name to its closing brace.
    /// The formatter's indentation shows the end of a body.
    static func functions(in lines: [Substring]) -> [Range<Int>] {
        lines.indices.compactMap { start in
            let indent = lines[start].prefix { $0 == " " }
            let words = lines[start].split(separator: " ").prefix {
                !$0.hasPrefix("//") && !$0.hasPrefix("\"")
            }
            guard words.contains(where: { $0 == "func" || $0.hasPrefix("init(") }),
                !lines[start].hasSuffix("}")
            else { return nil }
            for index in (start + 1)..<max(start + 1, lines.count)
            where lines[index].hasPrefix(indent) {
                switch lines[index].dropFirst(indent.count).first {
                case " ", ")", "{", nil: continue
                case "}": return start..<(index + 1)
                default: return nil
                }
            }
            return nil
        }
    }

    @Test func `a function ends at the brace of its indentation`() {
        let text = """
            struct A {
                func short() -> Int { 1 }
                func long(
                    _ a: Int
                ) -> Int
                where Int: Sendable
                {
                    if a > 0 {
                        return 1
                    }
                    return 0
                }
                init() {
                    a = 1
                }
            }
            protocol B {
                func required()
                func other()
            }
            """
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false)

        #expect(Self.functions(in: lines) == [12..<15])
    }
}
