package import ObjectStore

/// Builds and parses the object keys of an owner's endpoints.
package struct WebhookKeys: Hashable, Sendable {
    /// Owner of the endpoints.
    package let owner: OwnerID

    /// Keys of one owner.
    package init(owner: OwnerID) { self.owner = owner }

    private var root: String { "webhooks/\(owner.text)" }

    /// Prefix of the records of all endpoints.
    package var endpointsPrefix: String { "\(root)/endpoints/" }
    /// The `EndpointRecord`.
    package func endpoint(_ id: EndpointID) -> ObjectKey {
        ObjectKey("\(endpointsPrefix)\(id.text).json")
    }
    /// The `EndpointHealth` of the receivers of one group.
    /// - Parameter group: `DeliveryTarget.group`.
    package func health(_ group: String) -> ObjectKey {
        ObjectKey("\(root)/health/\(group).json")
    }
}

/// ID of an endpoint: `ep_` and random text.
package struct EndpointID: Hashable, Sendable, CustomStringConvertible {
    /// Text of the ID.
    package let text: String

    /// - Returns: nil if the text is not an endpoint ID.
    package init?(_ text: String) {
        guard text.hasPrefix("ep_"), KeySegment.isPlain(text, lengthMax: 64) else { return nil }
        self.text = text
    }

    /// - Parameter random: Unguessable text of `a-z 0-9`.
    package init(random: String) { text = "ep_\(random)" }

    package var description: String { text }
}
