import EmulatorHTTP
import JSON
import Logging

/// The routes whose form is stored while it arrives (`"body": "multipart-stream"`).
///
/// The function is invoked twice: first without the body, for its grant, then with references
/// to the stored files. The bytes are never in its memory or in the emulator's.
struct StreamedForms: Sendable {
    /// Tells the function which of its two invocations this is: `pending` or `stored`.
    static let header = "x-spool-body"
    /// Media type of the form with references.
    static let formType = "application/vnd.spool.form+json"
    /// Bytes of a refused or an oversized form that are read before the connection is closed.
    private static let drainedBytesMax = 6 << 30

    let caller: FunctionURLCaller
    let sink: (any UploadSink)?
    let logger: Logger

    /// The request without what only the front door may say.
    static func stripped(_ head: RequestHead) -> RequestHead {
        var head = head
        head.headers = HeaderFields(
            head.headers.fields.filter { field in
                if field.lowercasedName == header { return false }
                guard field.lowercasedName == "content-type" else { return true }
                return !field.value.lowercased().filter { $0 != " " }.hasPrefix(
                    "application/vnd.spool.")
            }.map { ($0.name, $0.value) })
        return head
    }

    /// True for a request whose body is stored while it arrives.
    func take(_ head: RequestHead) -> Bool {
        sink != nil && MultipartParser.isForm(head.headers["content-type"] ?? "")
    }

    /// Asks the function for its grant.
    /// - Parameter refused: Completes a response that is sent instead of a grant.
    func plan(
        _ function: FunctionDefinition, _ target: FunctionURLTarget, _ head: RequestHead,
        refused: (Response) -> Response
    ) async -> BodyPlan {
        func refusal(_ response: Response) -> BodyPlan {
            let response = refused(response)
            // A client that waits for 100 (Continue) sends no body after a refusal.
            if head.headers["expect"]?.lowercased() == "100-continue" { return .refuse(response) }
            return .consume(RefusedBody(response, bytesMax: Self.drainedBytesMax))
        }
        guard let sink,
            let parser = MultipartParser(contentType: head.headers["content-type"] ?? "")
        else {
            return refusal(Self.malformed("The content type of the form has no boundary."))
        }
        var asked = Self.stripped(head)
        asked.headers.append(Self.header, "pending")
        let answer = await caller.call(
            function, FunctionURLConfiguration(), target, asked, .bytes([]))
        let type = answer.headers.first { $0.0.lowercased() == "content-type" }?.1 ?? ""
        guard answer.status == 200, UploadGrant.isGrant(type) else { return refusal(answer) }
        guard let grant = UploadGrant(answer) else {
            return refusal(
                problem(502, "Bad gateway", detail: "The function's grant is malformed."))
        }
        return .consume(
            FormReceiver(
                parser, FormContents(grant, sink: sink), target: target,
                bytesMax: Self.drainedBytesMax))
    }

    /// Makes the stored files objects and passes the form to the function.
    func respond(
        _ function: FunctionDefinition, _ receiver: FormReceiver, _ head: RequestHead
    ) async -> Response {
        let contents = receiver.contents()
        if let fault = contents.fault { return response(to: fault) }
        var etags: [String] = []
        do {
            for file in contents.files { etags.append(try await file.writer.commit()) }
        } catch {
            await sink?.remove(contents.files.prefix(etags.count).map(\.key))
            return response(to: .store("\(error)"))
        }
        let document = contents.document(etags: etags).bytes
        let answer = await caller.call(
            function, FunctionURLConfiguration(), receiver.target,
            Self.stored(head, bytes: document.count), .bytes(document))
        // The function did not run, so it cannot remove them.
        if answer.status == 429 { await sink?.remove(contents.files.map(\.key)) }
        return answer
    }

    /// The request with the document in place of its form.
    private static func stored(_ head: RequestHead, bytes: Int) -> RequestHead {
        let replaced = ["content-type", "content-length", "transfer-encoding", "expect"]
        var head = stripped(head)
        head.headers = HeaderFields(
            head.headers.fields.filter { !replaced.contains($0.lowercasedName) }
                .map { ($0.name, $0.value) })
        head.headers.append("content-type", formType)
        head.headers.append("content-length", String(bytes))
        head.headers.append(header, "stored")
        return head
    }

    private func response(to fault: FormContents.Fault) -> Response {
        switch fault {
        case .malformed(let text): return Self.malformed(text)
        case .fieldTooLarge(let name):
            return problem(
                413, "Content too large", detail: "The field \(name) of the form is too large.")
        case .tooManyFields:
            return problem(
                413, "Content too large", detail: "The form has too many or too large fields.")
        case .store(let text):
            logger.error("Form not stored", ["error": .string(text)])
            return problem(500, "Internal error", detail: "The files could not be stored.")
        }
    }

    private static func malformed(_ text: String) -> Response {
        problem(400, "Malformed form", detail: text)
    }
}
