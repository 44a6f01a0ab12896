import MediaTime
import RenderPlans

/// An input file or URL with its options and allow-lists.
struct SourceInput: Hashable {
    var url: String
    /// Demuxer to use; nil lets FFmpeg detect it.
    var format: String?
    /// Further options of this input, for example a seek.
    var options: [String] = []

    static func isRemote(_ url: String) -> Bool {
        url.hasPrefix("http://") || url.hasPrefix("https://")
    }

    /// The URL, or a local path with `file:` in front, so that no file name is taken for
    /// another protocol.
    static func resource(_ url: String) -> String {
        isRemote(url) || url.hasPrefix("file:") ? url : "file:\(url)"
    }

    /// All arguments of the input, up to and including `-i`.
    func arguments(_ configuration: FFmpegConfiguration) -> [String] {
        var result = Self.fence(url, configuration)
        result += ["-max_pixels", "\(configuration.pixelsMax)"]
        result += ["-threads", "\(configuration.threads)"]
        if let format { result += ["-f", format] }
        return result + options + ["-i", Self.resource(url)]
    }

    /// Statuses after which a request is sent again: the store is busy or failed.
    static let reconnectedStatuses = "429,5xx"

    /// Allow-lists of protocols and demuxers, and network timeouts.
    ///
    /// FFmpeg refuses an option that no input uses, so network options are given for
    /// remote inputs only.
    static func fence(
        _ url: String, _ configuration: FFmpegConfiguration, formats: String = AllowedFormats.all
    ) -> [String] {
        guard isRemote(url) else {
            return ["-protocol_whitelist", "file", "-format_whitelist", formats]
        }
        return [
            "-protocol_whitelist", "http,https,tcp,tls", "-format_whitelist", formats,
            "-rw_timeout", "\(configuration.networkTimeout.wholeMicroseconds)",
            "-recv_buffer_size", "\(configuration.networkReceiveBufferBytes)", "-reconnect", "1",
            "-reconnect_on_network_error", "1", "-reconnect_on_http_error", reconnectedStatuses,
            "-reconnect_delay_max", "4",
        ]
    }
}

extension MediaInfo {
    /// The first name of the demuxer, which `-f` takes.
    var demuxer: String { String(format.prefix { $0 != "," }) }
}

extension Rational {
    /// Seconds with six decimals, FFmpeg's resolution; halves are rounded away from zero.
    var sixDecimals: String {
        let micros = (self * Rational(1_000_000)).rounded
        let digits = String(micros.magnitude % 1_000_000)
        let padding = String(repeating: "0", count: 6 - digits.count)
        return "\(micros < 0 ? "-" : "")\(micros.magnitude / 1_000_000).\(padding)\(digits)"
    }

    /// The smallest integer that is not less than the value.
    var ceiling: Int { -(-self).floor }
}
