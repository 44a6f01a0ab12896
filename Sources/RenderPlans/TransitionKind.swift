extension RenderPlan {
    /// The kinds of transition, named as in FFmpeg's `xfade` (FFmpeg 5.1; without `custom`,
    /// which takes a program).
    package enum TransitionKind: String, Hashable, Sendable, Codable, CaseIterable {
        case fade, fadeblack, fadewhite, fadegrays, dissolve, distance, pixelize, radial, hblur
        case zoomin, circlecrop, rectcrop, circleopen, circleclose, vertopen, vertclose, horzopen
        case horzclose, wipeleft, wiperight, wipeup, wipedown, wipetl, wipetr, wipebl, wipebr
        case slideleft, slideright, slideup, slidedown, smoothleft, smoothright, smoothup
        case smoothdown, diagtl, diagtr, diagbl, diagbr, hlslice, hrslice, vuslice, vdslice
        case squeezeh, squeezev

        /// Shotstack's names of the kinds.
        static let aliases: [String: TransitionKind] = [
            "wipeLeft": .wipeleft, "wipeRight": .wiperight, "wipeUp": .wipeup,
            "wipeDown": .wipedown, "slideLeft": .slideleft, "slideRight": .slideright,
            "slideUp": .slideup, "slideDown": .slidedown, "zoom": .zoomin,
        ]

        /// Creates the kind with FFmpeg's or Shotstack's name; nil for an unknown name.
        package init?(name: String) {
            guard let kind = Self(rawValue: name) ?? Self.aliases[name] else { return nil }
            self = kind
        }
    }
}
