import Notify
import Testing

/// The addresses and URLs that a webhook may have.
@Suite struct AddressTests {
    @Test(arguments: [
        "8.8.8.8", "1.1.1.1", "93.184.216.34", "172.15.0.1", "172.32.0.1", "100.63.0.1",
        "100.128.0.1", "169.253.1.1", "223.255.255.255", "2606:4700:4700::1111",
        "2a00:1450:4001:80e::200e", "::ffff:8.8.8.8", "64:ff9b::808:808",
    ])
    func `a public address is permitted`(text: String) throws {
        let address = try #require(NetworkAddress(text))

        #expect(AddressRules.publicOnly.permits(address, host: "a.example"))
    }

    @Test(arguments: [
        "0.0.0.0", "10.0.0.1", "127.0.0.1", "127.255.255.254", "169.254.169.254", "172.16.0.1",
        "172.31.255.255", "192.168.1.1", "100.64.0.1", "100.100.100.200", "100.127.255.255",
        "192.0.0.192", "192.0.2.1", "198.18.0.1", "198.19.255.255", "198.51.100.1",
        "203.0.113.1", "168.63.129.16", "224.0.0.1", "239.255.255.255", "240.0.0.1",
        "255.255.255.255", "::", "::1", "::ffff:127.0.0.1", "::ffff:10.0.0.1",
        "::ffff:169.254.169.254", "::127.0.0.1", "64:ff9b::7f00:1", "64:ff9b::a9fe:a9fe",
        "64:ff9b:1::1", "fe80::1", "fec0::1", "fc00::1", "fd00:ec2::254", "ff02::1", "2001::1",
        "2001:db8::1", "2002:7f00:1::1", "2002:808:808::1", "100::1", "3fff::1",
    ])
    func `an address inside a network is refused`(text: String) throws {
        let address = try #require(NetworkAddress(text))

        #expect(!AddressRules.publicOnly.permits(address, host: "a.example"))
    }

    @Test func `the operator's list permits hosts, addresses and blocks`() throws {
        let rules = try #require(AddressRules("Hook.internal, 10.1.0.0/16,127.0.0.1,fd00::/8"))
        func permits(_ text: String, host: String = "a.example") throws -> Bool {
            rules.permits(try #require(NetworkAddress(text)), host: host)
        }

        #expect(try permits("10.1.2.3"))
        #expect(try !permits("10.2.0.1"))
        #expect(try permits("127.0.0.1"))
        #expect(try permits("::ffff:127.0.0.1"))
        #expect(try !permits("127.0.0.2"))
        #expect(try permits("fd12::1"))
        #expect(try permits("192.168.0.1", host: "hook.internal"))
        #expect(try !permits("192.168.0.1", host: "evil.hook.internal"))
    }

    @Test(arguments: ["10.0.0.0/33", "a b/8", "http://a.example", "*", "10.0.0.0/-1"])
    func `a list with another entry is refused`(text: String) {
        #expect(AddressRules(text) == nil)
    }

    @Test(
        arguments: [
            ("::1", [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1]),
            ("1:2:3:4:5:6:7:8", [0, 1, 0, 2, 0, 3, 0, 4, 0, 5, 0, 6, 0, 7, 0, 8]),
            ("1:2:3:4:5:6:1.2.3.4", [0, 1, 0, 2, 0, 3, 0, 4, 0, 5, 0, 6, 1, 2, 3, 4]),
            ("fe80::", [0xFE, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]),
            ("1.2.3.4", [1, 2, 3, 4]),
        ] as [(String, [UInt8])])
    func `an address is read`(text: String, bytes: [UInt8]) {
        #expect(NetworkAddress(text)?.bytes == bytes)
    }

    @Test(arguments: [
        "", "1.2.3", "1.2.3.4.5", "01.2.3.4", "256.1.1.1", "1:2:3:4:5:6:7", "1::2::3", "::g",
        "1:2:3:4:5:6:7:8:9", "12345::", "0x7f.0.0.1", "fe80::1%eth0", ":::", "+1.2.3.4",
    ])
    func `another form is no address`(text: String) {
        #expect(NetworkAddress(text) == nil)
    }

    @Test(arguments: [
        ("https://a.example/hook?b=c", "a.example", 443), ("http://A.example", "a.example", 80),
        ("https://a.example:8443/", "a.example", 8_443),
        ("http://[2001:DB8::1]:80/", "2001:db8::1", 80),
        ("HTTPS://a.example#x", "a.example", 443), ("http://127.0.0.1:9000/x", "127.0.0.1", 9_000),
    ])
    func `a URL has a host and a port`(text: String, host: String, port: Int) throws {
        let url = try WebhookURL(text)

        #expect(url.host == host)
        #expect(url.port == port)
    }

    @Test(arguments: [
        "ftp://a.example/", "file:///etc/passwd", "gopher://a.example", "a.example",
        "https://user@a.example/", "https://user:secret@a.example/", "https://a.example@b.example",
        "https:///hook", "https://a.example:22/", "http://a.example:25/", "http://a.example:0/",
        "http://a.example:70000/", "http://a.example:x/", "http://a.example:/", "https://[::1/",
        "https://[fe80::1%25eth0]/", "https://a b/", "https://a.example\\@b/", "https://a..b/",
        "https://é.example/",
    ])
    func `a URL that breaks a rule is refused`(text: String) {
        #expect(throws: WebhookURL.Fault.self) { try WebhookURL(text) }
    }
}
