import EditFormats
import Jobs
import JSON
import Notify
import ObjectStore

/// Checks an edit's callback before the export starts: a receiver that can never be reached is
/// a mistake of the request.
struct CallbackCheck: Sendable {
    let bucket: any Bucket
    let owner: OwnerID

    /// - Throws: a 400 problem with every fault.
    func check(_ callback: Edit.Callback?) async throws {
        guard let callback else { return }
        var faults: [FieldFault] = []
        func report(_ detail: String, _ field: String) {
            faults.append(FieldFault(pointer: "/callback/\(field)", detail: detail))
        }
        if let url = callback.url {
            do {
                _ = try WebhookURL(url)
            } catch {
                report(error.detail, "url")
            }
        }
        if let email = callback.email, MailAddress(email) == nil {
            report("must be the address of a mailbox", "email")
        }
        if let language = callback.language, MailTemplate.language(language.lowercased()) == nil {
            report("must be a language such as en or pt-br", "language")
        }
        if let reference = callback.secretRef {
            let directory = EndpointDirectory(bucket: bucket, owner: owner)
            if try await directory.secrets(named: reference) == nil {
                report("names no endpoint and no secret of the caller", "secretRef")
            }
        }
        guard faults.isEmpty else { throw Problem.invalid(faults) }
    }
}
