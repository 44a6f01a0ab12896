import Foundation
import LambdaRuntime

// The environment is read here and nowhere else.
exit(await serve(environment: ProcessInfo.processInfo.environment, functions: liveFunctions()))
