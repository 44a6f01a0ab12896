/// The position of a picture or a text in the output, named as in Shotstack. Plans store
/// the name.
package enum AnchorPosition: String, Hashable, Sendable, Codable, CaseIterable {
    case center, top, topRight, right, bottomRight, bottom, bottomLeft, left, topLeft
}

extension AnchorPosition {
    /// The positions as a numeric keypad counts them (ASS, `\an`), from 1.
    private static let keypad: [AnchorPosition] = [
        .bottomLeft, .bottom, .bottomRight, .left, .center, .right, .topLeft, .top, .topRight,
    ]

    /// Creates the position of a key, 1 to 9.
    init?(keypad number: Int) {
        guard (1...9).contains(number) else { return nil }
        self = Self.keypad[number - 1]
    }

    /// The key of the position, 1 to 9.
    var keypadNumber: Int { (Self.keypad.firstIndex(of: self) ?? 1) + 1 }
}
