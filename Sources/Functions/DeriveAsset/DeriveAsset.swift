import FFmpeg
import Jobs
import LambdaRuntime
import Logging
import ObjectStore
import RenderPlans

extension FunctionName {
    /// Makes the poster and the extracted audio.
    package static let deriveAsset = FunctionName("derive-asset")
}

/// Makes the poster and the extracted audio of an upload.
///
/// Triggered by `assets/*.derive.json`, which complete-upload writes. Exports do not
/// wait for it: without extracted audio they read the upload.
enum DeriveAsset {
    static let function = Function(
        .deriveAsset, object: { try await handle($0, $1, Dependencies($2)) })

    struct Dependencies: Sendable {
        var bucket: any Bucket
        var renderer: any MediaRenderer
        var scratchRoot: String

        init(_ services: Services) {
            bucket = services.bucket
            renderer = services.renderer
            scratchRoot = services.scratchRoot
        }
    }

    /// Lifetime of the URL that FFmpeg reads from.
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
            let asset = try await dependencies.bucket.document(AssetRecord.self, at: keys.record)
            guard let asset, let media = asset.media else { continue }
            let url = try await dependencies.bucket.presignedURL(
                .get(ObjectKey(asset.key), downloadName: nil),
                expiresIn: sourceURLLifetime, audience: .internal)
            try await withScratchDirectory(in: dependencies.scratchRoot) { scratch in
                let work = Derivation(
                    keys: keys, etag: asset.etag, url: url, media: media, scratch: scratch,
                    dependencies: dependencies, context: context)
                try await work.extractAudio()
                try await work.makePoster()
            }
        }
    }
}

private struct Derivation {
    let keys: AssetKeys
    /// ETag of the upload.
    let etag: String
    let url: String
    let media: MediaInfo
    let scratch: String
    let dependencies: DeriveAsset.Dependencies
    let context: InvocationContext

    func extractAudio() async throws {
        // Not every codec can be copied packet by packet.
        guard let fileExtension = MediaEngine.extractedAudioExtension(for: media) else { return }
        let key = keys.audio(of: etag, fileExtension: fileExtension)
        guard try await !dependencies.bucket.objectExists(key) else { return }
        let path = "\(scratch)/audio.\(fileExtension)"
        do throws(FFmpegError) {
            _ = try await dependencies.renderer.extractAudio(url: url, media: media, to: path)
        } catch {
            return try logOrThrow(error, "Audio not extracted")
        }
        _ = try await dependencies.bucket.uploadFile(path, to: key, contentType: "audio/mp4")
    }

    /// A file without a usable picture has no poster. Not an error.
    func makePoster() async throws {
        guard media.video != nil else { return }
        let path = "\(scratch)/poster.jpg"
        do throws(FFmpegError) {
            _ = try await dependencies.renderer.poster(url: url, media: media, to: path)
        } catch {
            return try logOrThrow(error, "Poster not created")
        }
        _ = try await dependencies.bucket.uploadFile(
            path, to: keys.poster, contentType: "image/jpeg")
    }

    /// Logs a permanent error: exports read the upload instead.
    /// - Throws: the error if another attempt may help.
    private func logOrThrow(_ error: FFmpegError, _ text: String) throws(FFmpegError) {
        guard error.isPermanent else { throw error }
        context.logger.warning(
            text, ["assetId": .string(keys.asset.text), "error": .string(error.description)])
    }
}
