import FoundationEssentials

/// Failed invocations, as the emulator's console lists them.
struct DeadLetters: Sendable {
    var api: API
    var isJSON: Bool

    private struct Queue: Decodable {
        var deadLetters: [DeadLetter]
    }

    private struct DeadLetter: Codable {
        var id: Int
        var function: String
        var requestId: String
        var objectKey: String?
        var died: String
        var attempts: Int
        var condition: String
        var response: String
    }

    /// Prints the dead letters, newest first.
    func list() async throws {
        let action = "Listing the dead letters"
        let bytes = try await api.get(action, "/console/api/queue?limit=2000")
        guard let queue = try? JSONDecoder().decode(Queue.self, from: Data(bytes)) else {
            throw CommandError("\(action) failed: the response is not an emulator's.")
        }
        if isJSON {
            let encoder = JSONEncoder()
            encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
            api.context.print(
                String(decoding: try encoder.encode(queue.deadLetters), as: UTF8.self))
            return
        }
        for deadLetter in queue.deadLetters {
            api.context.print(
                "\(deadLetter.id)  \(deadLetter.died)  \(deadLetter.function)  \(deadLetter.condition) after "
                    + "\(deadLetter.attempts)  \(deadLetter.objectKey ?? deadLetter.requestId)")
            if !deadLetter.response.isEmpty {
                api.context.print("    \(deadLetter.response.prefix(200))")
            }
        }
        if queue.deadLetters.isEmpty { api.context.print("There are no dead letters.") }
    }

    /// Puts dead letters back into the queue.
    /// - Parameter id: The number in the list; nil for all.
    func replay(_ id: Int?) async throws {
        var numbers = id.map { [$0] } ?? []
        if id == nil {
            let bytes = try await api.get(
                "Listing the dead letters", "/console/api/queue?limit=2000")
            let queue = try? JSONDecoder().decode(Queue.self, from: Data(bytes))
            numbers = (queue?.deadLetters ?? []).map(\.id).reversed()
        }
        for number in numbers {
            try await api.replayDeadLetter(number)
            if !isJSON { api.context.print("Dead letter \(number) is queued again.") }
        }
    }
}
