import ChildProcess
import EmulatorHTTP
@testable import EmulatorLambda
import Foundation
import Logging
import Synchronization
import TestSupport
import Testing

@Suite(.timeLimit(.minutes(1)))
struct LambdaInstanceTests {
    @Test func `the memory of a process counts its descendants`() async throws {
        let child = try await Child.start(
            ChildCommand(
                executable: "/bin/sh", arguments: ["-c", "sleep 60 & wait"],
                environment: ["PATH": "/usr/bin:/bin"]))
        try await eventually("the child's own child") {
            let table = ProcessTable()
            let own = peakMemoryBytes(ofProcess: child.processID) ?? 0
            return own > 0 && table.residentBytes(ofTree: child.processID) > 0
        }
        let own = ProcessInfo.processInfo.processIdentifier

        let table = ProcessTable()

        #expect(
            table.residentBytes(ofTree: Int(own))
                > table.residentBytes(ofTree: child.processID))
        child.kill()
        _ = await child.wait()
        #expect(ProcessTable().residentBytes(ofTree: child.processID) == 0)
    }

    @Test func `a paused child does not run and ends on SIGTERM`() async throws {
        let child = try await Child.start(
            ChildCommand(executable: "/bin/sleep", arguments: ["60"]))
        func state() -> String {
            let text = try? String(
                contentsOfFile: "/proc/\(child.processID)/stat", encoding: .utf8)
            return text?.split(separator: " ").dropFirst(2).first.map(String.init) ?? ""
        }

        child.pause()
        try await eventually("the stopped child") { state() == "T" }
        child.resume()
        try await eventually("the resumed child") { state() == "S" }
        child.pause()
        child.terminate(grace: .seconds(60))

        #expect(await child.wait().exit == .signal(15))
    }

    @Test func `a child has a private tmp where the system supports it`() async throws {
        let output = Mutex<[UInt8]>([])
        let command = ChildCommand(
            executable: "/bin/sh", arguments: ["-c", "echo x > /tmp/mine; ls /tmp"],
            environment: ["PATH": "/usr/bin:/bin"], temporaryFolder: .memory(bytes: 1 << 20))
        do {
            _ = try await Child.run(
                command, onStandardOutput: { bytes in output.withLock { $0 += bytes } })
        } catch {
            #expect(error.step == "mounting its /tmp")
            return
        }

        #expect(output.withLock { String(decoding: $0, as: UTF8.self) } == "mine\n")
        #expect(!FileManager.default.fileExists(atPath: "/tmp/mine"))
    }

    @Test func `a program is replaced when a file in its folder changes`() throws {
        let folder = FileManager.default.temporaryDirectory.path + "/stamp-\(UUID())"
        try FileManager.default.createDirectory(
            atPath: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let function = FunctionDefinition(
            name: "a", handler: "a", command: ["python3", "app.py"], taskRoot: folder)
        let configuration = LambdaConfiguration(
            bootstrapPath: "/bin/true", taskRoot: "/", scratchFolder: "/")
        func stamp() -> ProgramStamp { ProgramStamp(function, configuration) }
        func write(_ text: String, _ name: String) throws {
            try text.write(toFile: "\(folder)/\(name)", atomically: true, encoding: .utf8)
        }

        try write("1", "app.py")
        let first = stamp()
        try FileManager.default.createDirectory(
            atPath: folder + "/__pycache__", withIntermediateDirectories: true)
        let withFolder = stamp()
        try write("2", "app.py")
        let second = stamp()
        try write("3", "helper.py")

        #expect(first == withFolder)
        #expect(second != first)
        #expect(stamp() != second)
    }

    @Test(arguments: [
        (Array("{\"b\":2}".utf8), #""answer":{"b":2}}"#),
        (Array("no JSON".utf8), #""answerText":"no JSON"}"#),
        ([0xFF, 0x00] as [UInt8], #""answerBase64":"/wA="}"#),
    ])
    func `a recording holds the event and the answer, and numbers continue`(
        answer: [UInt8], end: String
    ) async throws {
        let folder = FileManager.default.temporaryDirectory.path + "/record-\(UUID())"
        defer { try? FileManager.default.removeItem(atPath: folder) }
        for _ in 0..<2 {
            let recorder = try InvocationRecorder(
                folder: folder, logger: Logger(sink: { _ in }))
            recorder.record(
                InvocationRecorder.Entry(
                    sequence: recorder.nextSequence(), function: "f",
                    invocation: InvocationInput(
                        requestID: "r", payload: Array("{\"a\":1}".utf8), source: .invoke,
                        traceID: "t"),
                    startedAt: 0, durationMilliseconds: 1.5, outcome: "ok",
                    answer: answer))
            await recorder.finish()
        }

        let names = try FileManager.default.contentsOfDirectory(atPath: folder).sorted()
        let text = try String(contentsOfFile: "\(folder)/000002-f.json", encoding: .utf8)

        #expect(names == ["000001-f.json", "000002-f.json"])
        #expect(
            text == #"{"version":1,"sequence":2,"function":"f","requestId":"r","#
                + #""source":"invoke","traceId":"t","start":"1970-01-01T00:00:00.000Z","#
                + #""durationMs":1.5,"outcome":"ok","event":{"a":1},"# + end)
    }

    @Test func `a destination's record has the failure and the number of attempts`() {
        let record = DeadLetterRecord(
            invocation: QueuedInvocation(
                id: 1, function: "f", requestID: "r", payload: Array("{\"a\":1}".utf8),
                source: "invoke", createdAt: 0, dueAt: 0, attempts: 3),
            functionARN: "arn:f", condition: "RetriesExhausted",
            response: Array("{\"errorType\":\"E\"}".utf8), now: 0)
        var late = record
        late.condition = "EventAgeExceeded"
        late.response = nil

        #expect(
            String(decoding: record.bytes, as: UTF8.self)
                == #"{"version":"1.0","timestamp":"1970-01-01T00:00:00.000Z","requestContext":"#
                + #"{"requestId":"r","functionArn":"arn:f:$LATEST","condition":"#
                + #""RetriesExhausted","approximateInvokeCount":3},"requestPayload":{"a":1},"#
                + #""responseContext":{"statusCode":200,"executedVersion":"$LATEST","#
                + #""functionError":"Unhandled"},"responsePayload":{"errorType":"E"}}"#)
        #expect(!String(decoding: late.bytes, as: UTF8.self).contains("response"))
    }

    @Test(arguments: [
        (["*"], false, "https://a", ["Access-Control-Allow-Origin: *"]),
        (
            ["*"], true, "https://a",
            [
                "Access-Control-Allow-Origin: https://a",
                "Access-Control-Allow-Credentials: true", "Vary: Origin",
            ]
        ),
        (
            ["https://*.a.org"], false, "https://b.a.org",
            ["Access-Control-Allow-Origin: https://b.a.org", "Vary: Origin"]
        ),
        (["https://*.a.org"], false, "https://a.org", ["Vary: Origin"]),
        ([], false, "https://a", ["Vary: Origin"]),
    ])
    func `a URL's own settings decide which pages may read its answers`(
        origins: [String], credentials: Bool, origin: String, headers: [String]
    ) {
        let policy = CORSPolicy(
            CORSConfiguration(allowOrigins: origins, allowCredentials: credentials))
        let own = Response(
            status: 200, headers: [("access-control-allow-origin", "https://own"), ("A", "b")])

        let response = policy.apply(
            to: own, for: RequestHead(method: "GET", path: "/", headers: ["Origin": origin]))

        #expect(response.headers.map { "\($0.0): \($0.1)" } == ["A: b"] + headers)
    }

    @Test(arguments: [
        (
            #""url":{"cors":{"maxAge":86401}}"#, "a: cors maxAge 86401 is not in 0...86400"
        ),
        (
            #""ephemeralStorageMegabytes":511"#,
            "a: ephemeralStorageMegabytes is not in 512...10240"
        ),
        (
            #""async":{"onFailure":"arn:aws:lambda:r:1:function:b"}"#,
            "a: async onFailure arn:aws:lambda:r:1:function:b is not a function of this file"
        ),
    ])
    func `settings outside Lambda's limits are refused`(settings: String, fault: String) {
        let json = #"{"version":1,"functions":[{"name":"a",\#(settings)}]}"#

        let error = #expect(throws: FunctionCatalogError.self) {
            try FunctionCatalog(json: Array(json.utf8))
        }

        #expect(error?.faults == [fault])
    }
}
