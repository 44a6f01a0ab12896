import Foundation
import SpoolCommands

// The command line and the environment are read here and nowhere else.
exit(
    await runCommand(
        Array(CommandLine.arguments.dropFirst()),
        environment: ProcessInfo.processInfo.environment, world: .live()))
