import EmulatorHTTP
import Synchronization

/// Answers 503 until the handler is there: a port must be open before the
/// addresses in the functions' environment are known.
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

    func respond(to head: RequestHead, body: ReceivedBody) async -> Response {
        guard let handler = handler.withLock({ $0 }) else { return Self.starting }
        return await handler.respond(to: head, body: body)
    }

    private static let starting = Response(
        status: 503, headers: [("Retry-After", "1"), ("Content-Type", "text/plain")],
        body: .bytes(Array("starting\n".utf8)))
}

/// A call whose receiver is made later; until then it does nothing.
final class DeferredCall: Sendable {
    /// A closure that is the whole value of a Mutex is wrapped once more by each
    /// `withLock` (a thunk around it goes in, and one around that comes out):
    /// after 100,000 calls each one took a millisecond.
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
