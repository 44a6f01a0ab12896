/// The peaks of an audio stream, as BBC audiowaveform computes them: the channels of each
/// sample are mixed, and a pixel has the smallest and the largest of its samples.
///
/// Memory is constant: when the pixels are full, each two become one, which is exactly what
/// twice as many samples per pixel would have given.
package struct WaveformPeaks: Sendable {
    /// Channels of the samples that are added, interleaved.
    package let channels: Int
    /// Samples of each channel per second.
    package let sampleRate: Int
    /// Samples of each channel that one pixel covers.
    package private(set) var samplesPerPixel: Int
    private let pixelCountMax: Int
    private var minima: [Int16] = []
    private var maxima: [Int16] = []
    /// The unfinished pixel.
    private var open = (low: Int16.max, high: Int16.min, count: 0)
    /// The start of a sample whose other bytes are still to come.
    private var rest: [UInt8] = []

    /// No peaks yet.
    /// - Parameters:
    ///   - samplesPerPixel: At the start; audiowaveform's default is 256.
    ///   - pixelCountMax: An even number.
    package init(
        channels: Int, sampleRate: Int, samplesPerPixel: Int = 256, pixelCountMax: Int = 1 << 16
    ) {
        precondition(channels > 0 && pixelCountMax > 1 && pixelCountMax % 2 == 0)
        self.channels = channels
        self.sampleRate = sampleRate
        self.samplesPerPixel = samplesPerPixel
        self.pixelCountMax = pixelCountMax
    }

    /// Number of pixels; the last one may cover fewer samples.
    package var pixelCount: Int { minima.count + (open.count > 0 ? 1 : 0) }

    /// Adds samples: signed 16-bit, little-endian, interleaved. May end within a sample.
    package mutating func add(_ bytes: [UInt8]) {
        let frameBytes = 2 * channels
        var start = 0
        if !rest.isEmpty {
            start = min(bytes.count, frameBytes - rest.count)
            rest += bytes[..<start]
            guard rest.count == frameBytes else { return }
            rest.withUnsafeBufferPointer { add(frames: $0[...]) }
            rest = []
        }
        let end = start + (bytes.count - start) / frameBytes * frameBytes
        bytes.withUnsafeBufferPointer { add(frames: $0[start..<end]) }
        rest = Array(bytes[end...])
    }

    private mutating func add(frames: Slice<UnsafeBufferPointer<UInt8>>) {
        var index = frames.startIndex
        while index < frames.endIndex {
            var sum = 0
            for _ in 0..<channels {
                let bits = UInt16(frames[index]) | UInt16(frames[index + 1]) << 8
                sum += Int(Int16(bitPattern: bits))
                index += 2
            }
            // The mean of 16-bit samples has 16 bits.
            let sample = Int16(truncatingIfNeeded: sum / channels)
            open.low = min(open.low, sample)
            open.high = max(open.high, sample)
            open.count += 1
            if open.count == samplesPerPixel { closePixel() }
        }
    }

    private mutating func closePixel() {
        if minima.count == pixelCountMax {
            for index in 0..<pixelCountMax / 2 {
                minima[index] = min(minima[2 * index], minima[2 * index + 1])
                maxima[index] = max(maxima[2 * index], maxima[2 * index + 1])
            }
            minima.removeLast(pixelCountMax / 2)
            maxima.removeLast(pixelCountMax / 2)
            // The open pixel is now the first half of one.
            samplesPerPixel *= 2
            return
        }
        minima.append(open.low)
        maxima.append(open.high)
        open = (.max, .min, 0)
    }

    /// The JSON of audiowaveform's version 2 in 8 bits: a sample divided by 256, towards zero.
    package var json: String {
        var text = "{\"version\":2,\"channels\":1,\"sample_rate\":\(sampleRate)"
        text += ",\"samples_per_pixel\":\(samplesPerPixel),\"bits\":8,\"length\":\(pixelCount)"
        text += ",\"data\":["
        for index in minima.indices {
            if index > 0 { text += "," }
            text += "\(minima[index] / 256),\(maxima[index] / 256)"
        }
        if open.count > 0 {
            text += (minima.isEmpty ? "" : ",") + "\(open.low / 256),\(open.high / 256)"
        }
        return text + "]}\n"
    }
}
