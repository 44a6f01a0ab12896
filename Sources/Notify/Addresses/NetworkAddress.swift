/// An IPv4 or IPv6 address.
package struct NetworkAddress: Hashable, Sendable, CustomStringConvertible {
    /// 4 or 16 bytes in network order.
    package let bytes: [UInt8]

    /// - Returns: nil unless there are 4 or 16 bytes.
    package init?(bytes: [UInt8]) {
        guard bytes.count == 4 || bytes.count == 16 else { return nil }
        self.bytes = bytes
    }

    /// Reads the usual text form: `192.0.2.1`, `2001:db8::1`, `::ffff:192.0.2.1`.
    /// - Returns: nil for any other form, also for octal and short IPv4 forms.
    package init?(_ text: String) {
        guard let bytes = text.contains(":") ? Self.six(text) : Self.four(text) else { return nil }
        self.bytes = bytes
    }

    package var description: String {
        if bytes.count == 4 { return bytes.map { String($0) }.joined(separator: ".") }
        return stride(from: 0, to: 16, by: 2).map { index in
            String(UInt16(bytes[index]) << 8 | UInt16(bytes[index + 1]), radix: 16)
        }.joined(separator: ":")
    }

    /// The IPv4 address inside an IPv6 address: mapped (`::ffff:0:0/96`), compatible (`::/96`) or
    /// NAT64 (`64:ff9b::/96`); itself for IPv4; nil for any other.
    package var embeddedIPv4: NetworkAddress? {
        guard bytes.count == 16 else { return self }
        let last = NetworkAddress(bytes: Array(bytes.suffix(4)))
        let isZero = bytes.prefix(10).allSatisfy { $0 == 0 }
        if isZero, bytes[10...11] == [0xFF, 0xFF] || bytes[10...11] == [0, 0] { return last }
        if bytes.prefix(12) == [0, 0x64, 0xFF, 0x9B, 0, 0, 0, 0, 0, 0, 0, 0] { return last }
        return nil
    }

    private static func four(_ text: String) -> [UInt8]? {
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count == 4 else { return nil }
        let bytes = parts.compactMap { part -> UInt8? in
            let isNumber =
                !part.isEmpty && part.utf8.count <= 3
                && part.utf8.allSatisfy { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
            return isNumber && (part.utf8.count == 1 || part.first != "0") ? UInt8(part) : nil
        }
        return bytes.count == 4 ? bytes : nil
    }

    private static func six(_ text: String) -> [UInt8]? {
        var text = text
        var tail: [UInt8] = []
        if text.contains(".") {
            guard let colon = text.lastIndex(of: ":"),
                let bytes = four(String(text[text.index(after: colon)...]))
            else { return nil }
            tail = bytes
            text = String(text[...colon])
            if !text.hasSuffix("::") { text.removeLast() }
        }
        guard let halves = halves(text) else { return nil }
        let known = halves.reduce(0) { $0 + $1.count } + tail.count
        guard halves.count == 2 else { return known == 16 ? halves[0] + tail : nil }
        guard known < 16 else { return nil }
        return halves[0] + [UInt8](repeating: 0, count: 16 - known) + halves[1] + tail
    }

    /// The bytes of each side of `::`; one side if there is none.
    private static func halves(_ text: String) -> [[UInt8]]? {
        var sides: [String] = [text]
        if let gap = text.firstRange(of: "::") {
            sides = [String(text[..<gap.lowerBound]), String(text[gap.upperBound...])]
        }
        var halves: [[UInt8]] = []
        for side in sides {
            var bytes: [UInt8] = []
            let groups = side.split(separator: ":", omittingEmptySubsequences: false)
            for group in groups where !side.isEmpty {
                guard (1...4).contains(group.utf8.count), let value = UInt16(group, radix: 16),
                    group.first != "+", group.first != "-"
                else { return nil }
                bytes += [UInt8(value >> 8), UInt8(value & 0xFF)]
            }
            halves.append(bytes)
        }
        return halves
    }
}

/// A block of addresses: `10.0.0.0/8`, or a single address.
package struct AddressBlock: Hashable, Sendable {
    /// First address of the block.
    package let address: NetworkAddress
    /// Number of leading bits that every address of the block has.
    package let bits: Int

    /// Reads `address` or `address/bits`.
    /// - Returns: nil for any other form.
    package init?(_ text: String) {
        let parts = text.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
        guard let address = NetworkAddress(String(parts[0])) else { return nil }
        self.address = address
        guard parts.count == 2 else {
            bits = address.bytes.count * 8
            return
        }
        guard let bits = Int(parts[1]), (0...address.bytes.count * 8).contains(bits) else {
            return nil
        }
        self.bits = bits
    }

    /// True if the block holds the address. IPv4 and IPv6 are different.
    package func contains(_ other: NetworkAddress) -> Bool {
        guard other.bytes.count == address.bytes.count else { return false }
        for index in 0..<address.bytes.count {
            let left = min(8, max(0, bits - index * 8))
            let mask = left == 0 ? 0 : UInt8(truncatingIfNeeded: 0xFF << (8 - left))
            if address.bytes[index] & mask != other.bytes[index] & mask { return false }
        }
        return true
    }
}
