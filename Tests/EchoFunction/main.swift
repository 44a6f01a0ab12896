import Foundation
import LambdaRuntime

let status = await serve(
    environment: ProcessInfo.processInfo.environment, functions: ["echo": EchoFunction.factory()])
exit(status)
