/// Arguments sorted into positionals, flags and options with values.
package struct ParsedArguments: Sendable, Hashable {
    /// Words that are neither options nor their values, in order.
    package private(set) var positionals: [String] = []
    /// Long names of the flags that are set.
    package private(set) var flags: Set<String> = []
    /// Values by long name, in order of appearance; an option may be repeated.
    package private(set) var values: [String: [String]] = [:]

    /// Parses `--name value`, `--name=value` and `-n value`. A lone `-` is a positional; after
    /// `--` every word is one.
    /// - Parameters:
    ///   - words: Arguments without the program's and the command's name.
    ///   - options: The known options.
    ///   - program: The program's name in messages: `spool export`.
    package init(
        _ words: some Sequence<String>, options: [ArgumentOption], of program: String
    ) throws(ArgumentError) {
        var rest = Array(words)[...]
        while let word = rest.popFirst() {
            if word == "--" {
                positionals += rest
                return
            }
            guard word.hasPrefix("-"), word != "-" else {
                positionals.append(word)
                continue
            }
            try parse(word, &rest, options, program)
        }
    }

    /// Returns the last value of an option; nil if it is absent.
    package func last(_ name: String) -> String? { values[name]?.last }

    private mutating func parse(
        _ word: String, _ rest: inout ArraySlice<String>, _ options: [ArgumentOption],
        _ program: String
    ) throws(ArgumentError) {
        let equals = word.hasPrefix("--") ? word.firstIndex(of: "=") : nil
        let name = equals.map { String(word[..<$0]) } ?? word
        guard let option = options.first(where: { $0.name == name || $0.short == name }) else {
            throw ArgumentError(
                "\(program) has no option \(name)",
                suggestion: Suggestion.of(name, among: options.map(\.name)))
        }
        guard option.valueName != nil else {
            guard equals == nil else { throw ArgumentError("\(option.name) does not take a value") }
            flags.insert(option.name)
            return
        }
        let inline = equals.map { String(word[word.index(after: $0)...]) }
        guard let value = inline ?? rest.popFirst() else {
            throw ArgumentError("\(option.name) requires a value")
        }
        values[option.name, default: []].append(value)
    }
}
