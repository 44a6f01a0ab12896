import MediaTime

/// What one run of FFmpeg reads for the pictures of a chunk, and the frames that
/// must come of it.
struct ChunkInputs {
    private(set) var files: [File] = []
    /// By the number that each prints.
    private(set) var counters: [Counter] = []

    struct File: Hashable {
        var input: SourceInput
        /// Index into the plan's sources.
        var source: Int
        /// Index of the piece that it is read for, and of whose frames.
        fileprivate var piece: Int
        fileprivate var frames: FrameRange
    }

    /// Where frames are counted, and how many there must be.
    struct Counter: Hashable {
        enum Place: Hashable {
            /// Index into the plan's sources.
            case source(Int)
            /// The end of a graph.
            case output
        }
        var place: Place
        var planned: Int
    }

    /// The input's number on the command line.
    ///
    /// Two pieces of one output never share an input: where one is drawn long
    /// after the other, the frames between would have to be kept. The same
    /// piece of the same frames of two outputs is drawn at the same time.
    mutating func add(
        _ input: SourceInput, source: Int, piece: Int, of frames: FrameRange
    ) -> Int {
        let file = File(input: input, source: source, piece: piece, frames: frames)
        if let number = files.firstIndex(of: file) { return number }
        files.append(file)
        return files.count - 1
    }

    /// The number that a new counter prints.
    mutating func count(_ planned: Int, of place: Counter.Place) -> Int {
        counters.append(Counter(place: place, planned: planned))
        return counters.count - 1
    }
}
