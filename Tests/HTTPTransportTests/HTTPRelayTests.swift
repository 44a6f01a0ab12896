import Glibc
@testable import HTTPTransport
import Testing
import TestSupport

@Suite struct HTTPRelayTests {
    @Test func `a head keeps every line but the host's`() throws {
        let head = try #require(
            RelayHead(
                "GET /secret HTTP/1.1\r\nHost: 127.0.0.1:1\r\nRange: bytes=5-\r\nAccept: */*\r\n\r\n"
            ))
        let url = try #require(RelayURL("https://bucket.example:8443/a%20b?X-Amz-Signature=1"))

        #expect(head.secret == "secret")
        #expect(
            head.text(for: url)
                == "GET /a%20b?X-Amz-Signature=1 HTTP/1.1\r\nHost: bucket.example:8443\r\n"
                + "Range: bytes=5-\r\nAccept: */*\r\n\r\n")
        #expect(url.origin == "https://bucket.example:8443/")
    }

    @Test(arguments: [
        "POST /secret HTTP/1.1\r\n\r\n", "GET secret HTTP/1.1\r\n\r\n", "GET /secret\r\n\r\n",
        "GET  /secret HTTP/1.1\r\n\r\n", "\r\n\r\n", "GET /secret FTP/1.1\r\n\r\n",
    ])
    func `a head that is no GET request is refused`(text: String) {
        #expect(RelayHead(text) == nil)
    }

    @Test(arguments: [
        "ftp://host/a", "http://", "http://user@host/a", "http://host/a b", "http://host/\r\nX: y",
        "file:/etc/passwd", "",
    ])
    func `a URL that is no plain web address is refused`(text: String) {
        #expect(RelayURL(text) == nil)
    }

    @Test func `a row of the connection table has both ports and the user`() {
        let row = ConnectionRow(
            "   3: 0100007F:9C40 0100007F:1F90 01 00000000:00000000 00:00000000 00000000"
                + "  1000        0 29358 1 0000000000000000")

        #expect(row?.localPort == 40_000)
        #expect(row?.remotePort == 8_080)
        #expect(row?.user == 1_000)
        #expect(ConnectionRow("  sl  local_address rem_address   st") == nil)
    }

    @Test func `addresses have secrets and end with close`() throws {
        let made = HTTPRelay(
            certificatesFile: nil, makeSecret: { "s\(UInt64.random(in: 0 ... .max))" })
        let relay = try #require(made)

        let addresses = relay.open(["http://a/1", "http://a/2"])

        #expect(Set(addresses).count == 2)
        #expect(addresses.allSatisfy { $0.hasPrefix("http://127.0.0.1:\(relay.port)/s") })
        relay.close(addresses)
    }
}
