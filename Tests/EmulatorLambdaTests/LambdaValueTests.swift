import EmulatorDatabase
@testable import EmulatorLambda
import Foundation
import Logging
import TestSupport
import Testing
import WallClock

struct LambdaValueTests {
    @Test func `the project's own catalogue is valid`() throws {
        let path = #filePath.replacing(
            "Tests/EmulatorLambdaTests/LambdaValueTests.swift", with: "infra/functions.json")
        let data = try #require(FileManager.default.contents(atPath: path))

        let catalog = try FunctionCatalog(json: Array(data))

        #expect(catalog.functions.contains { $0.name == "render-chunk" })
    }

    @Test func `a function has the defaults of the file format`() throws {
        let json = #"{"version":1,"functions":[{"name":"a","unknown":{}}]}"#

        let catalog = try FunctionCatalog(json: Array(json.utf8))

        #expect(catalog.functions == [FunctionDefinition(name: "a", handler: "a")])
    }

    @Test(arguments: [
        ("{", "the document: The given data was not valid JSON."),
        (#"{"functions":[]}"#, "version is missing"),
        (#"{"version":2,"functions":[]}"#, "version: 2 is not 1, the one that is known"),
        (#"{"version":1,"functions":[{}]}"#, "functions[0].name is missing"),
        (
            #"{"version":1,"functions":[{"name":"a","timeoutSeconds":"1"}]}"#,
            "functions[0].timeoutSeconds has the wrong type"
        ),
        (
            #"{"version":1,"functions":[{"name":"a","schedule":"daily"}]}"#,
            #"functions[0].schedule: "daily" is neither rate(...) nor cron(...)"#
        ),
        (
            #"{"version":1,"functions":[{"name":"a b","timeoutSeconds":901},{"name":"a b"}]}"#,
            "a b: a name has 1 to 64 letters, digits, hyphens or underscores; "
                + "a b: timeoutSeconds 901 is not in 1...900; a b: the name is used twice; "
                + "a b: a name has 1 to 64 letters, digits, hyphens or underscores"
        ),
    ])
    func `a wrong catalogue is refused with every fault`(json: String, faults: String) {
        let error = #expect(throws: FunctionCatalogError.self) {
            try FunctionCatalog(json: Array(json.utf8))
        }

        #expect(error?.description == "The function catalogue cannot be used: \(faults).")
    }

    @Test func `filters that could pass the same event are refused`() {
        func function(_ name: String, _ prefix: String, _ suffix: String) -> FunctionDefinition {
            FunctionDefinition(
                name: name, handler: name,
                objectEvents: [ObjectEventFilter(prefix: prefix, suffix: suffix)])
        }
        let overlapping = [function("a", "x/", ".json"), function("b", "x/y", ".chunk.json")]
        let apart = [function("a", "x/", ".a.json"), function("b", "x/y", ".b.json")]

        #expect(
            catalogFaults(overlapping) == [
                "a and b: the filters x/*.json and x/y*.chunk.json overlap, which S3 refuses"
            ])
        #expect(catalogFaults(apart) == [])
    }

    @Test(arguments: [
        ("rate(1 minute)", "2026-01-01T00:00:30Z", "2026-01-01T00:01:30Z"),
        ("rate(15 seconds)", "2026-01-01T00:00:30Z", "2026-01-01T00:00:45Z"),
        ("cron(0 12 * * ? *)", "2026-01-01T12:00:00Z", "2026-01-02T12:00:00Z"),
        ("cron(*/15 8-9 ? * MON-FRI *)", "2026-01-03T09:00:00Z", "2026-01-05T08:00:00Z"),
        ("cron(5,35 * * * ? *)", "2026-01-01T00:05:59Z", "2026-01-01T00:35:00Z"),
        ("cron(0 0 29 FEB ? *)", "2026-01-01T00:00:00Z", "2028-02-29T00:00:00Z"),
        ("cron(0 0 1 1 ? 2020)", "2026-01-01T00:00:00Z", "never"),
    ])
    func `a schedule names its next time`(text: String, now: String, next: String) throws {
        let start = try #require(UnixTime(rfc3339: now))

        let found = try #require(Schedule(text)).next(after: start)

        #expect(found == UnixTime(rfc3339: next))
    }

    @Test(arguments: [
        "", "rate(0 minutes)", "rate(1 month)", "rate(x)", "cron(* * * * *)",
        "cron(60 * * * ? *)", "cron(0 0 1 * MON *)", "cron(0 0 L * ? *)", "cron(*/0 * * * ? *)",
    ])
    func `a text that is not a schedule is refused`(text: String) {
        #expect(Schedule(text) == nil)
    }

    @Test func `an object event has S3's record`() {
        let event = ObjectEvent(
            bucket: "spool", key: "in/a b(1)+é.json", eventName: "ObjectCreated:Put", bytes: 12,
            etag: "d41d8", sequencer: "00A1", time: 1_583_348_638_390,
            requestID: "R1")

        let payload = objectEventPayload(event, region: "us-east-1", configuration: "worker")

        #expect(
            String(decoding: payload, as: UTF8.self) == """
                {"Records":[{"eventVersion":"2.1","eventSource":"aws:s3",\
                "awsRegion":"us-east-1","eventTime":"2020-03-04T19:03:58.390Z",\
                "eventName":"ObjectCreated:Put","userIdentity":{"principalId":"SPOOL"},\
                "requestParameters":{"sourceIPAddress":"127.0.0.1"},\
                "responseElements":{"x-amz-request-id":"R1","x-amz-id-2":"R1"},\
                "s3":{"s3SchemaVersion":"1.0","configurationId":"worker",\
                "bucket":{"name":"spool","ownerIdentity":{"principalId":"SPOOL"},\
                "arn":"arn:aws:s3:::spool"},"object":{"key":"in/a+b%281%29%2B%C3%A9.json",\
                "size":12,"eTag":"d41d8","sequencer":"00A1"}}}]}
                """)
    }

    @Test func `a scheduled event has EventBridge's form`() {
        let payload = scheduledEventPayload(
            id: "i", rule: "sweep", time: 1_583_348_638_390, region: "us-east-1")

        #expect(
            String(decoding: payload, as: UTF8.self) == """
                {"version":"0","id":"i","detail-type":"Scheduled Event","source":"aws.events",\
                "account":"000000000000","time":"2020-03-04T19:03:58Z","region":"us-east-1",\
                "resources":["arn:aws:events:us-east-1:000000000000:rule/sweep"],"detail":{}}
                """)
    }

    @Test func `a literal segment wins over a parameter`() throws {
        let catalog = try FunctionCatalog(functions: [
            FunctionDefinition(
                name: "one", handler: "one", routes: [FunctionRoute(method: "GET", path: "/a/{b}")]),
            FunctionDefinition(
                name: "two", handler: "two", routes: [FunctionRoute(method: "GET", path: "/a/c")]),
        ])
        let table = RouteTable(catalog)

        #expect(
            table.match(method: "GET", path: "/a/c")
                == .function("two", parameters: [:], routeKey: "GET /a/c"))
        #expect(
            table.match(method: "GET", path: "/a/d/")
                == .function("one", parameters: ["b": "d"], routeKey: "GET /a/{b}"))
        #expect(table.match(method: "PUT", path: "/a/d") == .otherMethods(["GET"]))
        #expect(table.match(method: "GET", path: "/a/") == .none)
        #expect(table.match(method: "GET", path: "/a/d/e") == .none)
    }

    @Test func `output is cut into lines wherever it breaks`() {
        let logs = LogRing(logger: .init(sink: { _ in }), capacity: 2)
        let splitter = LineSplitter {
            logs.append($0, function: "f", requestID: "", isOutput: true)
        }

        for piece in ["on", "e\ntw", "o\n\nthree"] { splitter.append(Array(piece.utf8)) }
        splitter.finish()

        #expect(logs.lines(limit: 9).map(\.text) == ["two", "three"])
        #expect(logs.lines(after: 1, limit: 9).map(\.sequence) == [2])
        #expect(logs.lines(function: "g", limit: 9) == [])
    }
}
