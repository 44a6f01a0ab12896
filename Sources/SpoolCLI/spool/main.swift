import Foundation
import SpoolCommands
import SpoolDatabase
import SpoolStore

// The only place that reads the command line and the environment.
let arguments = Array(CommandLine.arguments.dropFirst())
let environment = ProcessInfo.processInfo.environment
let rest = Array(arguments.dropFirst())
switch arguments.first {
case "store": exit(await runStoreCommand(rest, environment: environment, context: .live()))
case "migrate": exit(await runMigrateCommand(rest, environment: environment, context: .live()))
default: exit(await runCommand(arguments, environment: environment, context: .live()))
}
