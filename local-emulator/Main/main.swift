import FoundationEssentials
import Glibc

// Everything is in other files: closures written here would belong to the main
// actor, and C would call them on other threads.
exit(
    await runCommand(
        arguments: Array(CommandLine.arguments.dropFirst()),
        environment: ProcessInfo.processInfo.environment))
