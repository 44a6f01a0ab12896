import EmulatorDatabase
import EmulatorHTTP
import Foundation
import TestSupport
import Testing
import WallClock

@testable import EmulatorLambda

@Suite(.timeLimit(.minutes(1)))
struct LambdaQueueTests {
    private static func worker(
        retries: Int = 2, delays: [Double] = [0.01], age: Int = 60, concurrency: Int = 2
    ) -> FunctionDefinition {
        FunctionDefinition(
            name: "worker", handler: "worker", reservedConcurrency: concurrency,
            objectEvents: [ObjectEventFilter(prefix: "in/", suffix: ".json")],
            asynchronous: AsynchronousPolicy(
                maximumRetryAttempts: retries, retryDelaysSeconds: delays,
                maximumEventAgeSeconds: age))
    }

    private static let event: HeaderFields = ["X-Amz-Invocation-Type": "Event"]

    private func put(_ key: String, into lambda: LambdaFixture, name: String = "ObjectCreated:Put")
        async throws
    {
        let event = ObjectEvent(
            bucket: "spool", key: key, eventName: name, bytes: 3, etag: "abc",
            sequencer: "0000000000000001",
            time: .now(), requestID: "R")
        try await lambda.database.transaction { try ObjectEventOutbox.append(event, in: $0) }
        lambda.service.wake()
    }

    private func depth(_ lambda: LambdaFixture) async throws -> [String: Int] {
        try await lambda.database.read { try AsynchronousQueue.depth(in: $0) }
    }

    /// Nothing waits or runs, also not in the outbox: an event that was put a
    /// moment ago has not reached the queue yet.
    private func isIdle(_ lambda: LambdaFixture) async throws -> Bool {
        try await lambda.database.read { connection in
            try ObjectEventOutbox.oldest(limit: 1, in: connection).isEmpty
                && AsynchronousQueue.depth(in: connection).isEmpty
        }
    }

    private func deadLetters(_ lambda: LambdaFixture) async throws -> [DeadLetter] {
        try await lambda.database.read { try AsynchronousQueue.deadLetters(limit: 10, in: $0) }
    }

    @Test func `an event is accepted, delivered and removed`() async throws {
        try await withLambda([Self.worker()]) { lambda in
            let order = #"{"order":"append","path":"\#(lambda.folder)/done"}"#

            let answer = await lambda.invoke(order, headers: Self.event)

            #expect(answer.status == 202)
            #expect(answer.text == "")
            try await eventually("the line that the function appends") {
                lambda.lines("done").count == 1
            }
            #expect(lambda.lines("done") == [answer.headers["X-Amzn-RequestId"]])
            try await eventually("an idle queue") { try await isIdle(lambda) }
        }
    }

    @Test func `a changed object calls the function whose filter it passes`() async throws {
        try await withLambda([Self.worker()]) { lambda in
            try await put("in/a b+é.json", into: lambda)
            try await put("in/other.txt", into: lambda)
            try await put("out/a.json", into: lambda)
            try await put("in/gone.json", into: lambda, name: "ObjectRemoved:Delete")

            try await eventually("the event of one key") { lambda.lines("events").count == 1 }

            #expect(lambda.lines("events") == ["in/a+b%2B%C3%A9.json"])
            try await eventually("an idle queue") { try await isIdle(lambda) }
            let left = try await lambda.database.read {
                try ObjectEventOutbox.oldest(limit: 9, in: $0).count
            }
            #expect(left == 0)
        }
    }

    @Test func `a failed event is tried again until it succeeds`() async throws {
        try await withLambda([Self.worker()]) { lambda in
            let order =
                #"{"order":"fail-until","count":2,"path":"\#(lambda.folder)/count"}"#

            _ = await lambda.invoke(order, headers: Self.event)

            try await eventually("the third attempt") { lambda.lines("count") == ["3"] }
            try await eventually("an idle queue") { try await isIdle(lambda) }
            #expect(try await deadLetters(lambda).isEmpty)
        }
    }

    @Test func `an event that always fails becomes a dead letter that can be replayed`()
        async throws
    {
        try await withLambda([Self.worker(retries: 1)]) { lambda in
            let path = lambda.folder + "/count"
            let order = #"{"order":"fail-until","count":2,"path":"\#(path)"}"#

            _ = await lambda.invoke(order, headers: Self.event)

            try await eventually("a dead letter") { try await !deadLetters(lambda).isEmpty }
            let letter = try await deadLetters(lambda)[0]
            #expect(letter.attempts == 2)
            #expect(letter.condition == "RetriesExhausted")
            #expect(letter.payload == Array(order.utf8))
            #expect(String(decoding: letter.response, as: UTF8.self).contains("as ordered"))
            #expect(try await depth(lambda).isEmpty)

            let replay = await lambda.send(
                "POST", "/console/api/dead-letters/\(letter.id)/replay")

            #expect(replay.status == 202)
            try await eventually("the third attempt") { lambda.lines("count") == ["3"] }
            #expect(try await deadLetters(lambda).isEmpty)
        }
    }

    @Test func `an attempt is not repeated because its outcome cannot be stored`() async throws {
        try await withLambda([Self.worker(retries: 0)]) { lambda in
            // Room for the event, and none for its dead letter.
            try await lambda.database.transaction { connection in
                let pages = try connection.query("PRAGMA page_count")[0].integer("page_count")
                try connection.execute("PRAGMA max_page_count = \(pages + 60)")
            }
            let padding = String(repeating: "x", count: 200_000)
            let order =
                #"{"order":"fail-until","count":99,"path":"\#(lambda.folder)/count","#
                + #""padding":"\#(padding)"}"#
            #expect(await lambda.invoke(order, headers: Self.event).status == 202)
            try await eventually("an attempt") { lambda.lines("count") == ["1"] }
            #expect(await lambda.invoke(#"{"order":"echo"}"#).status == 200)
            #expect(try await deadLetters(lambda).isEmpty)

            try await lambda.database.transaction { connection in
                try connection.execute("PRAGMA max_page_count = 1000000")
            }

            try await eventually("a dead letter") { try await !deadLetters(lambda).isEmpty }
            #expect(lambda.lines("count") == ["1"])
        }
    }

    @Test func `an event that is too old is not delivered`() async throws {
        try await withLambda([Self.worker(age: 0)]) { lambda in
            let old = ObjectEvent(
                bucket: "spool", key: "in/old.json", eventName: "ObjectCreated:Put", bytes: 1,
                etag: "", sequencer: "1", time: 1_000, requestID: "R")
            try await lambda.database.transaction { try ObjectEventOutbox.append(old, in: $0) }
            lambda.service.wake()

            try await eventually("a dead letter") { try await !deadLetters(lambda).isEmpty }

            #expect(try await deadLetters(lambda).map(\.condition) == ["EventAgeExceeded"])
            #expect(lambda.lines("events").isEmpty)
        }
    }

    @Test func `an invocation that a crash interrupted runs again at the next start`() async throws
    {
        let first = try await LambdaFixture(functions: [Self.worker()])
        let order = #"{"order":"wait-for","path":"\#(first.folder)/go"}"#
        let answer = await first.invoke(order, headers: Self.event)
        try await eventually("the first call to be served") {
            await first.send("GET", "/console/api/logs").text.contains("serving wait-for")
        }
        await first.stop(keepingFolder: true)
        try "".write(toFile: first.folder + "/go", atomically: true, encoding: .utf8)

        let second = try await LambdaFixture(functions: [Self.worker()], folder: first.folder)
        try await eventually("an idle queue") { try await isIdle(second) }

        let records = await second.send("GET", "/console/api/invocations").text
        #expect(records.contains(answer.headers["X-Amzn-RequestId"] ?? "none"))
        #expect(records.contains(#""outcome":"ok""#))
        await second.stop()
    }

    @Test func `many events pass through few instances and none is left`() async throws {
        try await withLambda([Self.worker(concurrency: 2)]) { lambda in
            for number in 0..<100 { try await put("in/\(number).json", into: lambda) }

            try await eventually("an idle queue") { try await isIdle(lambda) }

            let keys = (0..<100).map { "in/\($0).json" }
            // At least once, as S3 promises: under load one may come again.
            #expect(Set(lambda.lines("events")) == Set(keys))
        }
    }

    @Test func `the end of a folder's work removes its events that wait`() async throws {
        var function = Self.worker(concurrency: 1)
        function.withdrawnBy = ["cancel.json"]
        try await withLambda([function]) { lambda in
            try await lambda.database.transaction { connection in
                for key in (0..<50).map({ "in/ann/one/\($0).json" }) + [
                    "in/ann/two/0.json", "in/bob/one/0.json", "in/ann/one/cancel.json",
                ] {
                    let event = ObjectEvent(
                        bucket: "spool", key: key, eventName: "ObjectCreated:Put", bytes: 3,
                        etag: "abc", sequencer: "1", time: .now(), requestID: "R")
                    try ObjectEventOutbox.append(event, in: connection)
                }
            }
            lambda.service.wake()

            try await eventually("an idle queue") { try await isIdle(lambda) }

            let served = Set(lambda.lines("events"))
            #expect(
                served.subtracting(["in/ann/one/cancel.json"])
                    == ["in/ann/two/0.json", "in/bob/one/0.json"])
        }
    }

    @Test func `a schedule calls its function from the start on`() async throws {
        var function = Self.worker()
        function.schedule = .rate(seconds: 3_600)
        try await withLambda([function]) { lambda in
            try await eventually("a scheduled invocation") {
                await lambda.send("GET", "/console/api/invocations").text.contains("schedule")
            }

            let records = await lambda.send("GET", "/console/api/invocations").text
            #expect(records.contains(#""source":"schedule""#))
            #expect(records.contains(#""function":"worker""#))
        }
    }
}
