import LambdaRuntime

/// The entity tags of a condition header (RFC 9110, 8.8.3 and 13.1).
enum EntityTags: Hashable {
    /// `*`
    case any
    /// The tags without quotes; a weak tag keeps its `W/`.
    case list([String])

    /// Reads the header; nil if the request has none.
    init?(_ name: String, of request: FunctionURLRequest) {
        guard let text = request.headers[name] else { return nil }
        let tags = text.split(separator: ",").map { tag in
            let plain = tag.filter { $0 != " " && $0 != "\t" }
            return plain.filter { $0 != "\"" }
        }
        self = tags == ["*"] ? .any : .list(tags)
    }

    /// True for a GET with `If-None-Match` whose client has this version.
    static func isUnchanged(_ tag: String, in request: FunctionURLRequest) -> Bool {
        switch EntityTags("if-none-match", of: request) {
        case .any: true
        case .list(let tags): tags.contains(tag) || tags.contains("W/\(tag)")
        case nil: false
        }
    }
}
