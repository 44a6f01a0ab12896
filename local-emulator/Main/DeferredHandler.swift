import EmulatorHTTP
import Synchronization

/// A handler that answers 503 until the actual one is set: a port must be open
/// before the addresses in the functions' environment are known.
final class DeferredHandler: HTTPHandler {
    private let handler = Mutex<(any HTTPHandler)?>(nil)

    func set(_ handler: any HTTPHandler) {
        self.handler.withLock { $0 = handler }
    }

    func immediatePlan(for head: RequestHead) -> BodyPlan? {
        handler.withLock({ $0 })?.immediatePlan(for: head)
    }

    func plan(for head: RequestHead) async -> BodyPlan {
        guard let handler = handler.withLock({ $0 }) else { return .refuse(Self.starting) }
        return await handler.plan(for: head)
    }

    func refusal(_ response: Response, of head: RequestHead) -> Response {
        handler.withLock({ $0 })?.refusal(response, of: head) ?? response
    }

    func respond(to head: RequestHead, body: ReceivedBody) async -> Response {
        guard let handler = handler.withLock({ $0 }) else { return Self.starting }
        return await handler.respond(to: head, body: body)
    }

    private static let starting = Response(
        status: 503, headers: [("Retry-After", "1"), ("Content-Type", "text/plain")],
        body: .bytes(Array("starting\n".utf8)))
}

/// A call whose receiver is set later; it does nothing until then.
final class DeferredCall: Sendable {
    /// A closure as the direct value of a Mutex gains a thunk with each
    /// `withLock` (one on the way in, one on the way out): after 100,000 calls
    /// each call took a millisecond. The struct avoids this.
    private struct Call {
        var body: @Sendable () -> Void
    }

    private let call = Mutex<Call?>(nil)

    func set(_ call: @escaping @Sendable () -> Void) {
        self.call.withLock { $0 = Call(body: call) }
    }

    func callAsFunction() {
        let call = call.withLock { $0 }
        call?.body()
    }
}
