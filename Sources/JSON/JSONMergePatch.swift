extension JSONValue {
    /// The value after a JSON merge patch (RFC 7396): members are replaced one by one, `null`
    /// removes a member, and a patch that is no object replaces the value.
    package func merging(patch: JSONValue) -> JSONValue {
        guard case .object(let changes) = patch else { return patch }
        var members: [String: JSONValue] = [:]
        if case .object(let own) = self { members = own }
        for (name, change) in changes {
            members[name] = change == .null ? nil : (members[name] ?? .null).merging(patch: change)
        }
        return .object(members)
    }
}
