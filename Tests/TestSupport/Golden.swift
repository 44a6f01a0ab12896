package import FoundationEssentials
package import Testing

/// Expected texts in files of `Tests/Golden`, so that a change of output shows up as a diff.
package enum Golden {
    /// The folder `Tests/Golden`.
    package static let folder = URL(filePath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().appending(path: "Golden")

    /// The handling of a file that differs.
    package enum Mode: Hashable, Sendable {
        /// Reports the difference.
        case compare
        /// Writes the text to the file.
        case update
        /// Reports that an update was requested where files may not change.
        case refuseUpdate

        /// Reads `UPDATE_GOLDEN=1`, which requests an update; `CI=true` refuses it.
        package init(environment: [String: String]) {
            guard environment["UPDATE_GOLDEN"] == "1" else {
                self = .compare
                return
            }
            self = environment["CI"] == "true" ? .refuseUpdate : .update
        }
    }

    /// Returns the paths of the files in a folder of `Tests/Golden`, relative to `Tests/Golden`.
    package static func files(in folder: String) throws -> Set<String> {
        let names = try FileManager.default.contentsOfDirectory(
            atPath: self.folder.appending(path: folder).path)
        return Set(names.map { "\(folder)/\($0)" })
    }

    /// Returns the first difference of two texts by lines: two equal lines before
    /// it, then lines of the file with `-` and of the text with `+`, at most
    /// `linesMax` of each.
    /// - Returns: nil for equal texts.
    package static func difference(
        expected: String, actual: String, linesMax: Int = 12
    ) -> String? {
        guard expected != actual else { return nil }
        let old = expected.split(separator: "\n", omittingEmptySubsequences: false)
        let new = actual.split(separator: "\n", omittingEmptySubsequences: false)
        let same = zip(old, new).prefix { $0 == $1 }.count
        let tail = zip(old.dropFirst(same).reversed(), new.dropFirst(same).reversed())
            .prefix { $0 == $1 }.count
        func changed(_ lines: [Substring], _ mark: String) -> [String] {
            let range = lines[same..<(lines.count - tail)]
            let shown = range.prefix(linesMax).map { "\(mark) \($0)" }
            let hidden = range.count - shown.count
            return hidden > 0 ? shown + ["\(mark) … \(hidden) more lines"] : shown
        }
        let before = old[max(0, same - 2)..<same].map { "  \($0)" }
        let after = old.suffix(tail).prefix(2).map { "  \($0)" }
        let lines = before + changed(old, "-") + changed(new, "+") + after
        return "line \(same + 1):\n" + lines.joined(separator: "\n")
    }
}

/// Compares a text with the file `Tests/Golden/NAME`.
///
/// Records an issue with the first difference. `UPDATE_GOLDEN=1` writes the file instead, except
/// where `CI=true`.
/// - Parameters:
///   - text: The actual text; a missing final line feed is added.
///   - name: The file's path in `Tests/Golden`.
///   - folder: The folder instead of `Tests/Golden`, for tests of this function.
///   - mode: The mode, for tests of this function; nil reads the environment.
package func expectGolden(
    _ text: String, _ name: String, in folder: URL = Golden.folder, mode: Golden.Mode? = nil,
    sourceLocation: SourceLocation = #_sourceLocation
) {
    let actual = text.hasSuffix("\n") ? text : text + "\n"
    let file = folder.appending(path: name)
    let stored = try? String(contentsOf: file, encoding: .utf8)
    guard stored != actual else { return }
    let mode = mode ?? Golden.Mode(environment: ProcessInfo.processInfo.environment)
    switch mode {
    case .update:
        do {
            try FileManager.default.createDirectory(
                at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
            try Data(actual.utf8).write(to: file)
        } catch {
            Issue.record("Tests/Golden/\(name): \(error)", sourceLocation: sourceLocation)
        }
    case .compare, .refuseUpdate:
        let difference = stored.map {
            Golden.difference(expected: $0, actual: actual) ?? "no difference"
        }
        let advice =
            mode == .refuseUpdate
            ? "UPDATE_GOLDEN is ignored where CI=true" : "UPDATE_GOLDEN=1 accepts the new text"
        Issue.record(
            "Tests/Golden/\(name) differs, \(difference ?? "no such file")\n\(advice)",
            sourceLocation: sourceLocation)
    }
}
