import Foundation
import Functions

/// The sample events in `events/`.
enum SampleEvents {
    private static let folder = URL(filePath: #filePath).deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent().appending(path: "events")

    /// Bytes of every sample of a function, sorted by file name.
    static func of(_ name: FunctionName) -> [[UInt8]] {
        let files = (try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []
        return files.sorted()
            .filter { $0.hasPrefix("\(name.rawValue).") }
            .compactMap { try? Data(contentsOf: folder.appending(path: $0)) }.map(Array.init)
    }
}
