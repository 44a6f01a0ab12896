import FFmpeg
import FoundationEssentials
import Functions
import Jobs
import Notify
import ObjectStore
import RenderPlans

/// Configuration from the environment, read and checked once.
struct Configuration {
    var store: S3Configuration
    var ffmpeg: FFmpegConfiguration
    /// Ways to sign in.
    var auth: AuthConfiguration
    /// `TMPDIR`, else `/tmp`.
    var scratchRoot: String
    /// `WORKER_CONCURRENCY`: number of renderers that may run at once, 1 to 1,000; default 2.
    var concurrency: Int
    /// `SPOOL_RENDER_SECONDS`: the time limit of render-chunk, 10 to 900; default 900, Lambda's
    /// maximum.
    var renderTimeMax: Duration
    /// `SPOOL_STREAM_MEGABYTES`: largest streamed response, 1 to 1,000,000 MB; default 200,
    /// Lambda's limit.
    var streamBytesMax: Int

    /// `AWS_LAMBDA_FUNCTION_MEMORY_SIZE`; the memory of the functions that an estimate covers,
    /// `SPOOL_RENDER_MEGABYTES` and `SPOOL_STITCH_MEGABYTES`; the disk of render-chunk,
    /// `SPOOL_RENDER_DISK_MEGABYTES`.
    var deployment = Deployment()
    /// `SPOOL_BATCH_FILE_MAX_BYTES`: largest file of a batch, default 500 MB.
    /// `SPOOL_BATCH_CONCURRENCY`: batches of one owner that render at once, default 1; 0 is no
    /// limit.
    var batchLimits = BatchLimits()

    /// `SPOOL_ENCODERS`: hardware encoders of the renderers, separated by commas; `none` for none.
    /// Nil if it is unset: start-export tries them.
    var hardwareEncoders: Set<RenderPlan.VideoEncoding.Encoder>?

    /// `SPOOL_UPLOAD_MAX_BYTES`: largest upload, 1 byte to 5 TiB; default 5 GiB.
    var uploadBytesMax: Int
    /// `SPOOL_STREAMED_FORMS=on`, which the emulator sets: its front door stores forms.
    var hasFrontDoor: Bool
    /// `SPOOL_EXPORT_RETENTION_SECONDS`: age at which exports are removed, up to 30 days; default
    /// 7 days. `SPOOL_UPLOAD_RETENTION_SECONDS`: age at which uploads are removed; not set, they
    /// are kept.
    var retention = RetentionPolicy()
    /// `SPOOL_CACHE_BYTES_MAX`: largest size of the chunk cache; not set, it has no limit.
    var cacheBytesMax: Int?
    /// `SPOOL_OWNER_EXPORTS_MAX`: exports of one owner that may run at once, 1 to 1,000; default
    /// 500.
    var admission = ExportAdmission()
    /// Settings of webhooks and e-mail.
    var deliveries: DeliveryConfiguration
    /// `SPOOL_IMPORT_ALLOW`: hosts, addresses and blocks that imports may reach besides public ones.
    var importRules: AddressRules

    /// - Throws: one `ConfigurationError` with every fault.
    init(environment: [String: String]) throws {
        var faults: [String] = []
        func number(_ name: String, _ bounds: ClosedRange<Int>, default value: Int) -> Int {
            guard let text = environment[name], !text.isEmpty else { return value }
            guard let number = Int(text), bounds.contains(number) else {
                faults.append(
                    "\(name) is not a number from \(bounds.lowerBound) to "
                        + "\(bounds.upperBound): \(text).")
                return value
            }
            return number
        }
        concurrency = number("WORKER_CONCURRENCY", 1...1_000, default: 2)
        renderTimeMax = .seconds(number("SPOOL_RENDER_SECONDS", 10...900, default: 900))
        streamBytesMax =
            number("SPOOL_STREAM_MEGABYTES", 1...1_000_000, default: 200) * 1_000_000
        hasFrontDoor = environment["SPOOL_STREAMED_FORMS"] == "on"
        uploadBytesMax = number(
            "SPOOL_UPLOAD_MAX_BYTES", 1...UploadLimits.bytesMax,
            default: UploadLimits.bytesDefault)
        let memory = 128...10_240
        deployment.ownMegabytes = number(
            "AWS_LAMBDA_FUNCTION_MEMORY_SIZE", memory, default: deployment.ownMegabytes)
        deployment.renderMegabytes = number(
            "SPOOL_RENDER_MEGABYTES", memory, default: deployment.renderMegabytes)
        deployment.renderDiskMegabytes = number(
            "SPOOL_RENDER_DISK_MEGABYTES", 512...1_000_000,
            default: deployment.renderDiskMegabytes)
        deployment.stitchMegabytes = number(
            "SPOOL_STITCH_MEGABYTES", memory, default: deployment.stitchMegabytes)
        batchLimits.fileBytesMax = number(
            "SPOOL_BATCH_FILE_MAX_BYTES", 1...(5 << 40), default: batchLimits.fileBytesMax)
        batchLimits.concurrency = number(
            "SPOOL_BATCH_CONCURRENCY", 0...1_000, default: batchLimits.concurrency)
        hardwareEncoders = Self.hardwareEncoders(environment["SPOOL_ENCODERS"], &faults)
        admission.exportCountMax = number(
            "SPOOL_OWNER_EXPORTS_MAX", 1...ExportAdmission.exportCountMaxMax,
            default: admission.exportCountMax)
        (retention, cacheBytesMax) = Self.retention(environment, number)
        deliveries = DeliveryConfiguration(environment: environment, faults: &faults)
        importRules = Self.addressRules("SPOOL_IMPORT_ALLOW", environment, &faults)
        let readFile = { FileManager.default.contents(atPath: $0).map { Array($0) } }
        auth = AuthConfiguration(environment: environment, readFile: readFile, faults: &faults)
        scratchRoot = environment["TMPDIR"].flatMap { $0.isEmpty ? nil : $0 } ?? "/tmp"
        ffmpeg = FFmpegConfiguration(
            environment: environment, threads: number("SPOOL_FFMPEG_THREADS", 1...64, default: 1))
        do {
            store = try S3Configuration(environment: environment)
            store.cdn = try CDN(environment: environment, file: readFile)
        } catch {
            throw ConfigurationError(faults: faults + ["\(error)"])
        }
        guard faults.isEmpty else { throw ConfigurationError(faults: faults) }
    }

    /// Reads the list of hardware encoders; nil without one.
    private static func hardwareEncoders(
        _ text: String?, _ faults: inout [String]
    ) -> Set<RenderPlan.VideoEncoding.Encoder>? {
        guard let text, !text.isEmpty else { return nil }
        var encoders: Set<RenderPlan.VideoEncoding.Encoder> = []
        for word in text.split(separator: ",") where word != "none" {
            if let encoder = RenderPlan.VideoEncoding.Encoder(rawValue: String(word)),
                encoder.isHardware
            {
                encoders.insert(encoder)
            } else {
                faults.append("SPOOL_ENCODERS names no hardware encoder: \(word).")
            }
        }
        return encoders
    }
}

extension Configuration {
    /// Retention and largest cache of the deployment.
    private static func retention(
        _ environment: [String: String],
        _ number: (_ name: String, _ bounds: ClosedRange<Int>, _ value: Int) -> Int
    ) -> (RetentionPolicy, cacheBytesMax: Int?) {
        func optional(_ name: String, _ bounds: ClosedRange<Int>) -> Int? {
            guard let text = environment[name], !text.isEmpty else { return nil }
            return number(name, bounds, bounds.upperBound)
        }
        var policy = RetentionPolicy()
        let secondsMax = RetentionPolicy.exportSecondsRange.upperBound
        if let seconds = optional("SPOOL_EXPORT_RETENTION_SECONDS", 1...secondsMax) {
            policy.exports = .seconds(seconds)
        }
        policy.uploads = optional("SPOOL_UPLOAD_RETENTION_SECONDS", 1...(10 * 365 * 86_400))
            .map { .seconds($0) }
        return (policy, optional("SPOOL_CACHE_BYTES_MAX", 1_000_000...(1 << 60)))
    }
}

/// Every variable that is missing or malformed, in one error.
struct ConfigurationError: Error, CustomStringConvertible {
    var faults: [String]
    var description: String { faults.joined(separator: " ") }
}

extension FFmpegConfiguration {
    /// `SPOOL_FFMPEG` and `SPOOL_FFPROBE` name the programs (default: Debian's paths);
    /// `SPOOL_FFMPEG_THREADS` sets the threads of each chunk (default 1).
    init(environment: [String: String], threads: Int) {
        self.init()
        self.threads = threads
        if let path = environment["SPOOL_FFMPEG"], !path.isEmpty { ffmpegPath = path }
        if let path = environment["SPOOL_FFPROBE"], !path.isEmpty { ffprobePath = path }
        if let path = environment["SPOOL_FONTS_DIR"], !path.isEmpty { fontsDirectory = path }
        if let path = environment["SPOOL_VAAPI_DEVICE"], !path.isEmpty { vaapiDevice = path }
    }
}

extension Configuration {
    /// Addresses that a variable permits besides the public ones.
    /// - Parameter faults: Receives a sentence if the variable is malformed.
    static func addressRules(
        _ name: String, _ environment: [String: String], _ faults: inout [String]
    ) -> AddressRules {
        guard let list = environment[name], !list.isEmpty else { return .publicOnly }
        if let rules = AddressRules(list) { return rules }
        faults.append("\(name) has an entry that is no host or block: \(list).")
        return .publicOnly
    }
}
