import JSON

/// Answers one event. Event and response are JSON unless the caller and the
/// function agree otherwise.
package typealias RawHandler = @Sendable ([UInt8], InvocationContext) async throws -> [UInt8]

/// An error as Lambda reports it to the caller.
package struct HandlerError: Error, Sendable, Hashable, CustomStringConvertible {
    /// `Function.SomeError` or `Runtime.SomeError`. Lambda keeps only types that
    /// match `(Runtime|Function)\.[A-Z][a-zA-Z]+`; others are sent as
    /// `Function.Error`.
    package var type: String
    /// One sentence, without secrets: callers and logs see it.
    package var message: String

    /// An error.
    package init(type: String, message: String) {
        self.type = type
        self.message = message
    }

    /// Type and message.
    package var description: String { "\(type): \(message)" }
}

extension HandlerError {
    /// The report for an error of a handler: a `HandlerError` unchanged, any other
    /// error with its type's name and its description.
    package init(reporting error: any Error) {
        if let error = error as? HandlerError {
            let isKept = HandlerError.isConformant(error.type)
            self.init(type: isKept ? error.type : "Function.Error", message: error.message)
        } else if error is CancellationError {
            self.init(
                type: "Runtime.Cancelled", message: "The invocation was cancelled.")
        } else {
            let name = String(describing: Swift.type(of: error)).filter {
                $0.isASCII && $0.isLetter
            }
            let type = "Function." + name.prefix(1).uppercased() + name.dropFirst()
            self.init(
                type: HandlerError.isConformant(type) ? type : "Function.Error",
                message: String(describing: error))
        }
    }

    /// True if Lambda would keep `type` (pattern of AWS's runtime interface emulator).
    package static func isConformant(_ type: String) -> Bool {
        let bytes = Array(type.utf8)
        let prefixes = ["Runtime.", "Function."]
        guard let prefix = prefixes.first(where: { type.hasPrefix($0) }) else { return false }
        let name = bytes.dropFirst(prefix.utf8.count)
        guard let first = name.first, (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(first) else {
            return false
        }
        let isLetters = name.allSatisfy {
            (UInt8(ascii: "a")...UInt8(ascii: "z")).contains($0 | 0x20)
        }
        return isLetters && name.count >= 2
    }

    /// The body of an error report: `{errorMessage, errorType, stackTrace}`.
    package var document: [UInt8] {
        var bytes = Array("{\"errorMessage\":".utf8)
        JSONText.append(message, to: &bytes)
        bytes.append(contentsOf: ",\"errorType\":".utf8)
        JSONText.append(type, to: &bytes)
        bytes.append(contentsOf: ",\"stackTrace\":[]}".utf8)
        return bytes
    }
}
