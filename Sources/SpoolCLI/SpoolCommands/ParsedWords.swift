/// Arguments sorted into positionals, flags and options with values.
struct ParsedWords: Sendable, Hashable {
    var positionals: [String] = []
    var flags: Set<String> = []
    /// By long name; a value given again is added.
    var values: [String: [String]] = [:]

    /// `--name value`, `--name=value`, `-o value`; after `--` all are positionals.
    init(_ words: ArraySlice<String>, syntax: CommandSyntax) throws(CommandError) {
        var rest = words
        while let word = rest.popFirst() {
            if word == "--" {
                positionals += rest
                return
            }
            guard word.hasPrefix("-"), word != "-" else {
                positionals.append(word)
                continue
            }
            try parse(word, &rest, syntax)
        }
    }

    /// The value given last.
    func last(_ name: String) -> String? { values[name]?.last }

    private mutating func parse(
        _ word: String, _ rest: inout ArraySlice<String>, _ syntax: CommandSyntax
    ) throws(CommandError) {
        let equals = word.hasPrefix("--") ? word.firstIndex(of: "=") : nil
        let name = equals.map { String(word[..<$0]) } ?? word
        guard let option = syntax.options.first(where: { $0.name == name || $0.short == name })
        else {
            let known = syntax.options.map(\.name)
            throw .usage(
                "spool \(syntax.name) has no option \(name)", Suggestion.of(name, among: known))
        }
        guard option.valueName != nil else {
            guard equals == nil else { throw .usage("\(option.name) takes no value", nil) }
            flags.insert(option.name)
            return
        }
        let inline = equals.map { String(word[word.index(after: $0)...]) }
        guard let value = inline ?? rest.popFirst() else {
            throw .usage("\(option.name) wants a value", nil)
        }
        values[option.name, default: []].append(value)
    }
}

/// Finds what a mistyped word was meant to be.
enum Suggestion {
    /// - Returns: the nearest word by letters added, dropped or changed; nil
    ///   when even that is more than two letters, or half the word, away.
    static func of(_ word: String, among known: [String]) -> String? {
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
