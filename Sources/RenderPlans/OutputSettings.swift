package import MediaTime

extension RenderPlan {
    /// The output's container, video and audio settings.
    package struct OutputSettings: Hashable, Sendable, Codable {
        /// The kind of output.
        package var format: OutputFormat
        /// Width in pixels, an even number.
        package var width: Int
        /// Height in pixels, an even number.
        package var height: Int
        /// Frames per second.
        package var frameRate: Rational
        /// Background colour as `RRGGBB`, lower-case hexadecimal.
        package var background: String
        /// The video encoding.
        package var video: VideoEncoding
        /// The audio encoding.
        package var audio: AudioEncoding
        /// True if the film can be watched over HLS while it is rendered.
        package var isStreamed = false
        /// True for a film without an audio track; nil is false.
        package var omitsAudio: Bool?

        /// True if the output has an audio track.
        package var hasAudio: Bool { format.hasAudio && omitsAudio != true }

        /// Creates output settings; by default MP4 on black.
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

    /// The video encoding of chunks.
    package struct VideoEncoding: Hashable, Sendable, Codable {
        /// The codecs of chunks. `lossless` is H.264 that decodes to exactly the rendered
        /// frames; chunks use it if the stitch encodes them again.
        package enum Codec: String, Hashable, Sendable, Codable, CaseIterable {
            case h264, hevc, av1, vp9, prores, lossless
        }
        /// The codec.
        package var codec: Codec
        /// The codec's constant rate factor, inside `Codec.crfRange`.
        package var crf: Int
        /// Name of the x264 preset; other codecs use settings of comparable effort.
        package var preset: String
        /// True if unchanged source frames are copied instead of encoded (smart cut).
        package var copiesUntouched = false
        /// Limit of the bit rate; nil if only the quality decides.
        package var ceiling: Ceiling?
        /// Frames from one keyframe to the next, exactly, in H.264; nil lets the encoder place
        /// keyframes at most five seconds apart.
        package var keyframeDistance: Int?
        /// The encoder that was requested; nil is software. A stored plan never has `auto`.
        package var encoder: Encoder?

        /// The kinds of encoder.
        package enum Encoder: String, Hashable, Sendable, Codable, CaseIterable {
            /// Hardware where the machine has it, else software.
            case auto
            case software
            /// NVIDIA.
            case nvenc
            /// Intel Quick Sync Video.
            case qsv
            /// Linux's interface to the encoders of AMD and Intel.
            case vaapi
            /// Apple.
            case videotoolbox

            /// The hardware encoders, in the order in which `auto` tries them.
            package static let hardware: [Encoder] = [.nvenc, .qsv, .vaapi, .videotoolbox]

            /// True for hardware.
            package var isHardware: Bool { Self.hardware.contains(self) }
        }

        /// The limits of a decoder's buffer (VBV).
        package struct Ceiling: Hashable, Sendable, Codable {
            /// Rate at which the buffer fills, in kilobits per second.
            package var kilobitsPerSecond: Int
            /// Size of the buffer in kilobits.
            package var bufferKilobits: Int

            /// Creates a ceiling.
            package init(kilobitsPerSecond: Int, bufferKilobits: Int) {
                self.kilobitsPerSecond = kilobitsPerSecond
                self.bufferKilobits = bufferKilobits
            }
        }

        /// Creates a video encoding; by default H.264.
        package init(codec: Codec = .h264, crf: Int = 20, preset: String = "veryfast") {
            self.codec = codec
            self.crf = crf
            self.preset = preset
        }
    }

    /// The audio encoding.
    package struct AudioEncoding: Hashable, Sendable, Codable {
        /// The audio codecs. `pcm` is 32-bit float, for audio whose every sample must
        /// survive; `pcm16` and `pcm24` are integers.
        package enum Codec: String, Hashable, Sendable, Codable, CaseIterable {
            case aac, opus, mp3, pcm, pcm16, pcm24
        }
        /// The codec.
        package var codec: Codec
        /// Samples per second.
        package var sampleRate: Int
        /// Number of channels.
        package var channels: Int
        /// Bit rate in bits per second; ignored by codecs without one.
        package var bitsPerSecond: Int

        /// Creates an audio encoding; by default stereo AAC at 48 kHz.
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
    /// Rate factors that the encoder accepts; nil if it has none.
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

extension RenderPlan.VideoEncoding {
    /// The hardware encoder; nil for software.
    package var hardwareEncoder: Encoder? { encoder.flatMap { $0.isHardware ? $0 : nil } }
}

extension RenderPlan.VideoEncoding.Codec {
    /// True if hardware encoders are supported for the codec.
    package var hasHardwareEncoders: Bool { self == .h264 || self == .hevc }
}
