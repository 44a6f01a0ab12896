package import Logging

/// A missing or malformed environment variable.
package struct RuntimeEnvironmentError: Error, Sendable, Hashable, CustomStringConvertible {
    /// One sentence that names the variable.
    package var description: String

    /// An error.
    package init(_ description: String) { self.description = description }
}

/// Environment variables that Lambda sets, read once at the start.
///
/// Source: "Using Lambda environment variables", AWS Lambda Developer Guide.
package struct RuntimeEnvironment: Sendable, Hashable {
    /// `AWS_LAMBDA_RUNTIME_API`: `host:port`. Required.
    package var runtimeAPI: String
    /// `_HANDLER`: name of the function that this process serves; empty when unset.
    package var handlerName: String
    /// `AWS_LAMBDA_FUNCTION_NAME`; the handler's name when unset.
    package var functionName: String
    /// `AWS_LAMBDA_FUNCTION_VERSION`; `$LATEST` when unset.
    package var functionVersion: String
    /// `AWS_LAMBDA_FUNCTION_MEMORY_SIZE`, in MiB; Lambda's minimum of 128 when unset.
    package var memoryMegabytes: Int
    /// `AWS_REGION`, else `AWS_DEFAULT_REGION`, else `us-east-1`.
    package var region: String
    /// `AWS_LAMBDA_LOG_LEVEL`; `info` when unset.
    package var logLevel: LogLevel
    /// `AWS_LAMBDA_LOG_FORMAT`; JSON when unset.
    package var logFormat: LogFormat
    /// `AWS_LAMBDA_MAX_CONCURRENCY`: events served at the same time, 1 to 1,024;
    /// 1 when unset. Set on Lambda Managed Instances.
    package var maxConcurrency: Int
    /// `SPOOL_METRICS_NAMESPACE`: CloudWatch namespace of the metrics of each invocation;
    /// no metrics when unset.
    package var metricsNamespace: String?
    /// `SPOOL_SHUTDOWN_SIGNAL=1`: requests SIGTERM before SIGKILL, which costs one more
    /// call at the start; off when unset.
    package var wantsShutdownSignal: Bool
    /// `AWS_LAMBDA_INITIALIZATION_TYPE`; `on-demand` when unset.
    package var initializationType: String
    /// Every variable, for the function's own configuration.
    package var variables: [String: String]

    /// - Throws: When `AWS_LAMBDA_RUNTIME_API` is missing or not `host:port`, or the
    ///   memory size or the concurrency is not a number in its range.
    package init(_ variables: [String: String]) throws(RuntimeEnvironmentError) {
        func value(_ name: String) -> String? {
            variables[name].flatMap { $0.isEmpty ? nil : $0 }
        }
        guard let runtimeAPI = value("AWS_LAMBDA_RUNTIME_API") else {
            throw RuntimeEnvironmentError(
                "AWS_LAMBDA_RUNTIME_API is not set: start this program through Lambda "
                    + "or local-emulator.")
        }
        let memory = value("AWS_LAMBDA_FUNCTION_MEMORY_SIZE") ?? "128"
        guard let memoryMegabytes = Int(memory), memoryMegabytes > 0 else {
            throw RuntimeEnvironmentError(
                "AWS_LAMBDA_FUNCTION_MEMORY_SIZE is not a number of MiB: \(memory).")
        }
        let concurrency = value("AWS_LAMBDA_MAX_CONCURRENCY") ?? "1"
        guard let maxConcurrency = Int(concurrency), (1...1024).contains(maxConcurrency) else {
            throw RuntimeEnvironmentError(
                "AWS_LAMBDA_MAX_CONCURRENCY is not a number from 1 to 1024: \(concurrency).")
        }
        _ = try RuntimeEndpoint(runtimeAPI)
        self.maxConcurrency = maxConcurrency
        self.logFormat = value("AWS_LAMBDA_LOG_FORMAT").flatMap(LogFormat.init(name:)) ?? .json
        self.wantsShutdownSignal = value("SPOOL_SHUTDOWN_SIGNAL") == "1"
        self.metricsNamespace = value("SPOOL_METRICS_NAMESPACE")
        self.runtimeAPI = runtimeAPI
        self.memoryMegabytes = memoryMegabytes
        self.handlerName = value("_HANDLER") ?? ""
        self.functionName = value("AWS_LAMBDA_FUNCTION_NAME") ?? value("_HANDLER") ?? "unknown"
        self.functionVersion = value("AWS_LAMBDA_FUNCTION_VERSION") ?? "$LATEST"
        self.region = value("AWS_REGION") ?? value("AWS_DEFAULT_REGION") ?? "us-east-1"
        self.logLevel = value("AWS_LAMBDA_LOG_LEVEL").flatMap(LogLevel.init(name:)) ?? .info
        self.initializationType = value("AWS_LAMBDA_INITIALIZATION_TYPE") ?? "on-demand"
        self.variables = variables
    }
}

/// Address of the Runtime API: `127.0.0.1:9001`, `[::1]:9001` or `host:9001`; the emulator adds a
/// secret path, `127.0.0.1:9001/3f2a…`.
struct RuntimeEndpoint: Sendable, Hashable {
    /// Host name or address without brackets.
    var host: String
    var port: UInt16
    /// Value of the `Host` header, as in the variable.
    var authority: String
    /// Beginning of each path: empty, or a slash and one segment.
    var pathPrefix: String

    init(_ text: String) throws(RuntimeEnvironmentError) {
        let fault = RuntimeEnvironmentError("AWS_LAMBDA_RUNTIME_API is not host:port: \(text).")
        let slash = text.firstIndex(of: "/") ?? text.endIndex
        let (authority, path) = (text[..<slash], text[slash...])
        guard let colon = authority.lastIndex(of: ":") else { throw fault }
        var host = authority[..<colon]
        let digits = authority[authority.index(after: colon)...]
        let isDecimal = digits.utf8.allSatisfy { (0x30...0x39).contains($0) }
        guard isDecimal, let port = UInt16(digits), port > 0 else { throw fault }
        if host.hasPrefix("["), host.hasSuffix("]") {
            host = host.dropFirst().dropLast()
        } else if host.contains(":") {
            throw fault
        }
        let isPlain = host.utf8.allSatisfy { byte in
            let letter = byte | 0x20
            return (0x61...0x7A).contains(letter) || (0x2D...0x3A).contains(byte)
                || byte == UInt8(ascii: "_")
        }
        let isSegment = path.dropFirst().utf8.allSatisfy { byte in
            (0x61...0x7A).contains(byte | 0x20) || (0x30...0x39).contains(byte)
        }
        guard !host.isEmpty, isPlain, path != "/", isSegment else { throw fault }
        self.host = String(host)
        self.port = port
        self.authority = String(authority)
        self.pathPrefix = String(path)
    }
}
