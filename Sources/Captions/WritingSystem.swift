/// Rules of scripts that are written without blanks between words.
enum WritingSystem {
    /// True for a character of Chinese or Japanese, with its punctuation and full-width forms:
    /// no blank is next to it, and a line may end on either side.
    static func isIdeographic(_ character: Character) -> Bool {
        guard let value = character.unicodeScalars.first?.value else { return false }
        switch value {
        case 0x2E80...0x2FDF, 0x3000...0x30FF, 0x3100...0x312F, 0x31A0...0x31BF, 0x31F0...0x31FF,
            0x3400...0x4DBF, 0x4E00...0x9FFF, 0xF900...0xFAFF, 0xFE30...0xFE4F, 0xFF00...0xFF9F,
            0xFFE0...0xFFEF, 0x20000...0x3FFFF:
            return true
        default: return false
        }
    }

    /// True for a character before and after which words follow each other without a blank:
    /// also Thai, Lao, Khmer and Burmese. Korean has blanks.
    static func isWithoutBlanks(_ character: Character) -> Bool {
        guard let value = character.unicodeScalars.first?.value else { return false }
        switch value {
        case 0x0E00...0x0EFF, 0x1000...0x109F, 0x1780...0x17FF: return true
        default: return isIdeographic(character)
        }
    }

    /// True if two words are written without a blank between them.
    static func joins(_ before: String, _ after: String) -> Bool {
        guard let last = before.last, let first = after.first else { return false }
        return isWithoutBlanks(last) && (isWithoutBlanks(first) || startsNoLine.contains(first))
    }

    /// Characters that may not begin a line (JIS X 4051, GB/T 15834): closing brackets, stops,
    /// small kana and marks that repeat or lengthen.
    static let startsNoLine = Set(
        "。、，．：；！？」』）］｝〉》】〕〗〙〛”’…‥ー～々〻ゝゞヽヾぁぃぅぇぉっゃゅょゎゕゖァィゥェォッャュョヮヵヶ・゠〜％‰℃°)],.!?:;%"
    )
    /// Characters that may not end a line: opening brackets.
    static let endsNoLine = Set("「『（［｛〈《【〔〖〘〚“‘([")

    /// The text in pieces between which a line may end: each ideograph with the punctuation that
    /// belongs to it, and everything between as it is.
    static func pieces(_ text: String) -> [String] {
        var pieces: [String] = []
        var piece = ""
        for character in text {
            if let last = piece.last, mayBreak(last, character) {
                pieces.append(piece)
                piece = ""
            }
            piece.append(character)
        }
        if !piece.isEmpty { pieces.append(piece) }
        return pieces
    }

    /// True if a line may end between two characters of scripts without blanks.
    static func mayBreak(_ before: Character, _ after: Character) -> Bool {
        (isIdeographic(before) || isIdeographic(after))
            && !startsNoLine.contains(after) && !endsNoLine.contains(before)
    }

    /// Units of a word in the room of a line: a word of an alphabet has four, an ideograph one,
    /// so that a line of four words has 16 characters of Chinese, the usual limit.
    static func units(_ text: String) -> Int {
        let ideographs = text.count { isIdeographic($0) }
        return ideographs == text.count ? ideographs : ideographs + unitsPerWord
    }

    /// Units of a word of an alphabet.
    static let unitsPerWord = 4

    // MARK: Right to left

    /// True for a word whose first strong letter is Hebrew, Arabic or another script from right
    /// to left.
    static func isRightToLeft(_ text: String) -> Bool {
        let strong = text.unicodeScalars.first { $0.properties.isAlphabetic }
        guard let value = strong?.value else { return false }
        switch value {
        case 0x0590...0x08FF, 0xFB1D...0xFDFF, 0xFE70...0xFEFF, 0x10800...0x10FFF: return true
        default: return false
        }
    }

    /// Letters that do not join to the next one (Unicode, ArabicShaping: right-joining and
    /// non-joining).
    private static let joinsNoNext = Set("اأإآٱدذرزژوؤةۀۃڈڑۇۆۈۋء")

    /// The letters of a word from right to left, with joiners that keep their shapes when they
    /// are drawn one by one.
    static func letters(_ word: String) -> [String] {
        var letters: [String] = []
        for character in word {
            if let last = letters.last?.last, last == "ل", "اأإآ".contains(character) {
                // Lam and alef are one glyph.
                letters[letters.count - 1].append(character)
            } else {
                letters.append(String(character))
            }
        }
        let joiner = "\u{200D}"
        let joins = letters.map { letter in
            letter.last.map { isArabic($0) && !joinsNoNext.contains($0) } ?? false
        }
        return letters.enumerated().map { index, letter in
            let isArabicLetter = letter.first.map { isArabic($0) } ?? false
            let next = index + 1 < letters.count ? letters[index + 1].first : nil
            let before = index > 0 && joins[index - 1] && isArabicLetter ? joiner : ""
            let after = joins[index] && (next.map { isArabic($0) } ?? false) ? joiner : ""
            return before + letter + after
        }
    }

    private static func isArabic(_ character: Character) -> Bool {
        guard let scalar = character.unicodeScalars.first else { return false }
        return (0x0620...0x06FF).contains(scalar.value) && scalar.properties.isAlphabetic
    }
}
