import Foundation
import Testing

/// Refuses the words that `docs/glossary.md` retires.
@Suite struct GlossaryTests {
    /// Text that may stay, below a path, with its reason.
    private static let exceptions: [(text: String, path: String, reason: String)] = [
        ("soundPieces", "", "JSON key of plan.json"),
        ("sharesSound", "Sources/", "JSON key of plan.json"),
        ("soundMilliseconds", "", "JSON key of result.json and of the API"),
        ("\"mostWordsPerLine\"", "Sources/", "JSON key of plan.json"),
        ("\"mostLines\"", "Sources/", "JSON key of plan.json"),
        ("maximumRetryAttempts", "", "Lambda's MaximumRetryAttempts"),
        ("maximumEventAgeSeconds", "", "Lambda's MaximumEventAgeInSeconds"),
        ("greatestCommonDivisor", "", "the mathematical term"),
        ("CURLOPT_NOBODY", "", "libcurl's option"),
    ]

    private static let files: [SourceTree.File] =
        ["Sources", "local-emulator", "Tests", "docs"].flatMap { folder in
            ["swift", "md", "c", "h", "py", "js", "html", "json"].flatMap {
                SourceTree.files(below: folder, withExtension: $0)
            }
        }
        .filter { $0.path != "docs/glossary.md" && !$0.path.hasSuffix("/GlossaryTests.swift") }
        + ["README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "CHANGELOG.md"].compactMap { path in
            (try? SourceTree.text(path)).map { SourceTree.File(path: path, text: $0) }
        }

    @Test func `retired words are in no name, comment, message or page`() throws {
        let retired = RetiredWords(try Self.table("Retired words"))

        for file in Self.files {
            let hits = retired.hits(in: Self.checked(file))
            #expect(hits.isEmpty, "\(file.path): \(hits.joined(separator: "; "))")
        }
    }

    @Test func `no name of Swift begins with a retired word`() throws {
        let beginnings = try Self.table("Retired beginnings of names")
        try #require(!beginnings.isEmpty)

        for file in Self.files where file.path.hasSuffix(".swift") {
            let hits = Self.names(in: Self.checked(file)).filter { name in
                beginnings.contains { beginning, _ in
                    name.hasPrefix(beginning)
                        && name.dropFirst(beginning.count).first?.isUppercase == true
                }
            }
            #expect(hits.isEmpty, "\(file.path): \(Set(hits).sorted().joined(separator: ", "))")
        }
    }

    @Test func `each exception is still needed`() {
        for exception in Self.exceptions {
            let isUsed = Self.files.contains {
                $0.path.hasPrefix(exception.path) && $0.text.contains(exception.text)
            }
            #expect(isUsed, "\(exception.text) is no longer in \(exception.path)")
        }
    }

    @Test func `a retired word is found in names, over lines and in capitals`() {
        let retired = RetiredWords([("sound, sounds", "audio"), ("goes on", "continues")])

        #expect(retired.hits(in: "let hasSound = 1").count == 1)
        #expect(retired.hits(in: "a\nMAX_SOUND_BYTES").first?.hasPrefix("line 2") == true)
        #expect(retired.hits(in: "/// what goes\n    /// on").count == 1)
        #expect(retired.hits(in: "it goes. On Monday").isEmpty)
        #expect(retired.hits(in: "the soundtrack is unsound").isEmpty)
    }

    /// The file's text without what the exceptions permit.
    private static func checked(_ file: SourceTree.File) -> String {
        exceptions.filter { file.path.hasPrefix($0.path) }.reduce(file.text) {
            $0.replacing($1.text, with: "")
        }
    }

    /// Rows of the table below a heading of the glossary.
    private static func table(_ heading: String) throws -> [(retired: String, use: String)] {
        let text = try SourceTree.text("docs/glossary.md")
        let start = try #require(text.firstRange(of: "## \(heading)\n"), "no table \(heading)")
        let section = text[start.upperBound...].prefix { $0 != "#" }
        let rows = section.split(separator: "\n").filter { $0.hasPrefix("| ") }.dropFirst()
        return rows.map { row in
            let cells = row.split(separator: "|").map { $0.trimmingCharacters(in: .whitespaces) }
            return (cells[0], cells[1])
        }
    }

    /// Words of letters and digits that begin with a small letter.
    private static func names(in text: String) -> [Substring] {
        text.split { !($0.isASCII && ($0.isLetter || $0.isNumber || $0 == "_")) }
            .filter { $0.first?.isLowercase == true }
    }
}

/// The retired words, ready to be looked for in a text.
private struct RetiredWords {
    /// Phrases by their first word, each with what to use instead.
    private var phrases: [String: [(words: [String], use: String)]] = [:]

    init(_ rows: [(retired: String, use: String)]) {
        for row in rows {
            for form in row.retired.split(separator: ",") {
                let words = form.lowercased().split(separator: " ").map(String.init)
                phrases[words[0], default: []].append((words, row.use))
            }
        }
    }

    /// - Returns: `line 12 has "audio": use audio`, for each place.
    func hits(in text: String) -> [String] {
        let words = Self.words(of: text)
        return words.indices.flatMap { index in
            (phrases[words[index].text] ?? []).compactMap { phrase -> String? in
                let end = index + phrase.words.count
                guard end <= words.count,
                    zip(words[index..<end], phrase.words).allSatisfy({ $0.text == $1 }),
                    words[(index + 1)..<end].allSatisfy(\.continues)
                else { return nil }
                let found = phrase.words.joined(separator: " ")
                return "line \(words[index].line) has \"\(found)\": use \(phrase.use)"
            }
        }
    }

    private struct Word {
        /// In small letters.
        var text: String
        var line: Int
        /// Nothing but spaces, ends of lines and signs of comments before it.
        var continues: Bool
    }

    /// The words of a text; those of a name such as `hasAudio` one by one.
    private static func words(of text: String) -> [Word] {
        let gaps = Set(" \t\n/#*_".utf8)
        var words: [Word] = []
        var letters: [UInt8] = []
        var (line, continues, wasCapital) = (1, true, false)
        func end() {
            guard !letters.isEmpty else { return }
            let word = String(decoding: letters, as: UTF8.self)
            words.append(Word(text: word, line: line, continues: continues))
            (letters, continues) = ([], true)
        }
        for byte in text.utf8 {
            let isCapital = (0x41...0x5A).contains(byte)
            if isCapital || (0x61...0x7A).contains(byte) {
                if isCapital, !wasCapital { end() }
                letters.append(byte | 0x20)
            } else {
                end()
                if !gaps.contains(byte) { continues = false }
                if byte == UInt8(ascii: "\n") { line += 1 }
            }
            wasCapital = isCapital
        }
        end()
        return words
    }
}
