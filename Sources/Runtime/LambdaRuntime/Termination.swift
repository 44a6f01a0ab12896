import Glibc
import Threads

/// SIGTERM as something to await.
///
/// Lambda kills about 500 ms after SIGTERM; a process that has not ended by
/// itself shortly before that ends here, with status 0.
func watchTermination(graceMilliseconds: UInt32 = 450) -> SignalWatch {
    SignalWatch([SIGTERM]) {
        usleep(graceMilliseconds * 1_000)
        CrashReporter.flush()
        _exit(0)
    }
}
