/// The ceilings of JSON that comes from outside, each with its reason.
package enum JSONLimits {
    /// Levels of arrays and objects in a document; an edit has eight. The parser recurses.
    package static let nestingMax = 64

    /// Faults that one answer lists. A broken generator makes thousands of the same kind.
    package static let faultCountMax = 100
}
