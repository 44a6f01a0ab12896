import Jobs
import JSONLog
import LambdaRuntime
import ObjectStore

import Editing
import FFmpeg

/// Makes what is derived from an upload: a poster, and the sound alone.
///
/// Triggered by `assets/*.derive.json`, which complete-upload writes. Exports
/// do not wait for it: where the sound is missing they read the upload itself.
enum DeriveAsset {
    struct Dependencies: Sendable {
        var bucket: any Bucket
        var renderer: any MediaRenderer
        var scratchRoot: String
    }

    /// Lifetime of the URL that FFmpeg reads from.
    static let sourceURLSeconds = 3_600

    /// - Throws: when the store or FFmpeg failed and another attempt may help.
    static func handle(
        _ event: S3Event, _ context: InvocationContext, _ dependencies: Dependencies
    ) async throws {
        for record in event.records {
            guard let keys = AssetKeys(deriveRequestKey: ObjectKey(record.key)) else {
                context.logger.warning(
                    "An event's key is not a derive request.", ["key": .string(record.key)])
                continue
            }
            let asset = try await dependencies.bucket.document(AssetRecord.self, at: keys.record)
            guard let asset, let media = asset.media else { continue }
            let url = try await dependencies.bucket.presignedURL(
                .get(ObjectKey(asset.key), downloadName: nil),
                expiresInSeconds: sourceURLSeconds, audience: .internal)
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
    /// Of the upload.
    let etag: String
    let url: String
    let media: MediaInfo
    let scratch: String
    let dependencies: DeriveAsset.Dependencies
    let context: InvocationContext

    func extractAudio() async throws {
        // Not every sound can be copied packet by packet without a change.
        guard let fileExtension = MediaEngine.extractedAudioExtension(for: media) else { return }
        let key = keys.audio(of: etag, fileExtension: fileExtension)
        guard try await !dependencies.bucket.objectExists(key) else { return }
        let path = "\(scratch)/audio.\(fileExtension)"
        do throws(FFmpegError) {
            _ = try await dependencies.renderer.extractAudio(url: url, media: media, to: path)
        } catch {
            return try passOver(error, "The sound could not be copied out.")
        }
        _ = try await dependencies.bucket.uploadFile(path, to: key, contentType: "audio/mp4")
    }

    /// A file without a usable picture has no poster; that is not an error.
    func makePoster() async throws {
        guard media.video != nil else { return }
        let path = "\(scratch)/poster.jpg"
        do throws(FFmpegError) {
            _ = try await dependencies.renderer.poster(url: url, media: media, to: path)
        } catch {
            return try passOver(error, "No poster could be made.")
        }
        _ = try await dependencies.bucket.uploadFile(
            path, to: keys.poster, contentType: "image/jpeg")
    }

    /// What can never be made is done without: exports read the upload itself.
    /// - Throws: the error where another attempt may help.
    private func passOver(_ error: FFmpegError, _ text: String) throws(FFmpegError) {
        guard error.isPermanent else { throw error }
        context.logger.warning(
            text, ["assetId": .string(keys.asset.text), "error": .string(error.description)])
    }
}
