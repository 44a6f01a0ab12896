import Foundation

/// The text of the repository, found from the path of this file.
enum SourceTree {
    static let root = URL(filePath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

    struct File: CustomStringConvertible {
        /// Relative to the repository.
        var path: String
        var text: String
        var lines: [Substring] { text.split(separator: "\n", omittingEmptySubsequences: false) }
        var description: String { path }
        /// The modules that the file imports.
        var imports: [String] { lines.compactMap { SourceTree.importedModule(String($0)) } }
    }

    /// Every Swift file of the product.
    static let product = files(below: "Sources") + files(below: "local-emulator")

    /// The module that a line imports, or nil.
    static func importedModule(_ line: String) -> String? {
        var words = line.split(separator: " ").map(String.init)
        if let first = words.first,
            ["package", "internal", "private", "fileprivate"].contains(first)
        {
            words.removeFirst()
        }
        guard words.first == "import", words.count >= 2 else { return nil }
        return words.count > 2 ? words[2].split(separator: ".").first.map(String.init) : words[1]
    }

    static func text(_ path: String) throws -> String {
        try String(contentsOf: root.appending(path: path), encoding: .utf8)
    }

    static func files(below folder: String, withExtension suffix: String = "swift") -> [File] {
        let start = root.appending(path: folder)
        let walker = FileManager.default.enumerator(at: start, includingPropertiesForKeys: nil)
        var files: [File] = []
        while let url = walker?.nextObject() as? URL {
            guard url.pathExtension == suffix,
                let text = try? String(contentsOf: url, encoding: .utf8)
            else { continue }
            let path = String(url.path.dropFirst(root.path.count).drop { $0 == "/" })
            files.append(File(path: path, text: text))
        }
        return files.sorted { $0.path < $1.path }
    }
}
