/// What the screen shows while an export runs.
package struct ProgressBar: Sendable, Hashable {
    /// Columns of the bar itself.
    package static let width = 28

    /// A bar that has shown nothing yet.
    package init() {}

    /// One line, for instance
    /// `rendering  [#######-----]  58%  1044/1800 frames`.
    /// - Parameter percent: Held to 0 to 100.
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

/// Draws lines over each other on a terminal; elsewhere writes only those that
/// tell something new: another phase, or ten percent more.
package struct ProgressScreen: Sendable {
    private let isTerminal: Bool
    private let isQuiet: Bool
    private var lastLine = ""
    private var lastPhase = ""
    private var lastTenth = -1
    private var isDrawn = false

    /// A bar for this kind of output.
    package init(isTerminal: Bool, isQuiet: Bool) {
        self.isTerminal = isTerminal
        self.isQuiet = isQuiet
    }

    /// - Returns: what to write; empty for nothing.
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

    /// - Returns: what ends the line, so that other text starts a new one.
    package mutating func finish() -> String {
        defer { isDrawn = false }
        return isDrawn ? "\n" : ""
    }
}
