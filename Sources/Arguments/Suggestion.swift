/// Corrections of mistyped words.
package enum Suggestion {
    /// Returns the closest known word by Levenshtein distance.
    /// - Returns: nil if the distance exceeds two letters or half the word.
    package static func of(_ word: String, among known: [String]) -> String? {
        let nearest = known.map { ($0, distance(Array(word), Array($0))) }.min { $0.1 < $1.1 }
        guard let (candidate, distance) = nearest, distance <= min(2, word.count / 2) else {
            return nil
        }
        return candidate
    }

    private static func distance(_ left: [Character], _ right: [Character]) -> Int {
        var row = Array(0...right.count)
        for (i, a) in left.enumerated() {
            var diagonal = row[0]
            row[0] = i + 1
            for (j, b) in right.enumerated() {
                let changed = diagonal + (a == b ? 0 : 1)
                diagonal = row[j + 1]
                row[j + 1] = min(changed, row[j] + 1, diagonal + 1)
            }
        }
        return row[right.count]
    }
}
