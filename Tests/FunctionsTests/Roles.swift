import Foundation
import Functions
import ObjectStore
import Synchronization
import TestSupport

/// The functions' permissions from `infra/functions.json`. A `FunctionHarness` enforces them for
/// each function that it calls.
struct Roles: Sendable {
    /// Permission lists by function: key patterns by action.
    let permissions: [String: [String: [String]]]

    static let deployed = Roles()

    private init() {
        struct Catalogue: Decodable {
            struct Function: Decodable {
                var name: String
                var permissions: [String: [String]]
                var url: [String: String]?
            }
            var callerPermissions: [String: [String]]
            var functions: [Function]
        }
        let file = URL(filePath: #filePath).deletingLastPathComponent()
            .deletingLastPathComponent().deletingLastPathComponent()
            .appending(path: "infra/functions.json")
        let catalogue = (try? Data(contentsOf: file)).flatMap {
            try? JSONDecoder().decode(Catalogue.self, from: $0)
        }
        let caller = catalogue?.callerPermissions ?? [:]
        permissions = Dictionary(
            uniqueKeysWithValues: (catalogue?.functions ?? []).map { ($0.name, $0.permissions) })
        deployed = Dictionary(
            uniqueKeysWithValues: (catalogue?.functions ?? []).map { function in
                let isCalled = function.url != nil
                return (
                    function.name,
                    function.permissions.merging(isCalled ? caller : [:]) { $0 + $1 }
                )
            })
    }

    /// The permission lists with those of a function that has callers.
    private let deployed: [String: [String: [String]]]

    /// The bucket as the function's role sees it.
    func bucket(
        _ bucket: any Bucket, of name: FunctionName,
        used: @escaping @Sendable (_ action: String, _ pattern: String) -> Void = { _, _ in }
    ) -> PermittedBucket {
        PermittedBucket(bucket, permissions: deployed[name.rawValue] ?? [:], used: used)
    }
}
