import EmulatorDatabase
import EmulatorHTTP
@testable import EmulatorLambda
import Foundation
import Logging

/// A runtime that is not ours: it serves the Runtime API as a Python program
/// and does what the event says.
private let pythonRuntime = """
    import http.client, json, os, signal, sys, time
    mode = os.environ["_HANDLER"]
    api = http.client.HTTPConnection(os.environ["AWS_LAMBDA_RUNTIME_API"])
    root = "/2018-06-01/runtime/"
    def post(path, body, headers={}):
        api.request("POST", root + path, body, headers)
        answer = api.getresponse()
        return answer.status, json.loads(answer.read())
    if mode == "init-error":
        post("init/error", json.dumps({"errorType": "Runtime.BadConfig", "errorMessage": "no"}))
        sys.exit(1)
    if mode == "init-exit": sys.exit(7)
    if mode == "init-hang": time.sleep(1000)
    served = 0
    while True:
        api.request("GET", root + "invocation/next")
        answer = api.getresponse()
        body = answer.read()
        id = answer.headers["Lambda-Runtime-Aws-Request-Id"]
        served += 1
        try: event = json.loads(body)
        except ValueError: event = {}
        order = event if "order" in event else json.loads(event["body"]) if "body" in event else {}
        what = order.get("order", "echo")
        print("serving", what, flush=True)
        if what == "exit": os._exit(order["code"])
        if what == "sleep": time.sleep(order["seconds"])
        if what == "wait-for":
            while not os.path.exists(order["path"]): time.sleep(0.002)
        if what == "orphan":
            child = os.fork()
            if child == 0:
                signal.signal(signal.SIGTERM, signal.SIG_IGN)
                time.sleep(1000)
            open(order["path"], "w").write(str(child))
            time.sleep(1000)
        if what == "fail-until":
            count = 0
            try: count = int(open(order["path"]).read())
            except OSError: pass
            open(order["path"], "w").write(str(count + 1))
            if count < order["count"]: what = "throw"
        if what == "throw":
            post("invocation/" + id + "/error", json.dumps({"errorType": "Function.Broken",
                "errorMessage": "as told"}), {"Lambda-Runtime-Function-Error-Type": "Function.Broken"})
            continue
        reply = body
        if what == "environment": reply = json.dumps(dict(os.environ)).encode()
        if what == "reply": reply = json.dumps(order["reply"]).encode()
        if what == "served": reply = json.dumps({"served": served, "pid": os.getpid()}).encode()
        if what == "headers": reply = json.dumps({k.lower(): v for k, v in answer.headers.items()}).encode()
        if what == "large": reply = b'"' + b"x" * (order["bytes"] - 2) + b'"'
        if what == "protocol":
            reply = json.dumps([post("invocation/other/response", "{}"),
                post("invocation/" + id + "/response", "{}", {
                    "Lambda-Runtime-Function-Response-Mode": "other"}),
                post("init/error", "{}")]).encode()
        status, text = post("invocation/" + id + "/response", reply)
        if what == "large": print("large:", status, text["errorType"], flush=True)
        if what == "append": open(order["path"], "a").write(id + "\\n")
        if event.get("Records"):
            key = event["Records"][0]["s3"]["object"]["key"]
            open(os.environ["EVENT_FILE"], "a").write(key + "\\n")
    """

/// A Lambda service on a folder of its own.
final class LambdaFixture: Sendable {
    let folder: String
    let database: Database
    let service: LambdaService
    let configuration: LambdaConfiguration

    init(
        functions: [FunctionDefinition]? = nil, folder: String? = nil,
        configure: (inout LambdaConfiguration) -> Void = { _ in }
    ) async throws {
        let folder =
            folder ?? FileManager.default.temporaryDirectory.path + "/spool-lambda-\(UUID())"
        self.folder = folder
        try FileManager.default.createDirectory(
            atPath: folder + "/scratch", withIntermediateDirectories: true)
        let script = folder + "/runtime.py"
        try pythonRuntime.write(toFile: script, atomically: true, encoding: .utf8)
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
            list[index].command = ["/usr/bin/python3", "-S", "-E", script]
        }
        service = try LambdaService(
            configuration: configuration, catalog: try FunctionCatalog(functions: list),
            database: database, logger: Logger(sink: { _ in }))
        try await service.start()
    }

    /// Ends the service and, unless told otherwise, removes the folder.
    func stop(keepingFolder: Bool = false) async {
        await service.stop(graceMilliseconds: 0)
        await database.close()
        if !keepingFolder { try? FileManager.default.removeItem(atPath: folder) }
    }

    func send(
        _ method: String, _ path: String, _ body: String = "", query: String? = nil,
        headers: HeaderFields = [:]
    ) async -> TestAnswer {
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

/// Waits for something that happens in another process.
func eventually(_ condition: () async throws -> Bool) async throws {
    while try await !condition() { try await Task.sleep(for: .milliseconds(3)) }
}
