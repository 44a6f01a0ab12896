import Crypto
import EmulatorDatabase
import EmulatorHTTP
import JSON

/// The handler of the front port: health, metrics, Invoke API, function URLs,
/// REST routes and the console.
struct FrontHandler: HTTPHandler {
    let configuration: LambdaConfiguration
    let catalog: FunctionCatalog
    let pools: [String: FunctionPool]
    let services: PoolServices
    let routes: RouteTable
    let cors: CORSPolicy
    let caller: FunctionURLCaller
    let invokeAPI: InvokeAPI
    let consoleAPI: ConsoleAPI
    let consoleFiles: ConsoleFiles
    let database: Database
    let isStoreReady: @Sendable () async -> Bool
    let traffic: @Sendable () -> [(name: String, value: Int)]

    func immediatePlan(for head: RequestHead) -> BodyPlan? {
        .collect(bytesMax: configuration.bodyBytesMax)
    }

    func plan(for head: RequestHead) async -> BodyPlan {
        .collect(bytesMax: configuration.bodyBytesMax)
    }

    func respond(to head: RequestHead, body: ReceivedBody) async -> Response {
        switch head.path {
        case "/healthz": return await health()
        case "/metrics": return isAdministrator(head) ? await metrics() : refused
        default: break
        }
        if head.path.hasPrefix(InvokeAPI.root) || head.path.hasPrefix(InvokeAPI.streamingRoot) {
            return mayInvoke(head, body) ? await invokeAPI.respond(head, body) : refused
        }
        if head.path.hasPrefix(ConsoleAPI.root) {
            return isAdministrator(head) ? await consoleAPI.respond(head) : refused
        }
        if let response = preflight(head) { return response }
        if head.path.hasPrefix("/fn/") {
            return await functionURL(head, body)
        }
        if let file = consoleFiles.response(to: head) { return file }
        return cors.apply(to: await route(head, body), for: head)
    }

    // MARK: Functions

    /// Answers a preflight request for a route; nil for any other request.
    private func preflight(_ head: RequestHead) -> Response? {
        guard !head.path.hasPrefix("/fn/"), cors.isPreflight(head),
            case .otherMethods(let methods) = routes.match(method: head.method, path: head.path)
        else { return nil }
        return cors.preflight(head, methods: methods)
    }

    private func functionURL(_ head: RequestHead, _ body: ReceivedBody) async -> Response {
        let rest = head.path.dropFirst("/fn/".count)
        let name = rest.prefix { $0 != "/" }
        let function = catalog.function(named: String(name))
        let cors = function?.url?.cors.map { CORSPolicy($0) } ?? cors
        if cors.isPreflight(head) { return cors.preflight(head) }
        guard let function, let url = function.url else {
            return cors.apply(to: problem(404, "Not found"), for: head)
        }
        let path = rest.dropFirst(name.count)
        let target = FunctionURLTarget(
            function: function.name, rawPath: path.isEmpty ? "/" : String(path))
        return cors.apply(
            to: await caller.call(function, url, target, head, body), for: head)
    }

    private func route(_ head: RequestHead, _ body: ReceivedBody) async -> Response {
        switch routes.match(method: head.method, path: head.path) {
        case .none:
            return problem(404, "Not found")
        case .otherMethods(let methods):
            let allow = ("Allow", (methods + ["OPTIONS"]).joined(separator: ", "))
            if head.method == "OPTIONS" { return Response(status: 204, headers: [allow]) }
            return problem(
                405, "Method not allowed",
                detail: "\(head.method) is not one of \(methods.joined(separator: ", ")).",
                headers: [allow])
        case .function(let name, let parameters, let routeKey):
            guard let function = catalog.function(named: name) else {
                return problem(404, "Not found")
            }
            let target = FunctionURLTarget(
                function: name, rawPath: head.path, routeKey: routeKey, pathParameters: parameters)
            // A streaming function also streams on its routes, as behind a proxy
            // that forwards these paths to its URL.
            let mode = function.url?.invokeMode ?? .buffered
            return await caller.call(
                function, FunctionURLConfiguration(invokeMode: mode), target, head, body)
        }
    }

    // MARK: Emulator endpoints

    private func health() async -> Response {
        let isReady = await isStoreReady()
        return jsonResponse(
            .object([("status", .string(isReady ? "ok" : "starting"))]), status: isReady ? 200 : 503
        )
    }

    private func metrics() async -> Response {
        var instances: [String: Int] = [:]
        for (name, pool) in pools { instances[name] = await pool.instances.count }
        let depth = (try? await database.read { try AsynchronousQueue.depth(in: $0) }) ?? [:]
        let text = services.metrics.text(
            functionNames: catalog.functions.map(\.name), instances: instances, queueDepth: depth,
            extra: traffic())
        return Response(
            status: 200, headers: [("Content-Type", "text/plain; version=0.0.4; charset=utf-8")],
            body: .bytes(Array(text.utf8)))
    }

    /// True if the caller may invoke functions; an AWS signature replaces the token.
    private func mayInvoke(_ head: RequestHead, _ body: ReceivedBody) -> Bool {
        if isAdministrator(head) { return true }
        guard case .bytes(let bytes) = body else { return false }
        return (try? caller.signature.caller(of: head, body: bytes)) != nil
    }

    /// True for the operator, or if no token is set. The Invoke API passes events
    /// unchecked, so a token restricts it to the operator.
    private func isAdministrator(_ head: RequestHead) -> Bool {
        guard let token = configuration.administratorToken else { return true }
        return constantTimeEqual(
            Array((head.headers["Authorization"] ?? "").utf8), Array("Bearer \(token)".utf8))
    }

    private var refused: Response {
        problem(401, "Unauthorized", headers: [("WWW-Authenticate", "Bearer")])
    }
}
