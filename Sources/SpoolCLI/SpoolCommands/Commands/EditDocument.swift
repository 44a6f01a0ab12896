import JSON

/// The user's edit, with names of local files in place of asset IDs.
package struct EditDocument: Sendable {
    private var root: [String: JSONValue]

    /// Parses an edit.
    /// - Throws: an error if the bytes are not a JSON object.
    package init(decoding bytes: [UInt8], path: String) throws(CommandError) {
        guard let value = try? JSONValue(parsing: bytes) else {
            throw CommandError("\(path) is not JSON.")
        }
        guard case .object(let root) = value else {
            throw CommandError("\(path) is not an edit: it must be a JSON object.")
        }
        self.root = root
    }

    /// Builds the request's body with the IDs of the named assets.
    /// - Parameter clientToken: Added if the edit has none, so that a repeated
    ///   request returns the same job.
    /// - Throws: an error for a name that the edit does not mention: its file
    ///   would be uploaded for nothing.
    package func request(
        assetIDs: [String: String], clientToken: String
    ) throws(CommandError) -> [UInt8] {
        var used: Set<String> = []
        var root = root.mapValues { $0.replacingAssets(assetIDs, used: &used) }
        if root["clientToken"] == nil { root["clientToken"] = .string(clientToken) }
        try EditDocument.requireUse(of: assetIDs, used)
        return JSONValue.object(root).bytes
    }

    /// Checks asset names before any upload. Throws as `request` does.
    package func requireAssets(named names: [String]) throws(CommandError) {
        let asked = Dictionary(names.map { ($0, $0) }, uniquingKeysWith: { first, _ in first })
        var used: Set<String> = []
        for value in root.values { _ = value.replacingAssets(asked, used: &used) }
        try EditDocument.requireUse(of: asked, used)
    }

    private static func requireUse(
        of assetIDs: [String: String], _ used: Set<String>
    ) throws(CommandError) {
        let unused = assetIDs.keys.filter { !used.contains($0) }.sorted()
        guard unused.isEmpty else {
            throw CommandError(
                unused.map { "--asset \($0)=… matches no assetId of the edit." }, status: 2)
        }
    }
}

extension JSONValue {
    /// Replaces `assetId` everywhere, and `angles` and `audio` of multicam assets.
    fileprivate func replacingAssets(
        _ assetIDs: [String: String], used: inout Set<String>
    ) -> JSONValue {
        switch self {
        case .null, .bool, .integer, .number, .string: return self
        case .array(let elements):
            return .array(elements.map { $0.replacingAssets(assetIDs, used: &used) })
        case .object(var fields):
            let hasAngles = fields["angles"] != nil
            for (name, value) in fields {
                if name == "assetId" || hasAngles && name == "audio" {
                    fields[name] = value.replacingName(assetIDs, used: &used)
                } else if name == "angles", case .object(let angles) = value {
                    fields[name] = .object(
                        angles.mapValues { $0.replacingName(assetIDs, used: &used) })
                } else {
                    fields[name] = value.replacingAssets(assetIDs, used: &used)
                }
            }
            return .object(fields)
        }
    }

    private func replacingName(
        _ assetIDs: [String: String], used: inout Set<String>
    ) -> JSONValue {
        guard case .string(let name) = self, let id = assetIDs[name] else {
            return replacingAssets(assetIDs, used: &used)
        }
        used.insert(name)
        return .string(id)
    }
}
