import Jobs
import JSON
import LambdaRuntime
import ObjectStore
import WallClock

/// `kind` and `name` of a request for a list of assets.
struct AssetFilter: Sendable {
    /// Nil for every kind.
    var kind: AssetKeys.Kind?
    /// Part of the file name in lower case; nil for every name.
    var name: String?

    /// - Throws: a 400 problem at `/kind`.
    init(_ request: FunctionURLRequest) throws(Problem) {
        let query = request.queryStringParameters
        name = query["name"].flatMap { $0.isEmpty ? nil : $0.lowercased() }
        guard let word = query["kind"], !word.isEmpty else { return }
        kind = AssetKeys.Kind(rawValue: word)
        guard kind != nil else {
            let known = AssetKeys.Kind.allCases.map(\.rawValue).joined(separator: ", ")
            throw Problem.invalid([
                FieldFault(
                    pointer: "/kind",
                    detail: "must be one of \(known), not \(JSONReader.quoted(word))")
            ])
        }
    }

    func includes(_ entry: ObjectKey) -> Bool {
        guard let name else { return true }
        return AssetKeys.parseListEntry(entry)?.fileName.lowercased().contains(name) ?? false
    }
}

/// The owner's assets, newest first by upload.
struct AssetList: Encodable {
    var assets: [AssetDocument]
    /// Nil at the end of the list.
    var nextCursor: String?

    /// Reads the records of the page; names are in the listing itself.
    static func page(
        _ page: PageRequest, _ filter: AssetFilter, of owner: OwnerID, in bucket: any Bucket,
        now: UnixTime
    ) async throws -> AssetList {
        let read = try await page.read(
            AssetKeys.listPrefix(of: owner, filter.kind), in: bucket, now: now,
            isWanted: filter.includes,
            isFiltered: filter.name != nil
        ) { entry in
            // An entry is written before its record, and its asset may have another kind since.
            guard let (keys, _) = AssetKeys.parseListEntry(entry),
                let record = try await bucket.document(AssetRecord.self, at: keys.record),
                filter.kind == nil || record.listedKind == filter.kind
            else { return AssetDocument?.none }
            return try await AssetDocument(record, keys: keys, bucket: bucket)
        }
        return AssetList(assets: read.entries, nextCursor: read.nextCursor)
    }
}

/// An asset whose file is being fetched from a URL.
struct ImportDocument: Encodable {
    private var id: String
    private var status: String
    private var progress: ImportProgress

    /// - Returns: nil if the asset is no import, or its file is whole.
    init?(_ keys: AssetKeys, in bucket: any Bucket) async throws {
        guard let upload = try await bucket.document(UploadRecord.self, at: keys.upload),
            upload.source != nil, try await !bucket.objectExists(keys.record)
        else { return nil }
        id = keys.asset.text
        status = ImportProgress.status
        progress = try await ImportProgress(upload, in: bucket)
    }
}

/// One asset with fresh URLs of everything that was made of it.
struct AssetDetail: Encodable {
    /// URLs of the derived objects that exist.
    struct Derived: Encodable {
        var proxy: String?
        var poster: String?
        var sprite: String?
        /// All sheets of thumbnails; nil if there is only one.
        var sprites: [String]?
        var thumbnails: String?
        var waveform: String?
        var audio: String?
    }

    private var document: AssetDocument
    private var more: More

    private struct More: Encodable {
        var createdAt: String
        /// Reason in one sentence; nil unless the asset has failed.
        var error: String?
        var derived: Derived
        /// `pending`, `ready`, `failed` or `none`, by what is derived.
        var derivatives: [String: AssetDerivatives.State]
    }

    /// - Throws: a 404 problem, 409 for an upload that is not complete.
    init(_ keys: AssetKeys, in bucket: any Bucket) async throws {
        guard let record = try await bucket.document(AssetRecord.self, at: keys.record) else {
            guard try await bucket.objectExists(keys.upload) else { throw Problem.assetNotFound }
            throw Problem(
                status: 409, title: "Upload incomplete",
                detail: "The asset's upload is not complete yet.", error: "Upload incomplete")
        }
        document = try await AssetDocument(record, keys: keys, bucket: bucket)
        let found = AssetDerivatives(
            try await bucket.listAllObjects(prefix: keys.prefix), of: record, keys: keys)
        more = More(
            createdAt: record.createdAt.rfc3339, error: record.error,
            derived: try await Derived(found, in: bucket),
            derivatives: Dictionary(
                uniqueKeysWithValues: found.states.map { ($0.rawValue, $1) }))
    }

    func encode(to encoder: any Encoder) throws {
        try document.encode(to: encoder)
        try more.encode(to: encoder)
    }
}

extension AssetDetail.Derived {
    fileprivate init(_ found: AssetDerivatives, in bucket: any Bucket) async throws {
        func url(_ key: ObjectKey?) async throws -> String? {
            guard let key else { return nil }
            return try await bucket.presignedURL(
                .get(key, downloadName: nil), expiresIn: AssetDocument.urlLifetime,
                audience: .client)
        }
        proxy = try await url(found.proxy)
        poster = try await url(found.poster)
        thumbnails = try await url(found.thumbnails)
        waveform = try await url(found.waveform)
        audio = try await url(found.audio)
        sprite = try await url(found.sprites.first)
        guard found.sprites.count > 1 else { return }
        var sheets: [String] = []
        for sheet in found.sprites {
            if let url = try await url(sheet) { sheets.append(url) }
        }
        sprites = sheets
    }
}
