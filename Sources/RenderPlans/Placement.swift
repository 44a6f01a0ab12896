package import MediaTime

extension RenderPlan {
    /// One clip's picture on the timeline.
    package struct Placement: Hashable, Sendable, Codable {
        /// What is shown.
        package enum Picture: Hashable, Sendable, Codable {
            /// Index into `RenderPlan.sources`.
            case source(Int)
            /// One colour, `RRGGBB`.
            case color(String)
        }

        /// The source or the colour that is shown.
        package var picture: Picture
        /// Where it shows, in frames of the output. May reach beyond either
        /// end of the output, where only a range of the timeline is exported.
        package var frames: FrameRange
        /// In-point: seconds after the start of the file. 0 for what is
        /// still.
        package var sourceStart: Rational
        /// Seconds of the source that pass in one second of the output.
        package var speed: Rational
        /// What is cut off the source's picture first.
        package var crop: Insets
        /// The fit of the picture into `box`.
        package var fit: Fit
        /// The point of the picture that `crop` keeps nearest to the middle.
        package var focus: Point
        /// The rectangle of the output that the clip is fitted into.
        package var box: Box
        /// Clockwise degrees, around the middle of the box.
        package var rotation: Rational
        /// Changes of colours and sharpness.
        package var effects: Effects
        /// 0 (invisible) to 1 (opaque).
        package var opacity: Rational
        /// How it comes and goes; nil is a cut.
        package var transitionIn: Transition?
        /// The transition at the end; nil is a cut.
        package var transitionOut: Transition?

        /// A placement with those properties.
        package init(
            picture: Picture, frames: FrameRange, sourceStart: Rational = .zero,
            speed: Rational = Rational(1), crop: Insets = Insets(), fit: Fit = .crop,
            focus: Point = .middle, box: Box, rotation: Rational = .zero,
            effects: Effects = Effects(), opacity: Rational = Rational(1),
            transitionIn: Transition? = nil, transitionOut: Transition? = nil
        ) {
            self.picture = picture
            self.frames = frames
            self.sourceStart = sourceStart
            self.speed = speed
            self.crop = crop
            self.fit = fit
            self.focus = focus
            self.box = box
            self.rotation = rotation
            self.effects = effects
            self.opacity = opacity
            self.transitionIn = transitionIn
            self.transitionOut = transitionOut
        }

        /// Index into `RenderPlan.sources` of what is read from a file.
        package var source: Int? {
            if case .source(let index) = picture { index } else { nil }
        }
    }

    /// How a picture of one shape goes into a box of another (Shotstack's
    /// words): `crop` fills the box and cuts what is over, `contain` shows all
    /// and leaves the rest clear, `cover` stretches to the box, `none` keeps
    /// the picture's own size, centred and cut at the box. `blur` is `contain`
    /// over a blurred copy that fills the box.
    package enum Fit: String, Hashable, Sendable, Codable, CaseIterable {
        case crop, contain, cover, none, blur
    }

    /// Pixels of the output, from its top left corner; may lie partly outside.
    package struct Box: Hashable, Sendable, Codable {
        /// Pixels from the left edge.
        package var x: Int
        /// Pixels from the top edge.
        package var y: Int
        /// Width in pixels.
        package var width: Int
        /// Height in pixels.
        package var height: Int

        /// A box with those properties.
        package init(x: Int = 0, y: Int = 0, width: Int, height: Int) {
            self.x = x
            self.y = y
            self.width = width
            self.height = height
        }
    }

    /// Fractions of a picture's width and height, from its top left corner.
    package struct Point: Hashable, Sendable, Codable {
        /// Fraction of the width.
        package var x: Rational
        /// Fraction of the height.
        package var y: Rational

        /// The centre of the picture.
        package static let middle = Point(x: Rational(1, 2), y: Rational(1, 2))

        /// A point with those properties.
        package init(x: Rational, y: Rational) {
            self.x = x
            self.y = y
        }
    }

    /// Fractions of a picture's width and height that are cut off its sides.
    package struct Insets: Hashable, Sendable, Codable {
        /// Fraction of the height.
        package var top: Rational
        /// Fraction of the width.
        package var right: Rational
        /// Fraction of the height.
        package var bottom: Rational
        /// Fraction of the width.
        package var left: Rational

        /// Insets that cut nothing off by default.
        package init(
            top: Rational = .zero, right: Rational = .zero, bottom: Rational = .zero,
            left: Rational = .zero
        ) {
            self.top = top
            self.right = right
            self.bottom = bottom
            self.left = left
        }
    }

    /// Changes of a picture's colours and sharpness.
    package struct Effects: Hashable, Sendable, Codable {
        /// Added to the luma, as a fraction of its range: -1 to 1.
        package var brightness: Rational
        /// Stretch of the luma around its middle; 1 changes nothing.
        package var contrast: Rational
        /// 0 is greyscale, 1 changes nothing.
        package var saturation: Rational
        /// Standard deviation of a Gaussian blur, as a fraction of the box's
        /// shorter side.
        package var blur: Rational
        /// Every colour becomes its opposite.
        package var isNegative: Bool

        /// Effects that change nothing by default.
        package init(
            brightness: Rational = .zero, contrast: Rational = Rational(1),
            saturation: Rational = Rational(1), blur: Rational = .zero, isNegative: Bool = false
        ) {
            self.brightness = brightness
            self.contrast = contrast
            self.saturation = saturation
            self.blur = blur
            self.isNegative = isNegative
        }
    }

    /// How one picture gives way to another.
    package struct Transition: Hashable, Sendable, Codable {
        /// The kind of transition.
        package var kind: TransitionKind
        /// Length, from the clip's start or up to its end.
        package var frames: Int
        /// True at the start of a clip that overlaps the one before it in its
        /// layer by exactly `frames`: the two are mixed. Otherwise the clip
        /// comes from, or gives way to, what lies below.
        package var isMix: Bool

        /// A transition with those properties.
        package init(kind: TransitionKind, frames: Int, isMix: Bool = false) {
            self.kind = kind
            self.frames = frames
            self.isMix = isMix
        }
    }
}
