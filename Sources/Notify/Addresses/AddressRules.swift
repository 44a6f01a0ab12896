/// Which addresses a webhook may connect to: public ones, and those that the operator lists.
package struct AddressRules: Hashable, Sendable {
    private let hosts: Set<String>
    private let blocks: [AddressBlock]

    /// Public addresses only.
    package static let publicOnly = AddressRules(hosts: [], blocks: [])

    private init(hosts: Set<String>, blocks: [AddressBlock]) {
        self.hosts = hosts
        self.blocks = blocks
    }

    /// Reads `SPOOL_WEBHOOK_ALLOW`: host names, addresses and blocks, separated by commas.
    /// - Returns: nil if an entry is none of these.
    package init?(_ text: String) {
        var hosts: Set<String> = []
        var blocks: [AddressBlock] = []
        for entry in text.split(separator: ",") {
            let entry = String(entry.filter { $0 != " " }).lowercased()
            if let block = AddressBlock(entry) {
                blocks.append(block)
            } else if WebhookURL.isHostName(entry) {
                hosts.insert(entry)
            } else {
                return nil
            }
        }
        self.init(hosts: hosts, blocks: blocks)
    }

    /// True if a URL with this host may lead to the address.
    ///
    /// This is asked for the address of each connection, after the name was resolved.
    package func permits(_ address: NetworkAddress, host: String) -> Bool {
        if hosts.contains(host.lowercased()) { return true }
        if blocks.contains(where: { $0.contains(address) }) { return true }
        if let inner = address.embeddedIPv4, inner != address {
            return blocks.contains { $0.contains(inner) } || Self.isPublic(inner)
        }
        return Self.isPublic(address)
    }

    /// True for an address that is reachable globally, by IANA's registries of special-purpose
    /// addresses.
    package static func isPublic(_ address: NetworkAddress) -> Bool {
        if address.bytes.count == 16 {
            // Of IPv6, only 2000::/3 is assigned for global use.
            guard address.bytes[0] >> 5 == 1 else { return false }
        }
        return !special.contains { $0.contains(address) }
    }

    private static let special: [AddressBlock] = [
        "0.0.0.0/8",  // This network
        "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16",  // Private
        "100.64.0.0/10",  // Carrier-grade NAT, and Alibaba's metadata service
        "127.0.0.0/8",  // Loopback
        "169.254.0.0/16",  // Link-local: metadata services of clouds
        "192.0.0.0/24", "192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24",  // IETF, examples
        "192.88.99.0/24",  // 6to4 relays
        "198.18.0.0/15",  // Benchmarks
        "168.63.129.16",  // Azure's platform service
        "224.0.0.0/4", "240.0.0.0/4",  // Multicast, reserved and broadcast
        "2001::/23", "2001:db8::/32", "3fff::/20", "2002::/16",  // IETF, examples, 6to4
    ].compactMap { AddressBlock($0) }
}
