import Glibc
import Threads

/// SIGTERM as an awaitable event.
///
/// Lambda sends SIGKILL about 500 ms after SIGTERM; a process that is still running
/// shortly before that ends here, with status 0.
func watchTermination(graceMilliseconds: UInt32 = 450) -> SignalWatch {
    SignalWatch([SIGTERM]) {
        usleep(graceMilliseconds * 1_000)
        _exit(0)
    }
}
