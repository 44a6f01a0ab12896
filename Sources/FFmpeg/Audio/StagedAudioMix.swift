import MediaTime
import RenderPlans

/// A mix of more clips than one FFmpeg should open: groups of clips are mixed to files
/// first, which are then mixed like clips.
///
/// The files hold 32-bit floats, as FFmpeg's graph does, so that no sample changes (384 kB
/// for a second of stereo).
struct StagedAudioMix {
    /// Consecutive clips of one track, which are mixed to a file.
    struct Piece {
        var placements: [RenderPlan.AudioPlacement]
        /// First sample of the output.
        var start: Int
        /// Sample after the last one.
        var end: Int

        var count: Int { end - start }
    }

    let pieces: [Piece]
    /// Placements that are mixed directly.
    let rest: [RenderPlan.AudioPlacement]

    /// Clips in one run; each is an open file and a decoder with its buffers.
    static let inputCountMax = 64

    /// Nil if one run can mix all clips.
    /// - Parameter count: Samples of the mix.
    init?(_ plan: RenderPlan, count: Int, inputCountMax: Int = StagedAudioMix.inputCountMax) {
        let audible = AudioGraph.audible(plan)
        guard audible.count > inputCountMax else { return nil }
        var pieces: [Piece] = []
        // A soundtrack is one clip; as samples it would only take disk space.
        var rest = audible.filter(\.loops)
        let clips = audible.filter { !$0.loops }
        for ducks in [false, true] {
            for track in AudioGraph.tracks(of: clips.filter { $0.ducks == ducks }) {
                for first in stride(from: 0, to: track.count, by: inputCountMax) {
                    let group = Array(track[first..<min(first + inputCountMax, track.count)])
                    guard group.count > 1, let start = group.first?.startSample,
                        let end = group.last?.endSample
                    else {
                        rest += group
                        continue
                    }
                    pieces.append(
                        Piece(
                            placements: group, start: max(0, start),
                            end: min(count, end)))
                }
            }
        }
        self.pieces = pieces
        self.rest = rest
    }

    /// The plan of one piece, its first sample at 0.
    func plan(of piece: Piece, in plan: RenderPlan) -> RenderPlan {
        var part = plan
        part.audio = piece.placements.map { placement in
            var moved = placement
            moved.startSample -= piece.start
            moved.endSample -= piece.start
            moved.ducks = false
            return moved
        }
        return part
    }

    /// The plan that mixes the pieces; their files follow its sources.
    func mix(_ plan: RenderPlan) -> RenderPlan {
        var mix = plan
        mix.audio = rest
        for piece in pieces {
            let audio = plan.output.audio
            let length = Rational(piece.count * 1_000_000, audio.sampleRate).rounded
            mix.audio.append(
                RenderPlan.AudioPlacement(
                    source: mix.sources.count, startSample: piece.start, endSample: piece.end,
                    ducks: piece.placements.first?.ducks ?? false))
            mix.sources.append(
                RenderPlan.Source(
                    assetID: "", key: "", etag: "", bytes: 0,
                    media: MediaInfo(
                        kind: .audio, format: "w64", durationMicroseconds: length,
                        audio: MediaInfo.Audio(
                            codec: "pcm_f32le", sampleRate: audio.sampleRate,
                            channels: audio.channels, streamIndex: 0))))
        }
        return mix
    }
}
