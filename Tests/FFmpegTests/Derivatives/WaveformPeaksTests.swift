import FFmpeg
import Testing

/// The definition of BBC audiowaveform: the mean of the channels, minimum and maximum of each
/// pixel, divided by 256 towards zero.
@Suite struct WaveformPeaksTests {
    private static func bytes(_ samples: [Int16]) -> [UInt8] {
        samples.flatMap { [UInt8(truncatingIfNeeded: $0), UInt8(truncatingIfNeeded: $0 >> 8)] }
    }

    private static func json(_ rate: Int, _ perPixel: Int, _ data: [Int]) -> String {
        "{\"version\":2,\"channels\":1,\"sample_rate\":\(rate),\"samples_per_pixel\":\(perPixel)"
            + ",\"bits\":8,\"length\":\(data.count / 2)"
            + ",\"data\":[\(data.map { "\($0)" }.joined(separator: ","))]}\n"
    }

    @Test func `a pixel has the least and the greatest of its samples`() {
        var peaks = WaveformPeaks(channels: 1, sampleRate: 8_000, samplesPerPixel: 3)
        peaks.add(Self.bytes([-32_768, 0, 32_767, 255, -255, 256, -257]))

        #expect(peaks.json == Self.json(8_000, 3, [-128, 127, 0, 1, -1, -1]))
    }

    @Test func `the channels are mixed to their mean`() {
        var peaks = WaveformPeaks(channels: 3, sampleRate: 44_100, samplesPerPixel: 2)
        peaks.add(Self.bytes([32_767, 32_767, 32_767, -768, 0, 0]))

        #expect(peaks.json == Self.json(44_100, 2, [-1, 127]))
    }

    @Test(arguments: [1, 2, 3, 5, 7, 64])
    func `the cut of the bytes does not matter`(length: Int) {
        let samples = (0..<200).map { Int16(truncatingIfNeeded: $0 &* 7_919) }
        var whole = WaveformPeaks(channels: 2, sampleRate: 48_000, samplesPerPixel: 4)
        var cut = whole
        let bytes = Self.bytes(samples)
        whole.add(bytes)
        for start in stride(from: 0, to: bytes.count, by: length) {
            cut.add(Array(bytes[start..<min(start + length, bytes.count)]))
        }

        #expect(cut.json == whole.json)
    }

    @Test func `too many pixels are merged to what a coarser scale gives`() {
        let samples = (0..<1_001).map { Int16(truncatingIfNeeded: $0 &* 12_345) }
        var limited = WaveformPeaks(
            channels: 1, sampleRate: 48_000, samplesPerPixel: 2, pixelCountMax: 10)
        var coarse = WaveformPeaks(channels: 1, sampleRate: 48_000, samplesPerPixel: 128)
        limited.add(Self.bytes(samples))
        coarse.add(Self.bytes(samples))

        #expect(limited.pixelCount <= 11)
        #expect(limited.json == coarse.json)
    }

    @Test func `no samples have no pixels`() {
        let peaks = WaveformPeaks(channels: 1, sampleRate: 48_000)

        #expect(peaks.json == Self.json(48_000, 256, []))
    }
}
