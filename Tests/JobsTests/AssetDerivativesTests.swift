import Jobs
import MediaTime
import ObjectStore
import RenderPlans
import Testing
import TestSupport

@Suite struct AssetDerivativesTests {
    private static let keys = AssetKeys(
        owner: .local, asset: AssetID(owner: .local, time: 1, random: "a"))

    private static let video = MediaInfo.Video(
        codec: "h264", width: 64, height: 36, frameRate: Rational(25), pixelFormat: "yuv420p")
    private static let audio = MediaInfo.Audio(
        codec: "aac", sampleRate: 48_000, channels: 2, streamIndex: 1)

    private static func record(
        _ kind: MediaInfo.Kind = .video, video: MediaInfo.Video? = video,
        audio: MediaInfo.Audio? = audio, etag: String = "up-1"
    ) -> AssetRecord {
        AssetRecord(
            id: keys.asset, owner: keys.owner, status: .ready, fileName: "a.mp4",
            contentType: "video/mp4", key: "uploads/local/a/a.mp4", etag: etag, bytes: 1,
            media: MediaInfo(
                kind: kind, format: "mov,mp4", durationMicroseconds: 1, video: video,
                audio: audio),
            error: nil, createdAt: 1)
    }

    private static func objects(_ etags: [ObjectKey: String]) -> [ObjectInfo] {
        etags.map { ObjectInfo(key: $0, etag: $1, bytes: 1, lastModified: 1) }
    }

    /// A derived object and its mark.
    private static func made(
        _ key: ObjectKey, etag: String = "e", marked: String = "e", of upload: String = "up-1"
    ) -> [ObjectKey: String] {
        [key: etag, keys.mark(key, etag: marked, of: upload): "m"]
    }

    private static func derivatives(
        _ etags: [[ObjectKey: String]], of record: AssetRecord = record()
    ) -> AssetDerivatives {
        AssetDerivatives(
            objects(etags.reduce(into: [:]) { $0.merge($1) { $1 } }), of: record, keys: keys)
    }

    @Test func `an upload without derived objects waits for all of them`() {
        let found = Self.derivatives([])

        #expect(AssetDerivative.allCases.allSatisfy { found[$0] == .pending })
        #expect(!found.isComplete)
    }

    @Test func `an object counts only with its mark`() {
        let keys = Self.keys
        #expect(Self.derivatives([[keys.proxy: "e"]])[.proxy] == .pending)
        #expect(Self.derivatives([Self.made(keys.proxy)])[.proxy] == .ready)
        #expect(Self.derivatives([Self.made(keys.proxy)]).proxy == keys.proxy)
    }

    @Test func `an object that another run replaced is pending`() {
        let found = Self.derivatives([Self.made(Self.keys.waveform, etag: "other")])

        #expect(found[.waveform] == .pending)
        #expect(found.waveform == nil)
    }

    @Test func `an object of an earlier upload is pending`() {
        let found = Self.derivatives([Self.made(Self.keys.poster, of: "up-0")])

        #expect(found[.poster] == .pending)
    }

    @Test func `a sprite is ready with its track and lists every sheet`() {
        let keys = Self.keys
        let sheets = [Self.made(keys.sprite(0)), Self.made(keys.sprite(1))]

        #expect(Self.derivatives(sheets)[.sprite] == .pending)
        let found = Self.derivatives(sheets + [Self.made(keys.thumbnails)])
        #expect(found[.sprite] == .ready)
        #expect(found.sprites.map(\.text.suffix12) == ["a/sprite.jpg", "sprite.1.jpg"])
        #expect(found.thumbnails == keys.thumbnails)
        #expect(Self.derivatives([Self.made(keys.thumbnails)])[.sprite] == .pending)
    }

    @Test func `copied AAC packets are the audio, other copies are not`() {
        let keys = Self.keys
        let copy = [keys.audio(of: "up-1", fileExtension: "m4a"): "e"]
        var lossless = Self.audio
        lossless.codec = "alac"

        #expect(Self.derivatives([copy])[.audio] == .ready)
        #expect(Self.derivatives([copy], of: Self.record(audio: lossless))[.audio] == .pending)
        let both = Self.derivatives(
            [copy, Self.made(keys.encodedAudio)], of: Self.record(audio: lossless))
        #expect(both.audio == keys.encodedAudio)
    }

    @Test(arguments: [
        (MediaInfo.Kind.video, true, false, [AssetDerivative.waveform, .audio]),
        (.audio, false, true, [.proxy, .poster, .sprite]),
        (.image, true, false, [.proxy, .sprite, .waveform, .audio]),
    ])
    func `a derivative that the source cannot have is none`(
        kind: MediaInfo.Kind, hasVideo: Bool, hasAudio: Bool, missing: [AssetDerivative]
    ) {
        let found = Self.derivatives(
            [],
            of: Self.record(
                kind, video: hasVideo ? Self.video : nil, audio: hasAudio ? Self.audio : nil))

        #expect(AssetDerivative.allCases.filter { found[$0] == .none } == missing)
    }

    @Test func `a failed proxy takes the thumbnails with it and nothing else`() {
        let found = Self.derivatives([[Self.keys.failedMark(.proxy, of: "up-1"): "m"]])

        #expect(found[.proxy] == .failed && found[.sprite] == .failed)
        #expect(found[.poster] == .pending && found[.waveform] == .pending)
    }

    @Test func `a failure of an earlier upload is forgotten`() {
        let found = Self.derivatives([[Self.keys.failedMark(.audio, of: "up-0"): "m"]])

        #expect(found[.audio] == .pending)
    }
}

extension String {
    fileprivate var suffix12: String { String(suffix(12)) }
}
