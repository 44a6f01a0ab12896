import Glibc
import Threads

/// SIGTERM as an awaitable event.
///
/// Lambda sends SIGKILL about 500 ms after SIGTERM; a process that is still running
/// shortly before that ends here, with status 0.
func watchTermination(grace: Duration = .milliseconds(450)) -> SignalWatch {
    SignalWatch([SIGTERM]) {
        usleep(UInt32(grace / .microseconds(1)))
        _exit(0)
    }
}
