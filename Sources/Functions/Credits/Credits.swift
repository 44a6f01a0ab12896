import Credits
import Jobs
import LambdaRuntime
import Signing
import WallClock

extension FunctionName {
    /// Shows credits.
    package static let credits = FunctionName("credits")
}

/// Shows the balance and the history of a workspace's credits. The caller's owner is its
/// workspace.
enum CreditsFunction {
    static let function = Function(
        .credits, url: { await handle($0, $1, Dependencies($2)) })

    struct Dependencies: Sendable {
        var authorizer: Authorizer
        var credits: CreditServices

        init(_ services: Services) {
            authorizer = services.authorizer
            credits = services.credits
        }
    }

    static func handle(
        _ request: FunctionURLRequest, _ context: InvocationContext, _ dependencies: Dependencies
    ) async -> FunctionURLResponse {
        await URLFunction.respond(
            to: request, context, authorizer: dependencies.authorizer, methods: ["GET"]
        ) { authorized in
            let ledger = try dependencies.credits.required()
            let path = request.rawPath.split(separator: "/").map { uriDecode(String($0)) ?? "" }
            guard let root = path.lastIndex(of: "credits") else { throw Problem.notFound }
            let rest = path[(root + 1)...]
            // Another workspace is not found: its existence is not shown.
            guard let workspace = rest.first, workspace == authorized.owner.text else {
                throw Problem.workspaceNotFound
            }
            switch rest.dropFirst().first {
            case nil:
                return .json(
                    status: 200,
                    BalanceDocument(
                        workspace, try await ledger.balance(of: workspace), ledger.plans))
            case "history" where rest.count == 2:
                return .json(status: 200, try await history(of: workspace, request, ledger))
            default: throw Problem.notFound
            }
        }
    }

    private static func history(
        of workspace: String, _ request: FunctionURLRequest, _ ledger: CreditLedger
    ) async throws -> HistoryDocument {
        let page = try NumberedPage(request)
        // One more than the page shows whether another follows.
        let found = try await ledger.history(
            of: workspace, before: page.before, countMax: page.limit + 1)
        let entries = found.prefix(page.limit)
        return HistoryDocument(
            entries: entries.map(HistoryDocument.Entry.init),
            nextCursor: found.count > page.limit ? entries.last.map { String($0.number) } : nil)
    }
}

/// `GET /api/credits/{workspaceId}`.
private struct BalanceDocument: Encodable {
    struct Limits: Encodable {
        var storedBytes: Int?
        var minutesPerMonth: Int?
        var concurrentExports: Int?
        var members: Int?
    }

    var workspaceId: String
    var balance: Int
    var held: Int
    var plan: String
    var runningExports: Int
    var minutesThisMonth: Double
    var limits: Limits

    init(_ workspace: String, _ balance: CreditBalance, _ plans: Plans) {
        workspaceId = workspace
        self.balance = balance.balance
        held = balance.held
        plan = balance.plan
        runningExports = balance.runningExports
        minutesThisMonth = Double(balance.output.wholeMilliseconds / 600) / 100
        let limits = plans.plan(named: balance.plan).limits
        self.limits = Limits(
            storedBytes: limits.storedBytes, minutesPerMonth: limits.minutesPerMonth,
            concurrentExports: limits.concurrentExports, members: limits.members)
    }
}

/// `GET /api/credits/{workspaceId}/history`.
private struct HistoryDocument: Encodable {
    struct Entry: Encodable {
        var number: Int
        var kind: String
        var cause: String
        var amount: Int
        var balance: Int
        var note: String?
        var time: String

        init(_ entry: CreditEntry) {
            number = entry.number
            kind = entry.kind.rawValue
            cause = entry.cause
            amount = entry.amount
            balance = entry.balance
            note = entry.note.isEmpty ? nil : entry.note
            time = entry.time.rfc3339
        }
    }

    var entries: [Entry]
    var nextCursor: String?
}

extension Problem {
    /// 404 for an unknown or foreign workspace.
    static let workspaceNotFound = Problem(
        status: 404, title: "Not found", detail: "The workspace does not exist.",
        error: "Workspace not found")
}
