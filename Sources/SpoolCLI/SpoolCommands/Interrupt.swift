import Glibc
import Threads

/// Watches for Ctrl-C (SIGINT) and SIGTERM.
///
/// The second signal ends the process at once, as by default.
func watchInterrupts() -> SignalWatch {
    SignalWatch([SIGINT, SIGTERM]) {
        signal(SIGINT, SIG_DFL)
        signal(SIGTERM, SIG_DFL)
    }
}
