/// Maps each element with an asynchronous closure, at most `limit` at once.
/// - Returns: the results in the order of the elements.
/// - Throws: the first error; running closures are cancelled.
func concurrentMap<Element: Sendable, Result: Sendable>(
    _ elements: [Element], limit: Int, _ body: @escaping @Sendable (Element) async throws -> Result
) async throws -> [Result] {
    try await withThrowingTaskGroup(of: (Int, Result).self) { group in
        var results: [Int: Result] = [:]
        for (index, element) in elements.enumerated() {
            if index >= limit, let (done, result) = try await group.next() {
                results[done] = result
            }
            group.addTask { (index, try await body(element)) }
        }
        for try await (done, result) in group { results[done] = result }
        return elements.indices.compactMap { results[$0] }
    }
}
