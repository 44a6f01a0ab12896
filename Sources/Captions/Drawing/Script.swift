package import MediaTime

/// Styles and events that libass is to draw, before they are written as ASS.
///
/// Every event has its own position (`\pos`), so none moves another
/// away: what libass draws at one moment depends on that moment alone.
package struct Script: Hashable, Sendable {
    /// Of the output, in pixels.
    let width: Int
    let height: Int
    var styles: [Style] = []
    var events: [Event] = []

    /// An empty script for an output of that size in pixels.
    package init(width: Int, height: Int) {
        self.width = width
        self.height = height
    }

    /// One `Style:` line.
    struct Style: Hashable, Sendable {
        enum Border: Int, Hashable, Sendable {
            /// Outline and shadow of the letters.
            case outline = 1
            /// A box behind each run of letters.
            case runBox = 3
            /// One box behind the whole event; libass's own.
            case eventBox = 4
        }

        var name: String
        var fontFamily: String
        var fontSize: Int
        var isBold = false
        var isItalic = false
        var primary: Color
        /// Of what karaoke has not reached yet.
        var secondary: Color
        /// Of the outline, or of the box behind a run.
        var outline: Color
        /// Of the shadow, or of the box behind the event.
        var back: Color
        var border = Border.outline
        var outlineWidth = 0
        var shadow = 0
    }

    /// Red, green, blue and how much is seen of them.
    struct Color: Hashable, Sendable {
        /// `RRGGBB`.
        var rgb: String
        var opacity = Rational(1)
    }

    /// One `Dialogue:` line.
    struct Event: Hashable, Sendable {
        var layer = 0
        /// Frames after the start of the clip.
        var start: Int
        var end: Int
        /// Name of its style.
        var style: String
        var anchor: TextAnchor
        /// Percent of the style's size. The margins follow, so that lines
        /// break at the same words at any scale.
        var scale = 100
        /// Clockwise degrees.
        var rotation = Rational.zero
        /// In frames.
        var fadeIn = 0
        var fadeOut = 0
        var runs: [Run]
    }

    /// Letters of one look inside an event.
    struct Run: Hashable, Sendable {
        enum Look: Hashable, Sendable {
            /// As the event's style says.
            case plain
            /// With that colour.
            case colored(String)
            /// There, but not seen.
            case hidden
            /// In another style.
            case style(String)
        }

        var text: String
        var look = Look.plain
        var startsLine = false
        /// For how long karaoke sweeps over it: in parts of a frame, of which
        /// there are `ScriptClock.ticksPerFrame`.
        var sweepTicks: Int?
    }

    /// Makes everything that much less opaque.
    package mutating func fade(to opacity: Rational) {
        guard opacity < Rational(1) else { return }
        for index in styles.indices {
            for color in [\Style.primary, \.secondary, \.outline, \.back] {
                styles[index][keyPath: color].opacity =
                    styles[index][keyPath: color].opacity * opacity
            }
        }
    }

    /// Turns every event around its anchor.
    package mutating func turn(by degrees: Rational) {
        for index in events.indices { events[index].rotation = degrees }
    }
}

/// The time that libass counts for a script.
///
/// ASS writes centiseconds and libass counts milliseconds, which no frame
/// rate but a few fits. A drawn script therefore has a clock of its own: one
/// frame of the output is a quarter of a second, 25 centiseconds, at any frame
/// rate. Edges of events fall exactly on frames, and in FFmpeg's arithmetic
/// (`pts * time base * 1000` in floating point) a time base of 1/4 is exact.
package enum ScriptClock: Hashable, Sendable {
    /// For drawing: a quarter of a second a frame.
    case frames
    /// For people and players: real time.
    case seconds(frameRate: Rational)

    /// Parts of a frame that the drawn clock can tell apart.
    package static let ticksPerFrame = 25
    /// Frames in one second of the drawn clock: FFmpeg's time base for it.
    package static let framesPerSecond = 4

    /// Centiseconds after so many ticks.
    func centiseconds(ticks: Int) -> Int {
        switch self {
        case .frames: ticks
        case .seconds(let rate):
            (Rational(ticks, Self.ticksPerFrame) / rate * Rational(100)).rounded
        }
    }

    func centiseconds(frames: Int) -> Int { centiseconds(ticks: frames * Self.ticksPerFrame) }
}
