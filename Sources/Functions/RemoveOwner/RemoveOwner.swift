import Jobs
import JSON
import LambdaRuntime
import Logging
import ObjectStore
import WallClock

extension FunctionName {
    /// Removes everything of an owner.
    package static let removeOwner = FunctionName("remove-owner")
}

/// Removes everything of the caller, and reports the progress.
///
/// What does not fit into one invocation is continued by `expire`.
enum RemoveOwner {
    static let function = Function(
        .removeOwner, url: { await handle($0, $1, Dependencies($2)) })

    struct Dependencies: Sendable {
        var bucket: any Bucket
        var authorizer: Authorizer
        var now: @Sendable () -> UnixTime

        init(_ services: Services) {
            bucket = services.bucket
            authorizer = services.authorizer
            now = services.now
        }
    }

    /// Kept for the response.
    static let reserve = Duration.seconds(5)

    static func handle(
        _ request: FunctionURLRequest, _ context: InvocationContext, _ dependencies: Dependencies
    ) async -> FunctionURLResponse {
        await URLFunction.respond(
            to: request, context, authorizer: dependencies.authorizer,
            methods: ["DELETE", "GET", "HEAD"]
        ) { authorized in
            let owner = authorized.owner
            let removal = OwnerRemoval(
                owner: owner, bucket: dependencies.bucket, now: dependencies.now)
            guard authorized.request.method == "DELETE" else {
                return .json(status: 200, OwnerDocument(owner, try await removal.record()))
            }
            try confirm(authorized)
            try await removal.begin()
            let record = try await removal.advance(until: context.deadline - reserve)
            context.logger.warning(
                "Removal of an owner requested",
                [
                    "owner": .string(owner.text), "exports": .integer(record?.exports ?? 0),
                    "objects": .integer(record?.objects ?? 0),
                    "sourceIp": .string(authorized.request.sourceIP),
                ])
            return .json(status: 202, OwnerDocument(owner, record))
        }
    }

    /// `?confirm=` must name the owner, so that a call by mistake removes nothing.
    private static func confirm(_ authorized: AuthorizedRequest) throws(Problem) {
        guard authorized.request.queryStringParameters["confirm"] != authorized.owner.text
        else { return }
        throw Problem.invalid([
            FieldFault(
                pointer: "/confirm", detail: "must be the owner's name, \(authorized.owner.text)")
        ])
    }
}

private struct OwnerDocument: Encodable {
    struct Removal: Encodable {
        /// `removing`, `removed` once everything is deleted, `finished` once new work is
        /// accepted again.
        var state: String
        var startedAt: String
        var finishedAt: String?
        var exports: Int
        var objects: Int
        var bytes: Int
    }

    var owner: String
    /// Nil if nothing was ever removed.
    var removal: Removal?

    init(_ owner: OwnerID, _ record: OwnerRemovalRecord?) {
        self.owner = owner.text
        removal = record.map { record in
            Removal(
                state: record.finishedAt != nil
                    ? "finished" : record.emptiedAt != nil ? "removed" : "removing",
                startedAt: record.startedAt.rfc3339, finishedAt: record.finishedAt?.rfc3339,
                exports: record.exports, objects: record.objects, bytes: record.bytes)
        }
    }
}
