import Foundation
import SpoolCommands
import SpoolStore

// The only place that reads the command line and the environment.
let arguments = Array(CommandLine.arguments.dropFirst())
let environment = ProcessInfo.processInfo.environment
guard arguments.first == "store" else {
    exit(await runCommand(arguments, environment: environment, context: .live()))
}
exit(
    await runStoreCommand(Array(arguments.dropFirst()), environment: environment, context: .live()))
