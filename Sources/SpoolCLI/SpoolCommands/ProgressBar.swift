/// The progress display of an export.
package struct ProgressBar: Sendable, Hashable {
    /// Columns between the bar's brackets.
    package static let width = 28

    /// Creates a bar.
    package init() {}

    /// Formats one line, for instance `rendering  [#######-----]  58%  1044/1800 frames`.
    /// - Parameter percent: Clamped to 0 to 100.
    package static func line(phase: String, percent: Double, done: Int?, total: Int?) -> String {
        let percent = min(100, max(0, percent.isFinite ? percent : 0))
        let filled = Int(percent * Double(width) / 100)
        let bar =
            String(repeating: "#", count: filled) + String(repeating: "-", count: width - filled)
        let name = phase + String(repeating: " ", count: max(0, 10 - phase.count))
        let number = String(Int(percent))
        var line = "\(name) [\(bar)] \(String(repeating: " ", count: 3 - number.count))\(number)%"
        if let done, let total { line += "  \(done)/\(total) frames" }
        return line
    }
}

/// Redraws one line on a terminal; elsewhere prints a line only for a new phase
/// or another ten percent.
package struct ProgressScreen: Sendable {
    private let isTerminal: Bool
    private let isQuiet: Bool
    private var lastLine = ""
    private var lastPhase = ""
    private var lastTenth = -1
    private var isDrawn = false

    /// Creates a screen for a terminal, or for plain output.
    package init(isTerminal: Bool, isQuiet: Bool) {
        self.isTerminal = isTerminal
        self.isQuiet = isQuiet
    }

    /// Updates the display.
    /// - Returns: the text to write; empty if nothing changed.
    package mutating func show(
        phase: String, percent: Double, done: Int? = nil, total: Int? = nil
    ) -> String {
        guard !isQuiet else { return "" }
        let line = ProgressBar.line(phase: phase, percent: percent, done: done, total: total)
        if isTerminal {
            guard line != lastLine else { return "" }
            lastLine = line
            isDrawn = true
            return "\r\u{1B}[K" + line
        }
        let tenth = Int(percent / 10)
        guard phase != lastPhase || tenth > lastTenth else { return "" }
        lastPhase = phase
        lastTenth = tenth
        return line + "\n"
    }

    /// Ends the display.
    /// - Returns: a line feed if a bar is drawn, otherwise an empty text.
    package mutating func finish() -> String {
        defer { isDrawn = false }
        return isDrawn ? "\n" : ""
    }
}
