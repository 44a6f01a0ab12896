import Foundation
import Testing

/// The list "Follow one export" of ARCHITECTURE.md.
@Suite struct ExportWalkTests {
    private struct Step {
        var number: Int
        /// Relative to the repository.
        var path: String
        /// Words in backticks after the path.
        var symbols: [String]
    }

    /// Stages of an export; a step belongs to the first whose word is in its path.
    private static let stages = ["StartExport", "Render", "Stitch", "JobStatus"]

    private static func steps() throws -> [Step] {
        let text = try SourceTree.text("ARCHITECTURE.md")
        let section = try #require(
            text.components(separatedBy: "\n## ").first { $0.hasPrefix("Follow one export\n") })
        // An item is a numbered line with its continuation lines.
        var items: [String] = []
        for line in section.split(separator: "\n").map(String.init) {
            if line.first?.isNumber == true {
                items.append(line)
            } else if line.hasPrefix(" "), !items.isEmpty {
                items[items.count - 1] += line
            }
        }
        return try items.map { item in
            let number = try #require(Int(item.prefix { $0.isNumber }), "\(item)")
            let quoted = item.components(separatedBy: "`").enumerated()
                .filter { $0.offset % 2 == 1 }.map(\.element)
            return Step(
                number: number, path: try #require(quoted.first, "\(item)"),
                symbols: quoted.dropFirst().filter { $0.allSatisfy(\.isLetter) })
        }
    }

    @Test func `at most eight files lead from the request to the download`() throws {
        let steps = try Self.steps()

        #expect((4...8).contains(steps.count))
        #expect(steps.map(\.number) == Array(1...steps.count))
        #expect(Set(steps.map(\.path)).count == steps.count)
        #expect(steps.allSatisfy { $0.path.hasPrefix("Sources/") })
    }

    @Test func `the steps are in the order of an export`() throws {
        let order = try Self.steps().map { step in
            try #require(Self.stages.firstIndex { step.path.contains($0) }, "\(step.path)")
        }

        #expect(order == order.sorted())
        #expect(Set(order).count == Self.stages.count)
    }

    @Test func `each file declares the symbols that its step names`() throws {
        for step in try Self.steps() {
            let text = try SourceTree.text(step.path)
            #expect(!step.symbols.isEmpty, "step \(step.number) names no symbol")
            for symbol in step.symbols {
                let declarations = ["enum", "struct", "func"].map { "\($0) \(symbol)" }
                #expect(
                    declarations.contains { Self.declares(text, $0) },
                    "\(step.path) does not declare \(symbol)")
            }
        }
    }

    /// True if the text declares this as a whole word, outside of comments.
    private static func declares(_ text: String, _ declaration: String) -> Bool {
        text.split(separator: "\n").contains { line in
            let code = line.drop { $0 == " " }
            guard !code.hasPrefix("//"), let range = code.firstRange(of: declaration) else {
                return false
            }
            return code[range.upperBound...].first.map { !$0.isLetter && !$0.isNumber } ?? true
        }
    }
}
