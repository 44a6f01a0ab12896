import FoundationEssentials

/// Why a command ends in failure.
package struct CommandError: Error, Sendable, Hashable {
    /// The process's exit status: 1 for what went wrong, 2 for a wrong command line.
    package var status: Int32
    /// The first one says what failed, the others add to it.
    package var lines: [String]

    /// An error of several lines.
    package init(_ lines: [String], status: Int32 = 1) {
        self.lines = lines
        self.status = status
    }

    /// An error of one line.
    package init(_ line: String, status: Int32 = 1) {
        self.init([line], status: status)
    }
}

extension CommandError {
    /// What the API answered instead of what was asked for. A problem document
    /// (RFC 9457) is printed in full: each field that is wrong, and why.
    init(_ action: String, _ response: APIResponse) {
        guard
            let problem = try? JSONDecoder().decode(
                ProblemResponse.self, from: Data(response.body))
        else {
            self.init("\(action) failed: the answer was status \(response.status).")
            return
        }
        let reason =
            problem.detail ?? problem.error ?? problem.title ?? problem.Message
            ?? "no reason was given"
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
    /// The Invoke API's own errors are AWS's, not problem documents.
    var Message: String?
}
