/// Places inside a text at which libass may end a line.
///
/// libass ends lines at blanks alone. A blank of no width is invisible and such a place, so
/// libass measures with the real font and decides.
enum LineBreaking {
    /// The text in parts between which a line may end.
    /// - Parameters:
    ///   - size: Height of the font's line in pixels.
    ///   - family: The font.
    ///   - room: Width between the margins in pixels.
    static func parts(_ text: String, size: Int, family: String, room: Int) -> [String] {
        var parts: [String] = []
        var rest = text[...]
        while !rest.isEmpty {
            let blanks = rest.prefix { $0.isWhitespace }
            rest = rest[blanks.endIndex...]
            let word = rest.prefix { !$0.isWhitespace }
            rest = rest[word.endIndex...]
            var pieces = WritingSystem.pieces(String(word))
            pieces = pieces.flatMap { broken($0, size, family, room) }
            if pieces.isEmpty { pieces = [""] }
            pieces[0] = blanks + pieces[0]
            if parts.isEmpty {
                parts = pieces
            } else {
                // The blanks themselves are such a place.
                parts[parts.count - 1] += pieces[0]
                parts += pieces.dropFirst()
            }
        }
        return parts
    }

    /// A word that may be wider than the room, in parts: after hyphens and the like, else
    /// between any letters.
    private static func broken(
        _ word: String, _ size: Int, _ family: String, _ room: Int
    ) -> [String] {
        guard isWide(word, size, family, room) else { return [word] }
        var parts: [String] = []
        var part = ""
        for character in word {
            part.append(character)
            if "-‐–—/_.,;:&=?@".contains(character) {
                parts.append(part)
                part = ""
            }
        }
        if !part.isEmpty { parts.append(part) }
        return parts.flatMap { part -> [String] in
            guard isWide(part, size, family, room), !part.contains(where: isShaped) else {
                return [part]
            }
            return part.map { String($0) }
        }
    }

    /// True if the word may be wider than the room, by the widths of a bold sans serif.
    private static func isWide(_ word: String, _ size: Int, _ family: String, _ room: Int) -> Bool {
        let percent = word.reduce(0) { $0 + width($1) }
        // Another font may be wider.
        let doubt = family.hasPrefix("Lato") ? 110 : 150
        return percent * size * doubt > room * 10_000
    }

    /// Width of a letter in percent of the line's height, for Lato Black.
    private static func width(_ character: Character) -> Int {
        if "iljtfrI.,'|!:;()[]-".contains(character) { return 29 }
        if "mwMWQO@%&".contains(character) { return 73 }
        if character.isUppercase { return 57 }
        return WritingSystem.isIdeographic(character) ? 80 : 48
    }

    /// True for scripts whose letters change with their neighbours: they are never torn apart.
    private static func isShaped(_ character: Character) -> Bool {
        guard let value = character.unicodeScalars.first?.value else { return false }
        return (0x0600...0x08FF).contains(value) || (0x0900...0x0DFF).contains(value)
            || (0x0E00...0x0EFF).contains(value) || (0x1000...0x109F).contains(value)
            || (0x1780...0x18AF).contains(value)
    }
}
