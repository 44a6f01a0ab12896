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

    /// Commands of other rooms.
    private static let others = [
        padded("  spool store …", 28) + "Reads and writes the store: spool store --help.",
        padded("  spool migrate", 28) + "Migrates a database: spool migrate --help.",
    ]

    static let overview =
        "spool: exports edits, uploads media and invokes functions of a Spool back end.\n"
        + "\nCommands:\n"
        + all.map { padded("  spool \($0.name) \($0.positional)", 28) + $0.summary }
        .joined(separator: "\n")
        + "\n" + others.joined(separator: "\n") + "\n"
        + "\nOptions of every command:\n"
        + commonOptions.map(line).joined(separator: "\n")
        + "\n\nExit status: 0 success, 1 failure, 2 invalid command line.\n"

    static let all: [CommandSyntax] = [
        CommandSyntax(
            kind: .export, name: "export", positional: "EDIT",
            summary: "Uploads the assets, exports the edit and downloads the result.",
            ownOptions: [
                Option(
                    name: "--asset", valueName: "NAME=FILE",
                    help: "File for an assetId of the edit; may be repeated."),
                Option(
                    name: "--output", short: "-o", valueName: "FILE",
                    help: "Path of the result; several results are FILE-1, FILE-2 and so on."),
            ]),
        CommandSyntax(
            kind: .estimate, name: "estimate", positional: "EDIT",
            summary: "Estimates the cost of exporting the edit.",
            ownOptions: [
                Option(
                    name: "--asset", valueName: "NAME=FILE",
                    help: "File for an assetId of the edit, uploaded first; may be repeated.")
            ]),
        CommandSyntax(
            kind: .status, name: "status", positional: "JOB",
            summary: "Shows the status and progress of an export."),
        CommandSyntax(
            kind: .cancel, name: "cancel", positional: "JOB", summary: "Cancels an export."),
        CommandSyntax(
            kind: .upload, name: "upload", positional: "FILE",
            summary: "Uploads one media file and prints its asset ID."),
        CommandSyntax(
            kind: .invoke, name: "invoke", positional: "FUNCTION",
            summary: "Invokes a function and prints its response.",
            ownOptions: [
                Option(
                    name: "--event", valueName: "FILE",
                    help: "File with the event's JSON; - is standard input. Default {}."),
                Option(name: "--async", help: "Queues the event and returns at once."),
            ]),
        CommandSyntax(
            kind: .deadLetters, name: "dead-letters", positional: "",
            summary: "Lists the dead letters of a local emulator."),
        CommandSyntax(
            kind: .replayDeadLetter, name: "replay-dead-letter", positional: "ID",
            summary: "Queues a dead letter, or all, again."),
        CommandSyntax(
            kind: .replay, name: "replay", positional: "FOLDER",
            summary: "Repeats recorded invocations and compares the responses.",
            ownOptions: [
                Option(
                    name: "--function", valueName: "NAME",
                    help: "Repeats only invocations of this function."),
                Option(
                    name: "--ignore", valueName: "MEMBER",
                    help: "Ignores differences in this member; may be repeated."),
                Option(
                    name: "--owner-token", valueName: "TOKEN",
                    help: "Replaces the removed token of events."),
            ]),
    ]

    private static let commonOptions = [
        Option(
            name: "--api", valueName: "URL",
            help: "URL of the back end; default $SPOOL_API or http://127.0.0.1:8080."),
        Option(name: "--token", valueName: "TOKEN", help: "Bearer token; default $SPOOL_TOKEN."),
        Option(name: "--json", help: "Prints results and errors as JSON."),
        Option(name: "--help", short: "-h", help: "Prints this text."),
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
