extension RenderPlan {
    /// The kinds of transition, by the names that FFmpeg's `xfade` gives them
    /// (FFmpeg 5.1; `custom` is left out, since it takes a program).
    package enum TransitionKind: String, Hashable, Sendable, Codable, CaseIterable {
        case fade, fadeblack, fadewhite, fadegrays, dissolve, distance, pixelize, radial, hblur
        case zoomin, circlecrop, rectcrop, circleopen, circleclose, vertopen, vertclose, horzopen
        case horzclose, wipeleft, wiperight, wipeup, wipedown, wipetl, wipetr, wipebl, wipebr
        case slideleft, slideright, slideup, slidedown, smoothleft, smoothright, smoothup
        case smoothdown, diagtl, diagtr, diagbl, diagbr, hlslice, hrslice, vuslice, vdslice
        case squeezeh, squeezev

        /// Other names for the same, as Shotstack writes them.
        static let aliases: [String: TransitionKind] = [
            "wipeLeft": .wipeleft, "wipeRight": .wiperight, "wipeUp": .wipeup,
            "wipeDown": .wipedown, "slideLeft": .slideleft, "slideRight": .slideright,
            "slideUp": .slideup, "slideDown": .slidedown, "zoom": .zoomin,
        ]

        /// The kind with FFmpeg's or Shotstack's name; nil for an unknown name.
        package init?(name: String) {
            guard let kind = Self(rawValue: name) ?? Self.aliases[name] else { return nil }
            self = kind
        }
    }
}
