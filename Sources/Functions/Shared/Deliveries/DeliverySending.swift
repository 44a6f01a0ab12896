import Jobs
import JSON
import Notify
import WallClock

/// A receiver as it is registered now.
struct CurrentTarget: Sendable {
    var state: TargetState
    var channel: EndpointChannel
    var address: String
    var language: String?
    var secrets: WebhookSecrets?
}

/// Finds the current address and secrets of a delivery's receiver.
struct DeliveryTargetLookup: Sendable {
    let directory: EndpointDirectory

    func find(_ target: DeliveryTarget) async throws -> CurrentTarget {
        var current = CurrentTarget(
            state: .active, channel: target.channel, address: target.address,
            language: target.language)
        if let id = target.endpoint {
            guard let endpoint = try await directory.endpoint(id)?.value else {
                current.state = .missing("The endpoint was deleted.")
                return current
            }
            current.address = endpoint.address ?? target.address
            current.language = endpoint.language
            current.secrets = endpoint.secrets
            if let reason = endpoint.disabledBecause { current.state = .disabled(reason) }
        } else if let reference = target.secretRef {
            current.secrets = try await directory.secrets(named: reference)
            if current.secrets == nil {
                current.state = .missing("No endpoint or secret is named \(reference).")
            }
        }
        return current
    }
}

/// Makes the request or the message of one attempt.
struct DeliverySending: Sendable {
    let services: DeliveryServices

    func send(
        _ record: DeliveryRecord, to target: CurrentTarget, at now: UnixTime
    ) async -> DeliveryReply {
        switch target.state {
        case .active: break
        case .disabled(let reason), .missing(let reason): return DeliveryReply(.refused(reason))
        }
        switch target.channel {
        case .webhook: return await post(record, to: target, at: now)
        case .email: return await mail(record, to: target, at: now)
        case .secret: return DeliveryReply(.refused("A secret receives nothing."))
        }
    }

    private func post(
        _ record: DeliveryRecord, to target: CurrentTarget, at now: UnixTime
    ) async -> DeliveryReply {
        let body = Array(record.body.utf8)
        let url: WebhookURL
        do {
            url = try WebhookURL(target.address)
        } catch {
            return DeliveryReply(.refused("The URL \(error.detail)."))
        }
        let headers =
            [(name: "content-type", value: "application/json"), ("user-agent", "Spool-Webhooks/1")]
            + WebhookSecrets.headers(
                id: record.id, at: now, body: body, secrets: target.secrets)
        return await services.client.post(
            WebhookCall(url: url, headers: headers, body: body, rules: services.rules), now: now)
    }

    private func mail(
        _ record: DeliveryRecord, to target: CurrentTarget, at now: UnixTime
    ) async -> DeliveryReply {
        guard let sender = services.mailSender else {
            return DeliveryReply(.refused("E-mail is not configured."))
        }
        guard let recipient = MailAddress(target.address) else {
            return DeliveryReply(.refused("The address is not one of a mailbox."))
        }
        guard let template = template(for: record.event, in: target.language) else {
            return DeliveryReply(.refused("There is no template for \(record.event.rawValue)."))
        }
        let (subject, text, html) = template.filled(Self.values(of: record))
        return await services.client.send(
            MailMessage(
                sender: sender, recipient: recipient, subject: subject, text: text, html: html,
                id: record.id, date: now))
    }

    /// The template in the language, else in its base language, else in English; of the event,
    /// else the default.
    private func template(for event: EventType, in language: String?) -> MailTemplate? {
        let wanted = language.flatMap { MailTemplate.language($0.lowercased()) }
        let base = wanted?.split(separator: "-").first.map(String.init)
        for language in [wanted, base, Self.defaultLanguage].compactMap({ $0 }) {
            for name in [event.rawValue, Self.defaultName] {
                if let template = services.template(language, name) { return template }
            }
        }
        return nil
    }

    private static let defaultLanguage = "en"
    private static let defaultName = "default"

    /// The places of a template: `event`, and the texts and numbers of the event's data.
    /// Members of `output` are places too.
    private static func values(of record: DeliveryRecord) -> [String: String] {
        var values = ["event": record.event.rawValue, "subject": record.subject]
        guard let body = try? JSONValue(parsing: Array(record.body.utf8)),
            case .object(let data)? = body["data"]
        else { return values }
        var members = data
        if case .object(let output)? = data["output"] { members.merge(output) { old, _ in old } }
        for (name, value) in members {
            switch value {
            case .string(let text): values[name] = text
            case .integer(let number): values[name] = String(number)
            case .number(let number): values[name] = String(number)
            default: break
            }
        }
        return values
    }
}
