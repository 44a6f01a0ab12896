import Glibc
import Threads

/// Ctrl-C (SIGINT) and SIGTERM as something to await.
///
/// The second one ends the process at once, as it would without us.
func watchInterrupts() -> SignalWatch {
    SignalWatch([SIGINT, SIGTERM]) {
        signal(SIGINT, SIG_DFL)
        signal(SIGTERM, SIG_DFL)
    }
}
