import Arguments

/// A parsed command; parsing involves no I/O.
package enum Command: Sendable, Hashable {
    case export(ExportOptions)
    case estimate(EstimateOptions)
    case status(jobID: String)
    case cancel(jobID: String)
    case upload(path: String)
    case invoke(function: String, eventPath: String?, isAsynchronous: Bool)
    case deadLetters
    /// Replays one dead letter; nil replays all of them.
    case replayDeadLetter(id: Int?)
    case replay(ReplayOptions)
    /// Prints a help text.
    case help(String)

    /// Arguments of `spool export`.
    package struct ExportOptions: Sendable, Hashable {
        /// The path of the edit's JSON.
        package var editPath: String
        /// The path of the result; replaced once the result is complete.
        package var outputPath: String
        /// The assets, in the order given.
        package var assets: [Asset]

        /// Creates the arguments of `spool export`.
        package init(editPath: String, outputPath: String, assets: [Asset]) {
            self.editPath = editPath
            self.outputPath = outputPath
            self.assets = assets
        }
    }

    /// Arguments of `spool estimate`.
    package struct EstimateOptions: Sendable, Hashable {
        /// The path of the edit's JSON.
        package var editPath: String
        /// The assets, in the order given.
        package var assets: [Asset]

        /// Creates the arguments of `spool estimate`.
        package init(editPath: String, assets: [Asset]) {
            self.editPath = editPath
            self.assets = assets
        }
    }

    /// Arguments of `spool replay`.
    package struct ReplayOptions: Sendable, Hashable {
        /// The folder written by `local-emulator --record`.
        package var folder: String
        /// The function whose invocations are replayed; nil for all functions.
        package var function: String?
        /// Names of members that may differ.
        package var ignoredNames: [String]
        /// The owner's token that is put into events, whose recordings have none; nil for none.
        package var ownerToken: String?

        /// Creates the arguments of `spool replay`.
        package init(
            folder: String, function: String? = nil, ignoredNames: [String] = [],
            ownerToken: String? = nil
        ) {
            self.folder = folder
            self.function = function
            self.ignoredNames = ignoredNames
            self.ownerToken = ownerToken
        }
    }

    /// A name in the edit and its local file.
    package struct Asset: Sendable, Hashable {
        /// The value of `assetId` in the edit.
        package var name: String
        /// The path of the file to upload.
        package var path: String

        /// Creates an asset from its name and file.
        package init(name: String, path: String) {
            self.name = name
            self.path = path
        }
    }
}

/// A parsed command line.
package struct CommandRequest: Sendable, Hashable {
    /// The command and its options.
    package var command: Command
    /// The API's URL without a trailing slash.
    package var api: String
    /// The token for `Authorization: Bearer`; nil sends none.
    package var token: String?
    /// True to print results and errors as JSON.
    package var isJSON: Bool

    /// - Parameters:
    ///   - arguments: Arguments without the program's name.
    ///   - environment: Source of `SPOOL_API` and `SPOOL_TOKEN`; options override it.
    /// - Throws: an error with status 2 whose text shows the correct usage.
    package init(
        _ arguments: [String], environment: [String: String]
    ) throws(CommandError) {
        let arguments = Self.commandFirst(arguments)
        guard let name = arguments.first, !["-h", "--help", "help"].contains(name) else {
            let topic = arguments.dropFirst().first.flatMap(CommandSyntax.named)
            self.init(.help(topic?.help ?? CommandSyntax.overview), environment: environment)
            return
        }
        guard let syntax = CommandSyntax.named(name) else {
            let known = CommandSyntax.all.map(\.name)
            throw .usage("Unknown command \"\(name)\"", Suggestion.of(name, among: known))
        }
        let words = try CommandRequest.parsed(arguments.dropFirst(), syntax)
        self.init(.help(syntax.help), environment: environment)
        if words.flags.contains("--help") { return }
        if let api = words.last("--api") { self.api = CommandRequest.withoutSlash(api) }
        token = words.last("--token") ?? token
        isJSON = words.flags.contains("--json")
        guard api.hasPrefix("http://") || api.hasPrefix("https://") else {
            throw .usage("--api must be a URL that starts with http:// or https://", nil)
        }
        command = try Command(syntax, words)
    }

    private static func parsed(
        _ words: ArraySlice<String>, _ syntax: CommandSyntax
    ) throws(CommandError) -> ParsedArguments {
        do {
            return try ParsedArguments(words, options: syntax.options, of: "spool \(syntax.name)")
        } catch {
            throw .usage(error.problem, error.suggestion)
        }
    }

    /// Moves common options that precede the command behind it.
    private static func commandFirst(_ arguments: [String]) -> [String] {
        var rest = arguments[...]
        var leading: [String] = []
        while let word = rest.first {
            if word == "--json" {
                leading.append(rest.removeFirst())
            } else if ["--api", "--token"].contains(word), rest.count > 1 {
                leading += rest.prefix(2)
                rest = rest.dropFirst(2)
            } else {
                break
            }
        }
        guard let name = rest.first else { return arguments }
        return [name] + leading + rest.dropFirst()
    }

    private init(_ command: Command, environment: [String: String]) {
        func value(_ name: String) -> String? {
            environment[name].flatMap { $0.isEmpty ? nil : $0 }
        }
        self.command = command
        api = CommandRequest.withoutSlash(value("SPOOL_API") ?? "http://127.0.0.1:8080")
        token = value("SPOOL_TOKEN")
        isJSON = false
    }

    private static func withoutSlash(_ url: String) -> String {
        var url = url
        while url.hasSuffix("/") { url.removeLast() }
        return url
    }
}

extension Command {
    fileprivate init(_ syntax: CommandSyntax, _ words: ParsedArguments) throws(CommandError) {
        let expected = syntax.positional.isEmpty ? 0 : 1
        guard words.positionals.count == expected else {
            let problem =
                words.positionals.count < expected
                ? "\(syntax.positional) is missing"
                : "\(words.positionals[expected]) is unexpected"
            throw .usage("\(problem): \(syntax.usage)", nil)
        }
        let word = words.positionals.first ?? ""
        switch syntax.kind {
        case .export:
            guard let output = words.last("--output"), !output.isEmpty else {
                throw .usage("-o FILE is missing", nil)
            }
            self = .export(
                ExportOptions(
                    editPath: word, outputPath: output,
                    assets: try Command.assets(words.values["--asset"] ?? [])))
        case .estimate:
            self = .estimate(
                EstimateOptions(
                    editPath: word, assets: try Command.assets(words.values["--asset"] ?? [])))
        case .status: self = .status(jobID: try Command.identifier(word, "job ID"))
        case .cancel: self = .cancel(jobID: try Command.identifier(word, "job ID"))
        case .upload: self = .upload(path: word)
        case .deadLetters: self = .deadLetters
        case .replayDeadLetter:
            let id = Int(word)
            guard word == "all" || id != nil else {
                throw .usage("\"\(word)\" is not a dead letter ID or all", nil)
            }
            self = .replayDeadLetter(id: id)
        case .replay:
            self = .replay(
                ReplayOptions(
                    folder: word,
                    function: try words.last("--function").map { (name) throws(CommandError) in
                        try Command.identifier(name, "function name")
                    },
                    ignoredNames: words.values["--ignore"] ?? [],
                    ownerToken: words.last("--owner-token")))
        case .invoke:
            self = .invoke(
                function: try Command.identifier(word, "function name"),
                eventPath: words.last("--event"),
                isAsynchronous: words.flags.contains("--async"))
        }
    }

    private static func assets(_ values: [String]) throws(CommandError) -> [Asset] {
        var assets: [Asset] = []
        for value in values {
            guard let equals = value.firstIndex(of: "="), equals != value.startIndex,
                value.index(after: equals) != value.endIndex
            else { throw .usage("--asset must be NAME=FILE, not \"\(value)\"", nil) }
            let name = String(value[..<equals])
            guard !assets.contains(where: { $0.name == name }) else {
                throw .usage("--asset \(name)=… is a duplicate", nil)
            }
            assets.append(Asset(name: name, path: String(value[value.index(after: equals)...])))
        }
        return assets
    }

    /// Checks an ID, which becomes part of a URL's path unencoded.
    private static func identifier(
        _ word: String, _ what: String
    ) throws(CommandError) -> String {
        let isPlain = word.utf8.allSatisfy { byte in
            (0x61...0x7A).contains(byte | 0x20) || (0x30...0x39).contains(byte)
                || byte == UInt8(ascii: "-") || byte == UInt8(ascii: "_")
        }
        guard isPlain, !word.isEmpty else {
            throw .usage("\"\(word)\" is not a \(what)", nil)
        }
        return word
    }
}

extension CommandError {
    static func usage(_ problem: String, _ suggestion: String?) -> CommandError {
        let error = ArgumentError(problem, suggestion: suggestion)
        return CommandError([error.sentence, "See spool --help."], status: 2)
    }
}
