import Testing

/// Every declaration that another module can use has a doc comment.
@Suite struct DocumentationTests {
    /// Declarations without one that are still accepted. Lower it with each one that is
    /// documented; it ends at 0.
    private static let undocumentedMax = 0

    @Test func `every package declaration has a doc comment`() {
        let files =
            SourceTree.files(below: "Sources") + SourceTree.files(below: "local-emulator")
        let missing = files.flatMap { file in
            Self.undocumented(in: file.lines).map { index in
                "\(file.path):\(index + 1) \(file.lines[index].drop { $0 == " " })"
            }
        }

        #expect(
            missing.count <= Self.undocumentedMax,
            "\(missing.count) without a doc comment:\n\(missing.joined(separator: "\n"))")
    }

    /// Indices of the lines whose `package` or `public` declaration has no doc comment.
    static func undocumented(in lines: [Substring]) -> [Int] {
        lines.indices.filter { index in
            guard declares(lines[index]), !inheritsDocumentation(lines[index]) else {
                return false
            }
            let above = lines[..<index].last { !$0.drop { $0 == " " }.hasPrefix("@") }
            return above?.drop { $0 == " " }.hasPrefix("///") != true
        }
    }

    private static let kinds: Set<Substring> = [
        "struct", "class", "enum", "protocol", "actor", "func", "init", "var", "let",
        "subscript", "typealias", "macro",
    ]

    /// True for a line that begins a declaration which other modules can use.
    private static func declares(_ line: Substring) -> Bool {
        let words = line.split(separator: " ")
        // Enum cases, imports and extensions need no comment.
        guard let kind = words.firstIndex(where: { kinds.contains($0.prefix { $0.isLetter }) })
        else { return false }
        return words[..<kind].allSatisfy { $0.first?.isLetter == true || $0.hasPrefix("@") }
            && words[..<kind].contains { $0 == "package" || $0 == "public" }
    }

    /// Members whose protocol documents them.
    private static let inherited = [
        "var description:", "var debugDescription:", "var errorDescription:", "func ==", "func <",
        "func hash(into", "func encode(to", "init(from decoder", "init(stringLiteral",
        "init(integerLiteral", "init(arrayLiteral", "init(dictionaryLiteral",
        "init(floatLiteral", "init(booleanLiteral", "init(nilLiteral",
        "init(stringInterpolation", "enum CodingKeys",
    ]

    private static func inheritsDocumentation(_ line: Substring) -> Bool {
        inherited.contains { line.contains($0) }
    }

    @Test(arguments: [
        ("package struct A {}", true),
        ("/// A.\npackage struct A {}", false),
        ("/// A.\n@usableFromInline\npackage func a() {", false),
        ("    package static let a = 1", true),
        ("    public init() {", true),
        ("// Not a doc comment.\npackage var a = 1", true),
        ("/// A.\n\npackage var a = 1", true),
        ("@inlinable package func a() {", true),
        ("package import A", false),
        ("package extension A {", false),
        ("    private let a = 1", false),
        ("let text = \"package let a\"", false),
        ("    package var description: String { \"\" }", false),
    ])
    func `a missing doc comment is found`(text: String, isMissing: Bool) {
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false)

        #expect(Self.undocumented(in: lines).isEmpty == !isMissing)
    }
}
