import FoundationEssentials
import Glibc
import HTTPTransport
import Threads

extension CommandContext {
    /// Creates a context of this process: terminal, network and clock. Signals
    /// are caught only while a command waits for them.
    package static func live() -> CommandContext {
        CommandContext(
            transport: CurlAPITransport(client: CurlTransport()),
            standardOutput: { CommandContext.write($0, to: 1) },
            standardError: { CommandContext.write($0, to: 2) },
            isTerminal: isatty(2) == 1,
            sleep: { try await Task.sleep(for: .milliseconds($0)) },
            makeToken: { UUID().uuidString.lowercased() },
            interrupted: { await watchInterrupts().wait() })
    }

    private static func write(_ bytes: [UInt8], to descriptor: Int32) {
        bytes.withUnsafeBytes { bytes in
            var offset = 0
            while offset < bytes.count {
                let count = Glibc.write(
                    descriptor, bytes.baseAddress! + offset, bytes.count - offset)
                if count > 0 {
                    offset += count
                } else if errno != EINTR {
                    return  // A reader that went away, as in `spool … | head -1`.
                }
            }
        }
    }
}
