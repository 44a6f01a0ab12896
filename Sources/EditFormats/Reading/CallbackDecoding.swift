package import JSON
import MediaTime
import RenderPlans

extension Edit.Callback {
    /// Reads the callback alone of a stored export request of any shape.
    /// - Returns: nil if the request has none, or none that is valid.
    package init?(request: JSONValue) {
        var decoding = EditDecoding()
        guard let merged = decoding.merged(request), let root = decoding.reader.object(merged),
            let callback = root["callback"].flatMap({ decoding.callback($0) }),
            decoding.reader.faults.isEmpty
        else { return nil }
        self = callback
    }
}

extension EditDecoding {
    /// Reads `{url, email, language, secretRef, data}`; `url` or `email` is required.
    mutating func callback(_ node: JSONNode) -> Edit.Callback? {
        guard let callback = reader.object(node) else { return nil }
        let secretRef = callback["secretRef"].flatMap {
            reader.text($0, lengthMax: Limits.secretNameCharactersMax)
        }
        let email = callback["email"].flatMap {
            reader.text($0, lengthMax: Limits.mailAddressCharactersMax)
        }
        let language = callback["language"].flatMap {
            reader.text($0, lengthMax: Limits.languageCharactersMax)
        }
        guard callback["url"] != nil || callback["email"] != nil else {
            reader.report("is required unless there is an email", at: node.pointer.appending("url"))
            return nil
        }
        let url = callback["url"].flatMap { self.url($0) }
        return Edit.Callback(
            url: url, email: email, language: language, secretRef: secretRef,
            data: callback["data"]?.value)
    }

    private mutating func url(_ node: JSONNode) -> String? {
        guard let url = reader.text(node, lengthMax: Limits.urlCharactersMax) else { return nil }
        let scheme = ["https://", "http://"].first { url.hasPrefix($0) }
        guard let scheme, url != scheme, url.utf8.allSatisfy({ (0x21...0x7e).contains($0) }) else {
            reader.report("must be an http or https URL", at: node.pointer)
            return nil
        }
        return url
    }
}
