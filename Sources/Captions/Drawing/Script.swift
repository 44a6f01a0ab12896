package import MediaTime

/// The styles and events that libass draws, before they are written as ASS.
///
/// Every event has an explicit position (`\pos`), so no event displaces another: the frame
/// that libass draws at a moment depends only on that moment.
package struct Script: Hashable, Sendable {
    /// Width of the output in pixels.
    let width: Int
    let height: Int
    var styles: [Style] = []
    var events: [Event] = []

    /// Creates an empty script for an output of that size in pixels.
    package init(width: Int, height: Int) {
        self.width = width
        self.height = height
    }

    /// A `Style:` line.
    struct Style: Hashable, Sendable {
        enum Border: Int, Hashable, Sendable {
            /// The letters have an outline and a shadow.
            case outline = 1
            /// A box behind each run of letters.
            case runBox = 3
            /// One box behind the whole event, an extension of libass.
            case eventBox = 4
        }

        var name: String
        var fontFamily: String
        var fontSize: Int
        var isBold = false
        var isItalic = false
        var primary: Color
        /// Colour of the words that karaoke has not reached yet.
        var secondary: Color
        /// Colour of the outline, or of the box behind a run.
        var outline: Color
        /// Colour of the shadow, or of the box behind the event.
        var back: Color
        var border = Border.outline
        var outlineWidth = 0
        var shadow = 0
    }

    /// A colour with its opacity.
    struct Color: Hashable, Sendable {
        /// The colour as `RRGGBB`.
        var rgb: String
        var opacity = Rational(1)
    }

    /// A `Dialogue:` line.
    struct Event: Hashable, Sendable {
        var layer = 0
        /// Start in frames after the start of the clip.
        var start: Int
        var end: Int
        /// Name of the event's style.
        var style: String
        var anchor: TextAnchor
        /// Size in percent of the style's size. The margins scale with it, so that lines
        /// break at the same words at any scale.
        var scale = 100
        /// Rotation in clockwise degrees.
        var rotation = Rational.zero
        /// Length of the fade at the start, in frames.
        var fadeIn = 0
        var fadeOut = 0
        var runs: [Run]
    }

    /// Consecutive letters of one look inside an event.
    struct Run: Hashable, Sendable {
        enum Look: Hashable, Sendable {
            /// The look of the event's style.
            case plain
            /// The event's style in that colour.
            case colored(String)
            /// Invisible, but with its space kept.
            case hidden
            /// The look of another style.
            case style(String)
        }

        /// What is between a run and the one before it.
        enum Joint: Hashable, Sendable {
            case blank
            /// Nothing, but the line may end there.
            case mayBreak
            /// Nothing.
            case none
        }

        var text: String
        var look = Look.plain
        var startsLine = false
        /// What is before the run on its line.
        var joint = Joint.blank
        /// Length of the karaoke sweep over the run, in ticks of
        /// `ScriptClock.ticksPerFrame` per frame; nil for no sweep.
        var sweepTicks: Int?
    }

    /// Multiplies the opacity of every colour by `opacity`.
    package mutating func fade(to opacity: Rational) {
        guard opacity < Rational(1) else { return }
        for index in styles.indices {
            for color in [\Style.primary, \.secondary, \.outline, \.back] {
                styles[index][keyPath: color].opacity =
                    styles[index][keyPath: color].opacity * opacity
            }
        }
    }

    /// Sets the rotation of every event around its anchor, in clockwise degrees.
    package mutating func turn(by degrees: Rational) {
        for index in events.indices { events[index].rotation = degrees }
    }
}

/// The time scale of a script.
///
/// ASS has centiseconds and libass counts milliseconds; few frame rates fit either. A drawn
/// script therefore uses its own clock: one frame of the output is a quarter of a second,
/// 25 centiseconds, at any frame rate. Edges of events fall exactly on frames, and in
/// FFmpeg's arithmetic (`pts * time base * 1000` in floating point) a time base of 1/4 is
/// exact.
package enum ScriptClock: Hashable, Sendable {
    /// The clock for drawing: a quarter of a second per frame.
    case frames
    /// The clock for people and players: real time.
    case seconds(frameRate: Rational)

    /// Ticks of one frame: the resolution of the drawn clock.
    package static let ticksPerFrame = 25
    /// Frames per second of the drawn clock, the inverse of FFmpeg's time base for it.
    package static let framesPerSecond = 4

    /// The centiseconds of a number of ticks.
    func centiseconds(ticks: Int) -> Int {
        switch self {
        case .frames: ticks
        case .seconds(let rate):
            (Rational(ticks, Self.ticksPerFrame) / rate * Rational(100)).rounded
        }
    }

    func centiseconds(frames: Int) -> Int { centiseconds(ticks: frames * Self.ticksPerFrame) }
}
