import ObjectStore
import Synchronization
import TestSupport
import Testing

/// Multipart uploads that fail leave nothing behind.
@Suite struct UploadFailureTests {
    private let key = ObjectKey("large")

    /// Five parts of 16 MiB and a byte.
    private func file() -> String {
        let path = LocalFile.temporaryFolder() + "/large"
        #expect(LocalFile.write([UInt8](repeating: 3, count: (64 << 20) + 1), to: path))
        return path
    }

    @Test func `a failure of any call leaves no open upload`() async throws {
        let path = file()
        // One call begins, five bring parts, one completes.
        for number in 1...7 {
            let memory = InMemoryBucket()
            let faulty = FaultyBucket(memory, failing: number)
            await #expect(throws: ObjectStoreError.self) {
                try await faulty.uploadFile(path, to: key, contentType: "video/mp4")
            }
            #expect(memory.openUploads == 0, "call \(number)")
            #expect(memory.keys.isEmpty, "call \(number)")
        }
        let memory = InMemoryBucket()
        _ = try await FaultyBucket(memory, failing: 8).uploadFile(
            path, to: key, contentType: "video/mp4")
        #expect(memory.keys == ["large"])
    }

    @Test func `a cancelled upload is aborted`() async throws {
        let path = file()
        let memory = InMemoryBucket()
        let began = AsyncStream<Void>.makeStream()
        let faulty = FaultyBucket(
            memory,
            before: { operation in
                guard operation == "UploadPart" else { return }
                began.continuation.yield()
                _ = try? await eventually("the upload's cancellation") { Task.isCancelled }
            })
        // The in-memory bucket knows nothing of cancelling: its last call fails.
        let stopping = FaultyBucket(faulty, failing: 7)
        let task = Task {
            _ = try await stopping.uploadFile(path, to: key, contentType: "video/mp4")
        }
        for await _ in began.stream { break }
        task.cancel()

        await #expect(throws: (any Error).self) { try await task.value }
        #expect(memory.openUploads == 0)
    }

    private struct Wrong: Error {}

    @Test(arguments: [5, (64 << 20) + 1])
    func `a file refused by its check is never stored`(bytes: Int) async throws {
        let path = LocalFile.temporaryFolder() + "/file"
        #expect(LocalFile.write([UInt8](repeating: 3, count: bytes), to: path))
        let memory = InMemoryBucket()

        await #expect(throws: Wrong.self) {
            try await memory.uploadFile(path, to: key, contentType: "video/mp4") { throw Wrong() }
        }

        #expect(memory.keys.isEmpty && memory.openUploads == 0)
    }

    @Test func `parts are sent during the check and completed after it`()
        async throws
    {
        let path = file()
        let memory = InMemoryBucket()
        let parts = Mutex(0)
        let bucket = FaultyBucket(
            memory,
            before: { operation in
                if operation == "UploadPart" { parts.withLock { $0 += 1 } }
            })

        _ = try await bucket.uploadFile(path, to: key, contentType: "video/mp4") {
            try await eventually("five parts on their way") { parts.withLock { $0 } >= 5 }
            #expect(memory.keys.isEmpty)
        }

        #expect(memory.keys == ["large"])
    }
}
