package import MediaTime

extension RenderPlan {
    /// The output's container, video and audio settings.
    package struct OutputSettings: Hashable, Sendable, Codable {
        /// The kind of output.
        package var format: OutputFormat
        /// Even numbers of pixels.
        package var width: Int
        /// Height in pixels, an even number.
        package var height: Int
        /// Frames per second.
        package var frameRate: Rational
        /// `RRGGBB`, lower-case hexadecimal.
        package var background: String
        /// The video encoding.
        package var video: VideoEncoding
        /// The audio encoding.
        package var audio: AudioEncoding
        /// Whether the film can be watched by HLS while it is rendered.
        package var isStreamed = false

        /// Output settings: MP4 on black by default.
        package init(
            format: OutputFormat = .mp4, width: Int, height: Int, frameRate: Rational,
            background: String = "000000", video: VideoEncoding = VideoEncoding(),
            audio: AudioEncoding = AudioEncoding()
        ) {
            self.format = format
            self.width = width
            self.height = height
            self.frameRate = frameRate
            self.background = background
            self.video = video
            self.audio = audio
        }
    }

    /// How the pictures of chunks are encoded.
    package struct VideoEncoding: Hashable, Sendable, Codable {
        /// `lossless` is H.264 that decodes to the very frames that were
        /// rendered; what is encoded again at the stitch travels in it.
        package enum Codec: String, Hashable, Sendable, Codable, CaseIterable {
            case h264, hevc, av1, vp9, prores, lossless
        }
        /// The codec.
        package var codec: Codec
        /// The codec's constant rate factor, inside `Codec.crfRange`.
        package var crf: Int
        /// x264's preset name; other codecs have settings of like effort.
        package var preset: String
        /// Whether frames that an encoder would only reproduce are copied from
        /// their sources (smart cut).
        package var copiesUntouched = false
        /// A ceiling on the bit rate; nil where quality alone decides.
        package var ceiling: Ceiling?

        /// The limits of a decoder's buffer.
        package struct Ceiling: Hashable, Sendable, Codable {
            /// At which the buffer fills.
            package var kilobitsPerSecond: Int
            /// Size of the buffer in kilobits.
            package var bufferKilobits: Int

            /// A ceiling with those properties.
            package init(kilobitsPerSecond: Int, bufferKilobits: Int) {
                self.kilobitsPerSecond = kilobitsPerSecond
                self.bufferKilobits = bufferKilobits
            }
        }

        /// A video encoding with those properties.
        package init(codec: Codec = .h264, crf: Int = 20, preset: String = "veryfast") {
            self.codec = codec
            self.crf = crf
            self.preset = preset
        }
    }

    /// The audio encoding.
    package struct AudioEncoding: Hashable, Sendable, Codable {
        /// `pcm` is 32-bit float, where every sample must survive; `pcm16` and
        /// `pcm24` are integers.
        package enum Codec: String, Hashable, Sendable, Codable, CaseIterable {
            case aac, opus, mp3, pcm, pcm16, pcm24
        }
        /// The codec.
        package var codec: Codec
        /// Samples per second.
        package var sampleRate: Int
        /// Number of channels.
        package var channels: Int
        /// Bit rate in bits per second, for codecs that have one.
        package var bitsPerSecond: Int

        /// An audio encoding with those properties.
        package init(
            codec: Codec = .aac, sampleRate: Int = 48_000, channels: Int = 2,
            bitsPerSecond: Int = 192_000
        ) {
            self.codec = codec
            self.sampleRate = sampleRate
            self.channels = channels
            self.bitsPerSecond = bitsPerSecond
        }
    }
}

extension RenderPlan.VideoEncoding.Codec {
    /// Rate factors that the encoder takes; nil where it has none.
    package var crfRange: ClosedRange<Int>? {
        switch self {
        case .h264, .hevc: 0...51
        case .vp9, .av1: 0...63
        case .prores, .lossless: nil
        }
    }

    /// The rate factor whose quality is close to x264's 20.
    package var defaultCRF: Int {
        switch self {
        case .h264, .prores, .lossless: 20
        case .hevc: 24
        case .vp9: 31
        case .av1: 32
        }
    }
}
