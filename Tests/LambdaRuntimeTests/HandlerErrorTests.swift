@testable import LambdaRuntime
import Logging
import Testing

@Suite struct `Handler errors` {
    private struct OddError: Error, CustomStringConvertible {
        var description: String { "Something odd." }
    }

    @Test func `an error type has the form that Lambda keeps`() {
        let reports: [HandlerError] = [
            HandlerError(reporting: HandlerError(type: "Function.Bad", message: "m")),
            HandlerError(reporting: HandlerError(type: "Bad\r\nX: y", message: "m")),
            HandlerError(reporting: OddError()),
            HandlerError(reporting: CancellationError()),
        ]

        #expect(
            reports == [
                HandlerError(type: "Function.Bad", message: "m"),
                HandlerError(type: "Function.Error", message: "m"),
                HandlerError(type: "Function.OddError", message: "Something odd."),
                HandlerError(
                    type: "Runtime.Cancelled", message: "The invocation was cancelled."),
            ])
    }

    @Test(arguments: [
        ("Function.Ab", true), ("Runtime.UnknownHandler", true), ("Function.A", false),
        ("Function.ab", false), ("Function.A1", false), ("Function.", false), ("Other.Ab", false),
        ("Function.Ab.Cd", false), ("", false),
    ])
    func `only Lambda's own pattern is conformant`(type: String, isConformant: Bool) {
        #expect(HandlerError.isConformant(type) == isConformant)
    }
}

@Suite struct `Runtime environment` {
    @Test func `Lambda's variables are read, and unset ones have Lambda's defaults`() throws {
        let environment = try RuntimeEnvironment([
            "AWS_LAMBDA_RUNTIME_API": "[::1]:9001", "_HANDLER": "sweep",
            "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "512", "AWS_DEFAULT_REGION": "eu-west-1",
            "AWS_REGION": "", "AWS_LAMBDA_LOG_LEVEL": "DEBUG",
        ])

        #expect(environment.handlerName == "sweep")
        #expect(environment.functionName == "sweep")
        #expect(environment.functionVersion == "$LATEST")
        #expect(environment.memoryMegabytes == 512)
        #expect(environment.region == "eu-west-1")
        #expect(environment.logLevel == .debug)
        #expect(environment.initializationType == "on-demand")
        #expect(try RuntimeEndpoint("[::1]:9001").host == "::1")
        let secret = try RuntimeEndpoint("127.0.0.1:9001/3fa0")
        #expect(secret.authority == "127.0.0.1:9001" && secret.pathPrefix == "/3fa0")
        let head = String(decoding: RuntimeRequest.next.head(for: secret), as: UTF8.self)
        #expect(head.hasPrefix("GET /3fa0/2018-06-01/runtime/invocation/next HTTP/1.1\r\n"))
    }

    @Test(arguments: [
        "", "127.0.0.1", "127.0.0.1:", "127.0.0.1:0", "127.0.0.1:65536", "::1:9001", ":9001",
        "a b:1", "host/x:1", "h\r\nX: y:1", "127.0.0.1:+80",
        "127.0.0.1:1/", "127.0.0.1:1/a/b", "127.0.0.1:1/a?b", "127.0.0.1:1/..",
    ])
    func `an API address that is not host and port is refused`(text: String) {
        #expect(throws: RuntimeEnvironmentError.self) {
            try RuntimeEnvironment(["AWS_LAMBDA_RUNTIME_API": text])
        }
    }
}
