import EmulatorDatabase
import EmulatorHTTP
@testable import EmulatorLambda
import Foundation
import TestSupport
import Testing

/// The end of a service with processes in all states.
@Suite(.timeLimit(.minutes(1)))
struct PoolStopTests {
    private func isServing(_ lambda: LambdaFixture) async -> Bool {
        await lambda.send("GET", "/console/api/logs").text.contains("serving wait-for")
    }

    @Test func `a stop lets a running call end within its grace`() async throws {
        let lambda = try await LambdaFixture()
        let order = #"{"order":"wait-for","path":"\#(lambda.folder)/go"}"#
        async let call = lambda.invoke(order)
        try await eventually("the call to be served") { await isServing(lambda) }

        async let stop: Void = lambda.service.stop(grace: .seconds(600))
        try await eventually("a refused call") { await lambda.invoke("{}").status == 429 }
        try "".write(toFile: lambda.folder + "/go", atomically: true, encoding: .utf8)

        #expect(await call.text == order)
        await stop
        await lambda.database.close()
        try FileManager.default.removeItem(atPath: lambda.folder)
    }

    @Test func `a stop kills a call that outlasts its grace`() async throws {
        let lambda = try await LambdaFixture()
        async let call = lambda.invoke(
            #"{"order":"wait-for","path":"\#(lambda.folder)/never"}"#)
        try await eventually("the call to be served") { await isServing(lambda) }

        await lambda.stop()

        let answer = await call
        #expect(answer.json["errorType"] == "Runtime.ExitError")
        #expect(answer.json["errorMessage"]?.hasSuffix("signal: killed") == true)
    }

    @Test func `a stop in a cancelled task ends all processes too`() async throws {
        let lambda = try await LambdaFixture()
        let processID = try #require(await lambda.invoke(#"{"order":"served"}"#).json["pid"])

        let stop = Task {
            withUnsafeCurrentTask { $0?.cancel() }
            await lambda.stop()
        }
        await stop.value

        #expect(!FileManager.default.fileExists(atPath: "/proc/\(processID)"))
    }
}
