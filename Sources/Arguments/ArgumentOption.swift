/// An option of a command line: `--name`, `--name VALUE` or `-n VALUE`.
package struct ArgumentOption: Sendable, Hashable {
    /// The long name with its dashes: `--output`.
    package var name: String
    /// The short name with its dash: `-o`; nil where there is none.
    package var short: String?
    /// The word for its value in the help text; nil for a flag.
    package var valueName: String?
    /// One or more sentences for the help text.
    package var help: String

    /// An option; without `valueName` it is a flag.
    package init(name: String, short: String? = nil, valueName: String? = nil, help: String = "") {
        self.name = name
        self.short = short
        self.valueName = valueName
        self.help = help
    }
}

/// A command line that cannot be used.
package struct ArgumentError: Error, Hashable, Sendable {
    /// A sentence without its full stop: `--port needs a value`.
    package var problem: String
    /// The word that was probably meant; nil where none is near.
    package var suggestion: String?

    /// A problem and, for a mistyped word, the one that was probably meant.
    package init(_ problem: String, suggestion: String? = nil) {
        self.problem = problem
        self.suggestion = suggestion
    }

    /// The whole sentence: `spool has no option --prot; did you mean --port?`
    package var sentence: String {
        problem + (suggestion.map { "; did you mean \($0)?" } ?? ".")
    }
}
