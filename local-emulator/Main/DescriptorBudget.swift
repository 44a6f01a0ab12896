import Glibc

/// The division of the process's file descriptors: connections of the two ports, and a reserve for
/// instances, the database and the system's libraries, which end the process without one.
struct DescriptorBudget: Sendable {
    /// Descriptors that the process may have (`ulimit -n`).
    let limit: Int

    /// The fewest with which the functions of the deployment can be started.
    static let limitMin = 256
    /// Descriptors of an instance: its listener, its process's pipes and their threads.
    private static let instanceCount = 24
    /// Descriptors that stay free when an instance starts.
    private static let spareCount = 32

    /// Raises the soft limit to the hard one.
    /// - Throws: One sentence if it is too small.
    init() throws(EmulatorOptionsError) {
        var values = rlimit()
        let resource = __rlimit_resource_t(7)
        guard getrlimit(resource, &values) == 0 else {
            self.init(limit: Self.limitMin)
            return
        }
        values.rlim_cur = values.rlim_max
        setrlimit(resource, &values)
        self.init(limit: Int(clamping: values.rlim_cur))
        guard limit >= Self.limitMin else {
            throw EmulatorOptionsError(
                sentence: "The limit of open files (ulimit -n) is \(limit); \(Self.limitMin) are"
                    + " required.")
        }
    }

    init(limit: Int) { self.limit = limit }

    /// Connections of each port. One to the store can have a file besides its socket.
    var connectionCountMax: Int {
        let reserve = min(limit / 2, 1_024)
        return min(4_096, (limit - reserve) / 4)
    }

    /// True if one more instance can start.
    var admitsInstance: Bool {
        Self.openCount() + Self.instanceCount + Self.spareCount <= limit
    }

    /// Number of open descriptors; 0 when it cannot be counted.
    private static func openCount() -> Int {
        guard let folder = opendir("/proc/self/fd") else { return 0 }
        defer { closedir(folder) }
        var count = 0
        while readdir(folder) != nil { count += 1 }
        // The folder itself, `.` and `..`.
        return max(0, count - 3)
    }
}
