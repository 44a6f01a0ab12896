import ChildProcess
import FFmpeg
import Functions
import Glibc
import HTTPTransport
import Logging

extension HTTPRelay: SourceRelay {}

extension FFmpegConfiguration {
    /// Sets limits and confinement of the programs that read uploaded media.
    ///
    /// `SPOOL_CONFINEMENT=off` leaves them every file and socket, for drivers of encoders that
    /// need more; the limits remain.
    /// - Parameters:
    ///   - setting: The variable's value; `on` if it is not set.
    ///   - ownMegabytes: Memory of the function.
    ///   - faults: Receives a sentence about a malformed variable.
    mutating func restrict(
        _ setting: String?, scratchRoot: String, ownMegabytes: Int, _ faults: inout [String]
    ) {
        isConfined = setting != "off"
        if let setting, !["", "on", "off"].contains(setting) {
            faults.append("SPOOL_CONFINEMENT is neither on nor off: \(setting).")
        }
        environment["TMPDIR"] = scratchRoot
        // Each processor for the longest invocation of Lambda, 900 s.
        cpuTimeMax = .seconds(900 * max(2, sysconf(Int32(_SC_NPROCESSORS_ONLN))))
        // The platform limits resident memory; this ends what only reserves it.
        dataBytesMax = max(2 << 30, 2 * ownMegabytes << 20)
        // A probe is ended before the platform ends the function.
        probeDataBytesMax = max(256, ownMegabytes - 256) << 20
        probeCPUTimeMax = .seconds(30)
        openFileCountMax = 1_024
        var disk = statvfs()
        if statvfs(scratchRoot, &disk) == 0 {
            fileBytesMax = Int(clamping: UInt64(disk.f_blocks) * UInt64(disk.f_frsize))
        }
    }
}

/// Logs the restrictions in force, once for each instance.
/// - Returns: The report for `/healthz`.
func restrict(_ configuration: FFmpegConfiguration, _ logger: Logger) -> ConfinementReport {
    guard configuration.isConfined else {
        logger.warning("FFmpeg runs without confinement", ["setting": "SPOOL_CONFINEMENT=off"])
        return .off
    }
    let support = ConfinementSupport.current
    let report = ConfinementReport(
        landlockVersion: support.landlockVersion, hasSeccomp: support.hasSeccomp,
        hasRelay: configuration.relayPort != nil, hidesMemory: hideProcessMemory())
    logger.info(
        "FFmpeg runs confined",
        [
            "files": .boolean(report.files), "network": .boolean(report.network),
            "systemCalls": .boolean(report.systemCalls),
            "hiddenMemory": .boolean(report.hiddenMemory),
            "landlockVersion": .integer(support.landlockVersion),
        ])
    return report
}
