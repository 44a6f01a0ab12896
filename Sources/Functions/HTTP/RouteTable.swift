import JSON
import LambdaRuntime
import Signing

/// The routes of a function with many calls.
struct RouteTable<Call: Sendable>: Sendable {
    /// A route: method, path below `/api/` with `*` for a parameter, and its call.
    struct Route: Sendable {
        var method: String
        var segments: [String]
        var call: Call

        init(_ method: String, _ path: String, _ call: Call) {
            self.method = method
            segments = path.split(separator: "/").map(String.init)
            self.call = call
        }

        /// The values of the parameters; nil for another path.
        func parameters(of path: [String]) -> [String]? {
            guard path.count == segments.count else { return nil }
            var values: [String] = []
            for (segment, part) in zip(segments, path) {
                if segment == "*" {
                    values.append(part)
                } else if segment != part {
                    return nil
                }
            }
            return values
        }
    }

    var routes: [Route]

    /// The methods of all routes.
    var methods: Set<String> { Set(routes.map(\.method)).union(["HEAD"]) }

    /// The call of a request and its path's parameters. HEAD is answered as GET.
    /// - Throws: 404 for an unknown path, 405 for another method of a known one.
    func call(of request: FunctionURLRequest) throws(Problem) -> (call: Call, [String]) {
        let path = request.rawPath.split(separator: "/").map { uriDecode(String($0)) ?? "" }
        guard let root = path.firstIndex(of: "api") else { throw Problem.notFound }
        let rest = Array(path[(root + 1)...])
        let method = request.method == "HEAD" ? "GET" : request.method
        let found = routes.filter { $0.parameters(of: rest) != nil }
        guard !found.isEmpty else { throw Problem.notFound }
        guard let route = found.first(where: { $0.method == method }) else {
            let allowed = Set(found.map(\.method)).sorted().joined(separator: ", ")
            throw Problem(
                status: 405, title: "Method not allowed",
                detail: "The method is \(request.method); use \(allowed).",
                headers: ["allow": allowed])
        }
        return (route.call, route.parameters(of: rest) ?? [])
    }
}

/// Reads the fields of a small JSON body and collects every fault.
struct BodyFields {
    private var reader = JSONReader()
    private let object: JSONObjectNode?

    /// - Throws: 400 when the body is not a JSON object, 413 for a large one. An empty body is an
    ///   empty object.
    init(_ request: FunctionURLRequest) throws(Problem) {
        guard request.bodyBytes.count <= Self.bodyBytesMax else {
            throw Problem(
                status: 413, title: "Content too large",
                detail: "The body has more than \(Self.bodyBytesMax) bytes.")
        }
        let bytes = request.bodyBytes.isEmpty ? Array("{}".utf8) : request.bodyBytes
        object = reader.object(JSONNode(try AuthorizedRequest.jsonObject(bytes), .root))
    }

    private static let bodyBytesMax = 65_536

    /// The names of the members.
    var names: Set<String> { Set(object?.fields.keys.map { $0 } ?? []) }

    /// A text that must be there; empty after a fault.
    mutating func text(_ name: String, lengthMax: Int) -> String {
        guard let object, let node = reader.required(name, of: object) else { return "" }
        return reader.text(node, lengthMax: lengthMax) ?? ""
    }

    /// A text, or nil.
    mutating func optionalText(_ name: String, lengthMax: Int) -> String? {
        object?[name].flatMap { reader.text($0, lengthMax: lengthMax) }
    }

    /// A flag; false if it is missing.
    mutating func flag(_ name: String) -> Bool {
        object?[name].flatMap { reader.flag($0) } ?? false
    }

    /// A whole number, or nil.
    mutating func optionalInteger(_ name: String, in bounds: ClosedRange<Int>) -> Int? {
        object?[name].flatMap { reader.integer($0, in: bounds) }
    }

    /// An object, or nil.
    mutating func optionalObject(_ name: String) -> JSONValue? {
        guard let node = object?[name] else { return nil }
        return reader.object(node) == nil ? nil : node.value
    }

    /// The texts of a list; nil if it is missing.
    mutating func optionalTexts(_ name: String, countMax: Int) -> [String]? {
        guard let node = object?[name] else { return nil }
        return reader.array(node, maximum: countMax)?.compactMap {
            reader.text($0, lengthMax: 100)
        }
    }

    /// Reports a fault of a field.
    mutating func report(_ detail: String, at name: String) {
        reader.report(detail, at: JSONPointer.root.appending(name))
    }

    /// - Throws: 400 with every fault.
    func check() throws(Problem) {
        guard reader.faults.isEmpty else { throw Problem.invalid(reader.faults) }
    }
}
