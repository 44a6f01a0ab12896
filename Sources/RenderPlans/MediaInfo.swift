package import MediaTime

/// The result of probing a media file. Times are exact microseconds, as in FFmpeg's
/// `AV_TIME_BASE`.
package struct MediaInfo: Hashable, Sendable, Codable {
    /// The kinds of media file.
    package enum Kind: String, Sendable, Codable { case video, audio, image }

    /// A file's video stream, or its still image.
    package struct Video: Hashable, Sendable, Codable {
        /// FFmpeg's name of the codec.
        package var codec: String
        /// Coded width in pixels, before rotation and pixel aspect.
        package var width: Int
        /// Coded height in pixels, before rotation and pixel aspect.
        package var height: Int
        /// Clockwise rotation by a player, in degrees: 0, 90, 180 or 270.
        package var rotationDegrees: Int
        /// Width of a pixel divided by its height; 1 if the file has no value.
        package var sampleAspectRatio: Rational
        /// The stream's average frame rate; nil for a still.
        package var frameRate: Rational?
        /// False if the base rate and the average rate differ (phone and screen
        /// recordings).
        package var isConstantFrameRate: Bool
        /// FFmpeg's name of the pixel format, for instance `yuv420p`.
        package var pixelFormat: String
        /// FFmpeg's name of the colour space; nil if the file has none.
        package var colorSpace: String?
        /// FFmpeg's name of the colour range; nil if the file has none.
        package var colorRange: String?
        /// FFmpeg's name of the transfer function; nil if the file has none.
        package var colorTransfer: String?
        /// FFmpeg's name of the primaries; nil if the file has none.
        package var colorPrimaries: String?
        /// Index of the stream in the file.
        package var streamIndex: Int
        /// FFmpeg's name of the codec's profile; nil if the file has none.
        package var profile: String?
        /// Frames that the decoder delays for reordering; nil if the probe did not measure
        /// it.
        package var reorderedFrames: Int?
        /// FFmpeg's name of a decoder other than its first choice, which would drop the alpha;
        /// nil for the first choice.
        package var decoder: String?
        /// The field that is shown first; nil for progressive frames.
        package var firstField: Field?
        /// EXIF orientation (2 to 8) that FFmpeg does not apply; nil for none, or if it does.
        package var orientation: Int?

        /// The two halves of an interlaced frame.
        package enum Field: String, Hashable, Sendable, Codable { case top, bottom }

        /// Creates a video stream.
        package init(
            codec: String, width: Int, height: Int, rotationDegrees: Int = 0,
            sampleAspectRatio: Rational = Rational(1), frameRate: Rational?,
            isConstantFrameRate: Bool = true, pixelFormat: String, colorSpace: String? = nil,
            colorRange: String? = nil, colorTransfer: String? = nil, colorPrimaries: String? = nil,
            streamIndex: Int = 0, profile: String? = nil,
            reorderedFrames: Int? = nil
        ) {
            self.codec = codec
            self.width = width
            self.height = height
            self.rotationDegrees = rotationDegrees
            self.sampleAspectRatio = sampleAspectRatio
            self.frameRate = frameRate
            self.isConstantFrameRate = isConstantFrameRate
            self.pixelFormat = pixelFormat
            self.colorSpace = colorSpace
            self.colorRange = colorRange
            self.colorTransfer = colorTransfer
            self.colorPrimaries = colorPrimaries
            self.streamIndex = streamIndex
            self.profile = profile
            self.reorderedFrames = reorderedFrames
        }

        /// True if the transfer function is PQ (SMPTE ST 2084) or HLG (BT.2100), which a
        /// standard-range screen cannot show unconverted.
        package var isHighDynamicRange: Bool {
            colorTransfer == "smpte2084" || colorTransfer == "arib-std-b67"
        }

        /// Size in square pixels as a player shows it, after rotation and pixel aspect.
        package var displaySize: (width: Int, height: Int) {
            let wide = (Rational(width) * sampleAspectRatio).rounded
            return rotationDegrees % 180 == 0 ? (wide, height) : (height, wide)
        }
    }

    /// A file's audio stream.
    package struct Audio: Hashable, Sendable, Codable {
        /// FFmpeg's name of the codec.
        package var codec: String
        /// Samples per second.
        package var sampleRate: Int
        /// Number of channels.
        package var channels: Int
        /// Index of the stream in the file.
        package var streamIndex: Int
        /// Number of audio streams before it in the file; nil for the first.
        package var ordinal: Int?

        /// Creates an audio stream.
        package init(codec: String, sampleRate: Int, channels: Int, streamIndex: Int) {
            self.codec = codec
            self.sampleRate = sampleRate
            self.channels = channels
            self.streamIndex = streamIndex
        }
    }

    /// The kind of the file.
    package var kind: Kind
    /// FFmpeg's demuxer name, for instance `mov,mp4,m4a,3gp,3g2,mj2`.
    package var format: String
    /// Length of the file in microseconds; 0 for a still image.
    package var durationMicroseconds: Int
    /// The earliest timestamp in the file (`format.start_time`), in microseconds.
    package var startMicroseconds: Int
    /// Bit rate of the whole file in bits per second; nil if the file has none.
    package var bitRate: Int?
    /// The video stream or still image; nil without one.
    package var video: Video?
    /// The audio stream; nil without one that can be decoded.
    package var audio: Audio?
    /// Every audio track, in the file's order; nil for at most one, which can be decoded.
    package var audioTracks: [AudioTrack]?
    /// End of the audio in microseconds after the start of the file; nil if the file does not
    /// state it.
    package var audioEndMicroseconds: Int?
    /// Doubts about the file; nil for none.
    package var warnings: [MediaWarning]?

    /// Creates the result of a probe.
    package init(
        kind: Kind, format: String, durationMicroseconds: Int, startMicroseconds: Int = 0,
        bitRate: Int? = nil, video: Video? = nil, audio: Audio? = nil
    ) {
        self.kind = kind
        self.format = format
        self.durationMicroseconds = durationMicroseconds
        self.startMicroseconds = startMicroseconds
        self.bitRate = bitRate
        self.video = video
        self.audio = audio
    }
}

extension MediaInfo {
    /// An audio track of a file, as a request chooses it by its place in the list.
    package struct AudioTrack: Hashable, Sendable, Codable {
        /// The stream.
        package var audio: Audio
        /// Language tag of the file; nil if it has none.
        package var language: String?
        /// Title of the file; nil if it has none.
        package var title: String?
        /// False if this FFmpeg has no decoder for it.
        package var isDecodable: Bool

        /// Creates a track.
        package init(audio: Audio, language: String?, title: String?, isDecodable: Bool) {
            self.audio = audio
            self.language = language
            self.title = title
            self.isDecodable = isDecodable
        }
    }
}
