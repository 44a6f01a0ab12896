/// Prints the lengths, in frames, of the chunks that the planner chooses: one
/// line. Compiled by planner_simulation.py together with the planner's own
/// sources, so that the simulation cannot plan otherwise than an export.
///
/// Arguments: concurrency, function's seconds, frames, frames a second, pixels
/// of a frame, then the frames of clip edges, each of a clip of its own.
let numbers = CommandLine.arguments.dropFirst().compactMap { Int($0) }
if numbers.count >= 5 {
    let planner = ChunkPlanner(concurrency: numbers[0], functionSeconds: numbers[1])
    let edges = numbers.dropFirst(5).enumerated().map {
        ClipEdge($1, number: UInt64($0) &* 0x9E37_79B9_7F4A_7C15)
    }
    let chunks = planner.chunks(
        frameCount: numbers[2], frameRate: Rational(numbers[3]),
        clipEdges: edges, pixelsPerFrame: numbers[4])
    print(chunks.map { String($0.count) }.joined(separator: " "))
}
