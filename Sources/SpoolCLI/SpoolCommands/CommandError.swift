import FoundationEssentials

/// The reason for a command's failure.
package struct CommandError: Error, Sendable, Hashable {
    /// The process's exit status: 1 for a failure, 2 for a wrong command line.
    package var status: Int32
    /// The message: the first line states the failure, the others give details.
    package var lines: [String]

    /// Creates an error with several lines.
    package init(_ lines: [String], status: Int32 = 1) {
        self.lines = lines
        self.status = status
    }

    /// Creates an error with one line.
    package init(_ line: String, status: Int32 = 1) {
        self.init([line], status: status)
    }
}

extension CommandError {
    /// Describes an error response. A problem document (RFC 9457) is printed in
    /// full: each wrong field with its reason.
    init(_ action: String, _ response: APIResponse) {
        guard
            let problem = try? JSONDecoder().decode(
                ProblemResponse.self, from: Data(response.body))
        else {
            self.init("\(action) failed with status \(response.status).")
            return
        }
        let reason =
            problem.detail ?? problem.error ?? problem.title ?? problem.Message
            ?? "no reason given"
        let details = (problem.errors ?? []).map { fault in
            let pointer = fault.pointer ?? ""
            return "  \(pointer.isEmpty ? "(whole document)" : pointer): \(fault.detail ?? "")"
        }
        self.init(["\(action) failed (\(response.status)): \(reason)"] + details)
    }
}

private struct ProblemResponse: Decodable {
    struct Fault: Decodable {
        var pointer: String?
        var detail: String?
    }

    var title: String?
    var detail: String?
    var error: String?
    var errors: [Fault]?
    /// The message of the Invoke API's errors, which follow AWS's format.
    var Message: String?
}
