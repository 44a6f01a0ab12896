import EmulatorHTTP
import Foundation
import TestSupport
import Testing

@testable import EmulatorLambda

@Suite(.timeLimit(.minutes(1)))
struct LambdaInvokeTests {
    @Test func `an event comes back from the function with the service's headers`() async throws {
        try await withLambda { lambda in
            let answer = await lambda.invoke("{\"a\": 1}")

            #expect(answer.status == 200)
            #expect(answer.text == "{\"a\": 1}")
            #expect(answer.headers["X-Amz-Executed-Version"] == "$LATEST")
            #expect(answer.headers["X-Amzn-RequestId"]?.count == 36)
            #expect(answer.headers["X-Amz-Function-Error"] == nil)
        }
    }

    @Test func `an instance is used again and its environment is Lambda's`() async throws {
        try await withLambda { lambda in
            let environment = await lambda.invoke(#"{"order":"environment"}"#).json
            let served = await lambda.invoke(#"{"order":"served"}"#).json

            #expect(served["served"] == "2")
            #expect(environment["_HANDLER"] == "worker")
            #expect(environment["AWS_LAMBDA_FUNCTION_NAME"] == "worker")
            #expect(environment["AWS_LAMBDA_FUNCTION_VERSION"] == "$LATEST")
            #expect(environment["AWS_LAMBDA_FUNCTION_MEMORY_SIZE"] == "1024")
            #expect(environment["AWS_LAMBDA_INITIALIZATION_TYPE"] == "on-demand")
            #expect(environment["AWS_LAMBDA_LOG_GROUP_NAME"] == "/aws/lambda/worker")
            #expect(environment["AWS_REGION"] == "us-east-1")
            #expect(environment["TZ"] == "UTC")
            #expect(environment["HOME"] == nil)
            #expect(environment["TMPDIR"]?.hasPrefix(lambda.folder + "/scratch/") == true)
        }
    }

    @Test func `a runtime gets every header of an invocation`() async throws {
        try await withLambda { lambda in
            let context = Data(#"{"client":1}"#.utf8).base64EncodedString()
            let before = Int(Date().timeIntervalSince1970 * 1_000)

            let answer = await lambda.invoke(
                #"{"order":"headers"}"#,
                headers: [
                    "X-Amz-Client-Context": context, "X-Amzn-Trace-Id": "Root=1-2-3",
                    "X-Amz-Tenant-Id": "tenant-1",
                ])

            let headers = answer.json
            let deadline = try #require(headers["lambda-runtime-deadline-ms"].flatMap(Int.init))
            #expect(
                headers["lambda-runtime-aws-request-id"] == answer.headers["X-Amzn-RequestId"])
            #expect(
                headers["lambda-runtime-invoked-function-arn"]
                    == "arn:aws:lambda:us-east-1:000000000000:function:worker")
            #expect(headers["lambda-runtime-trace-id"] == "Root=1-2-3")
            #expect(headers["lambda-runtime-aws-tenant-id"] == "tenant-1")
            #expect(headers["lambda-runtime-client-context"] == #"{"client":1}"#)
            #expect(headers["content-type"] == "application/json")
            #expect(deadline - before >= 30_000 && deadline - before < 60_000)
        }
    }

    @Test func `a wrong call of the Runtime API is refused by name`() async throws {
        try await withLambda { lambda in
            let answer = await lambda.invoke(#"{"order":"protocol"}"#)

            #expect(
                answer.text == """
                    [[400, {"errorType": "InvalidRequestID", "errorMessage": "Invalid request ID"}], \
                    [400, {"errorType": "InvalidFunctionResponseMode", \
                    "errorMessage": "Unknown response mode other"}], \
                    [403, {"errorType": "InvalidStateTransition", \
                    "errorMessage": "State transition is not allowed"}]]
                    """)
        }
    }

    @Test func `an error of the function is passed on as it is`() async throws {
        try await withLambda { lambda in
            let answer = await lambda.invoke(#"{"order":"throw"}"#)

            #expect(answer.status == 200)
            #expect(answer.headers["X-Amz-Function-Error"] == "Unhandled")
            #expect(answer.json == ["errorType": "Function.Broken", "errorMessage": "as ordered"])
        }
    }

    @Test func `a process that exits in the middle is reported and replaced`() async throws {
        try await withLambda { lambda in
            let crashed = await lambda.invoke(#"{"order":"exit","code":3}"#)
            let next = await lambda.invoke(#"{"order":"served"}"#).json

            #expect(crashed.headers["X-Amz-Function-Error"] == "Unhandled")
            #expect(
                crashed.json == [
                    "errorType": "Runtime.ExitError",
                    "errorMessage": "RequestId: \(crashed.headers["X-Amzn-RequestId"] ?? "") "
                        + "Error: Runtime exited with error: exit status 3",
                ])
            #expect(next["served"] == "1")
        }
    }

    @Test func `the time limit kills the process group and is reported`() async throws {
        let functions = [FunctionDefinition(name: "worker", handler: "worker", timeoutSeconds: 5)]
        try await withLambda(functions) { lambda in
            let path = lambda.folder + "/orphan"

            let answer = await lambda.invoke(#"{"order":"orphan","path":"\#(path)"}"#)

            let orphan = try #require(lambda.lines("orphan").first)
            #expect(
                answer.json == [
                    "errorType": "Sandbox.Timedout",
                    "errorMessage": "RequestId: \(answer.headers["X-Amzn-RequestId"] ?? "") "
                        + "Error: Task timed out after 5.00 seconds",
                ])
            try await eventually("the end of the orphaned process") {
                let status = try? String(contentsOfFile: "/proc/\(orphan)/stat", encoding: .utf8)
                return status?.contains(") Z ") ?? true
            }
        }
    }

    @Test(arguments: [
        ("init-error", "Runtime.BadConfig", "no"),
        ("init-exit", "Runtime.ExitError", "Runtime exited with error: exit status 7"),
        ("init-hang", "Sandbox.Timedout", "Init timed out after 0.30 seconds"),
    ])
    func `an instance that does not start fails the call`(
        handler: String, type: String, message: String
    ) async throws {
        try await withLambda(
            [FunctionDefinition(name: "worker", handler: handler)],
            configure: {
                $0.initTimeMax = handler == "init-hang" ? .milliseconds(300) : .seconds(10)
            }
        ) { lambda in
            let answer = await lambda.invoke("{}")

            #expect(answer.headers["X-Amz-Function-Error"] == "Unhandled")
            #expect(answer.json == ["errorType": type, "errorMessage": message])
        }
    }

    @Test func `a missing program fails the call`() async throws {
        try await withLambda(
            [FunctionDefinition(name: "worker", handler: "w", command: ["/no/such/program"])]
        ) { lambda in
            let answer = await lambda.invoke("{}")

            #expect(answer.json["errorType"] == "Runtime.ExitError")
            #expect(answer.json["errorMessage"]?.contains("No such file or directory") == true)
        }
    }

    @Test func `an answer above six mebibytes is refused to both sides`() async throws {
        try await withLambda { lambda in
            let fits = await lambda.invoke(#"{"order":"large","bytes":6291556}"#)
            let exceeds = await lambda.invoke(#"{"order":"large","bytes":6291557}"#)

            #expect(fits.text.utf8.count == 6_291_556)
            #expect(exceeds.json["errorType"] == "Function.ResponseSizeTooLarge")
            try await eventually("the runtime's line about its large answer") {
                await lambda.send("GET", "/console/api/logs").text
                    .contains("large: 413 RequestEntityTooLarge")
            }
        }
    }

    @Test func `no more instances run than are reserved`() async throws {
        let functions = [
            FunctionDefinition(name: "worker", handler: "worker", reservedConcurrency: 2)
        ]
        try await withLambda(functions) { lambda in
            let order = #"{"order":"wait-for","path":"\#(lambda.folder)/go"}"#
            async let first = lambda.invoke(order)
            async let second = lambda.invoke(order)
            try await eventually("two running calls") {
                await lambda.send("GET", "/console/api/logs").text
                    .components(separatedBy: "serving wait-for").count == 3
            }

            let third = await lambda.invoke(order)
            try "".write(toFile: lambda.folder + "/go", atomically: true, encoding: .utf8)

            #expect(third.status == 429)
            #expect(third.headers["X-Amzn-ErrorType"] == "TooManyRequestsException")
            #expect(third.headers["Retry-After"] == "1")
            #expect(await [first.status, second.status] == [200, 200])
        }
    }

    @Test func `an idle instance ends and its folder is removed`() async throws {
        try await withLambda(configure: { $0.idleTimeMax = .milliseconds(1) }) { lambda in
            let first = await lambda.invoke(#"{"order":"served"}"#).json
            try await eventually("the removal of the instance's folder") {
                try FileManager.default.contentsOfDirectory(atPath: lambda.folder + "/scratch")
                    .isEmpty
            }
            let second = await lambda.invoke(#"{"order":"served"}"#).json

            #expect(second["served"] == "1")
            #expect(first["pid"] != second["pid"])
        }
    }

    @Test func `the log's tail holds the function's lines and the report`() async throws {
        try await withLambda { lambda in
            let answer = await lambda.invoke("{}", headers: ["X-Amz-Log-Type": "Tail"])

            let data = Data(base64Encoded: answer.headers["X-Amz-Log-Result"] ?? "")
            let lines = String(decoding: data ?? Data(), as: UTF8.self).split(separator: "\n")
            let requestID = answer.headers["X-Amzn-RequestId"] ?? ""
            #expect(lines.first == "START RequestId: \(requestID) Version: $LATEST")
            #expect(lines.contains("serving echo"))
            #expect(lines.contains("END RequestId: \(requestID)"))
            let report = try #require(lines.first { $0.hasPrefix("REPORT") })
            for part in ["Duration: ", "Billed Duration: ", "Max Memory Used: ", "Init Duration: "]
            {
                #expect(report.contains(part))
            }
        }
    }

    @Test(arguments: [
        ("POST", "unknown", "RequestResponse", "{}", 404, "ResourceNotFoundException"),
        ("POST", "worker", "RequestResponse", "{", 400, "InvalidRequestContentException"),
        ("POST", "worker", "Sometimes", "{}", 400, "InvalidParameterValueException"),
        ("DELETE", "worker", "Event", "{}", 404, "UnknownOperationException"),
    ])
    func `a wrong call of the Invoke API is refused by name`(
        method: String, function: String, type: String, body: String, status: Int, error: String
    ) async throws {
        try await withLambda { lambda in
            let answer = await lambda.send(
                method, "/2015-03-31/functions/\(function)/invocations", body,
                headers: ["X-Amz-Invocation-Type": type])

            #expect(answer.status == status)
            #expect(answer.headers["X-Amzn-ErrorType"] == error)
        }
    }

    @Test func `a function is found by its ARN, and a dry run calls nothing`() async throws {
        try await withLambda { lambda in
            let answer = await lambda.invoke(
                "{}", function: "arn%3Aaws%3Alambda%3Aus-east-1%3A0%3Afunction%3Aworker%3A1",
                headers: ["X-Amz-Invocation-Type": "DryRun"])

            #expect(answer.status == 204)
            #expect(
                await lambda.send("GET", "/console/api/invocations").text
                    .hasPrefix(#"{"invocations":[]"#))
        }
    }
}
