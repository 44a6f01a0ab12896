import Foundation
import Testing

/// Every file of `Tests/Golden` is used.
@Suite struct GoldenFileTests {
    private static let sources =
        SourceTree.files(below: "Tests") + SourceTree.files(below: "Tests", withExtension: "py")

    @Test func `every golden file is read by a test`() throws {
        let folder = SourceTree.root.appending(path: "Tests/Golden")
        let names = try FileManager.default.contentsOfDirectory(atPath: folder.path)

        #expect(!names.isEmpty)
        for name in names {
            var isFolder: ObjCBool = false
            let path = folder.appending(path: name).path
            _ = FileManager.default.fileExists(atPath: path, isDirectory: &isFolder)
            // The suite of a folder compares the folder's files with the names that it reads.
            let wanted = isFolder.boolValue ? "Golden.files(in: \"\(name)\")" : name
            #expect(
                Self.sources.contains { $0.text.contains(wanted) },
                "no test contains \(wanted)")
        }
    }
}
