/// Environment variables that hold secrets, and the functions that need them: `secrets` of
/// `infra/functions.json`. A function that reads uploaded media needs none of them.
package struct SecretVariables: Sendable, Equatable {
    /// Variables by function name, or by `url` for every function with a URL.
    package var lists: [String: [String]]

    /// The lists of a catalogue.
    package init(lists: [String: [String]]) { self.lists = lists }

    /// The environment without the secrets of other functions.
    func visible(
        _ environment: [String: String], to function: FunctionDefinition
    ) -> [String: String] {
        var own = Set(lists[function.name] ?? [])
        if function.url != nil { own.formUnion(lists["url"] ?? []) }
        let hidden = Set(lists.values.joined()).subtracting(own)
        return environment.filter { !hidden.contains($0.key) }
    }
}
