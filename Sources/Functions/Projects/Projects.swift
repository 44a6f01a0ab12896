import Jobs
import JSON
import LambdaRuntime
import Logging
import ObjectStore
import WallClock

extension FunctionName {
    /// Saves and lists projects.
    package static let projects = FunctionName("projects")
}

/// Saves, reads, lists and removes projects: any JSON object, one object of the store each.
///
/// Each change is one conditional write of one object, so a project is never half saved. The list
/// has an entry of its own, which is written first; an entry without its project is skipped.
enum Projects {
    static let function = Function(.projects, url: { await handle($0, $1, Dependencies($2)) })

    struct Dependencies: Sendable {
        var bucket: any Bucket
        var authorizer: Authorizer
        var now: @Sendable () -> UnixTime
        /// Unguessable text of `a-z 0-9`, of the requested length.
        var randomText: @Sendable (Int) -> String

        init(_ services: Services) {
            bucket = services.bucket
            authorizer = services.authorizer
            now = services.now
            randomText = services.randomText
        }
    }

    static func handle(
        _ request: FunctionURLRequest, _ context: InvocationContext, _ dependencies: Dependencies
    ) async -> FunctionURLResponse {
        await URLFunction.respond(
            to: request, context, authorizer: dependencies.authorizer,
            methods: ["DELETE", "GET", "HEAD", "PATCH", "POST", "PUT"]
        ) { authorized in
            let owner = authorized.owner
            let path = authorized.request.rawPath.split(separator: "/")
            guard path.last != "projects" else {
                return try await collection(authorized, dependencies)
            }
            guard let project = authorized.pathParameter("id").flatMap({ ProjectID($0) }) else {
                throw ["PUT", "POST"].contains(request.method)
                    ? Problem.invalid([
                        FieldFault(pointer: "/id", detail: "must be 1 to 64 of a-z 0-9 - _")
                    ]) : Problem.projectNotFound
            }
            let store = ProjectStore(
                keys: ProjectKeys(owner: owner, project: project), bucket: dependencies.bucket)
            return try await item(authorized, store, dependencies)
        }
    }

    /// `/api/projects`
    private static func collection(
        _ authorized: AuthorizedRequest, _ dependencies: Dependencies
    ) async throws -> FunctionURLResponse {
        switch authorized.request.method {
        case "GET", "HEAD":
            return .json(
                status: 200,
                try await ProjectList.page(
                    try PageRequest(authorized.request), of: authorized.owner,
                    in: dependencies.bucket, now: dependencies.now()))
        case "POST":
            let upload = ProjectBody(authorized: authorized, bucket: dependencies.bucket)
            let body = try await upload.members()
            let now = dependencies.now()
            let project = ProjectID(time: now, random: dependencies.randomText(20))
            let store = ProjectStore(
                keys: ProjectKeys(owner: authorized.owner, project: project),
                bucket: dependencies.bucket)
            return try await store.put(body, .absent, now: now).version.response(status: 201)
        default:
            throw Problem.methodNotAllowed(authorized.request.method, allowed: ["GET", "POST"])
        }
    }

    /// `/api/projects/{id}`
    private static func item(
        _ authorized: AuthorizedRequest, _ store: ProjectStore, _ dependencies: Dependencies
    ) async throws -> FunctionURLResponse {
        let body = ProjectBody(authorized: authorized, bucket: dependencies.bucket)
        let condition = ProjectCondition(authorized.request)
        let now = dependencies.now()
        switch authorized.request.method {
        case "GET", "HEAD":
            return try await ProjectReading(store: store, bucket: dependencies.bucket)
                .response(to: authorized.request)
        case "PUT":
            let saved = try await store.put(
                try await body.members(), condition, now: now)
            return saved.version.response(status: saved.isNew ? 201 : 200)
        case "PATCH":
            return try await store.patch(try await body.patch(), condition, now: now)
                .response(status: 200)
        case "DELETE":
            return .json(status: 200, try await store.delete(condition, now: now))
        default:
            throw Problem.methodNotAllowed(
                authorized.request.method, allowed: ["DELETE", "GET", "PATCH", "PUT"])
        }
    }
}

extension ProjectCondition {
    fileprivate init(_ request: FunctionURLRequest) {
        switch (EntityTags("if-match", of: request), EntityTags("if-none-match", of: request)) {
        case (.list(let tags), _): self = .oneOf(tags)
        case (.any, _): self = .present
        case (nil, .any): self = .absent
        case (nil, _): self = .none
        }
    }
}
