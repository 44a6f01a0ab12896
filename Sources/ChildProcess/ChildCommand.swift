/// A program with its arguments, environment and limits. No shell is involved.
package struct ChildCommand: Sendable, Equatable {
    /// Path of the program; `PATH` is not searched.
    package var executable: String
    /// Arguments after the program's own name.
    package var arguments: [String]
    /// The whole environment of the child; nothing is inherited.
    package var environment: [String: String]
    /// Working directory of the child; nil keeps the parent's.
    package var workingDirectory: String?
    /// Limits enforced by the kernel.
    package var limits: ChildLimits
    /// The child's `/tmp`.
    package var temporaryFolder: TemporaryFolder
    /// The files, sockets and processes that the child may use; nil for no restriction.
    package var confinement: ChildConfinement?
    /// Niceness from 0, this process's own, to 19: at 19 the child gets what others leave.
    package var niceness = 0

    /// A command; by default without limits, in the parent's folder and with its `/tmp`.
    package init(
        executable: String, arguments: [String] = [], environment: [String: String] = [:],
        workingDirectory: String? = nil, limits: ChildLimits = ChildLimits(),
        temporaryFolder: TemporaryFolder = .shared
    ) {
        self.executable = executable
        self.arguments = arguments
        self.environment = environment
        self.workingDirectory = workingDirectory
        self.limits = limits
        self.temporaryFolder = temporaryFolder
    }
}

/// The `/tmp` of a child. All but `.shared` need a mount namespace, which
/// requires root or a user namespace; without one the start fails.
package enum TemporaryFolder: Sendable, Equatable {
    /// The `/tmp` of the machine.
    case shared
    /// An empty tmpfs of this size, which ends with the child.
    case memory(bytes: Int)
    /// A folder of the machine, by its absolute path.
    case folder(String)
}

/// Resource limits (setrlimit) of a child; nil leaves the parent's limit.
package struct ChildLimits: Sendable, Equatable {
    /// CPU time; beyond it the child gets SIGXCPU and, a second later, SIGKILL.
    package var cpuSeconds: Int?
    /// Address space; beyond it allocations fail.
    package var addressSpaceBytes: Int?
    /// Size of each file that the child writes; beyond it the child gets SIGXFSZ.
    package var fileBytes: Int?
    /// Private writable memory (RLIMIT_DATA); beyond it allocations fail. Unlike address space it
    /// counts neither mapped files nor reserved ranges.
    package var dataBytes: Int?
    /// Open files and sockets.
    package var openFileCount: Int?

    /// Limits; none by default.
    package init(
        cpuSeconds: Int? = nil, addressSpaceBytes: Int? = nil, fileBytes: Int? = nil,
        dataBytes: Int? = nil, openFileCount: Int? = nil
    ) {
        self.cpuSeconds = cpuSeconds
        self.addressSpaceBytes = addressSpaceBytes
        self.fileBytes = fileBytes
        self.dataBytes = dataBytes
        self.openFileCount = openFileCount
    }
}

/// Exit and resource usage of a child. A non-zero exit code is a result, not an error.
package struct ChildResult: Sendable, Equatable {
    /// Exit code or the signal that ended the child.
    package enum Exit: Sendable, Equatable {
        /// The program returned or called `exit`.
        case code(Int)
        /// The program was ended by this signal.
        case signal(Int)
    }

    /// Exit code or signal.
    package var exit: Exit
    /// User and system time of the child and of the children it waited for.
    package var cpuMicroseconds: Int
    /// Peak resident set size (`ru_maxrss`). The kernel keeps the parent's size
    /// over an exec, so this is at least the parent's size at the start.
    package var peakMemoryBytes: Int

    /// A result.
    package init(exit: Exit, cpuMicroseconds: Int, peakMemoryBytes: Int) {
        self.exit = exit
        self.cpuMicroseconds = cpuMicroseconds
        self.peakMemoryBytes = peakMemoryBytes
    }
}

/// A child that could not be started, or was stopped because its task was cancelled.
package struct ChildProcessError: Error, Sendable, Equatable, CustomStringConvertible {
    /// Kinds of failure.
    package enum Code: Sendable, Equatable {
        /// The program could not be started.
        case startFailed
        /// The calling task was cancelled; the child's group has been killed.
        case cancelled
    }

    /// The kind of failure.
    package var code: Code
    /// Path of the program.
    package var executable: String
    /// The system's error number (errno); 0 when there is none.
    package var errorNumber: Int
    /// The step that failed, for instance "executing it".
    package var step: String

    /// An error.
    package init(code: Code, executable: String, errorNumber: Int = 0, step: String = "") {
        self.code = code
        self.executable = executable
        self.errorNumber = errorNumber
        self.step = step
    }

    /// One sentence with the program, the step and the system's message.
    package var description: String {
        switch code {
        case .startFailed:
            "\(executable) could not be started: \(step) failed with \(errorText(errorNumber))."
        case .cancelled:
            "\(executable) was stopped because its task was cancelled."
        }
    }
}
