/// The position of a picture or a text in the output, named as in Shotstack. Plans store
/// the name.
package enum AnchorPosition: String, Hashable, Sendable, Codable, CaseIterable {
    case center, top, topRight, right, bottomRight, bottom, bottomLeft, left, topLeft
}
