/// The limits of external JSON, each with its reason.
package enum JSONLimits {
    /// Maximum nesting of arrays and objects in a document; an edit has eight levels. The
    /// parser recurses.
    package static let nestingMax = 64

    /// Maximum faults of one response. A broken generator produces thousands of the same
    /// kind.
    package static let faultCountMax = 100
}
