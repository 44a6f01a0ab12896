package import MediaTime

/// The ceilings of what an edit may ask for.
extension Limits {
    /// A talk of two hours with a cut every four seconds has 1,800 clips.
    package static let mostClips = 2_000

    /// Angles of one multicam clip: more cameras than any studio switches.
    package static let mostAngles = 64

    /// Switches of one multicam clip: a cut a second through a talk of an hour.
    package static let mostSwitches = 5_000

    /// Outputs of one edit: some formats in some sizes.
    package static let mostOutputs = 8

    /// Each track may become a layer, and each layer a decoder in one process.
    package static let mostTracks = 50

    /// Distinct sources: each is an object to look up before an export starts.
    package static let mostAssets = 500

    /// Pixels of one side that SVT-AV1 takes at least.
    package static let shortestAV1SidePixels = 64
    /// Pixels of one side of a GIF: beyond, a film is a tenth of its size.
    package static let longestGIFSidePixels = 1_280
    /// A GIF counts in hundredths, and browsers slow down what is shown for
    /// less than two of them.
    package static let fastestGIFFrameRate = Rational(50)
    /// Frames of a GIF: a minute at 50 frames per second.
    package static let mostGIFFrames = 3_000

    /// Frames per second: below 1 is a slide show for which there are images,
    /// above 120 no encoder level of H.264 takes HD pictures.
    package static let slowestFrameRate = Rational(1)
    /// See `slowestFrameRate`.
    package static let fastestFrameRate = Rational(120)

    /// Pixels of one side: one macroblock of H.264.
    package static let shortestSidePixels = 16
    /// Pixels of one side: 8K UHD is 7,680 wide.
    package static let longestSidePixels = 7_680

    /// Pixels of one frame: 8K UHD. H.264 level 6.2 ends a little above.
    package static let mostPixels = 7_680 * 4_320

    /// The longest side of a source that is taken at its word (libavcodec's own
    /// limit for most codecs).
    package static let longestSourceSidePixels = 65_535

    /// Linear gain: 20 dB up. More is a mistake in the unit (percent).
    package static let greatestVolume = Rational(10)

    /// A clip's box over the output; how large the picture may get in pixels is
    /// bounded by `longestSidePixels` and `mostPixels`.
    package static let greatestScale = Rational(10)
    /// Shotstack's range of `offset`, in sizes of the output.
    package static let furthestOffset = Rational(10)

    /// A bit rate in kbit/s below which no picture is worth looking at.
    package static let lowestKilobits = 50
    /// A bit rate in kbit/s: level 6.2 of H.264 in its high tier.
    package static let highestKilobits = 800_000

    /// Assets of one request for variations (VR-23).
    package static let mostVariedAssets = 10
    /// Variations of each asset.
    package static let mostVariations = 50
    /// The largest whole number that JSON tells apart from its neighbours.
    package static let greatestSeed = 9_007_199_254_740_991

    /// Longest transition, in seconds.
    package static let longestTransitionSeconds = 60

    /// Slow motion: below a tenth every picture stands for three frames and
    /// more, and stretched sound is no longer sound.
    package static let slowestSpeed = Rational(1, 10)
    /// Faster, each second of output decodes more than a minute of a source at
    /// 120 frames a second.
    package static let fastestSpeed = Rational(16)

    /// Contrast and saturation: eq's own range ends at 3 for saturation.
    package static let greatestColorFactor = Rational(3)

    /// What may be cut off a picture's width or height together.
    package static let greatestCrop = Rational(99, 100)

    /// Points of one clip's volume: one a second for an hour.
    package static let mostVolumePoints = 4_000

    /// Shortest chunk that a caller may ask for, in seconds: a few frames, for
    /// tests.
    package static let shortestChunkSeconds = Rational(1, 10)
    /// Longest chunk that a caller may ask for, in seconds.
    package static let longestChunkSeconds = Rational(600)

    /// Chunks of one export: three pages of a bucket listing.
    package static let mostChunks = 3_000

    /// Characters of an asset ID: what S3 leaves of a key beside the rest.
    package static let longestAssetIDCharacters = 256
    /// Room for any UUID or hash in text.
    package static let longestClientTokenCharacters = 256
    /// What browsers and servers take without trouble.
    package static let longestURLCharacters = 2_048
    /// Characters of a secret's name.
    package static let longestSecretNameCharacters = 128

    /// Merge fields of one request.
    package static let mostMergeFields = 1_000

    /// Bytes that merge fields may add to one document: a body is 10 MB at
    /// most (CF-36) and must not grow past twice that.
    package static let mostMergedBytes = 10_000_000
}
