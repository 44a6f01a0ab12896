import MediaTime
import Planning
import RenderPlans

/// Prints the lengths, in frames, of the chunks that the planner chooses, and on a
/// second line those of the audio's pieces, in AAC frames. planner_simulation.py
/// runs it, so that the simulation plans as an export does.
///
/// Arguments: concurrency, function's seconds, frames, frames a second, width and
/// height of a frame, then the frames of clip edges, each of another clip.

let numbers = CommandLine.arguments.dropFirst().compactMap { Int($0) }
if numbers.count >= 6 {
    let planner = ChunkPlanner(concurrency: numbers[0], functionTimeMax: .seconds(numbers[1]))
    let edges = Array(numbers.dropFirst(6))
    let chunks = planner.chunks(
        frameCount: numbers[2], frameRate: Rational(numbers[3]),
        clipEdges: edges.enumerated().map {
            ClipEdge($1, number: UInt64($0) &* 0x9E37_79B9_7F4A_7C15)
        }, pixelsPerFrame: numbers[4] * numbers[5])
    print(chunks.map { String($0.count) }.joined(separator: " "))

    let samples = zip([0] + edges, edges + [numbers[2]]).map {
        ($0 * 48_000 / numbers[3], $1 * 48_000 / numbers[3])
    }
    let media = MediaInfo(
        kind: .audio, format: "mov,mp4,m4a,3gp,3g2,mj2", durationMicroseconds: 60_000_000,
        audio: MediaInfo.Audio(codec: "aac", sampleRate: 48_000, channels: 2, streamIndex: 0))
    let plan = RenderPlan(
        output: RenderPlan.OutputSettings(
            width: numbers[4], height: numbers[5], frameRate: Rational(numbers[3])),
        frameCount: numbers[2],
        sources: [RenderPlan.Source(assetID: "", key: "", etag: "", bytes: 0, media: media)],
        layers: [],
        audio: samples.map {
            RenderPlan.AudioPlacement(source: 0, startSample: $0, endSample: $1)
        }, chunks: chunks)
    let audio = AudioPlanner(concurrency: numbers[0], functionTimeMax: .seconds(numbers[1]))
    let whole = [AudioFrameRange(0, AudioPlanner.frameCount(of: plan))]
    print((audio.pieces(of: plan) ?? whole).map { String($0.count) }.joined(separator: " "))
}
