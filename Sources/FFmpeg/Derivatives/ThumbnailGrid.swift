package import MediaTime

/// The thumbnails of a film: one at each interval, in sheets of equal tiles.
package struct ThumbnailGrid: Hashable, Sendable {
    /// Length of the film in seconds.
    package let duration: Rational
    /// Seconds from one thumbnail to the next.
    package let interval: Int
    /// Number of thumbnails.
    package let count: Int
    /// Width of a tile in pixels, even.
    package let tileWidth: Int
    /// Height of a tile in pixels, even.
    package let tileHeight: Int

    /// Intervals in seconds that people count in.
    private static let intervals = [1, 2, 5, 10, 15, 20, 30, 60, 120, 300, 600]
    /// Thumbnails of one film: five sheets.
    package static let countMax = 500
    /// Tiles of a sheet in each direction: 1,600 pixels, within the limits of every browser.
    private static let side = 10
    /// Pixels of a tile's longer side.
    private static let tileSide = 160

    /// The grid of a film.
    /// - Parameters:
    ///   - duration: Seconds, above 0.
    ///   - width: Pixels of the film as it is shown.
    ///   - height: Pixels of the film as it is shown.
    package init(duration: Rational, width: Int, height: Int) {
        self.duration = duration
        let least = (duration / Rational(Self.countMax)).ceiling
        interval = Self.intervals.first { $0 >= least } ?? least
        count = max(1, (duration / Rational(interval)).ceiling)
        let longer = max(1, width, height)
        func side(_ pixels: Int) -> Int {
            max(2, (Rational(pixels * Self.tileSide, 2 * longer)).rounded * 2)
        }
        (tileWidth, tileHeight) = (side(width), side(height))
    }

    /// Tiles next to each other on a sheet.
    package var columns: Int { min(Self.side, count) }
    /// Rows of a sheet.
    package var rows: Int { min(Self.side, (count + columns - 1) / columns) }
    /// Number of sheets.
    package var sheetCount: Int { (count + columns * rows - 1) / (columns * rows) }

    /// The WebVTT file: a cue for each thumbnail, with its sheet and its place on it as a
    /// spatial media fragment (`#xywh=`).
    /// - Parameter sheets: The URL of each sheet, by its number.
    package func track(_ sheets: [String]) -> String {
        var text = "WEBVTT\n"
        for number in 0..<count {
            let (sheet, place) = number.quotientAndRemainder(dividingBy: columns * rows)
            let (row, column) = place.quotientAndRemainder(dividingBy: columns)
            let end = min(Rational((number + 1) * interval), duration)
            text += "\n\(Self.time(Rational(number * interval))) --> \(Self.time(end))\n"
            text += "\(sheets[sheet])#xywh=\(column * tileWidth),\(row * tileHeight),"
            text += "\(tileWidth),\(tileHeight)\n"
        }
        return text
    }

    /// `HH:MM:SS.mmm`
    private static func time(_ seconds: Rational) -> String {
        let milliseconds = (seconds * Rational(1_000)).rounded
        func digits(_ number: Int, _ count: Int) -> String {
            let text = String(number)
            return String(repeating: "0", count: max(0, count - text.count)) + text
        }
        let (whole, rest) = milliseconds.quotientAndRemainder(dividingBy: 1_000)
        return "\(digits(whole / 3_600, 2)):\(digits(whole / 60 % 60, 2)):\(digits(whole % 60, 2))"
            + ".\(digits(rest, 3))"
    }
}
