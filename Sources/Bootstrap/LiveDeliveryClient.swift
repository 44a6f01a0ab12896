import FoundationEssentials
import Functions
import HTTPTransport
import Notify
import WallClock

/// Sends webhooks and messages over libcurl.
struct LiveDeliveryClient: DeliveryClient {
    let client: any HTTPClient
    let configuration: DeliveryConfiguration

    func post(_ call: WebhookCall, now: UnixTime) async -> DeliveryReply {
        var request = HTTPRequest(
            method: "POST", url: call.url.text, headers: call.headers, body: .bytes(call.body),
            timeout: DeliveryTime.exchangeMax)
        request.excerptBytes = DeliveryReply.excerptBytes
        let (rules, host) = (call.rules, call.url.host)
        request.permitsAddress = { bytes in
            NetworkAddress(bytes: bytes).map { rules.permits($0, host: host) } ?? false
        }
        return await reply(to: request, now: now)
    }

    func send(_ message: MailMessage) async -> DeliveryReply {
        if let provider = configuration.provider { return await send(message, by: provider) }
        guard let server = configuration.server else {
            return DeliveryReply(.refused("E-mail is not configured."))
        }
        let mail = MailSubmission(
            url: server.url, user: server.user, password: server.password,
            requiresTLS: server.requiresTLS, sender: message.sender.address.text,
            recipient: message.recipient.text, headers: message.headers, text: message.text,
            html: message.html)
        do throws(HTTPTransportError) {
            let reply = try await client.submit(mail, timeout: DeliveryTime.exchangeMax)
            return DeliveryReply(
                .status(reply.status), excerpt: String(decoding: reply.body, as: UTF8.self))
        } catch {
            return DeliveryReply(.unreachable("The mail server gave no reply: \(error.text)."))
        }
    }

    /// The body of Resend's `POST /emails`.
    private struct Email: Encodable {
        var from: String
        var to: [String]
        var subject: String
        var text: String
        var html: String
    }

    private func send(
        _ message: MailMessage, by provider: DeliveryConfiguration.MailProvider
    ) async -> DeliveryReply {
        let email = Email(
            from: message.sender.plainText, to: [message.recipient.text],
            subject: message.subject, text: message.text, html: message.html)
        guard let body = try? JSONEncoder().encode(email) else {
            return DeliveryReply(.refused("The message cannot be encoded."))
        }
        var request = HTTPRequest(
            method: "POST", url: provider.url,
            headers: [
                ("content-type", "application/json"), ("authorization", "Bearer \(provider.key)"),
                ("idempotency-key", message.id),
            ],
            body: .bytes(Array(body)), timeout: DeliveryTime.exchangeMax)
        request.excerptBytes = DeliveryReply.excerptBytes
        return await reply(to: request, now: message.date)
    }

    private func reply(to request: HTTPRequest, now: UnixTime) async -> DeliveryReply {
        do throws(HTTPTransportError) {
            let response = try await client.send(request)
            let after = response["retry-after"].flatMap { retryAfter($0, now: now) }
            let excerpt = String(
                decoding: response.body.prefix(DeliveryReply.excerptBytes), as: UTF8.self)
            return DeliveryReply(
                .status(response.status, retryAfter: after),
                excerpt: excerpt.isEmpty ? nil : excerpt)
        } catch {
            if error.code == .forbiddenAddress {
                return DeliveryReply(.refused("The host's address is not public."))
            }
            return DeliveryReply(.unreachable("\(error.text)."))
        }
    }
}
