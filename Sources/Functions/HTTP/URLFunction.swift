import FoundationEssentials
package import Jobs
package import JSON
package import LambdaRuntime
import Logging
import Signing


/// A request whose owner is known.
package struct AuthorizedRequest: Sendable {
    package var request: FunctionURLRequest
    package var owner: OwnerID

    package init(request: FunctionURLRequest, owner: OwnerID) {
        self.request = request
        self.owner = owner
    }

    /// Largest JSON body (CF-36); Lambda itself carries 6 MB.
    package static let maximumBodyBytes = 10_000_000

    /// The body as a JSON object.
    /// - Throws: 413 above the limit, 400 when it is not a JSON object.
    package func jsonObject() throws(Problem) -> JSONValue {
        let body = request.bodyBytes
        guard body.count <= Self.maximumBodyBytes else {
            throw Problem(
                status: 413, title: "Content too large",
                detail: "The body has \(body.count) bytes; at most "
                    + "\(Self.maximumBodyBytes) are taken. Store a larger edit as an object "
                    + "and name it by editKey.")
        }
        return try Self.jsonObject(body)
    }

    /// - Throws: a 400 problem when the bytes are not a JSON object.
    package static func jsonObject(
        _ bytes: [UInt8], pointer: String = ""
    ) throws(Problem) -> JSONValue {
        let value: JSONValue
        do {
            value = try JSONValue(parsing: bytes)
        } catch {
            throw Problem.invalid([FieldFault(pointer: pointer, detail: "is not JSON: \(error)")])
        }
        guard case .object = value else {
            throw Problem.invalid([FieldFault(pointer: pointer, detail: "is not a JSON object")])
        }
        return value
    }

    /// A parameter of the path: from the route that matched, else from the
    /// query, else the path's last component.
    package func pathParameter(_ name: String) -> String? {
        if let value = request.pathParameters[name] { return value }
        if let value = request.queryStringParameters[name] { return value }
        let last = request.rawPath.split(separator: "/").last.map(String.init)
        return last.flatMap { uriDecode($0) }
    }
}

/// Runs the HTTP side of a function: who asks, which method, what went wrong.
package enum URLFunction {
    /// - Parameter methods: Other methods are answered 405.
    /// - Returns: always an answer; no error reaches the runtime, since a
    ///   failed invocation would tell the caller nothing.
    package static func respond(
        to request: FunctionURLRequest, _ context: InvocationContext, authorizer: Authorizer,
        methods: Set<String>,
        _ body: (AuthorizedRequest) async throws -> FunctionURLResponse
    ) async -> FunctionURLResponse {
        do {
            guard methods.contains(request.method) else {
                let allowed = methods.sorted().joined(separator: ", ")
                throw Problem(
                    status: 405, title: "Method not allowed",
                    detail: "\(request.method) is not taken here; send \(allowed).",
                    headers: ["allow": allowed])
            }
            let owner = try authorizer.owner(of: request)
            return try await body(AuthorizedRequest(request: request, owner: owner))
        } catch {
            let problem = Problem.describing(error, requestID: context.requestID)
            if problem.status >= 500 {
                context.logger.error("A request failed.", ["error": .string("\(error)")])
            }
            return problem.response
        }
    }
}

extension FunctionURLResponse {
    /// An answer with a JSON body.
    package static func json(
        status: Int, _ value: some Encodable, headers: [String: String] = [:]
    ) -> FunctionURLResponse {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        let defaults = ["content-type": "application/json", "cache-control": "no-store"]
        // Every value here is ours; one that does not encode is a programmer's
        // error and shows as an empty body in the first test.
        let body = (try? encoder.encode(value)).map { String(decoding: $0, as: UTF8.self) }
        return FunctionURLResponse(
            statusCode: status, headers: defaults.merging(headers) { $1 }, body: body)
    }
}
