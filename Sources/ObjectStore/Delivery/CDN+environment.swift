import Crypto

extension CDN {
    /// Reads `SPOOL_CDN_URL` and the other `SPOOL_CDN_` variables (docs/deploy.md).
    /// - Parameter file: The content of a file; nil if it cannot be read.
    /// - Returns: nil without `SPOOL_CDN_URL`.
    /// - Throws: every malformed variable in one error.
    package init?(
        environment: [String: String], file: (String) -> [UInt8]?
    ) throws(S3ConfigurationError) {
        var variables = S3Variables(environment)
        guard let text = variables["SPOOL_CDN_URL"] else { return nil }
        var faults: [String] = []
        if !Self.isBase(text) {
            faults.append(
                "SPOOL_CDN_URL is not an http or https URL without a query: "
                    + "\(withoutUser(text)).")
        }
        let hash = variables.choice("SPOOL_CDN_HASH", PrivateKey.Hash.allCases.map(\.rawValue))
        let policy = variables.choice("SPOOL_CDN_POLICY", Policy.allCases.map(\.rawValue))
        let names = variables.choice("SPOOL_CDN_DOWNLOAD_NAMES", ["on", "off"])
        let (path, id) = (variables["SPOOL_CDN_KEY_FILE"], variables["SPOOL_CDN_KEY_PAIR_ID"])
        var key: PrivateKey?
        if let path {
            key = file(path).flatMap { PrivateKey(pem: $0) }
            if key == nil {
                faults.append(
                    "SPOOL_CDN_KEY_FILE \(path) is not an RSA or EC private key in PEM.")
            }
        }
        if (path == nil) != (id == nil) {
            faults.append("SPOOL_CDN_KEY_FILE and SPOOL_CDN_KEY_PAIR_ID go together.")
        }
        if let id, !id.utf8.allSatisfy({ 0x30...0x39 ~= $0 || 0x41...0x5A ~= $0 }) {
            faults.append("SPOOL_CDN_KEY_PAIR_ID is not capital letters and digits: \(id).")
        }
        faults += variables.faults
        guard faults.isEmpty else { throw S3ConfigurationError(faults: faults) }
        baseURL = text.hasSuffix("/") ? String(text.dropLast()) : text
        keepsDownloadNames = names.map { $0 == "on" } ?? (key != nil)
        if let key, let id {
            signer = Signer(
                keyPairID: id, key: key, hash: hash.flatMap(PrivateKey.Hash.init) ?? .sha256,
                policy: policy.flatMap(Policy.init) ?? .canned)
        } else {
            signer = nil
        }
    }

    /// True for a scheme, a host and perhaps a path, in characters that need no escapes.
    private static func isBase(_ text: String) -> Bool {
        guard let scheme = ["https://", "http://"].first(where: { text.hasPrefix($0) }) else {
            return false
        }
        let rest = text.dropFirst(scheme.count)
        return rest.first.map { $0 != "/" } ?? false
            && rest.utf8.allSatisfy { byte in
                switch byte {
                case 0x30...0x39, 0x41...0x5A, 0x61...0x7A: true
                default: "-._~:/%[]".utf8.contains(byte)
                }
            }
    }
}
