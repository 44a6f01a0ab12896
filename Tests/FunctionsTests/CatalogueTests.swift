import Foundation
import Functions
import Testing

/// The lists of functions that must not drift apart.
@Suite struct CatalogueTests {
    private static let root = URL(filePath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

    private struct Catalogue: Decodable {
        struct Function: Decodable {
            struct Filter: Decodable {
                var prefix: String
                var suffix: String
            }
            var name: String
            var handler: String
            var objectEvents: [Filter]?
        }
        var functions: [Function]
    }

    private static func catalogue() throws -> Catalogue {
        let data = try Data(contentsOf: root.appending(path: "infra/functions.json"))
        return try JSONDecoder().decode(Catalogue.self, from: data)
    }

    @Test func `infra deploys exactly the functions of the registry`() throws {
        let catalogue = try Self.catalogue()

        #expect(
            Set(catalogue.functions.map(\.name)) == Set(FunctionName.allCases.map(\.rawValue)))
        #expect(catalogue.functions.allSatisfy { $0.name == $0.handler })
    }

    @Test func `every function has a sample event, and every event a function`() throws {
        let files = try FileManager.default.contentsOfDirectory(
            atPath: Self.root.appending(path: "events").path)
        let names = Set(
            files.filter { $0.hasSuffix(".json") }.compactMap {
                $0.split(separator: ".").first.map(String.init)
            })

        #expect(names == Set(FunctionName.allCases.map(\.rawValue)))
    }

    @Test func `no two event filters overlap, since S3 refuses that`() throws {
        let filters = try Self.catalogue().functions.flatMap { $0.objectEvents ?? [] }

        for (index, one) in filters.enumerated() {
            for other in filters[(index + 1)...] {
                let prefixes =
                    one.prefix.hasPrefix(other.prefix) || other.prefix.hasPrefix(one.prefix)
                let suffixes =
                    one.suffix.hasSuffix(other.suffix) || other.suffix.hasSuffix(one.suffix)
                #expect(!(prefixes && suffixes), "\(one) and \(other)")
            }
        }
    }
}
