import MediaTime

/// The video inputs of one run of FFmpeg, and the expected number of frames of each.
struct ChunkInputs {
    private(set) var files: [File] = []
    /// Counters, by the number that each prints.
    private(set) var counters: [Counter] = []

    /// An input and the piece that reads it.
    struct File: Hashable {
        var input: SourceInput
        /// Index into the plan's sources.
        var source: Int
        /// Index of the piece that reads it, and the frames of the piece's output.
        fileprivate var piece: Int
        fileprivate var frames: FrameRange
    }

    /// A place in the graph where frames are counted, and their expected number.
    struct Counter: Hashable {
        /// A place in the graph.
        enum Place: Hashable {
            /// After a source; its index in the plan.
            case source(Int)
            /// At the end of a graph.
            case output
        }
        var place: Place
        var planned: Int
    }

    /// Adds an input, unless the same piece of another output reads it already.
    ///
    /// Two pieces of one output never share an input: if one were drawn long after the
    /// other, the frames between them would be buffered. The same piece of the same frames
    /// of two outputs is drawn at the same time.
    /// - Returns: The input's number on the command line.
    mutating func add(
        _ input: SourceInput, source: Int, piece: Int, of frames: FrameRange
    ) -> Int {
        let file = File(input: input, source: source, piece: piece, frames: frames)
        if let number = files.firstIndex(of: file) { return number }
        files.append(file)
        return files.count - 1
    }

    /// Adds a counter.
    /// - Returns: The number that it prints.
    mutating func count(_ planned: Int, of place: Counter.Place) -> Int {
        counters.append(Counter(place: place, planned: planned))
        return counters.count - 1
    }
}
