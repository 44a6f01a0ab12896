import FoundationEssentials
import JSON

/// Repeats recorded invocations one at a time, in order, and reports responses that differ.
struct Replay: Sendable {
    var api: API
    var isJSON: Bool

    /// Runs the replay.
    /// - Returns: 0 if all responses match, otherwise 1.
    /// - Throws: an error if the folder cannot be read or the back end does not respond.
    func run(_ options: Command.ReplayOptions) async throws -> Int32 {
        var comparison = ResponseComparison(ignoredNames: Set(options.ignoredNames))
        var different = 0
        let recordings = try Recording.all(in: options.folder).filter {
            options.function == nil || $0.function == options.function
        }
        guard !recordings.isEmpty else {
            throw CommandError("\(options.folder) contains no recorded invocation.")
        }
        for recording in recordings {
            // IDs replaced in earlier responses are replaced in the event.
            let event = authorized(comparison.renamed(recording.event), options.ownerToken).bytes
            let response = try await api.invoke(recording, event: event)
            let faults = comparison.differences(recording, response)
            if !faults.isEmpty { different += 1 }
            try report(recording, faults)
        }
        if !isJSON {
            let same = recordings.count - different
            api.context.print("\(same) of \(recordings.count) responses are equal.")
        }
        return different == 0 ? 0 : 1
    }

    /// Puts this run's token in place of the one that the recording does not have.
    private func authorized(_ event: JSONValue, _ token: String?) -> JSONValue {
        guard let token, case .object(var members) = event,
            case .object(var headers)? = members["headers"],
            headers["authorization"] == .string(ResponseComparison.removedSecret)
        else { return event }
        headers["authorization"] = .string("Bearer \(token)")
        members["headers"] = .object(headers)
        return .object(members)
    }

    private func report(_ recording: Recording, _ faults: [ResponseComparison.Difference]) throws {
        if isJSON {
            let document: JSONValue = .object([
                "file": .string(recording.file), "function": .string(recording.function),
                "same": .bool(faults.isEmpty),
                "differences": .array(
                    faults.map { fault in
                        .object([
                            "pointer": .string(fault.pointer), "recorded": fault.recorded,
                            "replayed": fault.replayed,
                        ])
                    }),
            ])
            api.context.print(String(decoding: document.bytes, as: UTF8.self))
            return
        }
        api.context.print("\(faults.isEmpty ? "same   " : "differs") \(recording.file)")
        for fault in faults {
            let place = fault.pointer.isEmpty ? "(whole response)" : fault.pointer
            let before = String(decoding: fault.recorded.bytes, as: UTF8.self)
            let after = String(decoding: fault.replayed.bytes, as: UTF8.self)
            api.context.print("  \(place): \(Self.short(before)) -> \(Self.short(after))")
        }
    }

    private static func short(_ text: String) -> String {
        text.count <= 120 ? text : text.prefix(117) + "..."
    }
}

/// A file written by `local-emulator --record`.
struct Recording: Sendable, Hashable {
    /// The file's name, which starts with its number.
    var file: String
    var function: String
    var requestID: String
    var traceID: String?
    var clientContext: JSONValue?
    var event: JSONValue
    /// `ok` or the error type.
    var outcome: String
    /// The response: JSON, a string, or base64 of other bytes.
    var answer: JSONValue

    /// Reads the recordings of a folder in numerical order.
    static func all(in folder: String) throws(CommandError) -> [Recording] {
        guard let names = try? FileManager.default.contentsOfDirectory(atPath: folder) else {
            throw CommandError("The folder \(folder) cannot be read.")
        }
        var found: [Recording] = []
        for name in names.sorted() where name.hasSuffix(".json") {
            found.append(try Recording(name, UserFile.read("\(folder)/\(name)")))
        }
        return found
    }

    private struct Document: Decodable {
        var version: Int
        var function: String
        var requestId: String
        var traceId: String?
        var clientContext: JSONValue?
        var event: JSONValue
        var outcome: String
        var answer: JSONValue?
        var answerText: String?
        var answerBase64: String?
    }

    private init(_ name: String, _ bytes: [UInt8]) throws(CommandError) {
        guard let document = try? JSONDecoder().decode(Document.self, from: Data(bytes)),
            document.version == 1
        else { throw CommandError("\(name) is not a recorded invocation of version 1.") }
        file = name
        function = document.function
        requestID = document.requestId
        traceID = document.traceId
        clientContext = document.clientContext
        event = document.event
        outcome = document.outcome
        let text = document.answerText ?? document.answerBase64
        answer = document.answer ?? text.map { .string($0) } ?? .null
    }

    /// Converts a response to the form of a recorded one.
    static func answer(_ bytes: [UInt8]) -> JSONValue {
        if let value = try? JSONValue(parsing: bytes) { return value }
        if let text = String(validating: bytes, as: UTF8.self) { return .string(text) }
        return .string(Data(bytes).base64EncodedString())
    }
}
