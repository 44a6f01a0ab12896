package import Captions
package import JSON
package import MediaTime
package import RenderPlans

/// The edit document: what a front end asks for, in seconds, checked by
/// itself but not yet against the media. `lowered(assets:planner:)` turns it
/// into a `RenderPlan`.
///
/// The shape is Shotstack's; `docs/edit.md` describes every field and
/// `docs/schema/edit.schema.json` says the same for machines.
package struct Edit: Hashable, Sendable {
    /// The first track is on top.
    package var tracks: [Track]
    /// Audio below all tracks; nil without one.
    package var soundtrack: Soundtrack?
    /// What the result is to be.
    package var output: Output
    /// The callback; nil without one.
    package var callback: Callback?
    /// The same token from the same owner means the same export.
    package var clientToken: String?
    /// What an OpenTimelineIO document says that was left out.
    package var dropped: [FieldFault] = []

    /// Clips that follow each other; they may not overlap.
    package struct Track: Hashable, Sendable {
        /// In the order of the document, which `auto` starts follow.
        package var clips: [Clip]
    }

    /// Something that is shown or played for a stretch of the timeline.
    package struct Clip: Hashable, Sendable {
        /// The clip's own place in the request.
        package var pointer: JSONPointer
        /// What is shown or played.
        package var content: Content
        /// Where the clip begins on the timeline.
        package var start: Located<Start>
        /// How long it lasts.
        package var length: Located<Length>
        /// The look and position of its picture.
        package var look: Look
    }

    /// What a clip shows or plays.
    package enum Content: Hashable, Sendable {
        case media(Media)
        case multicam(Multicam)
        /// `RRGGBB`, lower-case hexadecimal.
        case color(String)
        case text(Text)
        case captions(Captions)
    }

    /// One asset, or a stretch of it.
    package struct Media: Hashable, Sendable {
        /// Nil where the caller left it to the asset's own kind (ClipForge).
        package var type: AssetType?
        /// The asset that is shown or played.
        package var assetID: Located<String>
        /// In-point: seconds after the start of the file.
        package var trim: Located<Rational>
        /// Seconds of the source that pass in one second of the timeline.
        package var speed: Rational
        /// Volume of the clip's own audio.
        package var gain: Gain
    }

    /// Volume of a clip's audio over its time.
    package struct Gain: Hashable, Sendable {
        /// A volume at one moment.
        package struct Point: Hashable, Sendable {
            /// Seconds after the start of the clip.
            package var at: Rational
            /// Linear gain.
            package var volume: Rational
        }

        /// Linear gain; 0 is silence.
        package var volume = Rational(1)
        /// Volumes in time order, linear between them; empty is `volume`.
        package var points: [Point] = []
        /// Length of the fade at the clip's start, cut to the clip.
        package var fadeInSeconds = Rational.zero
        /// Length of the fade at the clip's end, cut to the clip.
        package var fadeOutSeconds = Rational.zero
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

    /// Audio under the whole timeline; it starts again when it ends.
    package struct Soundtrack: Hashable, Sendable {
        /// The fades of the audio.
        package enum Effect: String, Hashable, Sendable, CaseIterable {
            case fadeIn, fadeOut, fadeInFadeOut
        }

        /// The asset whose audio is played.
        package var assetID: Located<String>
        /// Nil plays at full volume from end to end.
        package var effect: Effect?
        /// Linear gain.
        package var volume: Rational
        /// Whether it grows quiet while a clip is heard.
        package var ducks: Bool

        /// Length of each fade in seconds, cut to half of the timeline.
        package static let fadeSeconds = Rational(2)
    }

    /// What the result is to be.
    package struct Output: Hashable, Sendable {
        /// Its own place in the request.
        package var pointer: JSONPointer
        /// Size, rate and encoding, with every default filled in.
        package var settings: RenderPlan.OutputSettings
        /// Chunk length that the caller requests, for tests and tuning.
        package var chunkSeconds: Rational?
        /// The part of the timeline that is exported; nil is all of it.
        package var range: Range?
        /// Where a still is taken, in seconds of the timeline.
        package var still: Located<Rational>?
        /// What it takes over from the main picture.
        package var sourceMatching = SourceMatching()
        /// Files of captions that are wanted beside the result.
        package var captions: Located<[CaptionFormat]>?
    }

    /// A part of the timeline.
    package struct Range: Hashable, Sendable {
        /// Seconds after the start of the timeline.
        package var start: Located<Rational>
        /// In seconds; nil is to the end.
        package var length: Rational?
    }

    /// The callback that is called when the export ends.
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
    /// Files of captions are in `captionIDs`.
    package var assetIDs: [String] {
        var seen: Set<String> = []
        let clips = tracks.flatMap { $0.clips.flatMap(\.content.assetIDs) }
        let all = clips + (soundtrack.map { [$0.assetID.value] } ?? [])
        return all.filter { seen.insert($0).inserted }
    }
}

extension Edit {
    /// Distinct files of captions, in the order of their first use.
    package var captionIDs: [String] {
        var seen: Set<String> = []
        return tracks.flatMap(\.clips).compactMap { clip in
            guard case .captions(let captions) = clip.content,
                case .asset(let id) = captions.source
            else { return nil }
            return id.value
        }.filter { seen.insert($0).inserted }
    }
}

extension Edit.Content {
    /// The assets that the content is made of, in the order of the document.
    var assetIDs: [String] {
        switch self {
        case .media(let media): [media.assetID.value]
        case .multicam(let multicam): multicam.assetIDs
        case .color, .text, .captions: []
        }
    }
}
