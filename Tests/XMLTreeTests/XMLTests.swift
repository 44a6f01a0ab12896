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
        "<!DOCTYPE a><a/>", "<!DOCTYPE a SYSTEM \"http://127.0.0.1:1/a.dtd\"><a/>",
        "<a>&unknown;</a>", "<a>&#0;</a>", "<a>&#xD800;</a>", "<a b=\"1\" b=\"2\"/>", "<a b=1/>",
        "<a>]]></a>", "<a/>text", "<?xml version=\"1.0\" encoding=\"nonsense\"?><a/>",
    ])
    func `a broken or dangerous document is refused`(text: String) {
        #expect(throws: XMLError.self) { try parse(text) }
    }

    @Test func `a document that is too deep is refused`() {
        let levels = XMLLimits.depthMax + 1
        let text =
            String(repeating: "<a>", count: levels) + String(repeating: "</a>", count: levels)

        #expect(throws: XMLError.self) { try parse(text) }
    }

    @Test func `a written document is read as equal`() throws {
        let element = XMLElement(
            "Root", attributes: ["q": "\"<&>\""],
            children: [XMLElement("Key", text: "ä & <b>\r\n\u{1F600}"), XMLElement("Empty")])

        #expect(try XMLElement(parsing: element.serialized()) == element)
    }

    @Test func `a character that XML cannot hold is replaced`() throws {
        let bytes = XMLElement("Key", text: "a\u{0}b").serialized()

        #expect(try XMLElement(parsing: bytes).text == "a\u{FFFD}b")
    }

    @Test func `a document type is refused by name, before its entities grow`() {
        let levels = (1...30).map { "<!ENTITY e\($0) \"&e\($0 - 1);&e\($0 - 1);\">" }
        let bomb =
            "<!DOCTYPE a [<!ENTITY e0 \"ha\">" + levels.joined() + "]><a b=\"&e30;\">&e30;</a>"

        #expect(throws: XMLError(description: "A document type declaration is not allowed.")) {
            try parse(bomb)
        }
    }

    @Test func `a document beyond a limit is refused by its name`() {
        let large = [UInt8](repeating: 0x20, count: XMLLimits.bytesMax + 1)
        let many = "<a>" + String(repeating: "<b/>", count: XMLLimits.elementCountMax) + "</a>"

        #expect(throws: XMLError(description: "The document has more than 8388608 bytes.")) {
            try XMLElement(parsing: large)
        }
        #expect(throws: XMLError(description: "The document has more than 200000 elements.")) {
            try parse(many)
        }
    }

    @Test func `bytes that are not UTF-8 are refused, UTF-16 is understood`() throws {
        let text = "<a>\u{FEFF}ä</a>"
        let units = text.utf16.map { [UInt8($0 & 255), UInt8($0 >> 8)] }
        let utf16 = [0xFF, 0xFE] + Array(units.joined())

        #expect(throws: XMLError.self) {
            try XMLElement(parsing: Array("<a>".utf8) + [0xFF, 0xC0] + Array("</a>".utf8))
        }
        #expect(try XMLElement(parsing: utf16).text == "\u{FEFF}ä")
    }

    @Test func `text around comments, instructions and CDATA is one text`() throws {
        let root = try parse("<a>1<!-- no --><![CDATA[<2&>]]><?pi no?>3<b>in</b>&#52;\r\n5</a>")

        #expect(root.text == "1<2&>34\n5")
        #expect(root.text(of: "b") == "in")
    }

    @Test func `a name selects the first of several children`() throws {
        let root = try parse("<a><k>1</k><j/><k>2</k></a>")

        #expect(root.text(of: "k") == "1")
        #expect(root.all("k").map(\.text) == ["1", "2"])
        #expect(root["none"] == nil)
    }
}
