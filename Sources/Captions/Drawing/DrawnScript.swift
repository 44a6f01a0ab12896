package import MediaTime

/// The part of a script that one chunk draws: whole events in the drawn clock, with times
/// relative to the first event.
package struct DrawnScript: Hashable, Sendable {
    /// A file for FFmpeg's `ass` filter.
    package let text: String
    /// The frame of the clock at which the window begins.
    package let firstFrame: Int
    /// Font families that the text names, sorted.
    package let fontFamilies: [String]
}

extension Script {
    /// The events that are visible in a window of the clip's frames. Equal events at equal
    /// positions relative to the window give equal text anywhere in the clip: no event is
    /// cut, and times count from the earliest.
    /// - Parameter window: Frames after the start of the clip; may begin before it and end
    ///   after it.
    /// - Returns: nil if no event is visible.
    package func drawn(_ window: FrameRange) -> DrawnScript? {
        let shown = events.filter { $0.start < window.end && $0.end > window.start }
        guard let earliest = shown.map(\.start).min() else { return nil }
        let origin = min(earliest, window.start)
        let writer = ASSWriter(script: self, clock: .frames, isDrawn: true, origin: origin)
        return DrawnScript(
            text: writer.text(shown), firstFrame: window.start - origin,
            fontFamilies: Set(styles.map { ASSText.fontName($0.fontFamily) }).sorted())
    }

    /// The whole script as a file for players, in real time.
    package func file(frameRate: Rational) -> String {
        ASSWriter(script: self, clock: .seconds(frameRate: frameRate), isDrawn: false, origin: 0)
            .text(events)
    }
}
