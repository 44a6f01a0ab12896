/// Name of a deployed function, as `infra/functions.json` spells it.
///
/// Each function declares its own name as a static member in its folder, so that
/// code and tests write `.renderChunk`.
package struct FunctionName: RawRepresentable, Hashable, Sendable {
    /// The deployed name, for instance `render-chunk`.
    package let rawValue: String

    /// Wraps a deployed name; does not check that such a function exists.
    package init(rawValue: String) { self.rawValue = rawValue }

    /// Wraps a deployed name; does not check that such a function exists.
    package init(_ rawValue: String) { self.init(rawValue: rawValue) }
}
