/// Makes calls concurrently, at most `atOnce`, and cancels the rest when one
/// fails.
/// - Returns: the results by index.
/// - Throws: the first failure in time.
func parallelCalls<Value: Sendable>(
    _ count: Int, atOnce: Int,
    _ call: @escaping @Sendable (_ index: Int) async throws(ObjectStoreError) -> Value
) async throws(ObjectStoreError) -> [Value] {
    typealias Numbered = (index: Int, result: Result<Value, ObjectStoreError>)
    let results = await withTaskGroup(of: Numbered.self) { group in
        var results: [Numbered] = []
        func add(_ index: Int) {
            group.addTask {
                do throws(ObjectStoreError) {
                    return (index, .success(try await call(index)))
                } catch {
                    return (index, .failure(error))
                }
            }
        }
        for index in 0..<min(atOnce, count) { add(index) }
        var next = min(atOnce, count)
        while let outcome = await group.next() {
            results.append(outcome)
            if case .failure = outcome.result {
                group.cancelAll()
                next = count
            }
            if next < count {
                add(next)
                next += 1
            }
        }
        return results
    }
    var values: [(index: Int, value: Value)] = []
    // Results are in order of completion, so the first failure is the cause.
    for (index, result) in results { values.append((index, try result.get())) }
    return values.sorted { $0.index < $1.index }.map(\.value)
}
