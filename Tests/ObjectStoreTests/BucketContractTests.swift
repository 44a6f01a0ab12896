import ObjectStore
import TestSupport
import Testing

@Suite struct BucketContractTests {
    @Test(arguments: BucketContract.rules)
    func `the in-memory bucket keeps the bucket contract`(rule: BucketRule) async throws {
        try await rule.check(InMemoryBucket(), "contract/")
    }
}
