import Testing
import XMLTree

@Suite struct XMLTests {
    private func parse(_ text: String) throws -> XMLElement {
        try XMLElement(parsing: Array(text.utf8))
    }

    @Test func `a document is read without its namespace`() throws {
        let root = try parse(
            """
            <?xml version="1.0"?><List xmlns="http://s3.amazonaws.com/doc/2006-03-01/">
            <Item a="1&amp;2"><Key>a &lt; b</Key></Item><Item/></List>
            """)

        #expect(root.name == "List")
        #expect(root.all("Item").count == 2)
        #expect(root["Item"]?.text(of: "Key") == "a < b")
        #expect(root["Item"]?.attributes == ["a": "1&2"])
    }

    @Test(arguments: [
        "", "<a>", "<a></b>", "no xml", "<a/><b/>",
        "<!DOCTYPE a [<!ENTITY e SYSTEM \"file:///etc/passwd\">]><a>&e;</a>",
        "<!DOCTYPE a><a/>",
    ])
    func `a broken or dangerous document is refused`(text: String) {
        #expect(throws: XMLError.self) { try parse(text) }
    }

    @Test func `a document that is too deep is refused`() {
        let levels = XMLElement.maximumDepth + 1
        let text =
            String(repeating: "<a>", count: levels) + String(repeating: "</a>", count: levels)

        #expect(throws: XMLError.self) { try parse(text) }
    }

    @Test func `what is written is read again`() throws {
        let element = XMLElement(
            "Root", attributes: ["q": "\"<&>\""],
            children: [XMLElement("Key", text: "ä & <b>\r\n\u{1F600}"), XMLElement("Empty")])

        #expect(try XMLElement(parsing: element.serialized()) == element)
    }

    @Test func `a character that XML cannot hold is replaced`() throws {
        let bytes = XMLElement("Key", text: "a\u{0}b").serialized()

        #expect(try XMLElement(parsing: bytes).text == "a\u{FFFD}b")
    }
}
