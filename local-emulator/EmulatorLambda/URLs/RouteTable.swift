/// The REST routes of a catalogue.
struct RouteTable: Sendable {
    /// The target of a request.
    enum Match: Sendable, Equatable {
        case function(String, parameters: [String: String], routeKey: String)
        /// The path has a route, but not for this method.
        case otherMethods([String])
        case none
    }

    private struct Entry: Sendable {
        var method: String
        var segments: [String]
        var function: String
        var key: String
    }

    private let entries: [Entry]
    /// Keys of the routes whose forms are stored while they arrive.
    private let formRoutes: Set<String>

    init(_ catalog: FunctionCatalog) {
        formRoutes = Set(
            catalog.functions.flatMap(\.routes).filter { $0.body == .multipartStream }
                .map { "\($0.method) \($0.path)" })
        entries = catalog.functions.flatMap { function in
            function.routes.map { route in
                Entry(
                    method: route.method, segments: pathSegments(route.path),
                    function: function.name, key: "\(route.method) \(route.path)")
            }
        }
    }

    /// Finds the route of a request.
    /// - Parameter path: Percent-encoded; segments are decoded one by one. A
    ///   literal segment takes precedence over a parameter.
    func match(method: String, path: String) -> Match {
        let segments = pathSegments(path)
        let fitting = entries.compactMap { entry in
            parameters(entry.segments, segments).map { (entry: entry, parameters: $0) }
        }
        guard let parameterCountMin = fitting.map(\.parameters.count).min() else { return .none }
        let best = fitting.filter { $0.parameters.count == parameterCountMin }
        // A GET route also serves HEAD; the server omits the body.
        let wanted = best.first { $0.entry.method == method }
        let asGet = method == "HEAD" ? best.first { $0.entry.method == "GET" } : nil
        guard let found = wanted ?? asGet else {
            return .otherMethods(best.map(\.entry.method).sorted())
        }
        return .function(
            found.entry.function, parameters: found.parameters, routeKey: found.entry.key)
    }

    /// True for a route with `"body": "multipart-stream"`.
    func takesForms(_ routeKey: String) -> Bool { formRoutes.contains(routeKey) }

    private func parameters(_ template: [String], _ segments: [String]) -> [String: String]? {
        guard template.count == segments.count else { return nil }
        var found: [String: String] = [:]
        for (pattern, segment) in zip(template, segments) {
            if pattern.hasPrefix("{"), pattern.hasSuffix("}") {
                guard !segment.isEmpty else { return nil }
                found[String(pattern.dropFirst().dropLast())] = percentDecoded(
                    segment, plusIsSpace: false)
            } else if pattern != segment {
                return nil
            }
        }
        return found
    }
}

/// Splits a path into segments; a trailing slash is ignored.
private func pathSegments(_ path: String) -> [String] {
    var segments = path.dropFirst().split(separator: "/", omittingEmptySubsequences: false)
    if segments.count > 1, segments.last == "" { segments.removeLast() }
    return segments.map(String.init)
}
