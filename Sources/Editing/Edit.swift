/// The edit document: what a front end asks for, in seconds, checked by
/// itself but not yet against the media. `lowered(assets:planner:)` turns it
/// into a `RenderPlan`.
///
/// The shape is Shotstack's; `docs/edit.md` describes every field and
/// `docs/schema/edit.schema.json` says the same for machines.
package struct Edit: Hashable, Sendable {
    /// The first track is on top.
    package var tracks: [Track]
    /// Sound under everything, where there is any.
    package var soundtrack: Soundtrack?
    /// What the result is to be.
    package var output: Output
    /// Whom to tell, if anyone.
    package var callback: Callback?
    /// The same token from the same owner means the same export.
    package var clientToken: String?

    /// Clips that follow each other; they may not overlap.
    package struct Track: Hashable, Sendable {
        /// In the order of the document, which `auto` starts follow.
        package var clips: [Clip]
    }

    /// One asset, or a stretch of it, on the timeline.
    package struct Clip: Hashable, Sendable {
        /// The clip's own place in the request.
        package var pointer: JSONPointer
        /// Nil where the caller left it to the asset's own kind (ClipForge).
        package var assetType: AssetType?
        /// The asset that is shown or played.
        package var assetID: Located<String>
        /// Where the clip begins on the timeline.
        package var start: Located<Start>
        /// How long it lasts.
        package var length: Located<Length>
        /// In-point: seconds after the start of the file.
        package var trim: Located<Rational>
        /// Linear gain of the clip's own sound; 0 is silence.
        package var volume: Rational
        /// How the picture fills its box.
        package var fit: RenderPlan.Fit
        /// Where the picture stands in the output.
        package var position: Position
        /// Moves the picture to the right by a fraction of the output's width.
        package var offsetX: Rational
        /// Moves the picture up by a fraction of the output's height.
        package var offsetY: Rational
        /// Fraction of the output's size.
        package var scale: Rational
        /// 0 (invisible) to 1 (opaque).
        package var opacity: Rational
        /// Whether the clip fades in at its start.
        package var fadeIn: Bool
        /// Whether the clip fades out at its end.
        package var fadeOut: Bool
        /// Of each fade; cut to the clip, or to half of it where both are set.
        package var fadeSeconds: Rational
    }

    /// Kinds of asset that a clip can show or play.
    package enum AssetType: String, Hashable, Sendable, CaseIterable {
        case video, image, audio
    }

    /// Where a clip begins on the timeline.
    package enum Start: Hashable, Sendable {
        case seconds(Rational)
        /// Where the clip before it on the track ends.
        case auto
    }

    /// How long a clip is.
    package enum Length: Hashable, Sendable {
        case seconds(Rational)
        /// What is left of the source after `trim`.
        case auto
        /// To the end of the timeline.
        case end
    }

    /// Where the picture stands in the output: Shotstack's words.
    package enum Position: String, Hashable, Sendable, CaseIterable {
        case center, top, topRight, right, bottomRight, bottom, bottomLeft, left, topLeft
    }

    /// Sound under the whole timeline; it starts again when it ends.
    package struct Soundtrack: Hashable, Sendable {
        /// Where the sound fades.
        package enum Effect: String, Hashable, Sendable, CaseIterable {
            case fadeIn, fadeOut, fadeInFadeOut
        }

        /// The asset whose sound is played.
        package var assetID: Located<String>
        /// Nil plays at full volume from end to end.
        package var effect: Effect?
        /// Linear gain.
        package var volume: Rational

        /// Length of each fade in seconds, cut to half of the timeline.
        package static let fadeSeconds = Rational(2)
    }

    /// What the result is to be.
    package struct Output: Hashable, Sendable {
        /// Size, rate and encoding, with every default filled in.
        package var settings: RenderPlan.OutputSettings
        /// Chunk length that the caller wishes, for tests and tuning.
        package var chunkSeconds: Rational?
    }

    /// Whom to tell when the export ends.
    package struct Callback: Hashable, Sendable, Codable {
        /// An http or https URL.
        package var url: String
        /// Name of the secret that signs the delivery.
        package var secretRef: String?
        /// Sent back as it came.
        package var data: JSONValue?
    }

    /// Distinct assets in the order of their first use: what must be looked up
    /// before the edit can be lowered.
    package var assetIDs: [String] {
        var seen: Set<String> = []
        let clips = tracks.flatMap { $0.clips.map(\.assetID.value) }
        let all = clips + (soundtrack.map { [$0.assetID.value] } ?? [])
        return all.filter { seen.insert($0).inserted }
    }
}
