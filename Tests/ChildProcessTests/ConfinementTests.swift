import ChildProcess
import Foundation
import Glibc
import Synchronization
import TestSupport
import Testing

/// A socket that listens on the loopback interface until it is released.
private final class Listener: Sendable {
    let port: Int
    private let descriptor: Int32

    init() {
        descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(INADDR_LOOPBACK).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let (descriptor, size) = (descriptor, length)
        withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
                _ = bind(descriptor, address, size)
                _ = listen(descriptor, 16)
                getsockname(descriptor, address, &length)
            }
        }
        port = Int(UInt16(bigEndian: address.sin_port))
    }

    deinit { close(descriptor) }
}

@Suite(.timeLimit(.minutes(1)))
struct ConfinementTests {
    private static let script = URL(filePath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent()
        .appending(path: "Fixtures/confinement/forbidden.py").path
    private static let python = "/usr/bin/python3"
    /// The parts of the machine that the interpreter reads.
    private static let interpreter = ["/lib", "/lib64", "/usr", "/etc/ld.so.cache", script]
    private static let loaders = ["/lib64/ld-linux-x86-64.so.2", "/lib/ld-linux-aarch64.so.1"]

    private func run(
        _ arguments: [String], _ confinement: ChildConfinement?, _ limits: ChildLimits
    ) async throws -> (result: ChildResult, output: String) {
        let output = Mutex<[UInt8]>([])
        var command = ChildCommand(
            executable: Self.python, arguments: ["-I", "-S"] + arguments, limits: limits)
        command.confinement = confinement
        let result = try await Child.run(
            command, onStandardOutput: { bytes in output.withLock { $0 += bytes } },
            onStandardError: { bytes in output.withLock { $0 += bytes } })
        return (result, output.withLock { String(decoding: $0, as: UTF8.self) })
    }

    private func attempts(_ isConfined: Bool) async throws -> [String: String] {
        let folder = LocalFile.temporaryFolder()
        let (secret, scratch) = ("\(folder)/secret", "\(folder)/scratch")
        try #require(LocalFile.write(Array("secret".utf8), to: secret))
        try #require(mkdir(scratch, 0o700) == 0)
        let (permitted, other) = (Listener(), Listener())
        let confinement = ChildConfinement(
            readable: Self.interpreter, executable: [Self.python] + Self.loaders,
            writable: [scratch], devices: ["/dev/null"], network: .ports([permitted.port]))
        let (result, output) = try await run(
            [Self.script, secret, scratch, "\(permitted.port)", "\(other.port)", "\(getpid())"],
            isConfined ? confinement : nil, ChildLimits(openFileCount: 64))
        #expect(result.exit == .code(0), "\(output)")
        var found: [String: String] = [:]
        for line in output.split(separator: "\n") {
            let words = line.split(separator: " ")
            found[words.dropLast().joined(separator: " ")] = words.last.map(String.init)
        }
        return found
    }

    @Test func `a confined child can do nothing but its work`() async throws {
        let support = ConfinementSupport.current
        try #require(support.hasSeccomp && support.landlockVersion >= 6, "an old kernel")

        let found = try await attempts(true)

        let permitted = found.filter { $0.value == "done" }.keys.sorted()
        #expect(permitted == ["connect permitted", "rename scratch", "write scratch"])
        #expect(found.count > 40)
    }

    @Test func `the same attempts succeed without a confinement`() async throws {
        // Those that need no privilege: the test above would pass if they always failed.
        let names = [
            "read passwd", "list root", "read environment of parent", "connect other", "listen",
            "datagram", "unix socket", "signal parent", "named pipe", "write beside scratch",
            "list descriptors of parent", "ptrace", "limits of parent", "write secret",
        ]

        let found = try await attempts(false)

        for name in names { #expect(found[name] == "done", "\(name)") }
    }

    @Test func `a confined child without a network has no socket`() async throws {
        let confinement = ChildConfinement(
            readable: Self.interpreter, executable: [Self.python] + Self.loaders)

        let (result, output) = try await run(
            ["-c", "import socket; socket.socket()"], confinement, ChildLimits())

        #expect(result.exit == .code(1))
        #expect(output.contains("PermissionError"), "\(output)")
    }

    @Test func `a confined child starts threads`() async throws {
        let confinement = ChildConfinement(
            readable: Self.interpreter, executable: [Self.python] + Self.loaders)
        let code = """
            import threading
            thread = threading.Thread(target=print, args=("from a thread",))
            thread.start(); thread.join()
            """

        let (result, output) = try await run(["-c", code], confinement, ChildLimits())

        #expect(result.exit == .code(0))
        #expect(output == "from a thread\n")
    }

    @Test func `limits of memory and files are in force`() async throws {
        let limits = ChildLimits(dataBytes: 128 << 20, openFileCount: 32)
        let code = """
            import os
            try: bytearray(256 << 20); print("memory")
            except MemoryError: pass
            try:
                for _ in range(64): os.open("/dev/null", os.O_RDONLY)
                print("files")
            except OSError: pass
            """

        let (result, output) = try await run(["-c", code], nil, limits)

        #expect(result.exit == .code(0))
        #expect(output == "")
    }

    @Test func `a limit above the parent's own keeps the parent's`() async throws {
        let code = "import resource; print(resource.getrlimit(resource.RLIMIT_NOFILE)[1])"

        let (_, own) = try await run(["-c", code], nil, ChildLimits())
        let (result, raised) = try await run(
            ["-c", code], nil, ChildLimits(openFileCount: 1 << 40))

        #expect(result.exit == .code(0))
        #expect(raised == own)
    }
}
