import Crypto
import EmulatorHTTP
import FoundationEssentials
import Glibc

/// Keeps strangers from an instance's Runtime API, whose port everyone on the machine can see.
///
/// `bootstrap` is given a secret path. Other runtimes expect `host:port` in
/// `AWS_LAMBDA_RUNTIME_API`, so their requests are admitted by the owner of the client's socket.
struct RuntimeGuard: Sendable {
    /// Beginning of each path: a slash and the secret, or empty.
    let pathPrefix: String

    /// - Parameter hasSecret: True for a runtime that accepts a path after the port.
    init(hasSecret: Bool) {
        pathPrefix = hasSecret ? "/" + hex(randomBytes(count: 16)) : ""
    }

    /// True unless another user or a web page sent the request.
    func admits(_ head: RequestHead) -> Bool {
        let isPage =
            head.headers["origin"] != nil || head.headers["sec-fetch-site"] != nil
            || head.headers["sec-fetch-mode"] != nil
        guard !isPage else { return false }
        guard pathPrefix.isEmpty else {
            return constantTimeEqual(
                Array(head.path.utf8.prefix(pathPrefix.utf8.count)), Array(pathPrefix.utf8))
        }
        guard head.remotePort > 0, let owner = Self.owner(ofLocalPort: head.remotePort) else {
            return true
        }
        return owner == getuid()
    }

    /// The user that owns the socket of a local port; nil if the kernel's table does not have it.
    private static func owner(ofLocalPort port: Int) -> uid_t? {
        guard let table = FileManager.default.contents(atPath: "/proc/net/tcp") else { return nil }
        let digits = String(port, radix: 16, uppercase: true)
        let ending = ":" + String(repeating: "0", count: max(0, 4 - digits.count)) + digits
        for line in String(decoding: table, as: UTF8.self).split(separator: "\n").dropFirst() {
            // Number, local address, remote address, state, queues, timer, retransmits, user.
            let fields = line.split(separator: " ", maxSplits: 8)
            guard fields.count > 7, fields[1].hasSuffix(ending), fields[3] == "01" else { continue }
            return uid_t(fields[7])
        }
        return nil
    }
}
