package import Foundation
package import JSON
import Testing

/// A request of `Tests/Fixtures/edits` and its expected faults.
package struct EditFixture: Decodable, Sendable, CustomTestStringConvertible {
    package var name = ""
    package var request: JSONValue
    package var faults: [FieldFault]

    package var testDescription: String { name }

    private enum CodingKeys: CodingKey { case request, faults }

    package static let all: [EditFixture] = {
        let folder = repositoryRoot.appending(path: "Tests/Fixtures/edits")
        let files = try? FileManager.default.contentsOfDirectory(
            at: folder, includingPropertiesForKeys: nil)
        return (files ?? []).filter { $0.pathExtension == "json" }
            .sorted { $0.lastPathComponent < $1.lastPathComponent }
            .compactMap { file in
                guard let data = try? Data(contentsOf: file),
                    var fixture = try? JSONDecoder().decode(EditFixture.self, from: data)
                else { return nil }
                fixture.name = file.deletingPathExtension().lastPathComponent
                return fixture
            }
    }()
}

/// The root of the checkout that contains this file.
package let repositoryRoot = URL(filePath: #filePath)
    .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
