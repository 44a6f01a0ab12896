/// The objects below a prefix in UTF-8 byte order. Each page is requested when
/// the previous one is used up.
package struct ObjectSequence: AsyncSequence, Sendable {
    /// One listed object.
    package typealias Element = ObjectInfo
    /// The error of a failed page.
    package typealias Failure = ObjectStoreError

    let bucket: any Bucket
    let prefix: String
    let pageKeys: Int

    /// An iterator that requests pages on demand.
    package struct AsyncIterator: AsyncIteratorProtocol {
        let sequence: ObjectSequence
        private var page: ArraySlice<ObjectInfo> = []
        private var last: String?
        private var isAtEnd = false

        init(sequence: ObjectSequence) { self.sequence = sequence }

        /// The next object; nil at the end.
        package mutating func next(
            isolation actor: isolated (any Actor)?
        ) async throws(ObjectStoreError) -> ObjectInfo? {
            while page.isEmpty {
                guard !isAtEnd else { return nil }
                let next = try await sequence.bucket.listObjects(
                    prefix: sequence.prefix, startAfter: last, keyCountMax: sequence.pageKeys)
                page = next.objects[...]
                last = next.objects.last?.key.text ?? last
                isAtEnd = !next.isTruncated || next.objects.isEmpty
            }
            return page.removeFirst()
        }
    }

    /// Returns an iterator at the first object.
    package func makeAsyncIterator() -> AsyncIterator { AsyncIterator(sequence: self) }
}

extension Bucket {
    /// The objects below a prefix, as a sequence.
    /// - Parameter pageKeys: Keys in one request, 1 to 1,000.
    package func objects(prefix: String, pageKeys: Int = 1_000) -> ObjectSequence {
        ObjectSequence(bucket: self, prefix: prefix, pageKeys: pageKeys)
    }

    /// Returns all objects below a prefix.
    package func listAllObjects(prefix: String) async throws(ObjectStoreError) -> [ObjectInfo] {
        var objects: [ObjectInfo] = []
        for try await object in self.objects(prefix: prefix) { objects.append(object) }
        return objects
    }
}
