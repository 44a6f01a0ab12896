import Foundation
import LambdaRuntime
import Testing

@Suite struct `Events` {
    private func decode(_ text: String) throws(LambdaEventError) -> LambdaEvent {
        try LambdaEvent(decoding: Array(text.utf8))
    }

    @Test func `a function URL's request is read, unknown fields are ignored`() throws {
        let event = try decode(
            """
            {"version":"2.0","routeKey":"$default","rawPath":"/api/export/a%20b","rawQueryString":
            "names=clipforge&x=1&x=2","cookies":["a=1","b=2"],
            "headers":{"Content-Type":"text/plain",
            "host":"h"},"queryStringParameters":{"names":"clipforge","x":"1,2"},"pathParameters":
            {"jobId":"a b"},"requestContext":{"accountId":"anonymous","apiId":"x",
            "authentication":null,
            "authorizer":null,"domainName":"d","http":{"method":"post","path":"/p",
            "protocol":"HTTP/1.1",
            "sourceIp":"203.0.113.9","userAgent":"curl"},"requestId":"q1","timeEpoch":1,"new":[1]},
            "body":"aGn/","isBase64Encoded":true,"stageVariables":null,"later":{}}
            """)

        #expect(
            event
                == .functionURL(
                    FunctionURLRequest(
                        method: "POST", rawPath: "/api/export/a%20b",
                        rawQueryString: "names=clipforge&x=1&x=2",
                        headers: ["content-type": "text/plain", "host": "h"],
                        queryStringParameters: ["names": "clipforge", "x": "1,2"],
                        pathParameters: ["jobId": "a b"], cookies: ["a=1", "b=2"],
                        bodyBytes: [0x68, 0x69, 0xFF], sourceIP: "203.0.113.9", requestID: "q1")))
    }

    @Test func `a request with only its required fields is read`() throws {
        let event = try decode(
            #"{"requestContext":{"http":{"method":"GET","path":"/x"}},"body":"é"}"#)

        #expect(
            event
                == .functionURL(
                    FunctionURLRequest(
                        method: "GET", rawPath: "/x", bodyBytes: Array("é".utf8), sourceIP: "")))
    }

    @Test(arguments: [[], Array("text é".utf8), [0, 0xFF, 0x80]])
    func `request and response survive a round trip with any body`(body: [UInt8]) throws {
        let request = FunctionURLRequest(
            method: "PUT", rawPath: "/p", rawQueryString: "a=b", headers: ["h": "v"],
            queryStringParameters: ["a": "b"], pathParameters: ["p": "q"], cookies: ["c=d"],
            bodyBytes: body, sourceIP: "::1", requestID: "r")
        let response = FunctionURLResponse(
            statusCode: 201, contentType: "x/y", bodyBytes: body, headers: ["a": "b"])

        let encoded = try JSONEncoder().encode(request)
        #expect(try LambdaEvent(decoding: Array(encoded)) == .functionURL(request))
        let read = try JSONDecoder().decode(
            FunctionURLResponse.self, from: try JSONEncoder().encode(response))
        #expect(read == response)
        #expect(read.bodyBytes == body)
        #expect(read.isBase64Encoded == body.contains(0xFF))
    }

    @Test func `an object notification's keys are decoded`() throws {
        let event = try decode(
            """
            {"Records":[{"eventVersion":"2.3","eventSource":"aws:s3","awsRegion":"us-east-1",
            "eventTime":"2025-01-01T00:00:00.000Z","eventName":"ObjectCreated:Put",
            "userIdentity":{},
            "s3":{"s3SchemaVersion":"1.0","configurationId":"c","bucket":{"name":"b","arn":"a"},
            "object":{"key":"uploads/my+clip%2B1%C3%A9.mp4","size":5,"eTag":"e",
            "sequencer":"0055"}}},
            {"eventName":"s3:ObjectRemoved:Delete","s3":{"bucket":{"name":"b"},
            "object":{"key":"k"}}}]}
            """)

        #expect(
            event
                == .s3(
                    S3Event(records: [
                        .init(
                            eventName: "ObjectCreated:Put", bucket: "b",
                            key: "uploads/my clip+1é.mp4", size: 5, etag: "e", sequencer: "0055",
                            eventTime: "2025-01-01T00:00:00.000Z"),
                        .init(eventName: "ObjectRemoved:Delete", bucket: "b", key: "k"),
                    ])))
    }

    @Test func `S3's test event has no records`() throws {
        let event = try decode(
            #"{"Service":"Amazon S3","Event":"s3:TestEvent","Bucket":"b","RequestId":"r"}"#)

        #expect(event == .s3(S3Event(records: [], isTest: true)))
    }

    @Test(arguments: [
        ("0055", "0056", true), ("0055", "00550001", true), ("0055", "0055", false),
        ("00FF", "00aa", false),
    ])
    func `sequencers compare as text padded with zeros`(a: String, b: String, isBefore: Bool) {
        func record(_ sequencer: String?) -> S3Event.Record {
            S3Event.Record(eventName: "e", bucket: "b", key: "k", sequencer: sequencer)
        }

        #expect(record(a).isBefore(record(b)) == isBefore)
        #expect(record(a).isBefore(record(nil)) == nil)
    }

    @Test func `a scheduled event is recognised by its shape`() throws {
        let event = try decode(
            """
            {"version":"0","id":"i","detail-type":"Scheduled Event","source":"aws.events",
            "account":"1","time":"2025-01-01T00:00:00Z","region":"us-east-1",
            "resources":["arn:r"],"detail":{}}
            """)

        #expect(
            event
                == .schedule(
                    ScheduledEvent(id: "i", time: "2025-01-01T00:00:00Z", resources: ["arn:r"])))
    }

    @Test(arguments: [
        "{}", "[]", "3", "null", "\"x\"", #"{"Records":[]}"#, #"{"Records":"x"}"#,
        #"{"Records":[{"eventSource":"aws:sns","body":"b"}]}"#, #"{"requestContext":1}"#,
        #"{"detail-type":"x"}"#,
    ])
    func `any other JSON is a direct event`(text: String) throws {
        #expect(try decode(text) == .direct(Array(text.utf8)))
    }

    @Test(arguments: [
        (#"{"requestContext":{"http":{}}}"#, "/requestContext/http has no field method."),
        (
            #"{"requestContext":{"http":{"method":"GET"}},"cookies":3}"#,
            "/cookies has the wrong type."
        ),
        (
            #"{"requestContext":{"http":{"method":"GET"}},"body":"*","isBase64Encoded":true}"#,
            "/body: The body is not base64."
        ),
        (
            #"{"Records":[{"eventName":"e","s3":{"bucket":{"name":"b"},"object":{"key":"a%2"}}}]}"#,
            "/Records/Index 0/s3: The key is not form-encoded UTF-8."
        ),
        (
            #"{"Records":[{"eventVersion":"3.0","eventName":"e","s3":{}}]}"#,
            "/Records/Index 0/eventVersion: Event version 3.0 is not 2.x."
        ),
    ])
    func `a fault in a known shape is reported with its place`(text: String, detail: String) {
        let error = #expect(throws: LambdaEventError.self) { try decode(text) }

        #expect(error?.detail == detail)
    }

    /// The sample events of the repository are outside the target.
    private static let samples: [URL] = {
        let folder = URL(filePath: #filePath).appending(path: "../../../events").standardized
        let files = try? FileManager.default.contentsOfDirectory(
            at: folder, includingPropertiesForKeys: nil)
        return (files ?? []).filter { $0.pathExtension == "json" }
    }()

    @Test func `every sample event has a known shape`() throws {
        #expect(!Self.samples.isEmpty)
        for sample in Self.samples {
            let event = try LambdaEvent(decoding: Array(Data(contentsOf: sample)))
            if case .direct = event { Issue.record("\(sample.lastPathComponent) is unknown.") }
        }
    }

    @Test func `bytes that are not JSON are refused`() {
        #expect(throws: LambdaEventError.self) { try decode("{") }
    }
}
