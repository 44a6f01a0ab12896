import Jobs
import JSON

/// The uploads that a multicam config names by object key: `sources[].key`.
enum NamedUploads {
    /// The keys that are not uploads of the owner. Other faults of the config are the decoder's.
    static func faults(of body: JSONValue, owner: OwnerID) -> [FieldFault] {
        guard case .array(let sources)? = body["sources"] else { return [] }
        let prefix = AssetKeys.uploadPrefix(of: owner)
        return sources.enumerated().compactMap { index, source in
            guard let key = source["key"]?.text, !key.hasPrefix(prefix) else { return nil }
            return FieldFault(
                pointer: "/sources/\(index)/key", detail: "is not the key of one of your uploads")
        }
    }
}
