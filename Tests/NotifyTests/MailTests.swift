import Crypto
import Notify
import Testing
import TestSupport

/// Messages, their header fields and templates.
@Suite struct MailTests {
    @Test(arguments: ["a@example.org", "first.last+tag@mail.example.org", "o'brien@example.org"])
    func `a mailbox is accepted`(text: String) {
        #expect(MailAddress(text)?.text == text)
    }

    @Test(arguments: [
        "", "a", "@example.org", "a@", "a@b@c", "a b@example.org", "a\r\nBcc: x@example.org",
        "a@example.org\n", ".a@example.org", "a..b@example.org", "a@exa mple.org", "<a@b.org>",
        "é@example.org",
    ])
    func `a text that is no mailbox is refused`(text: String) {
        #expect(MailAddress(text) == nil)
    }

    @Test func `a subject in any script becomes encoded words`() throws {
        #expect(MailMessage.encodedWord("Your video is ready") == "Your video is ready")
        #expect(MailMessage.encodedWord("größer") == "=?UTF-8?B?Z3LDtsOfZXI=?=")
        let long = MailMessage.encodedWord(String(repeating: "名前", count: 40))
        for word in long.split(separator: " ") {
            #expect(word.count <= 75)
            let text = String(word.dropFirst("=?UTF-8?B?".count).dropLast(2))
            let decoded = try #require(bytes(base64: text))
            #expect(String(validating: decoded, as: UTF8.self) != nil)
        }
    }

    @Test func `a message has the header fields of RFC 5322`() throws {
        let sender = try #require(MailSender("Spool Ü <spool@example.org>"))
        let recipient = try #require(MailAddress("a@example.com"))
        let message = MailMessage(
            sender: sender, recipient: recipient, subject: "Done", text: "a", html: "<p>a</p>",
            id: "msg_1_a", date: 0)

        let headers = Dictionary(uniqueKeysWithValues: message.headers)
        #expect(headers["Date"] == "Thu, 01 Jan 1970 00:00:00 +0000")
        #expect(headers["From"] == "=?UTF-8?B?U3Bvb2wgw5w=?= <spool@example.org>")
        #expect(headers["To"] == "a@example.com")
        #expect(headers["Message-ID"] == "<msg_1_a@example.org>")
    }

    @Test func `values of a template are escaped in HTML and cannot end the subject`() throws {
        let template = try #require(
            MailTemplate(
                text: "Subject: {{name}} is ready\n\nHello {{name}}{{absent}}.\n",
                html: "<p title=\"{{name}}\">{{name}}</p>"))

        let filled = template.filled(["name": "<b>\"A\" & 'B'\r\nBcc: x"])

        #expect(filled.subject == "<b>\"A\" & 'B'  Bcc: x is ready")
        #expect(filled.text == "Hello <b>\"A\" & 'B'\r\nBcc: x.\n")
        let escaped = "&lt;b&gt;&quot;A&quot; &amp; &#39;B&#39;\r\nBcc: x"
        #expect(filled.html == "<p title=\"\(escaped)\">\(escaped)</p>")
    }

    @Test func `a value is not searched for places`() throws {
        let template = try #require(
            MailTemplate(text: "Subject: a\n\n{{a}}", html: ""))

        #expect(template.filled(["a": "{{b}}", "b": "c"]).text == "{{b}}")
    }

    @Test func `a template without a subject is refused`() {
        #expect(MailTemplate(text: "Hello", html: "") == nil)
    }
}
