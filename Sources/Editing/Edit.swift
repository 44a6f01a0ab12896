/// The edit document: what a front end asks for, in seconds, checked by
/// itself but not yet against the media. `lowered(assets:planner:)` turns it
/// into a `RenderPlan`.
///
/// The shape is Shotstack's; `docs/edit.md` describes every field and
/// `docs/schema/edit.schema.json` says the same for machines.
package struct Edit: Hashable, Sendable {
    /// The first track is on top.
    package var tracks: [Track]
    package var soundtrack: Soundtrack?
    package var output: Output
    package var callback: Callback?
    /// The same token from the same owner means the same export.
    package var clientToken: String?

    /// Clips that follow each other; they may not overlap.
    package struct Track: Hashable, Sendable {
        package var clips: [Clip]
    }

    package struct Clip: Hashable, Sendable {
        package var pointer: JSONPointer
        /// Nil where the caller left it to the asset's own kind (ClipForge).
        package var assetType: AssetType?
        package var assetID: Located<String>
        package var start: Located<Start>
        package var length: Located<Length>
        /// In-point: seconds after the start of the file.
        package var trim: Located<Rational>
        /// Linear gain of the clip's own sound; 0 is silence.
        package var volume: Rational
        package var fit: RenderPlan.Fit
        package var position: Position
        /// Fractions of the output's width (to the right) and height (up).
        package var offsetX: Rational
        package var offsetY: Rational
        /// Fraction of the output's size.
        package var scale: Rational
        package var opacity: Rational
        package var fadeIn: Bool
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
        package enum Effect: String, Hashable, Sendable, CaseIterable {
            case fadeIn, fadeOut, fadeInFadeOut
        }

        package var assetID: Located<String>
        package var effect: Effect?
        package var volume: Rational

        /// Length of each fade in seconds, cut to half of the timeline.
        package static let fadeSeconds = Rational(2)
    }

    package struct Output: Hashable, Sendable {
        package var settings: RenderPlan.OutputSettings
        /// Chunk length that the caller wishes, for tests and tuning.
        package var chunkSeconds: Rational?
    }

    /// Whom to tell when the export ends.
    package struct Callback: Hashable, Sendable, Codable {
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
