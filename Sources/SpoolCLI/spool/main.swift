import Foundation
import SpoolCommands
import SpoolStore

// The command line and the environment are read here and nowhere else.
let arguments = Array(CommandLine.arguments.dropFirst())
let environment = ProcessInfo.processInfo.environment
guard arguments.first == "store" else {
    exit(await runCommand(arguments, environment: environment, context: .live()))
}
exit(
    await runStoreCommand(Array(arguments.dropFirst()), environment: environment, context: .live()))
