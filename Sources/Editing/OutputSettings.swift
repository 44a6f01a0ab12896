extension RenderPlan {
    package struct OutputSettings: Hashable, Sendable, Codable {
        /// Even numbers of pixels.
        package var width: Int
        package var height: Int
        /// Frames per second.
        package var frameRate: Rational
        /// `RRGGBB`, lower-case hexadecimal.
        package var background: String
        package var video: VideoEncoding
        package var audio: AudioEncoding

        package init(
            width: Int, height: Int, frameRate: Rational, background: String = "000000",
            video: VideoEncoding = VideoEncoding(), audio: AudioEncoding = AudioEncoding()
        ) {
            self.width = width
            self.height = height
            self.frameRate = frameRate
            self.background = background
            self.video = video
            self.audio = audio
        }
    }

    package struct VideoEncoding: Hashable, Sendable, Codable {
        /// `h264` is libx264 at `crf`; `lossless` is libx264 with `-qp 0`.
        package enum Codec: String, Hashable, Sendable, Codable, CaseIterable {
            case h264, lossless
        }
        package var codec: Codec
        /// x264's constant rate factor, 0 to 51.
        package var crf: Int
        /// x264's preset name.
        package var preset: String

        package init(codec: Codec = .h264, crf: Int = 20, preset: String = "veryfast") {
            self.codec = codec
            self.crf = crf
            self.preset = preset
        }
    }

    package struct AudioEncoding: Hashable, Sendable, Codable {
        /// `aac` for delivery; `pcm` (f32) where every sample must survive.
        package enum Codec: String, Hashable, Sendable, Codable, CaseIterable { case aac, pcm }
        package var codec: Codec
        package var sampleRate: Int
        package var channels: Int
        package var bitsPerSecond: Int

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
