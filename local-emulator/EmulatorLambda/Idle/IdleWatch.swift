package import EmulatorHTTP

/// A look at the emulator's work, taken every second.
package struct ActivitySample: Hashable, Sendable {
    /// Work of the functions.
    package var functions: LambdaActivity
    /// Traffic of the store's port.
    package var store: HTTPTraffic
    /// True if an export or a batch has not ended.
    package var hasActiveWork: Bool

    /// A sample.
    package init(functions: LambdaActivity, store: HTTPTraffic, hasActiveWork: Bool) {
        self.functions = functions
        self.store = store
        self.hasActiveWork = hasActiveWork
    }
}

/// Measures the time without work. Pure: samples come in, a duration comes out.
///
/// Work is an invocation that no schedule started, a queued event, an export that has not ended,
/// and traffic of the store that no scheduled function caused: an upload, a download. Health
/// checks are not work.
package struct IdleWatch: Sendable {
    /// Time without work until the last sample.
    package private(set) var idleTime = Duration.zero
    private var last: ActivitySample?

    /// A watch without samples.
    package init() {}

    /// Takes a sample.
    /// - Parameter interval: Time since the one before.
    package mutating func add(_ sample: ActivitySample, after interval: Duration) {
        defer { self.last = sample }
        guard let last, !Self.hasWork(sample, since: last) else {
            idleTime = .zero
            return
        }
        idleTime += interval
    }

    private static func hasWork(_ sample: ActivitySample, since last: ActivitySample) -> Bool {
        if sample.hasActiveWork || sample.functions.isBusy { return true }
        if sample.functions.invocations != last.functions.invocations { return true }
        let isScheduled =
            sample.functions.isTicking || last.functions.isTicking
            || sample.functions.ticks != last.functions.ticks
        return !isScheduled && sample.store != last.store
    }
}
