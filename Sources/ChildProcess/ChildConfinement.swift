import CProcess
import Glibc

/// The files, sockets and processes that a child may use; the kernel refuses all others.
///
/// Landlock enforces the paths and ports, a seccomp filter the system calls. The child also has
/// no capabilities and gains no privileges. A kernel without one of the two enforces the other:
/// see `ConfinementSupport`.
package struct ChildConfinement: Sendable, Hashable {
    /// Sockets that the child may use.
    package enum Network: Sendable, Hashable {
        /// No socket.
        case none
        /// TCP connections to these ports, over IPv4 and IPv6.
        case ports([Int])
        /// All sockets.
        case any
    }

    /// Files, and folders with all they contain, that the child may read.
    package var readable: [String]
    /// Files that the child may read and execute; its own program and loader are needed.
    package var executable: [String]
    /// Folders in which the child may also write, create and remove files.
    package var writable: [String]
    /// Devices that the child may read, write and control.
    package var devices: [String]
    /// Sockets that the child may use.
    package var network: Network
    /// True if the child may start processes; threads are always permitted.
    package var mayFork: Bool

    /// A confinement; by default without files, sockets and processes. A path that does not exist
    /// is ignored.
    package init(
        readable: [String] = [], executable: [String] = [], writable: [String] = [],
        devices: [String] = [], network: Network = .none, mayFork: Bool = false
    ) {
        self.readable = readable
        self.executable = executable
        self.writable = writable
        self.devices = devices
        self.network = network
        self.mayFork = mayFork
    }
}

/// The parts of a confinement that this kernel enforces.
package struct ConfinementSupport: Sendable, Hashable {
    /// Version of Landlock's interface; 0 without Landlock. Ports are limited from 4 on, signals
    /// to other processes from 6 on.
    package var landlockVersion: Int
    /// True if the kernel takes seccomp filters.
    package var hasSeccomp: Bool

    /// A description of a kernel.
    package init(landlockVersion: Int, hasSeccomp: Bool) {
        self.landlockVersion = landlockVersion
        self.hasSeccomp = hasSeccomp
    }

    /// The running kernel, asked once.
    package static let current = ConfinementSupport(
        landlockVersion: Int(spool_landlock_version()), hasSeccomp: spool_has_seccomp() == 1)
}

/// Forbids other processes of the same user to read this process's memory and environment.
/// - Returns: False if the system refuses.
package func hideProcessMemory() -> Bool { spool_hide_memory() == 0 }

/// A confinement as the C side takes it. `close` releases its ruleset.
struct PreparedConfinement {
    private(set) var value = spool_confinement(
        is_confined: 0, ruleset: -1, has_filter: 0, sockets: Int32(SPOOL_SOCKETS_ANY), may_fork: 1)

    /// - Returns: nil with the error number in `status` if a ruleset cannot be made.
    init?(_ confinement: ChildConfinement?, status: inout Int32) {
        guard let confinement else { return }
        let support = ConfinementSupport.current
        value.is_confined = 1
        value.has_filter = support.hasSeccomp ? 1 : 0
        value.may_fork = confinement.mayFork ? 1 : 0
        let ports: [Int]
        switch confinement.network {
        case .none: (value.sockets, ports) = (Int32(SPOOL_SOCKETS_NONE), [])
        case .ports(let numbers): (value.sockets, ports) = (Int32(SPOOL_SOCKETS_TCP), numbers)
        case .any: (value.sockets, ports) = (Int32(SPOOL_SOCKETS_ANY), [])
        }
        guard support.landlockVersion > 0 else { return }
        let ruleset = spool_ruleset(confinement.network == .any ? 0 : 1)
        guard ruleset >= 0 else {
            status = errno
            return nil
        }
        value.ruleset = ruleset
        let groups = [
            (confinement.readable, SPOOL_ACCESS_READ),
            (confinement.executable, SPOOL_ACCESS_EXECUTE),
            (confinement.writable, SPOOL_ACCESS_WRITE), (confinement.devices, SPOOL_ACCESS_DEVICE),
        ]
        for (paths, access) in groups {
            for path in paths where status == 0 {
                status = spool_permit_path(ruleset, path, Int32(access))
            }
        }
        for port in ports where status == 0 { status = spool_permit_port(ruleset, Int32(port)) }
        if status != 0 {
            close()
            return nil
        }
    }

    func close() {
        if value.ruleset >= 0 { Glibc.close(value.ruleset) }
    }
}
