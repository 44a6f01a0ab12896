import EmulatorHTTP
import Foundation
import TestSupport
import Testing

@testable import EmulatorLambda

@Suite(.timeLimit(.minutes(1)))
struct LambdaURLTests {
    private static let functions = [
        FunctionDefinition(
            name: "worker", handler: "worker", reservedConcurrency: 1, url: .init(),
            routes: [
                FunctionRoute(method: "POST", path: "/api/things"),
                FunctionRoute(method: "GET", path: "/api/things/{thingId}"),
                FunctionRoute(method: "DELETE", path: "/api/things/{thingId}"),
            ]),
        FunctionDefinition(name: "hidden", handler: "worker"),
    ]

    @Test func `a request becomes an event of payload 2`() throws {
        let head = RequestHead(
            method: "POST", path: "/fn/worker/a%20b", query: "x=1&x=2&y=a+b%26",
            headers: [
                "Host": "localhost:8080", "X-Two": "1", "x-two": "2", "Cookie": "a=1; b=2",
                "User-Agent": "test", "Content-Type": "application/json; charset=utf-8",
            ], remoteAddress: "127.0.0.2")

        let payload = functionURLPayload(
            head, body: Array("{\"é\":1}".utf8),
            target: FunctionURLTarget(
                function: "worker", rawPath: "/a%20b", routeKey: "POST /{p}",
                pathParameters: ["p": "a b"]),
            requestID: "id-1", now: 1_583_348_638_390)

        #expect(
            String(decoding: payload, as: UTF8.self) == """
                {"version":"2.0","routeKey":"POST /{p}","rawPath":"/a%20b",\
                "rawQueryString":"x=1&x=2&y=a+b%26","cookies":["a=1","b=2"],\
                "headers":{"host":"localhost:8080","x-two":"1,2","user-agent":"test",\
                "content-type":"application/json; charset=utf-8"},\
                "queryStringParameters":{"x":"1,2","y":"a b&"},"pathParameters":{"p":"a b"},\
                "requestContext":{"accountId":"anonymous","apiId":"worker",\
                "authentication":null,"authorizer":null,"domainName":"localhost:8080",\
                "domainPrefix":"worker","http":{"method":"POST","path":"/a%20b",\
                "protocol":"HTTP/1.1","sourceIp":"127.0.0.2","userAgent":"test"},\
                "requestId":"id-1","routeKey":"POST /{p}","stage":"$default",\
                "time":"04/Mar/2020:19:03:58 +0000","timeEpoch":1583348638390},\
                "body":"{\\"é\\":1}","isBase64Encoded":false}
                """)
    }

    @Test(arguments: [
        ("text/plain", false), ("Text/HTML; charset=utf-8", false), ("application/json", false),
        ("application/xml", false), ("application/javascript", false),
        ("application/x-www-form-urlencoded", true), ("multipart/form-data; boundary=x", true),
        ("application/octet-stream", true), ("application/vnd.api+json", true),
        ("image/svg+xml", true), (nil, true),
    ])
    func `the media type of a body decides whether it travels as base64`(
        type: String?, isEncoded: Bool
    ) throws {
        let payload = functionURLPayload(
            RequestHead(
                method: "POST", path: "/",
                headers: HeaderFields(type.map { [(name: "Content-Type", value: $0)] } ?? [])),
            body: Array("a=1".utf8), target: FunctionURLTarget(function: "f", rawPath: "/"),
            requestID: "i", now: 0)

        let end =
            isEncoded
            ? #""body":"YT0x","isBase64Encoded":true}"# : #""body":"a=1","isBase64Encoded":false}"#
        #expect(String(decoding: payload, as: UTF8.self).hasSuffix(end))
    }

    @Test func `bytes that are not text travel as base64`() throws {
        let payload = functionURLPayload(
            RequestHead(method: "PUT", path: "/"), body: [0xFF, 0x00],
            target: FunctionURLTarget(function: "f", rawPath: "/"), requestID: "i",
            now: 0)

        #expect(
            String(decoding: payload, as: UTF8.self)
                .hasSuffix(#""body":"/wA=","isBase64Encoded":true}"#))
    }

    @Test(arguments: [
        (#"{"a":1}"#, 200, ["Content-Type": "application/json"], #"{"a":1}"#),
        (#""text""#, 200, ["Content-Type": "application/json"], #""text""#),
        (#"{"statusCode":204}"#, 204, [:], ""),
        (
            #"{"statusCode":"x"}"#, 0, [:], ""
        ),
        (
            #"{"statusCode":201,"headers":{"X-A":5,"Content-Length":"9","X-B":"a\nb"},"#
                + #""body":"aGk=","isBase64Encoded":true,"cookies":["a=1","b=2"]}"#,
            201,
            ["X-A": "5", "Content-Type": "application/json", "Set-Cookie": "a=1, b=2"], "hi"
        ),
        (#"{"statusCode":302,"headers":{"location":"/x"}}"#, 302, ["location": "/x"], ""),
        (#"{"statusCode":200,"body":"%","isBase64Encoded":true}"#, 0, [:], ""),
    ])
    func `a function's answer becomes a response`(
        result: String, status: Int, headers: [String: String], text: String
    ) {
        let answer = functionURLResponse(Array(result.utf8)).map(TestAnswer.init)

        #expect(answer?.status ?? 0 == status)
        #expect(answer?.headers ?? [:] == headers)
        #expect(answer?.text ?? "" == text)
    }

    @Test func `a route passes its path and its parameters`() async throws {
        try await withLambda(Self.functions) { lambda in
            let answer = await lambda.send("GET", "/api/things/a%2Fb", query: "q=1")

            let event = answer.json
            #expect(answer.status == 200)
            #expect(event["rawPath"] == "/api/things/a%2Fb")
            #expect(answer.text.contains(#""pathParameters":{"thingId":"a/b"}"#))
            #expect(event["routeKey"] == "GET /api/things/{thingId}")
        }
    }

    @Test(arguments: [
        ("GET", "/api/nothing", 404, ""),
        ("GET", "/fn/unknown/", 404, ""),
        ("GET", "/fn/hidden/", 404, ""),
        ("PUT", "/api/things/1", 405, "DELETE, GET, OPTIONS"),
        ("GET", "/api/things", 405, "POST, OPTIONS"),
        ("GET", "/../etc/passwd", 404, ""),
    ])
    func `a wrong path or method is a problem document`(
        method: String, path: String, status: Int, allow: String
    ) async throws {
        try await withLambda(Self.functions) { lambda in
            let answer = await lambda.send(method, path)

            #expect(answer.status == status)
            #expect(answer.headers["Content-Type"] == "application/problem+json")
            #expect((answer.headers["Allow"] ?? "") == allow)
            #expect(answer.json["error"] == (status == 404 ? "Not found" : "Method not allowed"))
        }
    }

    @Test func `a failure of the function is a bad gateway without its text`() async throws {
        try await withLambda(Self.functions) { lambda in
            let answer = await lambda.send("POST", "/fn/worker/", #"{"order":"throw"}"#)

            #expect(answer.status == 502)
            #expect(
                answer.text == """
                    {"type":"about:blank","title":"Bad gateway","status":502,\
                    "detail":"The function failed: Function.Broken.","errors":[],\
                    "error":"Bad gateway"}
                    """)
        }
    }

    @Test func `a body above the limit is refused with the limit`() async throws {
        try await withLambda(Self.functions, configure: { $0.bodyBytesMax = 10 }) { lambda in
            let answer = await lambda.send("POST", "/api/things", "12345678901")

            #expect(answer.status == 413)
            #expect(answer.json["detail"] == "A request body has at most 10 bytes.")
        }
    }

    @Test func `calls beyond the instances wait for one`() async throws {
        try await withLambda(Self.functions) { lambda in
            let order = #"{"order":"wait-for","path":"\#(lambda.folder)/go"}"#
            async let first = lambda.send("POST", "/fn/worker/", order)
            async let second = lambda.send("POST", "/fn/worker/", order)
            try await eventually("a running call and a waiting one") {
                let functions = await lambda.send("GET", "/console/api/functions").text
                let logs = await lambda.send("GET", "/console/api/logs").text
                return functions.contains(#""waiting":1"#) && logs.contains("serving wait-for")
            }
            try "".write(toFile: lambda.folder + "/go", atomically: true, encoding: .utf8)

            #expect(await [first.status, second.status] == [200, 200])
        }
    }

    @Test func `a call beyond the limit of waiting calls gets 429 and Retry-After`() async throws {
        try await withLambda(Self.functions, configure: { $0.waitingCountMax = 0 }) { lambda in
            let order = #"{"order":"wait-for","path":"\#(lambda.folder)/go"}"#
            async let first = lambda.send("POST", "/fn/worker/", order)
            try await eventually("the first call to be served") {
                await lambda.send("GET", "/console/api/logs").text.contains("serving wait-for")
            }

            let second = await lambda.send("POST", "/fn/worker/", order)
            try "".write(toFile: lambda.folder + "/go", atomically: true, encoding: .utf8)

            #expect(second.status == 429)
            #expect(second.headers["Retry-After"] == "1")
            #expect(second.json["error"] == "Too many requests")
            #expect(await first.status == 200)
        }
    }

    @Test func `pages of the configured origins may call`() async throws {
        try await withLambda(
            Self.functions, configure: { $0.allowedOrigins = ["http://one", "http://two"] }
        ) { lambda in
            let allowed = await lambda.send(
                "OPTIONS", "/api/things/1",
                headers: [
                    "Origin": "http://two", "Access-Control-Request-Method": "GET",
                    "Access-Control-Request-Headers": "authorization",
                ])
            let strange = await lambda.send(
                "OPTIONS", "/api/things/1",
                headers: ["Origin": "http://evil", "Access-Control-Request-Method": "GET"])
            let order =
                #"{"order":"reply","reply":{"statusCode":200,"headers":"#
                + #"{"Access-Control-Allow-Origin":"http://evil"}}}"#
            let answer = await lambda.send(
                "POST", "/fn/worker", order, headers: ["Origin": "http://one"])

            #expect(
                allowed.headers == [
                    "Access-Control-Allow-Origin": "http://two", "Vary": "Origin",
                    "Access-Control-Allow-Methods": "GET,HEAD,POST,PUT,PATCH,DELETE,OPTIONS",
                    "Access-Control-Allow-Headers": "authorization",
                    "Access-Control-Max-Age": "600",
                ])
            #expect(strange.headers["Access-Control-Allow-Origin"] == nil)
            #expect(answer.headers["Access-Control-Allow-Origin"] == "http://one")
        }
    }

    @Test(arguments: [
        ("OPTIONS", "/api/nothing", 204), ("OPTIONS", "/api/things/1", 204),
        ("GET", "/api/nothing", 404), ("PUT", "/api/things/1", 405), ("GET", "/fn/unknown/", 404),
        ("POST", "/api/things", 413),
    ])
    func `a page can read every refusal below api`(
        method: String, path: String, status: Int
    ) async throws {
        try await withLambda(
            Self.functions,
            configure: {
                $0.corsTimeMax = .seconds(86_400)
                $0.bodyBytesMax = 10
            }
        ) { lambda in
            let answer = await lambda.send(
                method, path, status == 413 ? "more than ten" : "",
                headers: ["Origin": "http://page", "Access-Control-Request-Method": "PUT"])

            #expect(answer.status == status)
            #expect(answer.headers["Access-Control-Allow-Origin"] == "*")
            #expect(
                answer.headers["Access-Control-Max-Age"] == (status == 204 ? "86400" : nil))
        }
    }

    @Test func `the server's own refusals are readable by pages below api alone`() async throws {
        try await withLambda(Self.functions) { lambda in
            let origins = ["/api/things", "/metrics", "/console/api/logs"].map { path in
                lambda.service.front.refusal(
                    Response(status: 503),
                    of: RequestHead(method: "GET", path: path, headers: ["Origin": "http://page"])
                ).headers.map(\.1)
            }

            #expect(origins.map { $0.contains("*") } == [true, false, false])
        }
    }

    @Test(arguments: [("20", true), ("10", false)])
    func `an announced body above the limit is refused before it is sent`(
        length: String, isRefused: Bool
    ) async throws {
        try await withLambda(Self.functions, configure: { $0.bodyBytesMax = 10 }) { lambda in
            let head = RequestHead(
                method: "POST", path: "/api/things",
                headers: ["Content-Length": length, "Expect": "100-continue"])
            let plan = lambda.service.front.immediatePlan(for: head)

            let refused = if case .refuse(let answer) = plan { answer.status } else { 0 }
            #expect(refused == (isRefused ? 413 : 0))
        }
    }

    @Test func `a token guards what is the operator's`() async throws {
        try await withLambda(Self.functions, configure: { $0.administratorToken = "secret" }) {
            lambda in
            for path in ["/console/api/logs", "/metrics", "/2015-03-31/functions"] {
                let without = await lambda.send("GET", path)
                let wrong = await lambda.send(
                    "GET", path, headers: ["Authorization": "Bearer secreT"])
                let right = await lambda.send(
                    "GET", path, headers: ["Authorization": "Bearer secret"])

                let statuses: [Int] = [without.status, wrong.status, right.status]
                #expect(statuses == [401, 401, 200])
            }
            #expect(await lambda.send("GET", "/healthz").status == 200)
        }
    }

    @Test func `metrics count invocations and errors`() async throws {
        try await withLambda(Self.functions) { lambda in
            _ = await lambda.invoke("{}")
            _ = await lambda.invoke(#"{"order":"throw"}"#)

            let lines = await lambda.send("GET", "/metrics").text.split(separator: "\n")

            for line in [
                #"spool_invocations_total{function="worker"} 2"#,
                #"spool_errors_total{function="worker"} 1"#,
                #"spool_cold_starts_total{function="worker"} 1"#,
                #"spool_instances{function="worker"} 1"#,
                #"spool_queue_depth{function="hidden"} 0"#,
            ] { #expect(lines.contains(Substring(line))) }
        }
    }
}
