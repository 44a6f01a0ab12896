import Crypto

/// The owner's name for the subject of another service's token.
package enum OwnerName {
    /// A subject that is 1 to 64 of `a-z 0-9 - _` is the owner itself. Any other, such as
    /// `auth0|5f…`, becomes `sub-` and half of its SHA-256. Names that begin like ours are
    /// hashed too, so that no subject is another's hash or an ID of ours.
    package static func text(ofSubject subject: String) -> String? {
        guard !subject.isEmpty, subject.utf8.count <= 512 else { return nil }
        let isPlain =
            subject.utf8.count <= 64
            && subject.utf8.allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"),
                    UInt8(ascii: "-"), UInt8(ascii: "_"):
                    true
                default: false
                }
            }
        if isPlain, !reserved.contains(where: { subject.hasPrefix($0) }) { return subject }
        return "sub-" + sha256Hex(subject).prefix(32)
    }

    private static let reserved = ["sub-", "ws-", "usr-"]
}
