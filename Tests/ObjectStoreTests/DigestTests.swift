import AWSSignature
import Testing

@Suite struct DigestTests {
    private func check(_ algorithm: RunningCRC.Algorithm, _ text: String) -> String {
        var crc = RunningCRC(algorithm)
        Array(text.utf8).withUnsafeBytes { crc.update($0) }
        return hex(crc.value)
    }

    /// The catalogue's check value is that of `123456789`.
    @Test(arguments: [
        (RunningCRC.Algorithm.crc32, "cbf43926"), (.crc32c, "e3069283"),
        (.crc64nvme, "ae8b14860a799888"),
    ])
    func `a CRC has its published check value`(algorithm: RunningCRC.Algorithm, value: String) {
        #expect(check(algorithm, "123456789") == value)
    }

    @Test func `digests have their published values`() {
        #expect(hex(md5("abc".utf8)) == "900150983cd24fb0d6963f7d28e17f72")
        #expect(
            sha256Hex("abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")
    }

    @Test func `a digest does not depend on how the bytes are cut`() {
        let bytes = (0..<1_000).map { UInt8(truncatingIfNeeded: $0) }
        var running = RunningDigest(.sha256)
        for start in stride(from: 0, to: 1_000, by: 7) {
            running.update(bytes[start..<min(1_000, start + 7)])
        }

        #expect(running.finish() == sha256(bytes))
    }

    @Test(arguments: [("a b/ä+~", "a%20b%2F%C3%A4%2B~"), ("", "")])
    func `percent-encoding goes there and back`(plain: String, encoded: String) {
        #expect(uriEncode(plain) == encoded)
        #expect(uriDecode(encoded) == plain)
    }

    @Test(arguments: ["%", "%2", "%zz", "%ff"])
    func `a broken escape decodes to nothing`(text: String) {
        #expect(uriDecode(text) == nil)
    }

    @Test func `a form's plus is a space`() {
        #expect(uriDecode("red+flower%2B.jpg", plusIsSpace: true) == "red flower+.jpg")
    }
}
