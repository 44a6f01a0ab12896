package import Notify
package import WallClock

/// The live values of notifications: who sends, to where, and when again.
package struct DeliveryServices: Sendable {
    /// Sends webhooks and messages.
    package var client: any DeliveryClient
    /// Times between attempts.
    package var schedule: RetrySchedule
    /// Addresses that webhooks may connect to.
    package var rules: AddressRules
    /// Sender of messages; nil if e-mail is not configured.
    package var mailSender: MailSender?
    /// The template of an event in a language; nil if there is none. It blocks for a file.
    package var template: @Sendable (_ language: String, _ event: String) -> MailTemplate?

    /// Collects the live values.
    package init(
        client: any DeliveryClient, schedule: RetrySchedule = RetrySchedule(),
        rules: AddressRules = .publicOnly, mailSender: MailSender? = nil,
        template: @escaping @Sendable (_ language: String, _ event: String) -> MailTemplate? = {
            _, _ in nil
        }
    ) {
        self.client = client
        self.schedule = schedule
        self.rules = rules
        self.mailSender = mailSender
        self.template = template
    }

    /// Notifications that refuse every attempt, for deployments without a client.
    package static let none = DeliveryServices(client: RefusingClient())
}

/// One request of a webhook.
package struct WebhookCall: Sendable {
    /// The checked URL.
    package var url: WebhookURL
    /// Header fields with those of the signature.
    package var headers: [(name: String, value: String)]
    /// The signed body.
    package var body: [UInt8]
    /// Addresses that may be connected to.
    package var rules: AddressRules

    /// A request.
    package init(
        url: WebhookURL, headers: [(name: String, value: String)], body: [UInt8],
        rules: AddressRules
    ) {
        self.url = url
        self.headers = headers
        self.body = body
        self.rules = rules
    }
}

/// The outcome of an exchange, and the beginning of the response.
package struct DeliveryReply: Sendable, Hashable {
    /// The outcome.
    package var response: DeliveryResponse
    /// At most `excerptBytes` of the response's body; nil without one.
    package var excerpt: String?

    /// Bytes of a response that are kept in the log.
    package static let excerptBytes = 1_024

    /// An outcome.
    package init(_ response: DeliveryResponse, excerpt: String? = nil) {
        self.response = response
        self.excerpt = excerpt
    }
}

/// Sends webhooks and messages. No redirect is followed, nothing is retried, and every call
/// ends within `DeliveryTime.exchangeMax`.
package protocol DeliveryClient: Sendable {
    /// Posts a webhook to an address that the rules permit.
    func post(_ call: WebhookCall, now: UnixTime) async -> DeliveryReply
    /// Sends a message.
    func send(_ message: MailMessage) async -> DeliveryReply
}

/// Limits of one exchange with a receiver.
package enum DeliveryTime {
    /// Connection, request and response together.
    package static let exchangeMax = Duration.seconds(10)
}

private struct RefusingClient: DeliveryClient {
    func post(_ call: WebhookCall, now: UnixTime) async -> DeliveryReply {
        DeliveryReply(.refused("Webhooks are not configured."))
    }

    func send(_ message: MailMessage) async -> DeliveryReply {
        DeliveryReply(.refused("E-mail is not configured."))
    }
}
