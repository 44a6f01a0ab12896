import JSON
import LambdaRuntime

/// `limit` and `cursor` of a page whose entries are numbered, the newest first.
struct NumberedPage: Sendable {
    /// Number of entries.
    var limit = PageRequest.limitDefault
    /// Number of the entry after which the page begins; nil for the first page.
    var before: Int?

    /// - Throws: a 400 problem at `/limit` or `/cursor`.
    init(_ request: FunctionURLRequest) throws(Problem) {
        var faults: [FieldFault] = []
        if let text = request.queryStringParameters["limit"] {
            if let number = Int(text), (1...PageRequest.limitMax).contains(number) {
                limit = number
            } else {
                faults.append(
                    FieldFault(
                        pointer: "/limit",
                        detail: "must be a whole number from 1 to \(PageRequest.limitMax)"))
            }
        }
        if let text = request.queryStringParameters["cursor"] {
            before = Int(text).flatMap { $0 > 0 ? $0 : nil }
            if before == nil {
                faults.append(
                    FieldFault(pointer: "/cursor", detail: "is not a cursor of this list"))
            }
        }
        guard faults.isEmpty else { throw Problem.invalid(faults) }
    }
}
