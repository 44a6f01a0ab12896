/// What to run, and within which limits. No shell is involved anywhere.
package struct ChildCommand: Sendable, Equatable {
    /// Path of the program; `PATH` is not searched.
    package var executable: String
    /// Arguments after the program's own name.
    package var arguments: [String]
    /// The whole environment of the child; nothing is inherited.
    package var environment: [String: String]
    /// Folder the child starts in; nil keeps the parent's.
    package var workingDirectory: String?
    /// Ceilings enforced by the kernel.
    package var limits: ChildLimits
    /// What the child sees as `/tmp`.
    package var temporaryFolder: TemporaryFolder

    /// A command without limits in the parent's folder, unless told otherwise.
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

/// What a child sees as `/tmp`. All but the shared one need a mount namespace,
/// which root or a user namespace gives; without it the start fails.
package enum TemporaryFolder: Sendable, Equatable {
    /// The machine's own.
    case shared
    /// An empty one in memory that holds so much and ends with the child.
    case memory(bytes: Int)
    /// A folder of the parent, by its whole path.
    case folder(String)
}

/// Resource limits (setrlimit) of a child; nil leaves the parent's limit.
package struct ChildLimits: Sendable, Equatable {
    /// CPU time; above it the child gets SIGXCPU, a second later SIGKILL.
    package var cpuSeconds: Int?
    /// Address space; above it allocations fail.
    package var addressSpaceBytes: Int?
    /// Size of any one file the child writes; above it SIGXFSZ.
    package var fileBytes: Int?

    /// Limits as given, none by default.
    package init(cpuSeconds: Int? = nil, addressSpaceBytes: Int? = nil, fileBytes: Int? = nil) {
        self.cpuSeconds = cpuSeconds
        self.addressSpaceBytes = addressSpaceBytes
        self.fileBytes = fileBytes
    }
}

/// How a child ended. A non-zero exit code is a result, not an error.
package struct ChildResult: Sendable, Equatable {
    /// Exit code or the signal that ended the child.
    package enum Exit: Sendable, Equatable {
        /// The program returned or called `exit`.
        case code(Int)
        /// The program was ended by this signal.
        case signal(Int)
    }

    /// How the program ended.
    package var exit: Exit
    /// User and system time of the child and of the children it waited for.
    package var cpuMicroseconds: Int
    /// Largest resident set (`ru_maxrss`). The kernel carries the parent's
    /// size over an exec, so this is never below the parent's at the start.
    package var peakMemoryBytes: Int

    /// A result with all its parts.
    package init(exit: Exit, cpuMicroseconds: Int, peakMemoryBytes: Int) {
        self.exit = exit
        self.cpuMicroseconds = cpuMicroseconds
        self.peakMemoryBytes = peakMemoryBytes
    }
}

/// Why a child could not be started or was given up.
package struct ChildProcessError: Error, Sendable, Equatable, CustomStringConvertible {
    /// What went wrong.
    package enum Code: Sendable, Equatable {
        /// The program could not be started at all.
        case startFailed
        /// The calling task was cancelled; the child's group has been killed.
        case cancelled
    }

    /// What went wrong.
    package var code: Code
    /// The program that was to run.
    package var executable: String
    /// The system's error number; 0 when none belongs to the failure.
    package var errorNumber: Int
    /// The step that failed, as the end of a sentence.
    package var step: String

    /// An error with all its parts.
    package init(code: Code, executable: String, errorNumber: Int = 0, step: String = "") {
        self.code = code
        self.executable = executable
        self.errorNumber = errorNumber
        self.step = step
    }

    /// One sentence with the program, the step and the system's reason.
    package var description: String {
        switch code {
        case .startFailed:
            "\(executable) could not be started: \(step) failed with \(errorText(errorNumber))."
        case .cancelled:
            "\(executable) was stopped because its task was cancelled."
        }
    }
}
