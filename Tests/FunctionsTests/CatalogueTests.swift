import Foundation
import Functions
import Testing

/// Lists of functions that must agree.
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
            struct Route: Decodable {
                var method: String
                var path: String
            }
            var objectEvents: [Filter]?
            var routes: [Route]?
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
            Set(catalogue.functions.map(\.name)) == Set(Registry.functions.map(\.name.rawValue)))
        #expect(Set(Registry.functions.map(\.name)).count == Registry.functions.count)
        #expect(catalogue.functions.allSatisfy { $0.name == $0.handler })
    }

    @Test func `every function has a sample event, and every event a function`() throws {
        let files = try FileManager.default.contentsOfDirectory(
            atPath: Self.root.appending(path: "events").path)
        let names = Set(
            files.filter { $0.hasSuffix(".json") }.compactMap {
                $0.split(separator: ".").first.map(String.init)
            })

        #expect(names == Set(Registry.functions.map(\.name.rawValue)))
    }

    @Test func `no two event filters overlap`() throws {
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

    private struct OpenAPI: Decodable {
        struct Path: Decodable {
            var get: Operation?
            var post: Operation?
            var put: Operation?
            var patch: Operation?
            var delete: Operation?
        }
        struct Operation: Decodable { var operationId: String }
        var paths: [String: Path]
    }

    @Test func `the OpenAPI document names exactly the routes that are served`() throws {
        let data = try Data(contentsOf: Self.root.appending(path: "docs/openapi.json"))
        let document = try JSONDecoder().decode(OpenAPI.self, from: data)
        let described = document.paths.flatMap { path, operations in
            [
                ("GET", operations.get), ("POST", operations.post), ("PUT", operations.put),
                ("PATCH", operations.patch), ("DELETE", operations.delete),
            ].compactMap { method, operation in operation.map { _ in "\(method) \(path)" } }
        }
        let served = try Self.catalogue().functions.flatMap { $0.routes ?? [] }

        #expect(Set(described) == Set(served.map { "\($0.method) \($0.path)" }))
    }
}
