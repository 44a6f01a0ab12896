import ChildProcess
import JSON

/// The restrictions that functions of the package put on FFmpeg on this machine, for `/healthz`.
/// `GET /api/health` reports what one instance has in force.
func confinementStatus(environment: [String: String]) -> JSONOutput {
    guard environment["SPOOL_CONFINEMENT"] != "off" else { return .string("off") }
    let support = ConfinementSupport.current
    return .string(support.landlockVersion >= 4 && support.hasSeccomp ? "on" : "partial")
}
