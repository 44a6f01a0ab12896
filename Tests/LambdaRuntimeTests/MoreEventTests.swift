import Foundation
import JSON
import LambdaRuntime
import Testing

@Suite struct `Events of other sources` {
    private func decode(_ text: String) throws(LambdaEventError) -> LambdaEvent {
        try LambdaEvent(decoding: Array(text.utf8))
    }

    private func json(_ value: some Encodable) throws -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return String(decoding: try encoder.encode(value), as: UTF8.self)
    }

    @Test func `a REST API's request becomes a function URL's`() throws {
        let event = try decode(
            """
            {"resource":"/{proxy+}","path":"/api/export/j","httpMethod":"post","stageVariables":null,
            "headers":{"X-One":"2","Cookie":"a=1; b=2"},
            "multiValueHeaders":{"X-One":["1","2"],"Cookie":["a=1; b=2"]},
            "queryStringParameters":{"q":"z"},"multiValueQueryStringParameters":{"q":["x y","z"]},
            "pathParameters":{"jobId":"j"},"isBase64Encoded":true,"body":"AP8=",
            "requestContext":{"requestId":"r","httpMethod":"POST","stage":"prod",
            "identity":{"sourceIp":"192.0.2.1","userAgent":"x"}},"unknown":{"a":[1]}}
            """)

        let expected = FunctionURLRequest(
            method: "POST", rawPath: "/api/export/j", rawQueryString: "q=x%20y&q=z",
            headers: ["x-one": "1,2"], queryStringParameters: ["q": "x y,z"],
            pathParameters: ["jobId": "j"], cookies: ["a=1", "b=2"], bodyBytes: [0, 255],
            sourceIP: "192.0.2.1", requestID: "r")
        #expect(event == .apiGateway(APIGatewayRequest(request: expected)))
    }

    @Test func `a REST API's request needs no lists, no query and no body`() throws {
        let event = try decode(
            """
            {"path":"/","httpMethod":"GET","headers":null,"multiValueHeaders":null,"body":null,
            "queryStringParameters":null,"requestContext":{}}
            """)

        let expected = FunctionURLRequest(method: "GET", rawPath: "/", sourceIP: "")
        #expect(event == .apiGateway(APIGatewayRequest(request: expected)))
    }

    @Test func `a response in format 1.0 has its cookies in the headers`() throws {
        let answer = FunctionURLResponse(
            statusCode: 201, headers: ["a": "b"], body: "AP8=", isBase64Encoded: true,
            cookies: ["c=1", "d=2"])

        #expect(
            try json(APIGatewayResponse(answer))
                == #"{"body":"AP8=","headers":{"a":"b"},"isBase64Encoded":true,"#
                + #""multiValueHeaders":{"set-cookie":["c=1","d=2"]},"statusCode":201}"#)
    }

    private static let batch = """
        {"Records":[{"messageId":"m1","receiptHandle":"h","body":"{\\"a\\":1}","attributes":
        {"ApproximateReceiveCount":"3","SentTimestamp":"1"},"messageAttributes":{},"md5OfBody":"x",
        "eventSource":"aws:sqs","eventSourceARN":"arn:q","awsRegion":"eu-central-1"},
        {"messageId":"m2","body":"b","attributes":{"MessageGroupId":"g"},"eventSource":"aws:sqs"}]}
        """

    @Test func `a queue's messages are recognised by their source`() throws {
        let expected = SQSEvent(records: [
            SQSEvent.Record(
                messageID: "m1", body: #"{"a":1}"#, queueARN: "arn:q", receiveCount: 3),
            SQSEvent.Record(messageID: "m2", body: "b", groupID: "g"),
        ])

        #expect(try decode(Self.batch) == .sqs(expected))
    }

    @Test func `failed messages are listed with the later ones of their group`() async throws {
        let batch = SQSEvent(
            records: [
                ("1", nil), ("2", "a"), ("3", "a"), ("4", "b"), ("5", nil),
            ].map { SQSEvent.Record(messageID: $0.0, body: "", groupID: $0.1) })
        var handled: [String] = []

        let (response, errors) = await batch.handleEach { record in
            handled.append(record.messageID)
            if record.messageID < "3" { throw HandlerError(type: "x", message: record.messageID) }
        }

        #expect(handled == ["1", "2", "4", "5"])
        #expect(response.failed == ["1", "2", "3"])
        #expect(errors.count == 2)
        #expect(
            try json(response)
                == #"{"batchItemFailures":[{"itemIdentifier":"1"},{"itemIdentifier":"2"},"#
                + #"{"itemIdentifier":"3"}]}"#)
    }

    @Test func `a successful batch lists no message`() throws {
        #expect(try json(SQSBatchResponse(failed: [])) == #"{"batchItemFailures":[]}"#)
    }

    @Test func `an object event through EventBridge is a store event`() throws {
        let event = try decode(
            """
            {"version":"0","id":"i","detail-type":"Object Created","source":"aws.s3",
            "account":"1","time":"2025-01-01T00:00:00Z","region":"us-east-1","resources":["arn:b"],
            "detail":{"version":"0","bucket":{"name":"b"},"object":{"key":"a b+c.mp4","size":5,
            "etag":"e","sequencer":"1A"},"request-id":"r","reason":"PutObject"}}
            """)

        guard case .eventBridge(let bridged) = event else {
            Issue.record("\(event)")
            return
        }
        let record = S3Event.Record(
            eventName: "ObjectCreated:PutObject", bucket: "b", key: "a b+c.mp4", size: 5,
            etag: "e", sequencer: "1A", eventTime: "2025-01-01T00:00:00Z")
        #expect(bridged.objectEvent == S3Event(records: [record]))
        #expect(bridged.detail["version"]?.text == "0")
    }

    @Test func `a Scheduler event is read like a rule's event`() throws {
        let event = try decode(
            """
            {"version":"0","id":"i","detail-type":"Scheduled Event","source":"aws.scheduler",
            "account":"1","time":"t","region":"r","resources":["arn:s"],"detail":"{}"}
            """)

        let expected = ScheduledEvent(
            id: "i", source: "aws.scheduler", time: "t", resources: ["arn:s"])
        #expect(event == .schedule(expected))
    }

    @Test func `another sender's event keeps its detail and is not a store event`() throws {
        let event = try decode(
            #"{"detail-type":"x","source":"mine","detail":{"a":[1,2.5,true,null,"t"]}}"#)

        guard case .eventBridge(let bridged) = event else {
            Issue.record("\(event)")
            return
        }
        let values: [JSONValue] = [
            .integer(1), .number(2.5), .bool(true), .null, .string("t"),
        ]
        #expect(bridged.detail == .object(["a": .array(values)]))
        #expect(bridged.objectEvent == nil)
        #expect(try json(bridged.detail) == #"{"a":[1,2.5,true,null,"t"]}"#)
    }

    @Test func `a destination record has the invocation and its error`() throws {
        let event = try decode(
            """
            {"version":"1.0","timestamp":"2025-01-01T00:00:00Z","requestContext":{"requestId":"r",
            "functionArn":"arn:f","condition":"RetriesExhausted","approximateInvokeCount":3},
            "requestPayload":{"k":1},"responseContext":{"statusCode":200,"executedVersion":
            "$LATEST","functionError":"Unhandled"},"responsePayload":{"errorMessage":"m"}}
            """)

        guard case .destination(let record) = event else {
            Issue.record("\(event)")
            return
        }
        #expect(record.requestContext.condition == "RetriesExhausted")
        #expect(record.requestContext.approximateInvokeCount == 3)
        #expect(record.requestPayload == .object(["k": .integer(1)]))
        #expect(record.responseContext?.functionError == "Unhandled")
        #expect(record.responsePayload?["errorMessage"]?.text == "m")
    }
}
