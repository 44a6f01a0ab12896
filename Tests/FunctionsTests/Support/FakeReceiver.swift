import Functions
import Notify
import Synchronization
import WallClock

/// Receives webhooks and messages in tests, and answers them one after the other.
final class FakeReceiver: DeliveryClient {
    private struct State {
        var replies: [DeliveryReply] = []
        var usual = DeliveryReply(.status(204))
        var calls: [WebhookCall] = []
        var messages: [MailMessage] = []
    }
    private let state = Mutex(State())

    /// The webhooks so far.
    var calls: [WebhookCall] { state.withLock { $0.calls } }
    /// The messages so far.
    var messages: [MailMessage] { state.withLock { $0.messages } }

    /// The replies to the next deliveries.
    func answer(_ statuses: Int...) {
        state.withLock { $0.replies += statuses.map { DeliveryReply(.status($0)) } }
    }

    /// The reply to every delivery without one.
    func alwaysAnswer(_ response: DeliveryResponse) {
        state.withLock { $0.usual = DeliveryReply(response, excerpt: "text") }
    }

    func post(_ call: WebhookCall, now: UnixTime) async -> DeliveryReply {
        state.withLock {
            $0.calls.append(call)
            return $0.replies.isEmpty ? $0.usual : $0.replies.removeFirst()
        }
    }

    func send(_ message: MailMessage) async -> DeliveryReply {
        state.withLock {
            $0.messages.append(message)
            return $0.replies.isEmpty ? $0.usual : $0.replies.removeFirst()
        }
    }
}
