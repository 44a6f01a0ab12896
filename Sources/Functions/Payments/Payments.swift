import Credits
import JSON
import LambdaRuntime
import Logging
import WallClock

extension FunctionName {
    /// Takes webhooks of payment providers.
    package static let payments = FunctionName("payments")
}

/// Takes webhooks of payment providers: verifies each, records it once and applies it.
///
/// The signature is the authorization. The provider delivers again after any answer but 200.
enum Payments {
    static let function = Function(
        .payments, url: { await handle($0, $1, Dependencies($2)) })

    struct Dependencies: Sendable {
        var credits: CreditServices
        var now: @Sendable () -> UnixTime

        init(_ services: Services) {
            credits = services.credits
            now = services.now
        }
    }

    /// Largest body; events have a few kilobytes.
    private static let bodyBytesMax = 262_144

    static func handle(
        _ request: FunctionURLRequest, _ context: InvocationContext, _ dependencies: Dependencies
    ) async -> FunctionURLResponse {
        // The provider signs: every caller may try.
        await URLFunction.respond(
            to: request, context, authorizer: Authorizer(verifiers: []), methods: ["POST"]
        ) { _ in
            let ledger = try dependencies.credits.required()
            let name = request.rawPath.split(separator: "/").last.map(String.init) ?? ""
            guard let provider = PaymentProvider(rawValue: name),
                let secrets = dependencies.credits.payments.first(where: {
                    $0.provider == provider
                })
            else { throw Problem.notFound }
            let body = request.bodyBytes
            guard body.count <= bodyBytesMax else {
                throw Problem(
                    status: 413, title: "Content too large",
                    detail: "The body has \(body.count) bytes; the limit is \(bodyBytesMax).")
            }
            let id = try verify(request, secrets, at: dependencies.now())
            guard let event = PaymentEvent(provider, id: id, try AuthorizedRequest.jsonObject(body))
            else {
                throw Problem.invalid([
                    FieldFault(pointer: "", detail: "is not an event of \(provider.rawValue)")
                ])
            }
            let outcome = try await ledger.record(
                event, payload: String(decoding: body, as: UTF8.self))
            context.logger.info(
                "Payment event recorded",
                [
                    "provider": .string(provider.rawValue), "event": .string(event.id),
                    "kind": .string(event.kind), "outcome": .string(outcome),
                ])
            return .json(status: 200, ["outcome": outcome])
        }
    }

    private static func verify(
        _ request: FunctionURLRequest, _ secrets: PaymentSecrets, at now: UnixTime
    ) throws(Problem) -> String? {
        do {
            return try secrets.verify(request.headers, body: request.bodyBytes, at: now)
        } catch {
            throw Problem(
                status: 401, title: "Unauthorized", detail: error.rawValue,
                error: "Invalid signature")
        }
    }
}
