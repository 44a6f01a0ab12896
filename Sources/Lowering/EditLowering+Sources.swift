import EditFormats
import JSON
import MediaTime
import RenderPlans

extension EditLowering {
    /// The asset with the requested audio track; nil after a reported fault.
    mutating func chosen(
        _ track: Located<Int>?, of asset: AssetDescription
    ) -> AssetDescription? {
        guard let track else { return asset }
        let media = asset.media
        if media.audioTracks == nil, track.value == 0, media.audio != nil { return asset }
        let tracks = media.audioTracks ?? []
        guard tracks.indices.contains(track.value) else {
            let count = max(tracks.count, media.audio == nil ? 0 : 1)
            reader.report(
                "is track \(track.value), but the file has \(count) audio tracks, from 0 on",
                at: track.pointer)
            return nil
        }
        guard tracks[track.value].isDecodable else {
            reader.report(
                "is track \(track.value) (\(tracks[track.value].audio.codec)), which cannot be"
                    + " decoded",
                at: track.pointer)
            return nil
        }
        var chosen = asset
        if chosen.media.audio != tracks[track.value].audio {
            chosen.media.audio = tracks[track.value].audio
            // Its end was not read.
            chosen.media.audioEndMicroseconds = nil
        }
        return chosen
    }
}

extension RenderPlan {
    /// The doubts about the sources in use; nil for none.
    var sourceWarnings: [MediaWarning]? {
        let seen = Set(layers.flatMap(\.placements).compactMap(\.source))
        let heard = Set(audio.map(\.source))
        var warnings: [MediaWarning] = []
        for (index, source) in sources.enumerated() {
            for var warning in source.media.warnings ?? [] {
                if warning.concernsAudioAlone, !heard.contains(index) { continue }
                if warning.concernsPictureAlone, !seen.contains(index) { continue }
                warning.assetID = source.assetID
                warnings.append(warning)
            }
        }
        warnings += audio.compactMap { silence(after: $0) }
        return warnings.isEmpty ? nil : MediaWarning.list(warnings)
    }

    /// Seconds of silence from which a clip's end is worth a warning.
    private static let silenceSecondsMin = Rational(1, 4)

    /// The silence that follows audio which is shorter than its clip; nil for none.
    private func silence(after placement: AudioPlacement) -> MediaWarning? {
        let source = sources[placement.source]
        guard !placement.loops, let audioEnd = source.media.audioEndMicroseconds else { return nil }
        let rate = Rational(output.audio.sampleRate)
        let (start, end) = (
            Rational(placement.startSample) / rate, Rational(placement.endSample) / rate
        )
        let left = Rational(audioEnd, 1_000_000) - placement.sourceStart
        let silent = max(start, start + left / placement.speed)
        guard end - silent > Self.silenceSecondsMin else { return nil }
        return MediaWarning(
            .silencePadded,
            "The audio ends at \(Rational(audioEnd, 1_000_000).decimalText) s of its file, before"
                + " its clip does; silence follows.",
            assetID: source.assetID, start: max(.zero, silent), end: end)
    }
}
