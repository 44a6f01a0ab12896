extension AssetKeys {
    /// Prefixes of the upload and of everything that was made of it.
    package var prefixes: [String] {
        ["\(Self.uploadPrefix(of: owner))\(asset.text)/", "assets/\(owner.text)/\(asset.text)/"]
    }
}
