import Glibc
import Signing

/// A profile of `~/.aws/credentials` and `~/.aws/config`.
///
/// Source: AWS SDKs and Tools Reference Guide, "Shared config and credentials
/// files". Profiles with a role, a process or single sign-on are meant for
/// interactive tools and are refused.
package struct SharedProfile: Sendable, Hashable {
    var name: String
    var credentialsFile: String?
    var configFile: String?

    /// Locates the files of a profile.
    /// - Parameter environment: `AWS_SHARED_CREDENTIALS_FILE` and
    ///   `AWS_CONFIG_FILE`; the defaults are below `HOME`.
    init(name: String, environment: [String: String]) {
        func path(_ variable: String, _ place: String) -> String? {
            if let path = environment[variable], !path.isEmpty { return path }
            guard let home = environment["HOME"], !home.isEmpty else { return nil }
            return "\(home)/.aws/\(place)"
        }
        self.name = name
        credentialsFile = path("AWS_SHARED_CREDENTIALS_FILE", "credentials")
        configFile = path("AWS_CONFIG_FILE", "config")
    }

    var hasFile: Bool {
        [credentialsFile, configFile].contains { path in
            path.map { access($0, R_OK) == 0 } ?? false
        }
    }

    /// Reads the files on every call, since another tool may have changed them.
    /// - Throws: `.accessDenied` if the files contain no keys for the profile.
    func load() throws(ObjectStoreError) -> SigV4.Credentials {
        var values: [String: String] = [:]
        // The credentials file takes precedence over the config file.
        let places = [
            (configFile, name == "default" ? "default" : "profile \(name)"),
            (credentialsFile, name),
        ]
        for (path, section) in places {
            guard let text = path.flatMap(SmallFile.text) else { continue }
            values.merge(Self.section(section, of: text)) { $1 }
        }
        guard let id = values["aws_access_key_id"], let secret = values["aws_secret_access_key"]
        else {
            throw ObjectStoreError(
                .accessDenied, operation: "GetCredentials", key: "",
                detail: "The profile \(name) has no aws_access_key_id and aws_secret_access_key")
        }
        return SigV4.Credentials(
            accessKeyID: id, secretAccessKey: secret, sessionToken: values["aws_session_token"])
    }

    /// Returns the `name = value` lines below `[section]`, with names in lower case.
    static func section(_ wanted: String, of text: String) -> [String: String] {
        var values: [String: String] = [:]
        var isInside = false
        for line in text.split(whereSeparator: { $0.isNewline }) {
            let line = line.drop { $0 == " " || $0 == "\t" }
            if line.hasPrefix("[") {
                let title = line.dropFirst().prefix { $0 != "]" }
                isInside = title.split(separator: " ").joined(separator: " ") == wanted
            } else if isInside, !line.hasPrefix("#"), !line.hasPrefix(";"),
                let equals = line.firstIndex(of: "=")
            {
                let name = line[..<equals].filter { $0 != " " && $0 != "\t" }.lowercased()
                values[name] = line[line.index(after: equals)...]
                    .split(whereSeparator: { $0 == " " || $0 == "\t" }).first.map(String.init)
            }
        }
        return values
    }
}

/// Reads files of at most 64 kB.
enum SmallFile {
    static func text(_ path: String) -> String? {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        var bytes = [UInt8](repeating: 0, count: 64 << 10)
        let count = read(descriptor, &bytes, bytes.count)
        return count >= 0 ? String(decoding: bytes[..<count], as: UTF8.self) : nil
    }
}
