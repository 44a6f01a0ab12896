import Jobs
import LambdaRuntime
import Logging
import ObjectStore

extension FunctionName {
    /// Makes what an editor needs of an asset: proxy, poster, thumbnails, waveform and M4A.
    package static let deriveAsset = FunctionName("derive-asset")
}

/// Makes what an editor needs of an upload: `AssetDerivative`, and a copy of its audio for
/// exports.
///
/// Triggered by `assets/*.derive.json`, which complete-upload writes, and the stitch of a long
/// proxy again. Exports do not wait for it: without extracted audio they read the upload.
enum DeriveAsset {
    static let function = Function(
        .deriveAsset, object: { try await handle($0, $1, Dependencies($2)) })

    struct Dependencies: Sendable {
        var bucket: any Bucket
        var renderer: any MediaRenderer
        var scratchRoot: String
        /// Plans and writes the export that makes a long proxy.
        var exports: StartExport.Dependencies

        init(_ services: Services) {
            bucket = services.bucket
            renderer = services.renderer.inBackground
            scratchRoot = services.scratchRoot
            exports = StartExport.Dependencies(services)
        }
    }

    /// Lifetime of the URLs that FFmpeg reads from.
    static let sourceURLLifetime = Duration.seconds(3_600)

    /// - Throws: when the store or FFmpeg failed and another attempt may help.
    static func handle(
        _ event: S3Event, _ context: InvocationContext, _ dependencies: Dependencies
    ) async throws {
        for record in event.records {
            guard let keys = AssetKeys(deriveRequestKey: ObjectKey(record.key)) else {
                context.logger.warning(
                    "Event ignored: key is not a derive request", ["key": .string(record.key)])
                continue
            }
            try await derive(keys, context, dependencies)
            try await removeIfDeleted(keys, dependencies.bucket)
        }
    }

    private static func derive(
        _ keys: AssetKeys, _ context: InvocationContext, _ dependencies: Dependencies
    ) async throws {
        let bucket = dependencies.bucket
        guard let asset = try await bucket.document(AssetRecord.self, at: keys.record),
            let media = asset.media
        else { return }
        let url = try await bucket.presignedURL(
            .get(ObjectKey(asset.key), downloadName: nil), expiresIn: sourceURLLifetime,
            audience: .internal)
        let present = AssetDerivatives(
            try await bucket.listAllObjects(prefix: keys.prefix), of: asset, keys: keys)
        try await withScratchDirectory(in: dependencies.scratchRoot) { scratch in
            let work = Derivation(
                derived: DerivedObjects(bucket: bucket, keys: keys, etag: asset.etag),
                asset: asset, media: media, url: url, scratch: scratch,
                dependencies: dependencies, context: context)
            try await work.run(present)
        }
    }

    /// Removes what was derived of an asset that was deleted meanwhile.
    private static func removeIfDeleted(_ keys: AssetKeys, _ bucket: any Bucket) async throws {
        for record in [keys.record, keys.upload] {
            if try await bucket.objectExists(record) { return }
        }
        try await bucket.deleteAll(
            try await bucket.listAllObjects(prefix: keys.prefix).map(\.key))
    }
}
