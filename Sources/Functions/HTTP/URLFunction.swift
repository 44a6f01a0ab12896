import FoundationEssentials
package import Jobs
package import JSON
package import LambdaRuntime
import Logging
import Signing

/// A request with its authenticated owner.
package struct AuthorizedRequest: Sendable {
    /// The request as it came.
    package var request: FunctionURLRequest
    /// The caller.
    package var caller: Caller

    /// A request of a known caller.
    package init(request: FunctionURLRequest, caller: Caller) {
        self.request = request
        self.caller = caller
    }

    /// The caller's owner.
    package var owner: OwnerID { caller.owner }

    /// Largest JSON body in bytes. A function URL itself carries at most 6 MB.
    package static let bodyBytesMax = 10_000_000

    /// The body as a JSON object.
    /// - Throws: 413 above the limit, 400 when it is not a JSON object.
    package func jsonObject() throws(Problem) -> JSONValue {
        let body = request.bodyBytes
        guard body.count <= Self.bodyBytesMax else {
            throw Problem(
                status: 413, title: "Content too large",
                detail: "The body has \(body.count) bytes; the limit is "
                    + "\(Self.bodyBytesMax). Upload a larger edit and pass its key as "
                    + "editKey.")
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

    /// A path parameter: from the matched route, else from the query, else the last
    /// path component.
    package func pathParameter(_ name: String) -> String? {
        if let value = request.pathParameters[name] { return value }
        if let value = request.queryStringParameters[name] { return value }
        let last = request.rawPath.split(separator: "/").last.map(String.init)
        return last.flatMap { uriDecode($0) }
    }
}

/// Runs the HTTP side of a function: method, owner, and errors as problems.
package enum URLFunction {
    /// - Parameter methods: Any other method is a 405.
    /// - Returns: always a response. No error reaches the runtime: a failed
    ///   invocation gives the caller no detail.
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
                    detail: "The method is \(request.method); use \(allowed).",
                    headers: ["allow": allowed])
            }
            let caller = try await authorizer.caller(of: request)
            return try await body(AuthorizedRequest(request: request, caller: caller))
        } catch {
            let problem = Problem.describing(error, requestID: context.requestID)
            if problem.status >= 500 {
                context.logger.error(
                    "Request failed",
                    FailureMapping(error).logFields.merging(["error": .string("\(error)")]) {
                        $1
                    })
            }
            return problem.response
        }
    }
}

extension FunctionURLResponse {
    /// A response with a JSON body.
    package static func json(
        status: Int, _ value: some Encodable, headers: [String: String] = [:]
    ) -> FunctionURLResponse {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        let defaults = ["content-type": "application/json", "cache-control": "no-store"]
        // Only the functions' own types are encoded; a failure is a programming error
        // and gives an empty body in the first test.
        let body = (try? encoder.encode(value)).map { String(decoding: $0, as: UTF8.self) }
        return FunctionURLResponse(
            statusCode: status, headers: defaults.merging(headers) { $1 }, body: body)
    }
}
