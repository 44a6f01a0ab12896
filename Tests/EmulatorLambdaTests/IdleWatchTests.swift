import EmulatorHTTP
import Testing

@testable import EmulatorLambda

/// The time without work, by samples a second apart.
@Suite struct IdleWatchTests {
    /// Idle seconds after samples that each change the one before.
    private func idleSeconds(_ changes: [(inout ActivitySample) -> Void]) -> Int {
        var watch = IdleWatch()
        var sample = ActivitySample(
            functions: LambdaActivity(), store: HTTPTraffic(), hasActiveWork: false)
        for change in changes {
            change(&sample)
            watch.add(sample, after: .seconds(1))
        }
        return Int(watch.idleTime.components.seconds)
    }

    private func nothing(_ sample: inout ActivitySample) {}

    @Test func `idle time grows while nothing changes`() {
        #expect(idleSeconds([nothing]) == 0)
        #expect(idleSeconds([nothing, nothing, nothing, nothing]) == 3)
    }

    @Test func `an invocation, a queued event and an active export are work`() {
        #expect(idleSeconds([nothing, nothing, { $0.functions.invocations += 1 }]) == 0)
        #expect(idleSeconds([nothing, nothing, { $0.functions.isBusy = true }, nothing]) == 0)
        #expect(idleSeconds([nothing, nothing, { $0.hasActiveWork = true }, nothing]) == 0)
        #expect(
            idleSeconds([
                nothing, { $0.hasActiveWork = true }, { $0.hasActiveWork = false }, nothing,
            ]) == 2)
    }

    @Test func `an upload of one long body is work for as long as bytes arrive`() {
        let upload: (inout ActivitySample) -> Void = { $0.store.receivedBytes += 1_000 }
        #expect(idleSeconds([nothing, upload, upload, upload]) == 0)
    }

    @Test func `a scheduled function and its store requests are not work`() {
        #expect(
            idleSeconds([
                nothing,
                {
                    $0.functions.isTicking = true
                    $0.store.requests += 3
                },
                {
                    $0.functions.isTicking = false
                    $0.functions.ticks += 1
                    $0.store.requests += 2
                },
                nothing,
            ]) == 3)
    }
}
