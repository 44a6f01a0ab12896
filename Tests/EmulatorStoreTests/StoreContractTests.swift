import ObjectStore
import TestSupport
import Testing

/// The rules of the in-memory bucket, checked with our client on our store.
@Suite struct StoreContractTests {
    @Test(arguments: BucketContract.rules)
    func `the store follows the rule`(rule: BucketRule) async throws {
        try await withStore { store in
            try await rule.check(try store.bucket(), "contract/")
        }
    }

    /// A body's place, database or file, must make no difference.
    @Test(arguments: BucketContract.rules)
    func `the store follows the rule with every body in a file`(rule: BucketRule) async throws {
        try await withTemporaryFolder { folder in
            try await withStore(in: folder, inlineBytesMax: -1) { store in
                try await rule.check(try store.bucket(), "contract/")
            }
        }
    }

    /// Covers trailers, full-object checksums and their validation by the client.
    @Test(arguments: BucketContract.rules)
    func `the store follows the rule with checksums in both directions`(rule: BucketRule)
        async throws
    {
        try await withStore { store in
            try await rule.check(try store.bucket(checksums: .whenSupported), "contract/")
        }
    }
}
