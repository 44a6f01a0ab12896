import EmulatorLambda

/// Returns the deployment's variables for every function instance.
///
/// Instances inherit nothing else from this process.
/// - Parameter dataFolder: Absolute path; it contains the database unless `SPOOL_DATABASE` names
///   another.
func functionEnvironment(
    from environment: [String: String], s3URL: String, apiURL: String, bucket: String,
    accessKeyID: String, secretAccessKey: String, dataFolder: String
) -> [String: String] {
    var all: [String: String] = [
        "AWS_ACCESS_KEY_ID": accessKeyID,
        "AWS_SECRET_ACCESS_KEY": secretAccessKey,
        "AWS_ENDPOINT_URL_S3": s3URL,
        "SPOOL_PUBLIC_S3_URL": s3URL,
        "SPOOL_PUBLIC_API_URL": apiURL,
        // Function URLs of AWS have no front door, and a client could send its words there.
        "SPOOL_STREAMED_FORMS": "on",
        // As on AWS, whose clients send and verify checksums by default.
        "AWS_REQUEST_CHECKSUM_CALCULATION": "when_supported",
        "AWS_RESPONSE_CHECKSUM_VALIDATION": "when_supported",
    ]
    // PATH finds programs that a function starts by name; the library path serves dynamic binaries.
    for name in ["PATH", "LD_LIBRARY_PATH", "FRONTEND_URL", "SWIFT_BACKTRACE", "AUTH_PASSWORD"] {
        all[name] = environment[name]
    }
    // The planner splits work by the number of renderers.
    all["WORKER_CONCURRENCY"] = workerConcurrency(environment).map(String.init)
    // The operator's token must not reach functions.
    for (name, value) in environment
    where name.hasPrefix("SPOOL_") && name != "SPOOL_ADMIN_TOKEN" {
        all[name] = value
    }
    // Nothing is opened until a function needs it.
    if (all["SPOOL_DATABASE"] ?? "").isEmpty {
        all["SPOOL_DATABASE"] = "sqlite:\(dataFolder)/accounts.sqlite"
    }
    // Files of the shared volume are not sent, so only S3's limit (5 TiB) applies to them.
    if environment["MEDIA_BASE_PATH"] != nil, all["SPOOL_UPLOAD_MAX_BYTES"] == nil {
        all["SPOOL_UPLOAD_MAX_BYTES"] = "\(5 << 40)"
    }
    all["SPOOL_VOLUME_TOKEN"] = nil
    all["SPOOL_BUCKET"] = bucket
    return all
}

/// Returns the catalogue with render-chunk's concurrency from
/// `WORKER_CONCURRENCY`; a value other than a number from 1 to 1000 is ignored.
func applyWorkerConcurrency(
    _ catalog: FunctionCatalog, environment: [String: String]
) -> FunctionCatalog {
    guard let count = workerConcurrency(environment) else { return catalog }
    var catalog = catalog
    for index in catalog.functions.indices where catalog.functions[index].name == "render-chunk" {
        catalog.functions[index].reservedConcurrency = count
    }
    return catalog
}

/// The number of concurrent renderers; nil for an invalid value.
private func workerConcurrency(_ environment: [String: String]) -> Int? {
    let count = environment["WORKER_CONCURRENCY"].flatMap { Int($0) }
    return count.flatMap { (1...1_000).contains($0) ? $0 : nil }
}

/// Returns the origins in `FRONTEND_URL` without trailing slashes; the default if it is unset.
func allowedOrigins(_ text: String?, default fallback: String) -> [String] {
    let origins = (text ?? "").split(separator: ",").map { part in
        var origin = part.trimmingPrefix { $0 == " " }
        while origin.hasSuffix("/") || origin.hasSuffix(" ") { origin = origin.dropLast() }
        return String(origin)
    }.filter { !$0.isEmpty }
    return origins.isEmpty ? [fallback] : origins
}
