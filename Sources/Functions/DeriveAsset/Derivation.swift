import FFmpeg
import Jobs
import JSON
import LambdaRuntime
import Logging
import MediaTime
import ObjectStore
import RenderPlans

/// Makes the derivatives of one upload that do not exist yet.
struct Derivation: Sendable {
    let derived: DerivedObjects
    let asset: AssetRecord
    let media: MediaInfo
    /// URL of the upload.
    let url: String
    /// Folder of this attempt's files.
    let scratch: String
    let dependencies: DeriveAsset.Dependencies
    let context: InvocationContext

    private var bucket: any Bucket { derived.bucket }
    private var keys: AssetKeys { derived.keys }
    private var renderer: any MediaRenderer { dependencies.renderer }

    /// Makes what is pending. A derivative that fails does not stop the others.
    /// - Throws: the first error after which another attempt may help.
    func run(_ present: AssetDerivatives) async throws {
        var firstError: (any Error)?
        func attempt(_ step: () async throws -> Void) async {
            do { try await step() } catch { firstError = firstError ?? error }
        }
        await attempt { try await extractAudio() }
        if present[.poster] == .pending {
            await attempt { try await making(.poster) { try await makePoster() } }
        }
        var hasProxy = present[.proxy] == .ready
        if present[.proxy] == .pending {
            await attempt { try await making(.proxy) { hasProxy = try await makeProxy() } }
        }
        if present[.waveform] == .pending || present[.audio] == .pending {
            await attempt { try await makeWaveform(present) }
        }
        if present[.sprite] == .pending, hasProxy {
            await attempt { try await making(.sprite) { try await makeThumbnails() } }
        }
        if let firstError { throw firstError }
    }

    /// Marks the derivative as failed, and logs it, once another attempt cannot help.
    private func making(_ kind: AssetDerivative, _ step: () async throws -> Void) async throws {
        do {
            try await step()
        } catch {
            try await give(up: kind, error)
        }
    }

    private func give(up kind: AssetDerivative, _ error: any Error) async throws {
        let mapping = FailureMapping(error)
        let problem = error as? Problem
        let sentence = problem?.detail ?? mapping.sentence
        let isPermanent = problem.map { $0.status < 500 } ?? mapping.isPermanent
        // The store's own errors say nothing about the derivative.
        guard isPermanent || (error as? FFmpegError).map({ $0.code != .cancelled }) == true,
            try await derived.noteFailure(
                of: kind, sentence,
                attemptCountMax: isPermanent
                    ? DerivedObjects.findingCountMax : AttemptDecision.attemptCountMax)
        else { throw error }
        context.logger.warning(
            "Derivative not made",
            [
                "assetId": .string(keys.asset.text), "derivative": .string(kind.rawValue),
                "error": .string(sentence),
            ])
        try await derived.fail(kind, sentence)
    }

    // MARK: Audio

    /// The key of the audio that exports read instead of the upload; nil if its codec cannot
    /// be copied exactly.
    private var exactAudio: ObjectKey? {
        MediaEngine.extractedAudioExtension(for: media).map {
            keys.audio(of: asset.etag, fileExtension: $0)
        }
    }

    private func extractAudio() async throws {
        guard let key = exactAudio, try await !bucket.objectExists(key) else { return }
        let path = "\(scratch)/audio.m4a"
        do throws(FFmpegError) {
            _ = try await renderer.extractAudio(url: url, media: media, to: path)
        } catch {
            guard error.isPermanent else { throw error }
            context.logger.warning(
                "Audio not extracted",
                ["assetId": .string(keys.asset.text), "error": .string(error.description)])
            return
        }
        _ = try await bucket.uploadFile(path, to: key, contentType: "audio/mp4")
    }

    /// Makes the peaks and, unless AAC was extracted, the M4A, and reads the audio once for
    /// both.
    private func makeWaveform(_ present: AssetDerivatives) async throws {
        let path = "\(scratch)/derived.m4a"
        var source = url
        var hasExact = false
        if let key = exactAudio, try await bucket.objectExists(key) {
            hasExact = true
            source = try await internalURL(of: key)
        }
        let isAAC = media.audio?.codec == "aac"
        var files: [MediaEngine.AudioFile?] = [nil]
        if present[.audio] == .pending, !(hasExact && isAAC) {
            files = (isAAC ? [.copied(path: path)] : []) + [.encoded(path: path)]
        }
        do {
            let (peaks, file) = try await firstReadable(source, files)
            if file != nil {
                try await derived.store(path, at: keys.encodedAudio, contentType: "audio/mp4")
            }
            if present[.waveform] == .pending {
                try await derived.store(
                    text: peaks.json, at: keys.waveform, contentType: "application/json")
            }
        } catch {
            var retried: (any Error)?
            for kind in [AssetDerivative.waveform, .audio]
            where present[kind] == .pending && !(kind == .audio && hasExact && isAAC) {
                do { try await give(up: kind, error) } catch { retried = error }
            }
            if let retried { throw retried }
        }
    }

    /// Reads the audio with the first kind of file that succeeds: not all packets of AAC can
    /// be copied to M4A.
    private func firstReadable(
        _ source: String, _ files: [MediaEngine.AudioFile?]
    ) async throws -> (WaveformPeaks, MediaEngine.AudioFile?) {
        for file in files.dropLast() {
            do throws(FFmpegError) {
                return (
                    try await renderer.readAudio(url: source, media: media, writing: file), file
                )
            } catch {
                guard error.isPermanent else { throw error }
            }
        }
        let last = files.last ?? nil
        return (try await renderer.readAudio(url: source, media: media, writing: last), last)
    }

    // MARK: Pictures

    private func makePoster() async throws {
        let path = "\(scratch)/poster.jpg"
        _ = try await renderer.poster(url: url, media: media, to: path)
        try await derived.store(path, at: keys.poster, contentType: "image/jpeg")
    }

    /// Makes a short proxy, or starts the export that makes a long one.
    /// - Returns: true if the proxy exists now.
    private func makeProxy() async throws -> Bool {
        let proxy = ProxyExport(
            asset: asset, media: media, derived: derived, dependencies: dependencies)
        let plan = try await proxy.plan()
        guard ProxyExport.isShort(plan) else {
            try await proxy.start(plan)
            context.logger.info(
                "Proxy export started",
                ["assetId": .string(keys.asset.text), "exportId": .string(proxy.job.text)])
            return false
        }
        let path = try await proxy.render(plan, in: scratch)
        try await derived.store(path, at: keys.proxy, contentType: "video/mp4")
        return true
    }

    /// Makes the sheets first and the track last: the track says that all sheets exist.
    private func makeThumbnails() async throws {
        guard let size = media.video?.displaySize else { return }
        let grid = ThumbnailGrid(
            duration: max(Rational(1, 100), Rational(media.durationMicroseconds, 1_000_000)),
            width: size.width, height: size.height)
        let sheets = try await renderer.thumbnails(
            of: try await internalURL(of: keys.proxy), grid, in: scratch)
        var names: [String] = []
        for (number, path) in sheets.enumerated() {
            let key = keys.sprite(number)
            try await derived.store(path, at: key, contentType: "image/jpeg")
            names.append(key.text.split(separator: "/").last.map(String.init) ?? "")
        }
        try await derived.store(
            text: grid.track(names), at: keys.thumbnails, contentType: "text/vtt")
    }

    private func internalURL(of key: ObjectKey) async throws -> String {
        try await bucket.presignedURL(
            .get(key, downloadName: nil), expiresIn: DeriveAsset.sourceURLLifetime,
            audience: .internal)
    }
}
