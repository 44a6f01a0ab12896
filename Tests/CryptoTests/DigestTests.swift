import Crypto
import Signing
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

    @Test(arguments: RunningCRC.Algorithm.allCases)
    func `a CRC does not depend on pieces and joins`(
        algorithm: RunningCRC.Algorithm
    ) throws {
        let bytes = (0..<1_000).map { UInt8(truncatingIfNeeded: $0 * $0 >> 3) }
        func of(_ bytes: ArraySlice<UInt8>) -> RunningCRC {
            var crc = RunningCRC(algorithm)
            Array(bytes).withUnsafeBytes { crc.update($0) }
            return crc
        }
        // Fewer than sixteen bytes go one by one.
        var plain = RunningCRC(algorithm)
        for byte in bytes { withUnsafeBytes(of: byte) { plain.update($0) } }

        for cut in [0, 1, 15, 16, 17, 499, 1_000] {
            var joined = of(bytes[..<cut])
            joined.append(of(bytes[cut...]))
            #expect(joined.value == plain.value, "cut at \(cut)")
            #expect(joined.byteCount == 1_000)
        }
        #expect(of(bytes[...]).value == plain.value)
        let announced = try #require(
            RunningCRC(algorithm, value: plain.value, byteCount: 1_000))
        #expect(announced.value == plain.value)
        #expect(RunningCRC(algorithm, value: [1], byteCount: 1) == nil)
    }

    @Test func `digests have their published values`() {
        #expect(hex(md5("abc".utf8)) == "900150983cd24fb0d6963f7d28e17f72")
        #expect(
            sha256Hex("abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")
    }

    /// RFC 3174, 7.3 and FIPS 180-2, B.2.
    @Test func `a running digest has its published value`() {
        var sha1 = RunningDigest(.sha1)
        sha1.update("abc".utf8)
        var sha256 = RunningDigest(.sha256)
        sha256.update("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq".utf8)

        #expect(hex(sha1.finish()) == "a9993e364706816aba3e25717850c26c9cd0d89d")
        #expect(
            hex(sha256.finish())
                == "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1")
    }

    /// RFC 4231, test cases 1, 2 and 6.
    @Test(arguments: [
        (
            [UInt8](repeating: 0x0B, count: 20), "Hi There",
            "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"
        ),
        (
            Array("Jefe".utf8), "what do ya want for nothing?",
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
        ),
        (
            [UInt8](repeating: 0xAA, count: 131),
            "Test Using Larger Than Block-Size Key - Hash Key First",
            "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"
        ),
    ])
    func `an HMAC has its published value`(key: [UInt8], message: String, code: String) {
        #expect(hex(hmacSHA256(key: key, Array(message.utf8))) == code)
    }

    @Test func `constant-time comparison accepts equal bytes only`() {
        #expect(constantTimeEqual([], []))
        #expect(constantTimeEqual([1, 2], [1, 2]))
        #expect(!constantTimeEqual([1, 2], [1, 3]))
        #expect(!constantTimeEqual([1, 2], [1, 2, 3]))
    }

    @Test func `random bytes differ from call to call`() {
        #expect(randomBytes(count: 16).count == 16)
        #expect(randomBytes(count: 16) != randomBytes(count: 16))
    }

    @Test(arguments: [("00ffA0", [UInt8]([0, 255, 160])), ("", []), ("0", nil), ("0g", nil)])
    func `hexadecimal digits are read in pairs`(text: String, expected: [UInt8]?) {
        #expect(bytes(hex: text) == expected)
    }

    @Test func `a digest does not depend on the pieces`() {
        let bytes = (0..<1_000).map { UInt8(truncatingIfNeeded: $0) }
        var running = RunningDigest(.sha256)
        for start in stride(from: 0, to: 1_000, by: 7) {
            running.update(bytes[start..<min(1_000, start + 7)])
        }

        #expect(running.finish() == sha256(bytes))
    }

    @Test(arguments: [("a b/ä+~", "a%20b%2F%C3%A4%2B~"), ("", "")])
    func `percent-encoding survives a round trip`(plain: String, encoded: String) {
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
