import FFmpeg
import FoundationEssentials
import Jobs
import LambdaRuntime
import MediaTime
import ObjectStore
import RenderPlans

/// The playlists of an export's HLS stream (RFC 8216), made from a listing for each
/// request. They grow while the export renders.
struct StreamPlaylist {
    /// Last component of a playlist's path.
    enum Name: String, CaseIterable {
        case main = "main.m3u8"
        case video = "video.m3u8"
        case audio = "audio.m3u8"
    }

    let plan: RenderPlan
    let listing: ExportListing

    /// Lifetime of the URLs in a playlist: a player reloads it while it grows and has
    /// a day to play a finished one.
    static let urlLifetime = Duration.seconds(86_400)
    static let contentType = "application/vnd.apple.mpegurl"

    private static let version = "#EXTM3U\n#EXT-X-VERSION:7\n#EXT-X-INDEPENDENT-SEGMENTS\n"

    /// The path of the main playlist, for a status document.
    static func path(_ job: JobID) -> String { "/api/export/\(job.text)/hls/\(Name.main.rawValue)" }

    /// - Throws: a 409 problem before the first segment, or if the export is not
    ///   streamed.
    static func answer(
        _ name: Name, _ ledger: ExportLedger, _ listing: ExportListing, _ bucket: any Bucket
    ) async throws -> FunctionURLResponse {
        let keys = ledger.keys
        let playlist = StreamPlaylist(plan: try await ledger.plan(), listing: listing)
        guard playlist.plan.output.isStreamed else {
            throw Problem(
                status: 409, title: "Not streamed",
                detail: "The export was started without \"hls\".")
        }
        func sign(_ key: ObjectKey) async throws -> String {
            try await bucket.presignedURL(
                .get(key, downloadName: nil), expiresIn: urlLifetime, audience: .client)
        }
        let text: String
        switch name {
        case .main: text = playlist.main
        case .video:
            var urls: [String] = []
            for piece in playlist.listing.streamedStretch {
                urls.append(try await sign(piece.entry.key))
            }
            text = playlist.video(urls)
        case .audio:
            guard
                let piece = try await bucket.document(
                    StreamFileIndex.self, at: keys.streamAudioIndex)
            else { throw notYet }
            text = playlist.audio(piece, url: try await sign(keys.streamAudio))
        }
        guard !playlist.listing.streamedChunks.isEmpty || name == .audio else { throw notYet }
        return FunctionURLResponse(
            statusCode: 200, headers: ["content-type": contentType, "cache-control": "no-store"],
            body: text)
    }

    private static let notYet = Problem(
        status: 409, title: "Stream not ready",
        detail: "The first chunk is not rendered yet.", headers: ["retry-after": "1"])

    // MARK: Texts

    private var rate: Rational { plan.output.frameRate }

    /// The main playlist: video, and audio once it is rendered.
    var main: String {
        let output = plan.output
        let audio =
            listing.hasStreamAudio
            ? "#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID=\"audio\",NAME=\"audio\",DEFAULT=YES,AUTOSELECT=YES,"
                + "CHANNELS=\"\(output.audio.channels)\",URI=\"\(Name.audio.rawValue)\"\n" : ""
        let peak =
            listing.streamedChunks.map { frames, entry in
                (Rational(entry.bytes * 8) * rate / Rational(frames.count)).rounded
            }.max() ?? 0
        return Self.version + audio
            + "#EXT-X-STREAM-INF:BANDWIDTH=\(peak + output.audio.bitsPerSecond),"
            + "RESOLUTION=\(output.width)x\(output.height),"
            + "FRAME-RATE=\(decimals(rate, 3))"
            + (listing.hasStreamAudio ? ",AUDIO=\"audio\"" : "") + "\n\(Name.video.rawValue)\n"
    }

    /// The video playlist: chunks from the first up to the first gap.
    func video(_ urls: [String]) -> String {
        let stretch = listing.streamedStretch
        let lengthMax = plan.chunks.map(\.count).max() ?? 1
        var text = head(targetSeconds: Rational(lengthMax) / rate)
        for (index, (piece, url)) in zip(stretch, urls).enumerated() {
            let setUp = piece.entry.initialisationBytes
            // Every chunk has the same.
            if index == 0 { text += "#EXT-X-MAP:URI=\"\(url)\",BYTERANGE=\"\(setUp)@0\"\n" }
            text +=
                "#EXTINF:\(decimals(Rational(piece.frames.count) / rate, 6)),\n"
                + "#EXT-X-BYTERANGE:\(piece.entry.bytes - setUp)@\(setUp)\n\(url)\n"
        }
        let isWhole = stretch.last?.frames.end == plan.frameCount
        return text + (isWhole ? "#EXT-X-ENDLIST\n" : "")
    }

    /// The audio playlist.
    func audio(_ piece: StreamFileIndex, url: String) -> String {
        let clock = plan.output.audio.sampleRate
        let lead = Rational(MediaEngine.streamLead(plan.output)) / rate * Rational(clock)
        let ends =
            piece.fragments.dropFirst().map(\.startTicks) + [lead.rounded + plan.sampleCount]
        let lengths = zip(piece.fragments, ends).map { max(0, $1 - $0.startTicks) }
        var text = head(targetSeconds: Rational(lengths.max() ?? clock, clock))
        text += "#EXT-X-MAP:URI=\"\(url)\",BYTERANGE=\"\(piece.initialisationBytes)@0\"\n"
        var position = piece.initialisationBytes
        for (fragment, length) in zip(piece.fragments, lengths) {
            text +=
                "#EXTINF:\(decimals(Rational(length, clock), 6)),\n"
                + "#EXT-X-BYTERANGE:\(fragment.bytes)@\(position)\n\(url)\n"
            position += fragment.bytes
        }
        return text + "#EXT-X-ENDLIST\n"
    }

    /// Header of a playlist.
    /// - Parameter targetSeconds: At least every segment's rounded length; constant.
    private func head(targetSeconds: Rational) -> String {
        Self.version + "#EXT-X-TARGETDURATION:\(max(1, targetSeconds.rounded))\n"
            + "#EXT-X-PLAYLIST-TYPE:EVENT\n"
    }

    private func decimals(_ value: Rational, _ digits: Int) -> String {
        let scale = (0..<digits).reduce(1) { scale, _ in scale * 10 }
        let number = (value * Rational(scale)).rounded
        let rest = String(number % scale)
        return "\(number / scale)." + String(repeating: "0", count: digits - rest.count) + rest
    }
}
