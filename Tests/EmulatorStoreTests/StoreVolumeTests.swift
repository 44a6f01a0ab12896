import EmulatorHTTP
import ObjectStore
import Synchronization
import Testing
import TestSupport
import WallClock

@testable import EmulatorStore

/// The limit of the volume and the rules of the deployment.
@Suite(.timeLimit(.minutes(1)))
struct StoreVolumeTests {
    @Test(arguments: [
        (80, 799, 0, true), (80, 800, 0, true), (80, 801, 0, false), (80, 700, 100, true),
        (80, 700, 101, false), (100, 0, Int.max, false), (100, 1, Int.max, false),
    ])
    func `a volume admits what stays within its share`(
        percent: Int, used: Int, bytes: Int, isAdmitted: Bool
    ) {
        let limit = VolumeLimit(percentMax: percent) {
            VolumeUsage(used: used, capacity: 1_000)
        }
        #expect(limit.admits(bytes) == isAdmitted)
    }

    @Test func `a volume that cannot be measured admits`() {
        #expect(VolumeLimit(percentMax: 1) { nil }.admits(1))
        #expect(VolumeUsage(of: "/no/such/folder") == nil)
        #expect((VolumeUsage(of: "/tmp")?.capacity ?? 0) > 0)
    }

    @Test func `a full volume refuses uploads with 507 and lets exports end`() async throws {
        let limit = VolumeLimit(percentMax: 80) { VolumeUsage(used: 790, capacity: 1_000) }
        try await withTemporaryFolder { folder in
            try await withStore(in: folder, configure: { $0.volumeLimit = limit }) { store in
                let bucket = try store.bucket()
                let body = ObjectBody.bytes([UInt8](repeating: 1, count: 20))
                let refusal = await #expect(throws: ObjectStoreError.self) {
                    try await bucket.putObject(
                        body, at: ObjectKey("uploads/ann/a/a.mp4"), options: PutOptions())
                }
                #expect(refusal?.serviceCode == "InsufficientStorage")
                try await bucket.putObject(
                    .bytes([1]), at: ObjectKey("uploads/ann/a/b.mp4"), options: PutOptions())
                try await bucket.putObject(
                    body, at: ObjectKey("exports/ann/job_1_a/output.mp4"), options: PutOptions())
            }
        }
    }

    @Test func `the deployment's rules and a client's both hold`() async throws {
        let clock = SharedValue(UnixTime.now())
        let start = clock.value
        let day = Duration.seconds(86_400)
        var rules = ExpiryRules()
        rules.objects = ["exports/": day * 7]
        rules.uploads = day
        try await withTemporaryFolder { [rules] folder in
            try await withStore(
                in: folder, now: { clock.value }, configure: { $0.expiry = rules }
            ) { store in
                let bucket = try store.bucket()
                for key in ["exports/a", "exports/short", "keep"] {
                    try await bucket.putObject(
                        .bytes([1]), at: ObjectKey(key), options: PutOptions())
                }
                _ = try await bucket.createMultipartUpload(
                    ObjectKey("uploads/parts"), options: PutOptions())
                _ = await store.exchange(
                    "PUT", "/spool", query: [("lifecycle", "")],
                    body: "<LifecycleConfiguration><Rule><Status>Enabled</Status><Filter>"
                        + "<Prefix>exports/short</Prefix></Filter><Expiration><Days>2</Days>"
                        + "</Expiration></Rule></LifecycleConfiguration>")

                clock.update { $0 = start + day * 3 }
                try await store.store.tidy()
                clock.update { $0 = start }
                #expect(
                    try await bucket.listAllObjects(prefix: "").map(\.key.text)
                        == ["exports/a", "keep"])
                clock.update { $0 = start + day * 8 }
                try await store.store.tidy()
                clock.update { $0 = start }
                #expect(
                    try await bucket.listAllObjects(prefix: "").map(\.key.text) == ["keep"])
            }
        }
    }
}
