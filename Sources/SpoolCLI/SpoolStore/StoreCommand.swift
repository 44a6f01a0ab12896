import Arguments
import HTTPTransport
import JSON
import ObjectStore
package import SpoolCommands

/// Runs `spool store …`: the back end's store client on the command line.
/// - Parameter arguments: Arguments without `spool store`.
/// - Returns: the process's exit status: 0 done, 1 failed, 2 wrong command line.
package func runStoreCommand(
    _ arguments: [String], environment: [String: String], context: CommandContext
) async -> Int32 {
    let parsed = try? ParsedArguments(
        arguments, options: StoreVerb.options, of: "spool store")
    let isJSON = parsed?.flags.contains("--json") ?? false
    let words = parsed?.positionals ?? []
    guard let verb = words.first.flatMap(StoreVerb.init), verb.takes(words.count - 1),
        parsed?.flags.contains("--help") == false
    else {
        let wantsHelp = arguments.isEmpty || parsed?.flags.contains("--help") == true
        (wantsHelp ? context.standardOutput : context.standardError)(Array(StoreVerb.help.utf8))
        return wantsHelp ? 0 : 2
    }
    do {
        let bucket = S3Bucket(
            try S3Configuration(environment: StoreVerb.withEmulator(environment)),
            client: CurlTransport(certificatesFile: certificatesFile(environment)), clock: .live)
        let command = StoreCommand(bucket: bucket, isJSON: isJSON, context: context)
        try await command.run(verb, Array(words.dropFirst()))
        return 0
    } catch {
        context.standardError(Array("\(error)\n".utf8))
        return 1
    }
}

/// A verb of `spool store`.
enum StoreVerb: String, CaseIterable {
    case put, get, list, copy, delete

    static let options = [
        ArgumentOption(name: "--json"), ArgumentOption(name: "--help", short: "-h"),
    ]

    /// True if the verb accepts this number of words.
    func takes(_ count: Int) -> Bool {
        switch self {
        case .put, .get, .copy: count == 2
        case .list: count <= 1
        case .delete: count >= 1
        }
    }

    static let help = """
        spool store: reads and writes objects of the back end's bucket.

        Commands:
          spool store put FILE KEY      stores a file; a large one in parallel parts
          spool store get KEY FILE      fetches an object; a large one in parallel ranges
          spool store list [PREFIX]     lists keys with a prefix, and their sizes in bytes
          spool store copy KEY KEY      copies within the bucket, any size
          spool store delete KEY…       deletes objects; a final * matches every key with that prefix

        SPOOL_BUCKET (default spool), AWS_ENDPOINT_URL_S3, AWS_REGION and the usual AWS
        credentials select the bucket; if none of the AWS variables is set, it is a local
        emulator's. --json prints one JSON object per line.

        """

    /// The environment, with the emulator's endpoint and keys if it names no other store.
    static func withEmulator(_ environment: [String: String]) -> [String: String] {
        let names = [
            "AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL", "AWS_ACCESS_KEY_ID", "AWS_PROFILE",
            "AWS_REGION", "AWS_DEFAULT_REGION", "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
            "AWS_CONTAINER_CREDENTIALS_FULL_URI",
        ]
        guard names.allSatisfy({ environment[$0, default: ""].isEmpty }) else { return environment }
        return environment.merging([
            "AWS_ENDPOINT_URL_S3": "http://127.0.0.1:9000", "AWS_ACCESS_KEY_ID": "spool",
            "AWS_SECRET_ACCESS_KEY": "spool-secret",
            "AWS_REQUEST_CHECKSUM_CALCULATION": "when_supported",
            "AWS_RESPONSE_CHECKSUM_VALIDATION": "when_supported",
        ]) { $1 }
    }
}

private struct StoreCommand {
    let bucket: S3Bucket
    let isJSON: Bool
    let context: CommandContext

    func run(_ verb: StoreVerb, _ words: [String]) async throws(ObjectStoreError) {
        switch verb {
        case .put:
            print(
                try await bucket.uploadFile(
                    words[0], to: ObjectKey(words[1]), contentType: "application/octet-stream"))
        case .get:
            print(
                try await bucket.downloadObject(
                    ObjectKey(words[0]), ifMatch: nil, toFile: words[1]))
        case .copy: print(try await bucket.copy(ObjectKey(words[0]), to: ObjectKey(words[1])))
        case .list:
            for try await object in bucket.objects(prefix: words.first ?? "") { print(object) }
        case .delete: try await delete(words)
        }
    }

    private func delete(_ words: [String]) async throws(ObjectStoreError) {
        var keys: [ObjectKey] = []
        for word in words {
            guard word.hasSuffix("*") else {
                keys.append(ObjectKey(word))
                continue
            }
            for try await object in bucket.objects(prefix: String(word.dropLast())) {
                keys.append(object.key)
            }
        }
        let refused = try await bucket.deleteObjects(keys)
        for key in keys where refused[key] == nil {
            print(key.text, ["key": .string(key.text)])
        }
        if let (_, error) = refused.min(by: { $0.key < $1.key }) { throw error }
    }

    private func print(_ object: ObjectInfo) {
        print(
            "\(object.bytes)\t\(object.key.text)",
            [
                "key": .string(object.key.text), "bytes": .integer(object.bytes),
                "etag": .string(object.etag),
            ])
    }

    private func print(_ line: String, _ members: [String: JSONValue]) {
        let document = isJSON ? JSONValue.object(members).bytes : nil
        context.standardOutput((document ?? Array(line.utf8)) + [0x0A])
    }
}
