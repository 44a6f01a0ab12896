import Jobs
import ObjectStore
import Synchronization

/// Watches over one render: tells its progress to the store, and ends it when
/// the export is cancelled or the invocation's time is nearly over.
struct RenderMonitor: Sendable {
    let ledger: ExportLedger
    /// Where to show the progress; empty for work that has none to show.
    let progressKeys: [ObjectKey]
    /// Milliseconds since 1970 at which the render has to give up.
    let giveUpAtMilliseconds: Int
    /// Sleeps for milliseconds; throws when the task is cancelled.
    let sleep: @Sendable (Int) async throws -> Void

    /// A cancelled export has no FFmpeg running two seconds later: one second
    /// to notice, the rest to end it.
    static let pollMilliseconds = 1_000

    /// Runs a render under watch.
    /// - Parameter body: Is given a function that takes the number of frames
    ///   done so far. Its task is cancelled when the watch ends it.
    /// - Throws: `HandlerFailure.stopped`, `.outOfTime`, or the body's error.
    func run<Result: Sendable>(
        _ body:
            @escaping @Sendable (_ progress: @escaping @Sendable (Int) -> Void) async throws
            -> Result
    ) async throws -> Result {
        let counter = FrameCounter()
        return try await withThrowingTaskGroup(of: Result?.self) { group in
            group.addTask { try await body { counter.advance(to: $0) } }
            group.addTask {
                try await watch(counter)
                return nil
            }
            // Apart from the watch, which a slow store may hold up.
            group.addTask {
                while ledger.now() < giveUpAtMilliseconds {
                    try await sleep(Self.pollMilliseconds)
                }
                throw HandlerFailure.outOfTime
            }
            defer { group.cancelAll() }
            while let finished = try await group.next() {
                if let finished { return finished }
            }
            throw CancellationError()
        }
    }

    /// Never returns but by throwing.
    private func watch(_ counter: FrameCounter) async throws {
        // An attempt after another one starts from zero; what is shown does not.
        var floors: [Int] = []
        for key in progressKeys {
            floors.append((try? await ledger.bucket.headObject(key).bytes) ?? 0)
        }
        var round = 0
        while true {
            if round % 2 == 0 {
                for (key, floor) in zip(progressKeys, floors) {
                    await writeProgress(max(floor, counter.value), at: key)
                }
            }
            try await sleep(Self.pollMilliseconds)
            round += 1
            try await stopIfEnded(round: round)
        }
    }

    /// One byte for each frame, every other round; the object's age shows that
    /// the render is alive.
    private func writeProgress(_ frames: Int, at key: ObjectKey) async {
        let body = [UInt8](repeating: UInt8(ascii: "."), count: frames)
        // Progress that cannot be written must not end a render that works.
        _ = try? await ledger.bucket.putObject(
            .bytes(body), at: key, options: PutOptions(contentType: "text/plain"))
    }

    private func stopIfEnded(round: Int) async throws {
        var wanted = [ledger.keys.cancel]
        // Another chunk may have failed the export: looked for less often.
        if round % 4 == 0 { wanted.append(ledger.keys.result) }
        for key in wanted where (try? await ledger.bucket.objectExists(key)) ?? false {
            throw HandlerFailure.stopped
        }
    }
}

/// Frames done so far, written by the renderer's thread and read by the watch.
final class FrameCounter: Sendable {
    private let frames = Mutex(0)

    var value: Int { frames.withLock { $0 } }

    func advance(to count: Int) {
        frames.withLock { $0 = max($0, count) }
    }
}
