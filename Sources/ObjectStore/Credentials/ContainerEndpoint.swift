import FoundationEssentials
import Glibc
import HTTPTransport
import Signing
import WallClock

/// The endpoint that provides a container with its role's credentials.
///
/// Source: AWS SDKs and Tools Reference Guide, "Container credential provider".
package struct ContainerEndpoint: Sendable, Hashable {
    var url: String
    /// The header's value. `tokenFile` takes precedence: that file is rewritten over time.
    var token: String?
    var tokenFile: String?

    /// Reads the endpoint from the environment.
    /// - Returns: nil if no endpoint is named, or if it would receive the token
    ///   in clear text outside this machine and the platform's own addresses.
    init?(environment: [String: String]) {
        func value(_ name: String) -> String? {
            environment[name].flatMap { $0.isEmpty ? nil : $0 }
        }
        token = value("AWS_CONTAINER_AUTHORIZATION_TOKEN")
        tokenFile = value("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE")
        if let path = value("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"), path.hasPrefix("/") {
            url = "http://169.254.170.2" + path
        } else if let full = value("AWS_CONTAINER_CREDENTIALS_FULL_URI"), Self.isTrusted(full) {
            url = full
        } else {
            return nil
        }
    }

    private static func isTrusted(_ url: String) -> Bool {
        if url.hasPrefix("https://") { return true }
        guard url.hasPrefix("http://") else { return false }
        let authority = url.dropFirst(7).prefix { $0 != "/" && $0 != "?" }
        let host =
            authority.hasPrefix("[")
            ? authority.prefix { $0 != "]" } + "]" : authority.prefix { $0 != ":" }
        return [
            "localhost", "127.0.0.1", "[::1]", "169.254.170.2", "169.254.170.23",
            "[fd00:ec2::23]",
        ].contains(String(host))
    }

    private struct Answer: Decodable {
        var AccessKeyId: String
        var SecretAccessKey: String
        var Token: String?
        var Expiration: String?
    }

    /// Requests credentials.
    /// - Throws: `.unavailable` if the endpoint returns none.
    func load(_ client: any HTTPClient) async throws(ObjectStoreError) -> ExpiringCredentials {
        var headers: [(name: String, value: String)] = []
        if let token = try currentToken() { headers.append(("Authorization", token)) }
        let request = HTTPRequest(
            method: "GET", url: url, headers: headers, sink: .memory(bytesMax: 64 << 10),
            connectTimeout: .seconds(2), timeout: .seconds(5))
        let response: HTTPResponse
        do {
            response = try await client.send(request)
        } catch {
            throw Self.failure(error.text)
        }
        guard response.status == 200,
            let answer = try? JSONDecoder().decode(Answer.self, from: Data(response.body))
        else { throw Self.failure("it answered status \(response.status)") }
        return ExpiringCredentials(
            credentials: SigV4.Credentials(
                accessKeyID: answer.AccessKeyId, secretAccessKey: answer.SecretAccessKey,
                sessionToken: answer.Token),
            expiresAt: answer.Expiration.flatMap { UnixTime(rfc3339: $0) })
    }

    /// The current token. A few cached bytes are read faster than handed to a thread.
    private func currentToken() throws(ObjectStoreError) -> String? {
        guard let tokenFile else { return token }
        guard let text = SmallFile.text(tokenFile) else {
            throw Self.failure("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE cannot be read")
        }
        return text.filter { $0 != "\n" && $0 != "\r" }
    }

    private static func failure(_ reason: String) -> ObjectStoreError {
        ObjectStoreError(
            .unavailable, operation: "GetCredentials", key: "",
            detail: "The container endpoint returned no credentials: \(reason)")
    }
}
