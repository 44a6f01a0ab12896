import EditFormats
import JSON
import Notify

/// Fields of a registration or a change of an endpoint; nil for those that are not sent.
struct EndpointRequest: Sendable {
    var channel: EndpointChannel?
    var address: String?
    var name: String?
    var events: [EventType]?
    var language: String?
    var isEnabled: Bool?

    /// - Parameter channel: Channel of the endpoint that is changed; nil for a registration.
    /// - Parameter sendsMail: False refuses endpoints of type email.
    /// - Throws: a 400 problem with every fault.
    init(
        _ body: JSONValue, of channel: EndpointChannel? = nil, rules: AddressRules,
        sendsMail: Bool
    ) throws(Problem) {
        var reader = JSONReader()
        guard let object = reader.object(JSONNode(body, .root)) else {
            throw Problem.invalid(reader.faults)
        }
        if channel == nil {
            self.channel = object["type"].map { reader.choice($0) } ?? .webhook
        } else if let node = object["type"] {
            reader.report("cannot be changed", at: node.pointer)
        }
        let kind = channel ?? self.channel
        let isNew = channel == nil
        name = object["name"].flatMap { reader.text($0, lengthMax: 128) }
        language = object["language"].flatMap { Self.language($0, &reader) }
        switch kind {
        case .webhook:
            address = Self.field("url", isRequired: isNew, of: object, &reader)
                .flatMap { Self.url($0, rules, &reader) }
        case .email:
            address = Self.field("email", isRequired: isNew, of: object, &reader)
                .flatMap { Self.mailbox($0, &reader) }
            if isNew, !sendsMail {
                reader.report(
                    "email is not configured on this deployment",
                    at: object.pointer.appending("type"))
            }
        case .secret:
            if isNew, name == nil {
                reader.report("is required", at: object.pointer.appending("name"))
            }
        case nil: break
        }
        if let kind, kind != .secret {
            events = Self.field("events", isRequired: isNew, of: object, &reader)
                .flatMap { Self.events($0, &reader) }
        }
        isEnabled = object["enabled"].flatMap { reader.flag($0) }
        guard reader.faults.isEmpty else { throw Problem.invalid(reader.faults) }
    }

    private static func field(
        _ name: String, isRequired: Bool, of object: JSONObjectNode, _ reader: inout JSONReader
    ) -> JSONNode? {
        isRequired ? reader.required(name, of: object) : object[name]
    }

    private static func url(
        _ node: JSONNode, _ rules: AddressRules, _ reader: inout JSONReader
    ) -> String? {
        guard let text = reader.text(node, lengthMax: WebhookURL.charactersMax) else { return nil }
        do {
            let url = try WebhookURL(text)
            // A name is checked when it is resolved, at each attempt.
            if let address = NetworkAddress(url.host), !rules.permits(address, host: url.host) {
                reader.report("has an address that is not public", at: node.pointer)
                return nil
            }
            return url.text
        } catch {
            reader.report(error.detail, at: node.pointer)
            return nil
        }
    }

    private static func mailbox(_ node: JSONNode, _ reader: inout JSONReader) -> String? {
        guard let text = reader.text(node, lengthMax: 254) else { return nil }
        guard MailAddress(text) != nil else {
            reader.report("must be the address of a mailbox", at: node.pointer)
            return nil
        }
        return text
    }

    private static func language(_ node: JSONNode, _ reader: inout JSONReader) -> String? {
        guard let text = reader.text(node, lengthMax: 12) else { return nil }
        guard let language = MailTemplate.language(text.lowercased()) else {
            reader.report("must be a language such as en or pt-br", at: node.pointer)
            return nil
        }
        return language
    }

    private static func events(_ node: JSONNode, _ reader: inout JSONReader) -> [EventType]? {
        guard let nodes = reader.array(node, maximum: 100) else { return nil }
        var events: [EventType] = []
        for node in nodes {
            guard let text = reader.text(node, lengthMax: 60) else { continue }
            guard let event = EventType.subscribable.first(where: { $0.rawValue == text }) else {
                let known = EventType.subscribable.map(\.rawValue).joined(separator: ", ")
                reader.report("must be one of \(known)", at: node.pointer)
                continue
            }
            if !events.contains(event) { events.append(event) }
        }
        return events
    }
}
