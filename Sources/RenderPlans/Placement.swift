package import MediaTime

extension RenderPlan {
    /// One clip's picture on the timeline.
    package struct Placement: Hashable, Sendable, Codable {
        /// The content of a placement.
        package enum Picture: Hashable, Sendable, Codable {
            /// The file at this index of `RenderPlan.sources`.
            case source(Int)
            /// A solid colour, `RRGGBB`.
            case color(String)
        }

        /// The source or the colour that is shown.
        package var picture: Picture
        /// The frames of the output on which the picture is visible. May extend beyond the
        /// output if only a range of the timeline is exported.
        package var frames: FrameRange
        /// In-point: seconds after the start of the file; 0 for a still.
        package var sourceStart: Rational
        /// Seconds of the source per second of the output.
        package var speed: Rational
        /// Insets removed from the source's picture before it is fitted.
        package var crop: Insets
        /// The fit of the picture into `box`.
        package var fit: Fit
        /// The point of the picture that `crop` keeps nearest to the middle.
        package var focus: Point
        /// The rectangle of the output that the clip is fitted into.
        package var box: Box
        /// Rotation around the middle of the box, in clockwise degrees.
        package var rotation: Rational
        /// Changes of colours and sharpness.
        package var effects: Effects
        /// Opacity, from 0 (invisible) to 1 (opaque).
        package var opacity: Rational
        /// The transition at the start; nil for a cut.
        package var transitionIn: Transition?
        /// The transition at the end; nil for a cut.
        package var transitionOut: Transition?

        /// Creates a placement.
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

        /// Index into `RenderPlan.sources`; nil for a colour.
        package var source: Int? {
            if case .source(let index) = picture { index } else { nil }
        }
    }

    /// The fit of a picture into a box of another shape, named as in Shotstack: `crop`
    /// fills the box and cuts the excess, `contain` shows the whole picture and leaves the
    /// rest clear, `cover` stretches to the box, `none` keeps the picture's size, centred
    /// and cut at the box. `blur` is `contain` over a blurred copy that fills the box.
    package enum Fit: String, Hashable, Sendable, Codable, CaseIterable {
        case crop, contain, cover, none, blur
    }

    /// A rectangle in pixels of the output, from its top left corner; may lie partly
    /// outside.
    package struct Box: Hashable, Sendable, Codable {
        /// Pixels from the left edge.
        package var x: Int
        /// Pixels from the top edge.
        package var y: Int
        /// Width in pixels.
        package var width: Int
        /// Height in pixels.
        package var height: Int

        /// Creates a box.
        package init(x: Int = 0, y: Int = 0, width: Int, height: Int) {
            self.x = x
            self.y = y
            self.width = width
            self.height = height
        }
    }

    /// A point as fractions of a picture's width and height, from its top left corner.
    package struct Point: Hashable, Sendable, Codable {
        /// Fraction of the width.
        package var x: Rational
        /// Fraction of the height.
        package var y: Rational

        /// The centre of the picture.
        package static let middle = Point(x: Rational(1, 2), y: Rational(1, 2))

        /// Creates a point.
        package init(x: Rational, y: Rational) {
            self.x = x
            self.y = y
        }
    }

    /// The parts cut off a picture's sides, as fractions of its width and height.
    package struct Insets: Hashable, Sendable, Codable {
        /// Fraction of the height cut off the top.
        package var top: Rational
        /// Fraction of the width cut off the right.
        package var right: Rational
        /// Fraction of the height cut off the bottom.
        package var bottom: Rational
        /// Fraction of the width cut off the left.
        package var left: Rational

        /// Creates insets; by default nothing is cut off.
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
        /// Offset of the luma as a fraction of its range, from -1 to 1.
        package var brightness: Rational
        /// Factor of the luma around its middle; 1 is unchanged.
        package var contrast: Rational
        /// Factor of the saturation; 0 is greyscale, 1 is unchanged.
        package var saturation: Rational
        /// Standard deviation of a Gaussian blur, as a fraction of the box's
        /// shorter side.
        package var blur: Rational
        /// True if every colour is inverted.
        package var isNegative: Bool

        /// Creates effects; by default nothing is changed.
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

    /// The change from one picture to another.
    package struct Transition: Hashable, Sendable, Codable {
        /// The kind of transition.
        package var kind: TransitionKind
        /// Length in frames, from the clip's start or up to its end.
        package var frames: Int
        /// True at the start of a clip that overlaps the previous clip of its layer by
        /// exactly `frames`: the two are mixed. Otherwise the transition is between the
        /// clip and the layers below.
        package var isMix: Bool

        /// Creates a transition.
        package init(kind: TransitionKind, frames: Int, isMix: Bool = false) {
            self.kind = kind
            self.frames = frames
            self.isMix = isMix
        }
    }
}
