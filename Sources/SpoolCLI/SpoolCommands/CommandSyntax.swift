import Arguments

/// The syntax of one command: the parser's rules and the help text.
struct CommandSyntax: Sendable, Hashable {
    enum Kind: Sendable, Hashable {
        case export, estimate, status, cancel, upload, invoke, deadLetters, replayDeadLetter, replay
    }

    typealias Option = ArgumentOption

    var kind: Kind
    var name: String
    var positional: String
    var summary: String
    var ownOptions: [Option] = []

    var options: [Option] { ownOptions + CommandSyntax.commonOptions }

    var usage: String {
        let own = ownOptions.map { option in
            let words = [option.short ?? option.name, option.valueName].compactMap { $0 }
            return option.name == "--output"
                ? words.joined(separator: " ") : "[\(words.joined(separator: " "))]"
        }
        let words = ["spool", name, positional].filter { !$0.isEmpty }
        return (words + own + ["[options]"]).joined(separator: " ")
    }

    var help: String {
        "\(summary)\n\nUsage: \(usage)\n\nOptions:\n"
            + options.map(CommandSyntax.line).joined(separator: "\n") + "\n"
    }

    static func named(_ name: String) -> CommandSyntax? { all.first { $0.name == name } }

    static let overview =
        "spool: exports edits, uploads media and calls functions of a Spool back end.\n"
        + "\nCommands:\n"
        + all.map { padded("  spool \($0.name) \($0.positional)", 28) + $0.summary }
        .joined(separator: "\n")
        + "\n" + padded("  spool store …", 28) + "Objects of the store: spool store --help.\n"
        + "\nOptions of every command:\n"
        + commonOptions.map(line).joined(separator: "\n")
        + "\n\nExit status: 0 done, 1 failed, 2 wrong command line.\n"

    static let all: [CommandSyntax] = [
        CommandSyntax(
            kind: .export, name: "export", positional: "EDIT",
            summary: "Uploads the assets, exports the edit, downloads the result.",
            ownOptions: [
                Option(
                    name: "--asset", valueName: "NAME=FILE",
                    help: "A file for an assetId of the edit; may be given again."),
                Option(
                    name: "--output", short: "-o", valueName: "FILE",
                    help: "Where the result goes; several go to FILE-1, FILE-2 and so on."),
            ]),
        CommandSyntax(
            kind: .estimate, name: "estimate", positional: "EDIT",
            summary: "Tells what an export of the edit would cost.",
            ownOptions: [
                Option(
                    name: "--asset", valueName: "NAME=FILE",
                    help: "A file for an assetId of the edit, uploaded first; may be given again.")
            ]),
        CommandSyntax(
            kind: .status, name: "status", positional: "JOB",
            summary: "Tells how far an export is."),
        CommandSyntax(
            kind: .cancel, name: "cancel", positional: "JOB", summary: "Stops an export."),
        CommandSyntax(
            kind: .upload, name: "upload", positional: "FILE",
            summary: "Uploads one media file and prints its asset ID."),
        CommandSyntax(
            kind: .invoke, name: "invoke", positional: "FUNCTION",
            summary: "Calls a function through the Invoke API and prints its answer.",
            ownOptions: [
                Option(
                    name: "--event", valueName: "FILE",
                    help: "The event's JSON, - for standard input; {} when not given."),
                Option(name: "--async", help: "Queues the event and does not wait."),
            ]),
        CommandSyntax(
            kind: .deadLetters, name: "dead-letters", positional: "",
            summary: "Lists the events that a local emulator gave up."),
        CommandSyntax(
            kind: .replayDeadLetter, name: "replay-dead-letter", positional: "ID",
            summary: "Puts one of them, or all, back into its queue."),
        CommandSyntax(
            kind: .replay, name: "replay", positional: "FOLDER",
            summary: "Runs recorded invocations again and compares the answers.",
            ownOptions: [
                Option(
                    name: "--function", valueName: "NAME",
                    help: "Only invocations of this function."),
                Option(
                    name: "--ignore", valueName: "MEMBER",
                    help: "A member that may differ; may be given again."),
            ]),
    ]

    private static let commonOptions = [
        Option(
            name: "--api", valueName: "URL",
            help: "The back end; default $SPOOL_API or http://127.0.0.1:8080."),
        Option(name: "--token", valueName: "TOKEN", help: "Bearer token; default $SPOOL_TOKEN."),
        Option(name: "--json", help: "Results and errors as JSON."),
        Option(name: "--help", short: "-h", help: "Prints this."),
    ]

    private static func line(_ option: Option) -> String {
        let names = [option.short, option.name].compactMap { $0 }.joined(separator: ", ")
        let words = [names, option.valueName].compactMap { $0 }.joined(separator: " ")
        return padded("  \(words)", 26) + option.help
    }

    private static func padded(_ text: String, _ width: Int) -> String {
        text + String(repeating: " ", count: max(1, width - text.count))
    }
}
