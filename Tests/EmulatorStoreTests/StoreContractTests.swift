import ObjectStore
import TestSupport
import Testing

/// The rules that the in-memory bucket keeps, kept by our client on our store.
@Suite struct StoreContractTests {
    @Test(arguments: BucketContract.rules)
    func `the store keeps the rule`(rule: BucketRule) async throws {
        try await withStore { store in
            try await rule.check(try store.bucket(), "contract/")
        }
    }

    /// Bodies in the database and bodies in files must not differ.
    @Test(arguments: BucketContract.rules)
    func `the store keeps the rule with every body in a file`(rule: BucketRule) async throws {
        try await withTemporaryFolder { folder in
            try await withStore(in: folder, inlineBytesMax: -1) { store in
                try await rule.check(try store.bucket(), "contract/")
            }
        }
    }

    /// Trailers, checksums of wholes, and answers held to them.
    @Test(arguments: BucketContract.rules)
    func `the store keeps the rule with checksums both ways`(rule: BucketRule) async throws {
        try await withStore { store in
            try await rule.check(try store.bucket(checksums: .whenSupported), "contract/")
        }
    }
}
