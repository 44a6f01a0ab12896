import Functions
import HTTPTransport
import Notify
import Signing

/// Fetches documents of identity services over libcurl.
struct LiveIdentityClient: IdentityClient {
    let client: any HTTPClient
    let rules: AddressRules

    func document(at url: WebhookURL) async -> IdentityReply? {
        await reply(
            to: HTTPRequest(
                method: "GET", url: url.text, headers: [("accept", "application/json")],
                sink: .memory(bytesMax: IdentityReply.bodyBytesMax), timeout: .seconds(5)),
            host: url.host)
    }

    func post(form: [(name: String, value: String)], to url: WebhookURL) async -> IdentityReply? {
        let body = form.map { "\(uriEncode($0.name))=\(uriEncode($0.value))" }
            .joined(separator: "&")
        return await reply(
            to: HTTPRequest(
                method: "POST", url: url.text,
                headers: [
                    ("accept", "application/json"),
                    ("content-type", "application/x-www-form-urlencoded"),
                ],
                body: .bytes(Array(body.utf8)),
                sink: .memory(bytesMax: IdentityReply.bodyBytesMax), timeout: .seconds(10)),
            host: url.host)
    }

    private func reply(to request: HTTPRequest, host: String) async -> IdentityReply? {
        var request = request
        let rules = rules
        request.permitsAddress = { bytes in
            NetworkAddress(bytes: bytes).map { rules.permits($0, host: host) } ?? false
        }
        guard let response = try? await client.send(request) else { return nil }
        return IdentityReply(
            status: response.status, body: response.body, cacheControl: response["cache-control"])
    }
}
