/// A command-line option: `--name`, `--name VALUE` or `-n VALUE`.
package struct ArgumentOption: Sendable, Hashable {
    /// The long name with its dashes: `--output`.
    package var name: String
    /// The short name with its dash: `-o`; nil if there is none.
    package var short: String?
    /// The placeholder of the value in the help text; nil for a flag.
    package var valueName: String?
    /// One or more sentences for the help text.
    package var help: String

    /// Creates an option; without `valueName` it is a flag.
    package init(name: String, short: String? = nil, valueName: String? = nil, help: String = "") {
        self.name = name
        self.short = short
        self.valueName = valueName
        self.help = help
    }
}

/// A fault in a command line.
package struct ArgumentError: Error, Hashable, Sendable {
    /// A sentence without a full stop: `--port needs a value`.
    package var problem: String
    /// The word that was probably meant; nil if none is close.
    package var suggestion: String?

    /// Creates an error; `suggestion` corrects a mistyped word.
    package init(_ problem: String, suggestion: String? = nil) {
        self.problem = problem
        self.suggestion = suggestion
    }

    /// The full sentence: `spool has no option --prot; did you mean --port?`
    package var sentence: String {
        problem + (suggestion.map { "; did you mean \($0)?" } ?? ".")
    }
}
