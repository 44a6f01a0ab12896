package import MediaTime

/// The limits of an edit's contents.
extension Limits {
    /// Clips of one edit: a two-hour talk with a cut every four seconds has 1,800.
    package static let clipCountMax = 2_000

    /// Angles of one multicam clip: more cameras than any studio switches.
    package static let angleCountMax = 64

    /// Switches of one multicam clip: one per second for more than an hour.
    package static let switchCountMax = 5_000

    /// Outputs of one edit: several formats in several sizes.
    package static let outputCountMax = 8

    /// Audio tracks of one file: MXF has up to 64.
    package static let audioTrackCountMax = 64

    /// Tracks of one edit: each may become a layer, and each layer a decoder in one
    /// process.
    package static let trackCountMax = 50

    /// Distinct sources of one edit: each is an object to look up before an export starts.
    package static let assetCountMax = 500

    /// Minimum pixels of one side for SVT-AV1.
    package static let av1SidePixelsMin = 64
    /// Pixels of one side of a GIF: a film of that size has a tenth of its bytes.
    package static let gifSidePixelsMax = 1_280
    /// Frame rate of a GIF. GIF times are hundredths of a second, and browsers slow down
    /// frames shorter than two of them.
    package static let gifFrameRateMax = Rational(50)
    /// Frames of a GIF: a minute at 50 frames per second.
    package static let gifFrameCountMax = 3_000

    /// Frames per second: a lower rate is a slide show, for which images exist.
    package static let frameRateMin = Rational(1)
    /// Frames per second: at a higher rate no H.264 level allows HD frames.
    package static let frameRateMax = Rational(120)

    /// Pixels of one side: one macroblock of H.264.
    package static let sidePixelsMin = 16
    /// Pixels of one side: 8K UHD is 7,680 wide.
    package static let sidePixelsMax = 7_680

    /// Pixels of one frame: 8K UHD. H.264 level 6.2 ends a little above.
    package static let framePixelsMax = 7_680 * 4_320

    /// Pixels of the longest side of a source whose reported size is trusted (libavcodec's
    /// own limit for most codecs).
    package static let sourceSidePixelsMax = 65_535

    /// Linear gain: 20 dB. A higher gain is a mistake in the unit (percent).
    package static let volumeMax = Rational(10)

    /// Size of a clip's box as a factor of the output; `sidePixelsMax` and `framePixelsMax`
    /// limit the picture in pixels.
    package static let scaleMax = Rational(10)
    /// Offset in sizes of the output: the range of Shotstack's `offset`.
    package static let offsetMax = Rational(10)

    /// Bit rate in kbit/s: no picture is usable below it.
    package static let kilobitsMin = 50
    /// Bit rate in kbit/s: H.264 level 6.2, high tier.
    package static let kilobitsMax = 800_000

    /// Assets of one request for variations.
    package static let variedAssetCountMax = 10
    /// Variations of each asset.
    package static let variationCountMax = 50
    /// 2^53 - 1: larger whole numbers in JSON are not exact (RFC 8259, section 6).
    package static let seedMax = 9_007_199_254_740_991

    /// Length of a transition in seconds.
    package static let transitionSecondsMax = 60

    /// Slow motion: at a tenth of the speed each frame is repeated at least three times,
    /// and stretched audio is unintelligible.
    package static let speedMin = Rational(1, 10)
    /// Fast motion: at a higher speed each second of output decodes more than a minute of a
    /// source at 120 frames per second.
    package static let speedMax = Rational(16)

    /// Contrast and saturation: the range of FFmpeg's `eq` ends at 3 for saturation.
    package static let colorFactorMax = Rational(3)

    /// Fraction cut off a picture's width or height, both sides together.
    package static let cropMax = Rational(99, 100)

    /// Volume points of one clip: one per second for an hour.
    package static let volumePointCountMax = 4_000

    /// Chunk length that a caller may request, in seconds: a few frames, for tests.
    package static let chunkSecondsMin = Rational(1, 10)
    /// Chunk length that a caller may request, in seconds.
    package static let chunkSecondsMax = Rational(600)

    /// Chunks of one export: three pages of a bucket listing.
    package static let chunkCountMax = 3_000

    /// Characters of an asset ID: the part of an S3 key that the rest leaves free.
    package static let assetIDCharactersMax = 256
    /// Characters of an object key: S3's limit of 1,024 bytes.
    package static let objectKeyCharactersMax = 1_024
    /// Characters of a client token: enough for any UUID or hash.
    package static let clientTokenCharactersMax = 256
    /// Characters of a URL: browsers and servers accept them reliably.
    package static let urlCharactersMax = 2_048
    /// Characters of a secret's name.
    package static let secretNameCharactersMax = 128
    /// Characters in the address of a mailbox (RFC 5321, 4.5.3.1).
    package static let mailAddressCharactersMax = 254
    /// Characters in a language tag.
    package static let languageCharactersMax = 12

    /// Merge fields of one request.
    package static let mergeFieldCountMax = 1_000

    /// Bytes that merge fields may add to one document: a body has at most 10 MB and must
    /// not more than double.
    package static let mergedBytesMax = 10_000_000
}
