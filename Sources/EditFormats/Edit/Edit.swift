package import Captions
package import JSON
package import MediaTime
package import RenderPlans

/// The edit document: a front end's request in seconds, checked alone but not yet against
/// the media. `lowered(assets:planner:)` turns it into a `RenderPlan`.
///
/// The shape is Shotstack's; `docs/edit.md` describes every field, and
/// `docs/schema/edit.schema.json` is the machine-readable form.
package struct Edit: Hashable, Sendable {
    /// The tracks, the top one first.
    package var tracks: [Track]
    /// Audio mixed with all tracks; nil for none.
    package var soundtrack: Soundtrack?
    /// The requested output.
    package var output: Output
    /// The request to send when the export ends; nil for none.
    package var callback: Callback?
    /// Token of the caller: an equal token from the same owner means the same export. Nil
    /// is no token.
    package var clientToken: String?
    /// Parts of an OpenTimelineIO document that were omitted.
    package var dropped: [FieldFault] = []

    /// A track of consecutive clips, which may not overlap.
    package struct Track: Hashable, Sendable {
        /// The clips in the order of the document; `auto` starts follow it.
        package var clips: [Clip]
    }

    /// Content that is shown or played for a stretch of the timeline.
    package struct Clip: Hashable, Sendable {
        /// The clip's place in the request.
        package var pointer: JSONPointer
        /// The shown or played content.
        package var content: Content
        /// The clip's start on the timeline.
        package var start: Located<Start>
        /// The clip's length.
        package var length: Located<Length>
        /// The look and position of its picture.
        package var look: Look
    }

    /// The content of a clip.
    package enum Content: Hashable, Sendable {
        case media(Media)
        case multicam(Multicam)
        /// A solid colour, `RRGGBB`, lower-case hexadecimal.
        case color(String)
        case text(Text)
        case captions(Captions)
    }

    /// An asset, or a stretch of it.
    package struct Media: Hashable, Sendable {
        /// The kind of the asset; nil uses the kind that the probe found (ClipForge).
        package var type: AssetType?
        /// ID of the shown or played asset.
        package var assetID: Located<String>
        /// In-point: seconds after the start of the file.
        package var trim: Located<Rational>
        /// Seconds of the source per second of the timeline.
        package var speed: Rational
        /// Volume of the clip's audio.
        package var gain: Gain
        /// Place of the audio track in the file's list, from 0; nil for the file's default.
        package var audioTrack: Located<Int>?
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
        /// Volumes in time order, linear between points; empty uses `volume`.
        package var points: [Point] = []
        /// Length of the fade at the clip's start in seconds, at most the clip.
        package var fadeInSeconds = Rational.zero
        /// Length of the fade at the clip's end in seconds, at most the clip.
        package var fadeOutSeconds = Rational.zero
    }

    /// Kinds of asset that a clip can show or play.
    package enum AssetType: String, Hashable, Sendable, CaseIterable {
        case video, image, audio
    }

    /// A clip's start on the timeline.
    package enum Start: Hashable, Sendable {
        case seconds(Rational)
        /// The end of the previous clip of the track.
        case auto
    }

    /// A clip's length.
    package enum Length: Hashable, Sendable {
        case seconds(Rational)
        /// The rest of the source after `trim`.
        case auto
        /// The rest of the timeline.
        case end
    }

    /// Audio under the whole timeline; it is repeated as needed.
    package struct Soundtrack: Hashable, Sendable {
        /// The fades of the audio.
        package enum Effect: String, Hashable, Sendable, CaseIterable {
            case fadeIn, fadeOut, fadeInFadeOut
        }

        /// ID of the asset whose audio is played.
        package var assetID: Located<String>
        /// The fades; nil for none.
        package var effect: Effect?
        /// Linear gain.
        package var volume: Rational
        /// True if the soundtrack ducks while a clip is heard.
        package var ducks: Bool

        /// Length of each fade in seconds, at most half of the timeline.
        package static let fadeSeconds = Rational(2)
    }

    /// The requested output.
    package struct Output: Hashable, Sendable {
        /// The output's place in the request.
        package var pointer: JSONPointer
        /// Size, rate and encoding, with all defaults filled in.
        package var settings: RenderPlan.OutputSettings
        /// Chunk length that the caller requests, in seconds, for tests and tuning; nil
        /// lets the planner choose.
        package var chunkSeconds: Rational?
        /// The range of the timeline to export; nil for the whole timeline.
        package var range: Range?
        /// The time at which a still is taken, in seconds of the timeline; nil for the first
        /// frame.
        package var still: Located<Rational>?
        /// The properties copied from the main picture.
        package var sourceMatching = SourceMatching()
        /// Formats of the caption files requested in addition to the result; nil for none.
        package var captions: Located<[CaptionFormat]>?
    }

    /// A range of the timeline.
    package struct Range: Hashable, Sendable {
        /// Start in seconds after the start of the timeline.
        package var start: Located<Rational>
        /// Length in seconds; nil for the rest of the timeline.
        package var length: Rational?
    }

    /// The notification that is sent when the export ends.
    package struct Callback: Hashable, Sendable, Codable {
        /// An http or https URL; nil for e-mail alone.
        package var url: String?
        /// Address of a mailbox; nil for a request alone.
        package var email: String?
        /// Language of the e-mail; nil is the default.
        package var language: String?
        /// Name of the secret that signs the request; nil is none.
        package var secretRef: String?
        /// JSON of the caller, sent back unchanged; nil for none.
        package var data: JSONValue?
    }

    /// Distinct assets in the order of their first use, to look up before lowering. Caption
    /// files are in `captionIDs`.
    package var assetIDs: [String] {
        var seen: Set<String> = []
        let clips = tracks.flatMap { $0.clips.flatMap(\.content.assetIDs) }
        let all = clips + (soundtrack.map { [$0.assetID.value] } ?? [])
        return all.filter { seen.insert($0).inserted }
    }
}

extension Edit {
    /// Distinct caption files, in the order of their first use.
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
    /// The assets of the content, in the order of the document.
    var assetIDs: [String] {
        switch self {
        case .media(let media): [media.assetID.value]
        case .multicam(let multicam): multicam.assetIDs
        case .color, .text, .captions: []
        }
    }
}
