package import Testing

/// Polls a condition until it holds.
///
/// Records an issue that names the awaited state after the time limit; a suite's
/// time limit names no cause.
/// - Parameters:
///   - what: The awaited state, as the end of "timed out waiting for …".
///   - limit: The maximum wait; generous, since a slow machine must not fail a test.
/// - Returns: false after the limit.
@discardableResult
package func eventually(
    _ what: String, within limit: Duration = .seconds(30),
    sourceLocation: SourceLocation = #_sourceLocation,
    _ condition: () async throws -> Bool
) async throws -> Bool {
    let end = ContinuousClock.now + limit
    while try await !condition() {
        guard ContinuousClock.now < end else {
            Issue.record("timed out waiting for \(what)", sourceLocation: sourceLocation)
            return false
        }
        try await Task.sleep(for: .milliseconds(3))
    }
    return true
}
