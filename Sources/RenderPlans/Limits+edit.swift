package import MediaTime

/// The ceilings of what an edit may ask for.
extension Limits {
    /// A talk of two hours with a cut every four seconds has 1,800 clips.
    package static let clipCountMax = 2_000

    /// Angles of one multicam clip: more cameras than any studio switches.
    package static let angleCountMax = 64

    /// Switches of one multicam clip: a cut a second through a talk of an hour.
    package static let switchCountMax = 5_000

    /// Outputs of one edit: some formats in some sizes.
    package static let outputCountMax = 8

    /// Each track may become a layer, and each layer a decoder in one process.
    package static let trackCountMax = 50

    /// Distinct sources: each is an object to look up before an export starts.
    package static let assetCountMax = 500

    /// Pixels of one side that SVT-AV1 takes at least.
    package static let av1SidePixelsMin = 64
    /// Pixels of one side of a GIF: beyond, a film is a tenth of its size.
    package static let gifSidePixelsMax = 1_280
    /// A GIF counts in hundredths, and browsers slow down what is shown for
    /// less than two of them.
    package static let gifFrameRateMax = Rational(50)
    /// Frames of a GIF: a minute at 50 frames per second.
    package static let gifFrameCountMax = 3_000

    /// Frames per second: below 1 is a slide show for which there are images,
    /// above 120 no encoder level of H.264 takes HD pictures.
    package static let frameRateMin = Rational(1)
    /// See `frameRateMin`.
    package static let frameRateMax = Rational(120)

    /// Pixels of one side: one macroblock of H.264.
    package static let sidePixelsMin = 16
    /// Pixels of one side: 8K UHD is 7,680 wide.
    package static let sidePixelsMax = 7_680

    /// Pixels of one frame: 8K UHD. H.264 level 6.2 ends a little above.
    package static let framePixelsMax = 7_680 * 4_320

    /// The longest side of a source that is taken at its word (libavcodec's own
    /// limit for most codecs).
    package static let sourceSidePixelsMax = 65_535

    /// Linear gain: 20 dB up. More is a mistake in the unit (percent).
    package static let volumeMax = Rational(10)

    /// A clip's box over the output; how large the picture may get in pixels is
    /// bounded by `sidePixelsMax` and `framePixelsMax`.
    package static let scaleMax = Rational(10)
    /// Shotstack's range of `offset`, in sizes of the output.
    package static let offsetMax = Rational(10)

    /// A bit rate in kbit/s below which no picture is worth looking at.
    package static let kilobitsMin = 50
    /// A bit rate in kbit/s: level 6.2 of H.264 in its high tier.
    package static let kilobitsMax = 800_000

    /// Assets of one request for variations.
    package static let variedAssetCountMax = 10
    /// Variations of each asset.
    package static let variationCountMax = 50
    /// The largest whole number that a JSON double represents exactly, as do its neighbours (2^53 - 1).
    package static let seedMax = 9_007_199_254_740_991

    /// Longest transition, in seconds.
    package static let transitionSecondsMax = 60

    /// Slow motion: below a tenth every picture is repeated for three frames and
    /// more, and stretched audio is unintelligible.
    package static let speedMin = Rational(1, 10)
    /// Faster, each second of output decodes more than a minute of a source at
    /// 120 frames a second.
    package static let speedMax = Rational(16)

    /// Contrast and saturation: eq's own range ends at 3 for saturation.
    package static let colorFactorMax = Rational(3)

    /// What may be cut off a picture's width or height together.
    package static let cropMax = Rational(99, 100)

    /// Points of one clip's volume: one a second for an hour.
    package static let volumePointCountMax = 4_000

    /// Shortest chunk that a caller may ask for, in seconds: a few frames, for
    /// tests.
    package static let chunkSecondsMin = Rational(1, 10)
    /// Longest chunk that a caller may ask for, in seconds.
    package static let chunkSecondsMax = Rational(600)

    /// Chunks of one export: three pages of a bucket listing.
    package static let chunkCountMax = 3_000

    /// Characters of an asset ID: what S3 leaves of a key beside the rest.
    package static let assetIDCharactersMax = 256
    /// Room for any UUID or hash in text.
    package static let clientTokenCharactersMax = 256
    /// What browsers and servers take without trouble.
    package static let urlCharactersMax = 2_048
    /// Characters of a secret's name.
    package static let secretNameCharactersMax = 128

    /// Merge fields of one request.
    package static let mergeFieldCountMax = 1_000

    /// Bytes that merge fields may add to one document: a body has at
    /// most 10 MB and must not grow to more than twice that.
    package static let mergedBytesMax = 10_000_000
}
