import Jobs
import Logging
import ObjectStore
import Synchronization
import WallClock

/// Watches one render: writes its progress to the store and ends it when the export
/// is cancelled or the time limit is near.
struct RenderMonitor: Sendable {
    let ledger: ExportLedger
    /// Progress objects to write; empty for work without progress.
    let progressKeys: [ObjectKey]
    /// Time at which the render is ended.
    let giveUpAt: UnixTime
    /// Sleeps; throws when the task is cancelled.
    let sleep: @Sendable (Duration) async throws -> Void
    let logger: Logger

    /// A cancelled export has no FFmpeg running two seconds later: one second
    /// to notice, the rest to end it.
    static let pollInterval = Duration.seconds(1)

    /// Runs a render and watches it.
    /// - Parameter body: Receives a function that takes the number of frames done so
    ///   far. Its task is cancelled when the watch ends it.
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
            // Separate from the watch, which a slow store may block.
            group.addTask {
                while ledger.now() < giveUpAt {
                    try await sleep(Self.pollInterval)
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

    /// Returns only by throwing.
    private func watch(_ counter: FrameCounter) async throws {
        var shown = progressKeys.map { ShownProgress(key: $0) }
        var round = 0
        while true {
            if round % 2 == 0 {
                for index in shown.indices { await write(counter.value, to: &shown[index]) }
            }
            try await sleep(Self.pollInterval)
            round += 1
            try await stopIfEnded(round: round)
        }
    }

    /// A progress object and the frames that an earlier attempt has shown.
    private struct ShownProgress {
        let key: ObjectKey
        /// Nil until the store has answered.
        var framesMin: Int?
    }

    /// Writes one byte for each frame; the object's age shows that the render is
    /// alive.
    ///
    /// Best effort: a store error must not end a render that works. Nothing is
    /// written before the earlier size is known, so that progress never decreases.
    private func write(_ frames: Int, to progress: inout ShownProgress) async {
        do {
            let framesMin: Int
            if let known = progress.framesMin {
                framesMin = known
            } else {
                framesMin = try await ledger.bucket.objectInfo(progress.key)?.bytes ?? 0
                progress.framesMin = framesMin
            }
            let body = [UInt8](repeating: UInt8(ascii: "."), count: max(framesMin, frames))
            try await ledger.bucket.putObject(
                .bytes(body), at: progress.key, options: PutOptions(contentType: "text/plain"))
        } catch {
            warn("Progress not written", progress.key, error)
        }
    }

    private func stopIfEnded(round: Int) async throws {
        var keys = [ledger.keys.cancel]
        // Another chunk may have failed the export: checked less often.
        if round % 4 == 0 { keys.append(ledger.keys.result) }
        for key in keys where await exists(key) { throw HandlerFailure.stopped }
    }

    /// Best effort: after a store error the next round asks again.
    private func exists(_ key: ObjectKey) async -> Bool {
        do {
            return try await ledger.bucket.objectExists(key)
        } catch {
            warn("Stop check failed", key, error)
            return false
        }
    }

    private func warn(_ message: String, _ key: ObjectKey, _ error: ObjectStoreError) {
        // The render's end cancels the watch's calls.
        guard error.code != .cancelled else { return }
        logger.warning(message, ["key": .string(key.text), "error": .string("\(error)")])
    }
}

/// Frames done so far: written by the renderer's thread, read by the watch.
final class FrameCounter: Sendable {
    private let frames = Mutex(0)

    var value: Int { frames.withLock { $0 } }

    func advance(to count: Int) {
        frames.withLock { $0 = max($0, count) }
    }
}
