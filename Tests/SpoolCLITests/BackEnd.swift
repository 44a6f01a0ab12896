import Foundation
import SpoolCommands
import Synchronization

/// A back end that answers from a script and remembers what it was asked.
final class BackEnd: APITransport {
    struct Call: Sendable, Equatable {
        var line: String
        var body: String
    }

    private struct State {
        var answers: [String: [APIResponse]]
        var calls: [Call] = []
        var output = ""
        var errors = ""
        var sleeps: [Int] = []
    }

    private let state: Mutex<State>

    /// - Parameter answers: By `METHOD URL-without-host`; the last one repeats.
    init(_ answers: [String: [APIResponse]]) { state = Mutex(State(answers: answers)) }

    var calls: [Call] { state.withLock { $0.calls } }
    var lines: [String] { calls.map(\.line) }
    var output: String { state.withLock { $0.output } }
    var errors: String { state.withLock { $0.errors } }
    var sleeps: [Int] { state.withLock { $0.sleeps } }

    func send(
        _ request: APIRequest, progress: (@Sendable (Int) -> Void)?
    ) async throws -> APIResponse {
        try Task.checkCancellation()
        let path = request.url.replacing("http://api", with: "")
        let line = "\(request.method) \(path)"
        let call = Call(line: line, body: try text(request.body))
        let response = state.withLock { state -> APIResponse? in
            state.calls.append(call)
            guard let answers = state.answers[line], let first = answers.first else { return nil }
            if answers.count > 1 { state.answers[line]?.removeFirst() }
            return first
        }
        guard var response else {
            throw APITransportError(detail: "no answer is scripted for \(line)", isTransient: false)
        }
        if case .file(let path) = request.destination, response.status < 300 {
            try Data(response.body).write(to: URL(filePath: path))
            response.body = []
        }
        return response
    }

    private func text(_ body: APIRequest.Body) throws -> String {
        switch body {
        case .none: return ""
        case .bytes(let bytes): return String(decoding: bytes, as: UTF8.self)
        case .file(let path, let offset, let bytes):
            let data = try Data(contentsOf: URL(filePath: path))
            return String(decoding: data.dropFirst(offset).prefix(bytes), as: UTF8.self)
        }
    }

    func context(
        isTerminal: Bool = false,
        interrupted: @escaping @Sendable () async -> Void = {
            try? await Task.sleep(for: .seconds(600))
        }
    ) -> CommandContext {
        var context = CommandContext(
            transport: self,
            standardOutput: { bytes in
                self.state.withLock { $0.output += String(decoding: bytes, as: UTF8.self) }
            },
            standardError: { bytes in
                self.state.withLock { $0.errors += String(decoding: bytes, as: UTF8.self) }
            },
            isTerminal: isTerminal,
            sleep: { milliseconds in
                try Task.checkCancellation()
                self.state.withLock { $0.sleeps.append(milliseconds) }
                await Task.yield()
            },
            makeToken: { "token-1" }, interrupted: interrupted)
        context.random = { 0.5 }
        return context
    }

    func run(_ arguments: String...) async -> Int32 {
        await runCommand(arguments, environment: ["SPOOL_API": "http://api"], context: context())
    }
}

extension APIResponse {
    static func json(_ text: String, status: Int = 200) -> APIResponse {
        APIResponse(status: status, body: Array(text.utf8))
    }
}

/// Runs `body` with a new folder, and removes it.
func withFolder<Result>(_ body: (String) async throws -> Result) async throws -> Result {
    let folder = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString)
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    return try await body(folder.path())
}

func write(_ text: String, to path: String) throws {
    try Data(text.utf8).write(to: URL(filePath: path))
}
