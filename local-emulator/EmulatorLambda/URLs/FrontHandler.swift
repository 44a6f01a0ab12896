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
    let forms: StreamedForms
    let invokeAPI: InvokeAPI
    let consoleAPI: ConsoleAPI
    let consoleFiles: ConsoleFiles
    let database: Database
    let storeHealth: @Sendable () async -> [(name: String, state: String)]
    let traffic: @Sendable () -> [(name: String, value: Int)]

    func immediatePlan(for head: RequestHead) -> BodyPlan? {
        if let refusal = pageRefusal(head) { return .refuse(finished(refusal, head)) }
        return formRoute(head) == nil ? collecting(head) : nil
    }

    func plan(for head: RequestHead) async -> BodyPlan {
        if let refusal = pageRefusal(head) { return .refuse(finished(refusal, head)) }
        guard let (function, target) = formRoute(head) else { return collecting(head) }
        if let full = refusedForVolume(function, target.routeKey, head) {
            return .refuse(cors.apply(to: full, for: head))
        }
        return await forms.plan(function, target, head) { cors.apply(to: $0, for: head) }
    }

    func refusal(_ response: Response, of head: RequestHead) -> Response {
        finished(isForPages(head) ? cors.apply(to: response, for: head) : response, head)
    }

    func respond(to head: RequestHead, body: ReceivedBody) async -> Response {
        finished(await answer(head, body), head)
    }

    private func answer(_ head: RequestHead, _ body: ReceivedBody) async -> Response {
        if case .consumed(let consumer) = body {
            return await respond(to: head, after: consumer)
        }
        switch head.path {
        case "/healthz": return await health()
        case "/metrics": return isAdministrator(head) ? await metrics() : refused
        default: break
        }
        if InvokeAPI.serves(head.path) {
            return mayInvoke(head, body) ? await invokeAPI.respond(head, body) : refused
        }
        if head.path.hasPrefix(ConsoleAPI.root) {
            return isAdministrator(head) ? await consoleAPI.respond(head) : refused
        }
        if head.path.hasPrefix("/fn/") {
            return await functionURL(head, body)
        }
        if isForPages(head), cors.isPreflight(head) { return cors.preflight(head) }
        if let file = consoleFiles.response(to: head) { return file }
        return cors.apply(to: await route(head, body), for: head)
    }

    // MARK: Bodies

    /// Refuses a body for a route before it arrives if it is announced as too large and its
    /// client waits for 100 (Continue).
    private func collecting(_ head: RequestHead) -> BodyPlan {
        let limit = configuration.bodyBytesMax
        guard let length = head.headers["content-length"].flatMap({ Int($0) }), length > limit,
            head.headers["expect"]?.lowercased() == "100-continue", isForPages(head)
        else { return .collect(bytesMax: limit) }
        return .refuse(cors.apply(to: caller.bodyTooLarge, for: head))
    }

    /// The function and route of a form that is stored while it arrives; nil for other requests.
    private func formRoute(
        _ head: RequestHead
    ) -> (FunctionDefinition, FunctionURLTarget)? {
        guard forms.take(head),
            case .function(let name, let parameters, let key) = routes.match(
                method: head.method, path: head.path),
            routes.takesForms(key), let function = catalog.function(named: name)
        else { return nil }
        let target = FunctionURLTarget(
            function: name, rawPath: head.path, routeKey: key, pathParameters: parameters)
        return (function, target)
    }

    private func respond(
        to head: RequestHead, after consumer: any BodyConsumer
    ) async -> Response {
        if let refused = consumer as? RefusedBody { return refused.response }
        guard let receiver = consumer as? FormReceiver,
            let function = catalog.function(named: receiver.target.function)
        else { return problem(500, "Internal error", detail: "The request has no plan.") }
        return cors.apply(to: await forms.respond(function, receiver, head), for: head)
    }

    // MARK: Functions

    /// True for paths that pages of other origins call. The console's API, the Invoke API and
    /// the metrics are not among them.
    private func isForPages(_ head: RequestHead) -> Bool {
        head.path == "/api" || head.path.hasPrefix("/api/") || head.path.hasPrefix("/fn/")
            || routes.match(method: head.method, path: head.path) != .none
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
            to: await caller.call(function, url, target, trusted(head, of: function), body),
            for: head)
    }

    /// 507 for a route that leads to an upload while the volume has no room for it.
    private func refusedForVolume(
        _ function: FunctionDefinition, _ routeKey: String?, _ head: RequestHead
    ) -> Response? {
        let route = function.routes.first { "\($0.method) \($0.path)" == routeKey }
        guard route?.writesUploads == true else { return nil }
        let bytes = head.headers["content-length"].flatMap { Int($0) } ?? 0
        guard !configuration.admitsUpload(bytes) else { return nil }
        return problem(
            507, "Insufficient storage",
            detail: "The volume is too full for new uploads. Exports under way continue.")
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
            if let full = refusedForVolume(function, routeKey, head) { return full }
            let target = FunctionURLTarget(
                function: name, rawPath: head.path, routeKey: routeKey, pathParameters: parameters)
            // A streaming function also streams on its routes, as behind a proxy
            // that forwards these paths to its URL.
            let mode = function.url?.invokeMode ?? .buffered
            return await caller.call(
                function, FunctionURLConfiguration(invokeMode: mode), target,
                trusted(head, of: function), body)
        }
    }

    /// The request without the words by which the front door reports a stored form.
    private func trusted(_ head: RequestHead, of function: FunctionDefinition) -> RequestHead {
        function.routes.contains { $0.body == .multipartStream }
            ? StreamedForms.stripped(head) : head
    }

    // MARK: Pages

    /// The refusal of a request that a page of another site caused; nil for a permitted one.
    private func pageRefusal(_ head: RequestHead) -> Response? {
        guard let rules = configuration.pageRules, !cors.isPreflight(head) else { return nil }
        let fault: String?
        if isForOperator(head.path) {
            fault = rules.operatorFault(of: head)
        } else if head.path.hasPrefix("/fn/") {
            let name = head.path.dropFirst("/fn/".count).prefix { $0 != "/" }
            let own = catalog.function(named: String(name))?.url?.cors?.allowOrigins
            fault = rules.fault(of: head, isReadOnly: false, origins: own)
        } else {
            fault = rules.fault(of: head, isReadOnly: isReadOnly(head))
        }
        return fault.map { problem(403, "Forbidden", detail: $0) }
    }

    private func isForOperator(_ path: String) -> Bool {
        path == "/metrics" || InvokeAPI.serves(path) || path.hasPrefix(ConsoleAPI.root)
    }

    /// True for GET and HEAD, unless the route leads to an upload.
    private func isReadOnly(_ head: RequestHead) -> Bool {
        guard head.method == "GET" || head.method == "HEAD" else { return false }
        guard case .function(let name, _, let key) = routes.match(method: "GET", path: head.path),
            let function = catalog.function(named: name)
        else { return true }
        return !function.routes.contains {
            $0.writesUploads == true && "\($0.method) \($0.path)" == key
        }
    }

    /// Adds the headers that restrict what a browser does with a response. A function's own URL
    /// may serve a page, so its policy is its own.
    private func finished(_ response: Response, _ head: RequestHead) -> Response {
        guard !cors.isPreflight(head) else { return response }
        var response = response
        response.addMissing([
            ("X-Content-Type-Options", "nosniff"), ("Referrer-Policy", "no-referrer"),
        ])
        guard !head.path.hasPrefix("/fn/") else { return response }
        response.addMissing([
            ("X-Frame-Options", "DENY"),
            ("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'"),
        ])
        return response
    }

    // MARK: Emulator endpoints

    /// The state of disk, store and functions: 200 if all are `ok`, else 503. It names no number
    /// and no path, since it is open to everyone.
    private func health() async -> Response {
        var parts = await storeHealth()
        var failing: [String] = []
        for (name, pool) in pools where await pool.startFailure != nil { failing.append(name) }
        parts.append(("functions", failing.isEmpty ? "ok" : "not started"))
        let isReady = parts.allSatisfy { $0.state == "ok" }
        var members = [("status", JSONOutput.string(isReady ? "ok" : "failing"))]
        members += parts.map { ($0.name, .string($0.state)) }
        if !failing.isEmpty {
            members.append(("notStarted", .array(failing.sorted().map { .string($0) })))
        }
        members.append(
            ("confinement", confinementStatus(environment: configuration.environment)))
        return jsonResponse(
            .object(members), status: isReady ? 200 : 503,
            headers: isReady ? [] : [("Retry-After", "5")])
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

    /// True for the operator: the token's bearer or, if no token is set, a program of this machine.
    /// The Invoke API passes events unchecked.
    private func isAdministrator(_ head: RequestHead) -> Bool {
        guard let token = configuration.administratorToken else {
            return head.remoteAddress.hasPrefix("127.")
        }
        return constantTimeEqual(
            Array((head.headers["Authorization"] ?? "").utf8), Array("Bearer \(token)".utf8))
    }

    private var refused: Response {
        problem(401, "Unauthorized", headers: [("WWW-Authenticate", "Bearer")])
    }
}
