import CProcess
import Glibc
import Synchronization

/// State of the supervisor's thread; only that thread uses it.
struct ChildLoop {
    private struct Entry {
        let child: Child
        let processDescriptor: Int32
        var output: Stream
        var errors: Stream
        /// Time at which the group is killed, in milliseconds of the monotonic clock.
        var killAt: Int?
    }

    private struct Stream {
        /// -1 once closed.
        var descriptor: Int32
        let handler: Child.OutputHandler?
        let child: Child
    }

    private let wakeup: Int32
    private var entries: [Int: Entry] = [:]
    private var buffer = [UInt8](repeating: 0, count: 64 << 10)

    init(wakeup: Int32) {
        self.wakeup = wakeup
    }

    /// Waits for output, an exit, a message or a kill time, and handles all that are due.
    mutating func turn(takeMessages: () -> [ChildSupervisor.Message]) {
        var descriptors = [pollfd(fd: wakeup, events: Int16(POLLIN), revents: 0)]
        var owners: [Int] = [0]
        for (processID, entry) in entries {
            for descriptor in [
                entry.processDescriptor, entry.output.descriptor, entry.errors.descriptor,
            ] where descriptor >= 0 {
                descriptors.append(pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0))
                owners.append(processID)
            }
        }
        _ = poll(&descriptors, nfds_t(descriptors.count), pollTimeout())

        if descriptors[0].revents != 0 {
            var count: UInt64 = 0
            _ = Glibc.read(wakeup, &count, 8)
        }
        for (index, processID) in zip(owners.indices, owners).dropFirst()
        where descriptors[index].revents != 0 {
            serve(processID, descriptor: descriptors[index].fd)
        }
        for message in takeMessages() { handle(message) }
        killOverdue()
    }

    private func pollTimeout() -> Int32 {
        guard let next = entries.values.compactMap(\.killAt).min() else { return -1 }
        return Int32(clamping: max(0, next - monotonicMilliseconds()))
    }

    private mutating func serve(_ processID: Int, descriptor: Int32) {
        guard var entry = entries[processID] else { return }
        if descriptor == entry.processDescriptor {
            end(entry, processID: processID)
            return
        }
        if descriptor == entry.output.descriptor { pump(&entry.output, untilEmpty: false) }
        if descriptor == entry.errors.descriptor { pump(&entry.errors, untilEmpty: false) }
        entries[processID] = entry
    }

    private mutating func end(_ ended: Entry, processID: Int) {
        var entry = ended
        // The leader is still a zombie, so the group's number cannot be in use
        // elsewhere.
        Glibc.kill(pid_t(-processID), SIGKILL)
        var exit = spool_exit()
        guard spool_reap(entry.processDescriptor, &exit) == 0 else { return }
        pump(&entry.output, untilEmpty: true)
        pump(&entry.errors, untilEmpty: true)
        // A pipe that a stray process still holds open is closed with the child.
        entry.child.pipes.withLock { $0 = [] }
        for descriptor in [
            entry.processDescriptor, entry.output.descriptor, entry.errors.descriptor,
        ] where descriptor >= 0 { close(descriptor) }
        entries[processID] = nil
        let value = Int(exit.value)
        entry.child.finish(
            ChildResult(
                exit: exit.was_signalled == 0 ? .code(value) : .signal(value),
                cpuMicroseconds: Int(exit.cpu_microseconds),
                peakMemoryBytes: Int(exit.peak_memory_bytes)))
    }

    /// Reads once, or until the pipe is empty; closes it at the end of the file.
    private mutating func pump(_ stream: inout Stream, untilEmpty: Bool) {
        while stream.descriptor >= 0 {
            let isOpen = stream.child.pipes.withLock { pipes in
                let count = Glibc.read(stream.descriptor, &buffer, buffer.count)
                if count > 0 {
                    stream.handler?(Array(buffer[..<count]))
                    return true
                }
                if count < 0 && errno == EINTR { return true }
                if count < 0 && errno == EAGAIN { return false }
                pipes.removeAll { $0 == stream.descriptor }
                close(stream.descriptor)
                stream.descriptor = -1
                return false
            }
            if !isOpen || !untilEmpty { return }
        }
    }

    private mutating func handle(_ message: ChildSupervisor.Message) {
        switch message {
        case .start(let request):
            request.started(start(request))
        case .terminate(let processID, let grace):
            guard var entry = entries[processID] else { return }
            Glibc.kill(pid_t(-processID), grace > .zero ? SIGTERM : SIGKILL)
            // A paused group does not see SIGTERM before it continues.
            Glibc.kill(pid_t(-processID), SIGCONT)
            let deadline = monotonicMilliseconds() + Int(grace / .milliseconds(1))
            entry.killAt = min(entry.killAt ?? deadline, deadline)
            entries[processID] = entry
        case .pause(let processID, let isPaused):
            guard entries[processID] != nil else { return }
            Glibc.kill(pid_t(-processID), isPaused ? SIGSTOP : SIGCONT)
        case .takeOutput(let processID, let done):
            if var entry = entries[processID] {
                // One read takes all that a pipe holds (64 KiB). More reads would
                // let a child that never stops writing block this thread.
                pump(&entry.output, untilEmpty: false)
                pump(&entry.errors, untilEmpty: false)
                entries[processID] = entry
            }
            done()
        }
    }

    private mutating func killOverdue() {
        guard !entries.isEmpty else { return }
        let now = monotonicMilliseconds()
        for (processID, entry) in entries {
            guard let killAt = entry.killAt, killAt <= now else { continue }
            Glibc.kill(pid_t(-processID), SIGKILL)
            entries[processID]?.killAt = nil
        }
    }

    private mutating func start(_ request: StartRequest) -> Result<Child, ChildProcessError> {
        var outputEnds: (read: Int32, write: Int32) = (-1, -1)
        var errorEnds: (read: Int32, write: Int32) = (-1, -1)
        var processID: pid_t = 0
        var processDescriptor: Int32 = -1
        var step = Int32(SPOOL_STEP_FORK)
        var status = makePipe(&outputEnds)
        if status == 0 { status = makePipe(&errorEnds) }
        if status == 0 {
            status = spawn(
                request.command, output: outputEnds.write, errors: errorEnds.write,
                processID: &processID, processDescriptor: &processDescriptor, step: &step)
        }
        for end in [outputEnds.write, errorEnds.write] where end >= 0 { close(end) }
        guard status == 0 else {
            for end in [outputEnds.read, errorEnds.read] where end >= 0 { close(end) }
            return .failure(
                ChildProcessError(
                    code: .startFailed, executable: request.command.executable,
                    errorNumber: Int(status), step: stepName(step)))
        }
        if request.command.niceness > 0 {
            // Best effort: it only decides who waits on a busy machine.
            _ = setpriority(
                __priority_which_t(PRIO_PROCESS.rawValue), id_t(processID),
                Int32(request.command.niceness))
        }
        let child = Child(processID: Int(processID))
        child.pipes.withLock { $0 = [outputEnds.read, errorEnds.read] }
        entries[Int(processID)] = Entry(
            child: child, processDescriptor: processDescriptor,
            output: Stream(
                descriptor: outputEnds.read, handler: request.onStandardOutput, child: child),
            errors: Stream(
                descriptor: errorEnds.read, handler: request.onStandardError, child: child))
        return .success(child)
    }
}

private func makePipe(_ ends: inout (read: Int32, write: Int32)) -> Int32 {
    var read: Int32 = -1
    var write: Int32 = -1
    let status = spool_pipe(&read, &write)
    ends = (read, write)
    return status
}

private func spawn(
    _ command: ChildCommand, output: Int32, errors: Int32, processID: inout pid_t,
    processDescriptor: inout Int32, step: inout Int32
) -> Int32 {
    step = Int32(SPOOL_STEP_CONFINEMENT)
    var status: Int32 = 0
    guard let confinement = PreparedConfinement(command.confinement, status: &status) else {
        return status
    }
    defer { confinement.close() }
    var arguments: [UnsafeMutablePointer<CChar>?] =
        ([command.executable] + command.arguments).map { strdup($0) } + [nil]
    var environment: [UnsafeMutablePointer<CChar>?] =
        command.environment.sorted { $0.key < $1.key }.map { strdup("\($0.key)=\($0.value)") }
        + [nil]
    defer {
        for pointer in arguments { free(pointer) }
        for pointer in environment { free(pointer) }
    }
    let limits = spool_limits(
        cpu_seconds: Int64(command.limits.cpuSeconds ?? -1),
        address_space_bytes: Int64(command.limits.addressSpaceBytes ?? -1),
        file_bytes: Int64(command.limits.fileBytes ?? -1),
        data_bytes: Int64(command.limits.dataBytes ?? -1),
        open_files: Int64(command.limits.openFileCount ?? -1))
    // The C side copies nothing: the texts live until the child runs.
    let directory = command.workingDirectory.map { strdup($0) }
    var tmp = spool_private_tmp(kind: 0, bytes: 0, folder: nil)
    var folder: UnsafeMutablePointer<CChar>?
    switch command.temporaryFolder {
    case .shared: break
    case .memory(let bytes): tmp = spool_private_tmp(kind: 1, bytes: Int64(bytes), folder: nil)
    case .folder(let path):
        folder = strdup(path)
        tmp = spool_private_tmp(kind: 2, bytes: 0, folder: folder)
    }
    defer {
        free(directory ?? nil)
        free(folder)
    }
    return spool_spawn(
        command.executable, &arguments, &environment, directory ?? nil, output, errors, limits,
        tmp, confinement.value, &processID, &processDescriptor, &step)
}

private func stepName(_ step: Int32) -> String {
    switch Int(step) {
    case SPOOL_STEP_FORK: "creating a process"
    case SPOOL_STEP_TMP: "mounting its /tmp"
    case SPOOL_STEP_DIRECTORY: "entering its folder"
    case SPOOL_STEP_LIMITS: "setting its limits"
    case SPOOL_STEP_CONFINEMENT: "confining it"
    case SPOOL_STEP_EXECUTE: "executing it"
    default: "setting it up"
    }
}

private func monotonicMilliseconds() -> Int {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return time.tv_sec * 1_000 + time.tv_nsec / 1_000_000
}
