import ChildProcess
import Foundation
import Glibc
import Synchronization
import TestSupport
import Testing

/// Collects what a child prints.
private final class Collected: Sendable {
    private let bytes = Mutex<[UInt8]>([])
    var text: String { String(decoding: bytes.withLock { $0 }, as: UTF8.self) }
    func append(_ more: [UInt8]) { bytes.withLock { $0 += more } }
}

private func shell(_ script: String, limits: ChildLimits = ChildLimits()) -> ChildCommand {
    ChildCommand(
        executable: "/bin/sh", arguments: ["-c", script],
        environment: ["PATH": "/usr/bin:/bin", "GREETING": "hello"], workingDirectory: "/",
        limits: limits)
}

private func isAlive(_ processID: Int) -> Bool {
    guard let status = try? String(contentsOfFile: "/proc/\(processID)/stat", encoding: .utf8)
    else { return false }
    // A zombie has ended.
    return !status.contains(") Z ")
}

@Suite(.timeLimit(.minutes(1)))
struct ChildProcessTests {
    @Test func `a child gets its arguments, environment and folder only`() async throws {
        let output = Collected()
        let errors = Collected()

        let result = try await Child.run(
            shell("echo $GREETING $HOME; pwd; echo oops >&2; exit 3"),
            onStandardOutput: { output.append($0) }, onStandardError: { errors.append($0) })

        #expect(result.exit == .code(3))
        #expect(output.text == "hello\n/\n")
        #expect(errors.text == "oops\n")
        #expect(result.peakMemoryBytes > 0)
    }

    @Test func `a child inherits no open file of its parent`() async throws {
        let output = Collected()

        _ = try await Child.run(
            ChildCommand(executable: "/bin/ls", arguments: ["/proc/self/fd"]),
            onStandardOutput: { output.append($0) })

        // The fourth is the folder that ls itself has open.
        #expect(output.text == "0\n1\n2\n3\n")
    }

    @Test func `output larger than a pipe holds arrives whole`() async throws {
        let output = Collected()

        _ = try await Child.run(
            shell("head -c 3000000 /dev/zero | tr '\\0' x; head -c 3000000 /dev/zero >&2"),
            onStandardOutput: { output.append($0) })

        #expect(output.text.utf8.count == 3_000_000)
    }

    @Test func `a missing program is an error that names the step`() async throws {
        let expected = ChildProcessError(
            code: .startFailed, executable: "/no/such/program", errorNumber: 2,
            step: "executing it")

        await #expect(throws: expected) {
            try await Child.run(ChildCommand(executable: "/no/such/program"))
        }
        #expect(
            expected.description
                == "/no/such/program could not be started: "
                + "executing it failed with No such file or directory.")
    }

    @Test func `a missing folder is an error that names the step`() async throws {
        var command = shell("true")
        command.workingDirectory = "/no/such/folder"

        await #expect(
            throws: ChildProcessError(
                code: .startFailed, executable: "/bin/sh", errorNumber: 2,
                step: "entering its folder")
        ) { try await Child.run(command) }
    }

    @Test func `a limit on files stops a child that writes too much`() async throws {
        let folder = FileManager.default.temporaryDirectory.path + "/spool-\(UUID())"
        defer { try? FileManager.default.removeItem(atPath: folder) }

        let result = try await Child.run(
            shell("exec head -c 100000 /dev/zero > \(folder)", limits: ChildLimits(fileBytes: 9)))

        #expect(result.exit == .signal(25))
    }

    @Test func `cancelling ends a group whose members ignore SIGTERM`() async throws {
        let output = Collected()
        let running = Task {
            try await Child.run(
                shell("trap '' TERM; sleep 1000 & echo $!; echo $$; wait; sleep 1000"),
                grace: .milliseconds(50), onStandardOutput: { output.append($0) })
        }
        try await eventually("two process IDs") { output.text.split(separator: "\n").count == 2 }
        let members = output.text.split(separator: "\n").compactMap { Int($0) }

        running.cancel()

        await #expect {
            _ = try await running.value
        } throws: { error in
            (error as? ChildProcessError)?.description
                == "/bin/sh was stopped because its task was cancelled."
        }
        try await eventually("the end of the group") { !members.contains(where: isAlive) }
    }

    @Test func `processes that a child leaves in its group end with it`() async throws {
        let output = Collected()

        let result = try await Child.run(
            shell("sleep 1000 & echo $!"), onStandardOutput: { output.append($0) })

        let left = try #require(Int(output.text.split(separator: "\n")[0]))
        #expect(result.exit == .code(0))
        try await eventually("the end of the rest of the group") { !isAlive(left) }
    }

    @Test func `a started child can be killed and waited for more than once`() async throws {
        let child = try await Child.start(shell("exec sleep 1000"))

        child.kill()
        async let first = child.wait()
        async let second = child.wait()

        #expect(await first.exit == .signal(9))
        #expect(await second.exit == .signal(9))
    }

    @Test func `a child dies with a parent that is killed`() async throws {
        let path = FileManager.default.temporaryDirectory.path + "/spool-\(UUID())"
        defer { try? FileManager.default.removeItem(atPath: path) }

        await #expect(processExitsWith: .signal(9)) { [path = path as String] in
            let child = try await Child.start(
                ChildCommand(executable: "/bin/sleep", arguments: ["1000"]))
            try "\(child.processID)".write(toFile: path, atomically: true, encoding: .utf8)
            kill(getpid(), 9)
        }

        let orphan = try #require(Int(try String(contentsOfFile: path, encoding: .utf8)))
        try await eventually("the end of the orphan") { !isAlive(orphan) }
    }
}
