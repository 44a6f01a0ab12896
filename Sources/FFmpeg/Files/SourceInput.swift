import MediaTime
import RenderPlans

/// How one file or URL is given to FFmpeg, fenced in.
struct SourceInput: Hashable {
    var url: String
    /// Demuxer to use whatever the file says; nil lets FFmpeg look.
    var format: String?
    /// Options of this input alone, for instance a seek.
    var options: [String] = []

    static func isRemote(_ url: String) -> Bool {
        url.hasPrefix("http://") || url.hasPrefix("https://")
    }

    /// A local path with its protocol written out, so that no name of a file
    /// can be read as another protocol.
    static func resource(_ url: String) -> String {
        isRemote(url) || url.hasPrefix("file:") ? url : "file:\(url)"
    }

    /// Everything from the input's options to its `-i`.
    func arguments(_ configuration: FFmpegConfiguration) -> [String] {
        var result = Self.fence(url, configuration)
        result += ["-max_pixels", "\(configuration.pixelsMax)"]
        result += ["-threads", "\(configuration.threads)"]
        if let format { result += ["-f", format] }
        return result + options + ["-i", Self.resource(url)]
    }

    /// Protocol and demuxer allow-lists, and patience with the network.
    ///
    /// FFmpeg refuses an option that nothing takes, so the network's options
    /// stand only before network inputs.
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
            "-reconnect_on_network_error", "1", "-reconnect_delay_max", "4",
        ]
    }
}

extension MediaInfo {
    /// The demuxer's first name: what `-f` takes.
    var demuxer: String { String(format.prefix { $0 != "," }) }
}

extension Rational {
    /// Seconds with six decimals, halves away from zero: FFmpeg's resolution.
    var sixDecimals: String {
        let micros = (self * Rational(1_000_000)).rounded
        let digits = String(micros.magnitude % 1_000_000)
        let padding = String(repeating: "0", count: 6 - digits.count)
        return "\(micros < 0 ? "-" : "")\(micros.magnitude / 1_000_000).\(padding)\(digits)"
    }

    /// The smallest integer that is not below the value.
    var ceiling: Int { -(-self).floor }
}
