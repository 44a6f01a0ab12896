import EmulatorDatabase
import EmulatorHTTP
@testable import EmulatorLambda
import Foundation
import Logging

/// A Lambda service on a folder of its own.
final class LambdaFixture: Sendable {
    let folder: String
    let database: Database
    let service: LambdaService
    let configuration: LambdaConfiguration

    /// A Python program that does what its events order.
    private static let runtime = #filePath.replacing(
        "EmulatorLambdaTests/LambdaTestSupport.swift",
        with: "Fixtures/emulator/function_runtime.py")

    init(
        functions: [FunctionDefinition]? = nil, folder: String? = nil,
        configure: (inout LambdaConfiguration) -> Void = { _ in }
    ) async throws {
        let folder =
            folder ?? FileManager.default.temporaryDirectory.path + "/spool-lambda-\(UUID())"
        self.folder = folder
        try FileManager.default.createDirectory(
            atPath: folder + "/scratch", withIntermediateDirectories: true)
        database = try Database(path: folder + "/spool.sqlite")
        var configuration = LambdaConfiguration(
            bootstrapPath: "/usr/bin/python3", taskRoot: folder,
            scratchFolder: folder + "/scratch",
            environment: ["EVENT_FILE": folder + "/events"])
        configure(&configuration)
        self.configuration = configuration
        var list =
            functions ?? [FunctionDefinition(name: "worker", handler: "worker", url: .init())]
        for index in list.indices where list[index].command == nil {
            list[index].command = ["/usr/bin/python3", "-S", "-E", Self.runtime]
        }
        service = try LambdaService(
            configuration: configuration, catalog: try FunctionCatalog(functions: list),
            database: database, logger: Logger(sink: { _ in }))
        try await service.start()
    }

    /// Ends the service and removes the folder, unless it is kept.
    func stop(keepingFolder: Bool = false) async {
        await service.stop(grace: .zero)
        await database.close()
        if !keepingFolder { try? FileManager.default.removeItem(atPath: folder) }
    }

    func send(
        _ method: String, _ path: String, _ body: String = "", query: String? = nil,
        headers: HeaderFields = [:]
    ) async -> TestAnswer {
        var headers = headers
        if !body.isEmpty, headers["Content-Type"] == nil {
            // Any other body travels as base64.
            let own = headers.fields.map { (name: $0.name, value: $0.value) }
            headers = HeaderFields(own + [(name: "Content-Type", value: "application/json")])
        }
        let head = RequestHead(method: method, path: path, query: query, headers: headers)
        var received = ReceivedBody.bytes(Array(body.utf8))
        if case .collect(let limit) = await service.front.plan(for: head), body.utf8.count > limit {
            received = .tooLarge
        }
        return TestAnswer(await service.front.respond(to: head, body: received))
    }

    func invoke(
        _ event: String, function: String = "worker", headers: HeaderFields = [:]
    ) async -> TestAnswer {
        await send(
            "POST", "/2015-03-31/functions/\(function)/invocations", event, headers: headers)
    }

    /// Lines of a file that a function writes; empty when it is not there.
    func lines(_ name: String) -> [String] {
        let text = try? String(contentsOfFile: folder + "/" + name, encoding: .utf8)
        return (text ?? "").split(separator: "\n").map(String.init)
    }
}

/// A response as text.
struct TestAnswer: Sendable {
    var status: Int
    var headers: [String: String]
    var text: String

    init(_ response: Response) {
        status = response.status
        headers = Dictionary(response.headers) { "\($0), \($1)" }
        switch response.body {
        case .bytes(let bytes): text = String(decoding: bytes, as: UTF8.self)
        default: text = ""
        }
    }

    /// The body as JSON.
    var json: [String: String] {
        let object = try? JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any]
        return (object ?? [:]).mapValues { "\($0)" }
    }
}

/// Runs a body with a service that is stopped at its end.
func withLambda(
    _ functions: [FunctionDefinition]? = nil,
    configure: (inout LambdaConfiguration) -> Void = { _ in },
    _ body: (LambdaFixture) async throws -> Void
) async throws {
    let fixture = try await LambdaFixture(functions: functions, configure: configure)
    do {
        try await body(fixture)
    } catch {
        await fixture.stop()
        throw error
    }
    await fixture.stop()
}
