import FoundationEssentials
import Functions
import HTTPTransport
import Notify
import Synchronization

/// Settings of notifications, from the environment.
struct DeliveryConfiguration: Sendable {
    /// A mail server: `SPOOL_SMTP_URL`, `SPOOL_SMTP_USER`, `SPOOL_SMTP_PASSWORD`, `SPOOL_SMTP_TLS`.
    struct MailServer: Sendable {
        var url: String
        var user: String?
        var password: String?
        /// False with `SPOOL_SMTP_TLS=off`: for a relay on the same machine.
        var requiresTLS: Bool
    }

    /// A provider in Resend's shape: `SPOOL_MAIL_API_URL` and `SPOOL_MAIL_API_KEY`.
    struct MailProvider: Sendable {
        var url: String
        var key: String
    }

    /// `SPOOL_WEBHOOK_ALLOW`: hosts, addresses and blocks besides the public ones.
    var rules = AddressRules.publicOnly
    /// `SPOOL_WEBHOOK_RETRY_SCALE`: factor of the delays between attempts, for tests.
    var schedule = RetrySchedule()
    /// `SPOOL_MAIL_FROM`; nil disables e-mail.
    var sender: MailSender?
    var server: MailServer?
    var provider: MailProvider?
    /// `SPOOL_MAIL_TEMPLATES`, else the folder `mail-templates` of the package.
    var templateFolder: String

    /// - Parameter faults: Receives a sentence about each malformed variable.
    init(environment: [String: String], faults: inout [String]) {
        func text(_ name: String) -> String? { environment[name].flatMap { $0.isEmpty ? nil : $0 } }
        templateFolder =
            text("SPOOL_MAIL_TEMPLATES") ?? "\(text("LAMBDA_TASK_ROOT") ?? ".")/mail-templates"
        rules = Configuration.addressRules("SPOOL_WEBHOOK_ALLOW", environment, &faults)
        if let scale = text("SPOOL_WEBHOOK_RETRY_SCALE") {
            if let number = Double(scale), number > 0, number <= 100 {
                schedule = RetrySchedule(scale: number)
            } else {
                faults.append("SPOOL_WEBHOOK_RETRY_SCALE is not a number up to 100: \(scale).")
            }
        }
        if let url = text("SPOOL_SMTP_URL") {
            if url.hasPrefix("smtp://") || url.hasPrefix("smtps://"), !url.contains("@") {
                server = MailServer(
                    url: url, user: text("SPOOL_SMTP_USER"),
                    password: text("SPOOL_SMTP_PASSWORD"),
                    requiresTLS: text("SPOOL_SMTP_TLS") != "off")
            } else {
                faults.append("SPOOL_SMTP_URL is not smtp:// or smtps:// without a user.")
            }
        }
        if let url = text("SPOOL_MAIL_API_URL") {
            if let key = text("SPOOL_MAIL_API_KEY") {
                provider = MailProvider(url: url, key: key)
            } else {
                faults.append("SPOOL_MAIL_API_KEY is missing.")
            }
        }
        guard server != nil || provider != nil else { return }
        sender = text("SPOOL_MAIL_FROM").flatMap { MailSender($0) }
        if sender == nil { faults.append("SPOOL_MAIL_FROM is not the address of a sender.") }
    }

    /// The live values of notifications.
    func services(_ client: any HTTPClient) -> DeliveryServices {
        let templates = TemplateFolder(path: templateFolder)
        return DeliveryServices(
            client: LiveDeliveryClient(client: client, configuration: self), schedule: schedule,
            rules: rules, mailSender: sender,
            template: { templates.template(language: $0, event: $1) })
    }
}

/// Templates in files: `{language}/{event}.txt` and `.html`. Each is read once.
private final class TemplateFolder: Sendable {
    private let path: String
    private let known = Mutex<[String: MailTemplate?]>([:])

    init(path: String) { self.path = path }

    func template(language: String, event: String) -> MailTemplate? {
        let name = "\(language)/\(event)"
        return known.withLock { known in
            if let template = known[name] { return template }
            let template = read("\(path)/\(name)")
            known[name] = .some(template)
            return template
        }
    }

    private func read(_ stem: String) -> MailTemplate? {
        let files = ["txt", "html"].map { FileManager.default.contents(atPath: "\(stem).\($0)") }
        guard let text = files[0], let html = files[1] else { return nil }
        return MailTemplate(
            text: String(decoding: text, as: UTF8.self),
            html: String(decoding: html, as: UTF8.self))
    }
}
