extension Script {
    /// Adds another script's events.
    /// - Parameters:
    ///   - start: Frame at which the other script begins.
    ///   - suffix: Added to the names of its styles to make them unique.
    ///   - count: Length of the whole in frames; events outside it are omitted.
    package mutating func append(_ other: Script, at start: Int, suffix: String, count: Int) {
        styles += other.styles.map { style in
            var style = style
            style.name += suffix
            return style
        }
        for var event in other.events {
            event.start += start
            event.end += start
            guard event.start < count, event.end > 0 else { continue }
            event.style += suffix
            for index in event.runs.indices {
                guard case .style(let name) = event.runs[index].look else { continue }
                event.runs[index].look = .style(name + suffix)
            }
            events.append(event)
        }
    }
}
