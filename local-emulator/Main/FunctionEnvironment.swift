import EmulatorLambda

/// The variables that every function instance gets from this deployment.
///
/// Instances inherit nothing else: what is not named here stays out.
func functionEnvironment(
    from environment: [String: String], s3URL: String, apiURL: String, bucket: String,
    accessKeyID: String, secretAccessKey: String
) -> [String: String] {
    var all: [String: String] = [
        "AWS_ACCESS_KEY_ID": accessKeyID,
        "AWS_SECRET_ACCESS_KEY": secretAccessKey,
        "AWS_ENDPOINT_URL_S3": s3URL,
        "SPOOL_PUBLIC_S3_URL": s3URL,
        "SPOOL_PUBLIC_API_URL": apiURL,
        // As on AWS, whose clients send and check them by default.
        "AWS_REQUEST_CHECKSUM_CALCULATION": "when_supported",
        "AWS_RESPONSE_CHECKSUM_VALIDATION": "when_supported",
    ]
    // PATH finds what a function starts by name; the library path is for binaries that are not static.
    for name in ["PATH", "LD_LIBRARY_PATH", "FRONTEND_URL", "SWIFT_BACKTRACE"] {
        all[name] = environment[name]
    }
    // The planner cuts for as many renderers as there are.
    all["WORKER_CONCURRENCY"] = workerConcurrency(environment).map(String.init)
    // The operator's own token is no business of a function.
    for (name, value) in environment
    where name.hasPrefix("SPOOL_") && name != "SPOOL_ADMIN_TOKEN" {
        all[name] = value
    }
    all["SPOOL_BUCKET"] = bucket
    return all
}

/// The catalogue with `WORKER_CONCURRENCY` in place of render-chunk's own
/// number of instances; a value that is no number from 1 to 1000 is ignored.
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

/// Renderers that the operator wants at once; nil where that is no such number.
private func workerConcurrency(_ environment: [String: String]) -> Int? {
    let count = environment["WORKER_CONCURRENCY"].flatMap { Int($0) }
    return count.flatMap { (1...1_000).contains($0) ? $0 : nil }
}

/// The origins in `FRONTEND_URL`, without slashes at their ends; `*` when unset.
func allowedOrigins(_ text: String?) -> [String] {
    let origins = (text ?? "").split(separator: ",").map { part in
        var origin = part.trimmingPrefix { $0 == " " }
        while origin.hasSuffix("/") || origin.hasSuffix(" ") { origin = origin.dropLast() }
        return String(origin)
    }.filter { !$0.isEmpty }
    return origins.isEmpty ? ["*"] : origins
}
