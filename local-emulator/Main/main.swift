import FoundationEssentials
import Glibc

// All code is in other files: closures in this file would belong to the main
// actor, but C calls them on other threads.
exit(
    await runCommand(
        arguments: Array(CommandLine.arguments.dropFirst()),
        environment: ProcessInfo.processInfo.environment))
