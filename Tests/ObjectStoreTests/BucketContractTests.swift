import ObjectStore
import TestSupport
import Testing

@Suite struct BucketContractTests {
    @Test(arguments: BucketContract.rules)
    func `memory keeps every rule of a bucket`(rule: BucketRule) async throws {
        try await rule.check(InMemoryBucket(), "contract/")
    }
}
