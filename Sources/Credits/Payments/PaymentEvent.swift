package import JSON
package import WallClock

/// An event of a payment provider in one form.
package struct PaymentEvent: Hashable, Sendable {
    /// Changes of a subscription.
    package enum Change: String, Sendable, Hashable {
        /// It begins.
        case created
        /// A further period was paid.
        case renewed
        /// It is for another plan, or its details changed.
        case changed
        /// It has ended.
        case cancelled
        /// A payment failed; the provider tries again.
        case paymentFailed = "payment-failed"
    }

    /// The provider.
    package var provider: PaymentProvider
    /// ID of the event: the same each time it is delivered.
    package var id: String
    /// The provider's name of the kind.
    package var kind: String
    /// Time of the event.
    package var time: UnixTime
    /// Change of a subscription; nil for any other event, which is kept.
    package var change: Change?
    /// The subscription.
    package var subscriptionID: String?
    /// Workspace in the subscription's metadata.
    package var workspaceID: String?
    /// Product or price that is subscribed to.
    package var product: String?
    /// End of the period that was paid.
    package var periodEnd: UnixTime?
}

extension PaymentEvent {
    /// Reads a verified body.
    /// - Parameter id: The event's ID if a header has it.
    /// - Returns: nil if the body is not an event of the provider.
    package init?(_ provider: PaymentProvider, id: String?, _ body: JSONValue) {
        switch provider {
        case .dodo: self.init(dodo: body, id: id)
        case .stripe: self.init(stripe: body)
        }
    }

    private init?(dodo body: JSONValue, id: String?) {
        guard let id, let kind = body["type"]?.text,
            let time = body["timestamp"]?.text.flatMap({ UnixTime(rfc3339: $0) })
        else { return nil }
        self.init(provider: .dodo, id: id, kind: kind, time: time)
        guard let data = body["data"] else { return }
        change =
            switch kind {
            case "subscription.active": .created
            case "subscription.renewed": .renewed
            case "subscription.plan_changed", "subscription.updated": .changed
            case "subscription.cancelled", "subscription.expired", "subscription.failed":
                .cancelled
            case "subscription.on_hold", "payment.failed": .paymentFailed
            default: nil
            }
        subscriptionID = data["subscription_id"]?.text
        product = data["product_id"]?.text
        workspaceID = data["metadata"]?["workspace_id"]?.text
        periodEnd = data["next_billing_date"]?.text.flatMap { UnixTime(rfc3339: $0) }
        // A failed payment of something else is kept, no more.
        if subscriptionID == nil { change = nil }
    }

    private init?(stripe body: JSONValue) {
        guard let id = body["id"]?.text, !id.isEmpty, id.utf8.count <= 200,
            let kind = body["type"]?.text, let created = body["created"]?.integer
        else { return nil }
        self.init(provider: .stripe, id: id, kind: kind, time: UnixTime(seconds: created))
        guard let object = body["data"]?["object"] else { return }
        if kind.hasPrefix("customer.subscription.") {
            readStripeSubscription(object)
        } else if kind.hasPrefix("invoice.") {
            readStripeInvoice(object)
        }
    }

    private mutating func readStripeSubscription(_ object: JSONValue) {
        subscriptionID = object["id"]?.text
        workspaceID = object["metadata"]?["workspace_id"]?.text
        let item = Self.first(object["items"]?["data"])
        product = item?["price"]?["id"]?.text
        let end = object["current_period_end"]?.integer ?? item?["current_period_end"]?.integer
        periodEnd = end.map { UnixTime(seconds: $0) }
        guard subscriptionID != nil else { return }
        let isPaid = ["active", "trialing"].contains(object["status"]?.text ?? "")
        change =
            switch kind {
            // An unpaid one becomes active by an update.
            case "customer.subscription.created": isPaid ? .created : nil
            case "customer.subscription.updated": isPaid ? .changed : nil
            case "customer.subscription.deleted": .cancelled
            default: nil
            }
    }

    private mutating func readStripeInvoice(_ object: JSONValue) {
        let details = object["parent"]?["subscription_details"] ?? object["subscription_details"]
        subscriptionID = object["subscription"]?.text ?? details?["subscription"]?.text
        workspaceID = details?["metadata"]?["workspace_id"]?.text
        let line = Self.first(object["lines"]?["data"])
        product = line?["price"]?["id"]?.text ?? line?["pricing"]?["price_details"]?["price"]?.text
        periodEnd = line?["period"]?["end"]?.integer.map { UnixTime(seconds: $0) }
        guard subscriptionID != nil else { return }
        switch kind {
        case "invoice.paid" where object["billing_reason"]?.text == "subscription_cycle":
            change = .renewed
        case "invoice.payment_failed":
            change = .paymentFailed
        default: break
        }
    }

    private static func first(_ value: JSONValue?) -> JSONValue? {
        if case .array(let items)? = value { items.first } else { nil }
    }

    private init(provider: PaymentProvider, id: String, kind: String, time: UnixTime) {
        self.provider = provider
        self.id = id
        self.kind = kind
        self.time = time
    }
}
