import MediaTime

extension RenderPlan {
    /// Why no renderer can follow the plan, as the end of a sentence; nil without a defect.
    ///
    /// A plan is made from a checked edit. It is checked again when it is read from the store,
    /// so that a damaged one is a clear failure and never a trap in the arithmetic.
    package var defect: String? {
        outputDefect ?? sourceDefect ?? pictureDefect ?? audioDefect ?? tilingDefect
    }

    /// Frames of the longest timeline at the highest rate.
    private static var frameCountMax: Int {
        Limits.timelineSecondsMax * Limits.frameRateMax.numerator
    }

    private var outputDefect: String? {
        let sides = Limits.sidePixelsMin...Limits.sidePixelsMax
        guard sides.contains(output.width), sides.contains(output.height) else {
            return "its picture has \(output.width)x\(output.height) pixels"
        }
        guard Limits.frameRateMin <= output.frameRate, output.frameRate <= Limits.frameRateMax,
            output.frameRate.denominator <= Limits.frameRateDenominatorMax
        else { return "its frame rate is \(output.frameRate)" }
        guard (1...Self.frameCountMax).contains(frameCount) else {
            return "it has \(frameCount) frames"
        }
        guard (8_000...192_000).contains(output.audio.sampleRate),
            (1...8).contains(output.audio.channels)
        else { return "its audio has no usable rate" }
        return nil
    }

    private var sourceDefect: String? {
        for (index, source) in sources.enumerated()
        where source.key.isEmpty || source.etag.isEmpty || source.bytes < 0 {
            return "source \(index) names no object"
        }
        return nil
    }

    private var pictureDefect: String? {
        for (layer, content) in layers.enumerated() {
            for placement in content.placements {
                if let source = placement.source, !sources.indices.contains(source) {
                    return "layer \(layer) shows source \(source) of \(sources.count)"
                }
                guard placement.speed > .zero, placement.box.width > 0, placement.box.height > 0,
                    isUsable(placement.frames), isUsable(placement.sourceStart)
                else { return "layer \(layer) has a picture without a size or a time" }
            }
            for script in content.scripts where !isUsable(script.frames) {
                return "layer \(layer) has a text without a time"
            }
        }
        return nil
    }

    private var audioDefect: String? {
        let sampleCountMax = 2 * Limits.timelineSecondsMax * output.audio.sampleRate
        for placement in audio {
            guard sources.indices.contains(placement.source) else {
                return "its audio plays source \(placement.source) of \(sources.count)"
            }
            guard placement.startSample <= placement.endSample, placement.speed > .zero,
                placement.startSample.magnitude <= sampleCountMax,
                placement.endSample.magnitude <= sampleCountMax,
                isUsable(placement.sourceStart)
            else { return "its audio has a clip without a time" }
        }
        return nil
    }

    private var tilingDefect: String? {
        guard Self.tile(chunks, pictureFrames) else {
            return "its chunks do not cover its frames exactly"
        }
        if let renderings, renderings.count != chunks.count {
            return "it expects \(renderings.count) renderings of \(chunks.count) chunks"
        }
        if let audioPieces, let first = audioPieces.first, let last = audioPieces.last {
            guard first.start <= last.end,
                Self.tile(audioPieces, AudioFrameRange(first.start, last.end))
            else { return "its audio pieces do not follow each other" }
        }
        return nil
    }

    private static func tile<Unit>(
        _ pieces: [MediaRange<Unit>], _ whole: MediaRange<Unit>
    ) -> Bool {
        var next = whole.start
        for piece in pieces {
            guard piece.start == next, !piece.isEmpty else { return false }
            next = piece.end
        }
        return next == whole.end
    }

    private func isUsable(_ frames: FrameRange) -> Bool {
        frames.start.magnitude <= 2 * Self.frameCountMax
            && frames.end.magnitude <= 2 * Self.frameCountMax
    }

    /// True for seconds of a file, as an edit can ask for them.
    private func isUsable(_ seconds: Rational) -> Bool {
        let maximum = 2 * (Limits.trimSecondsMax + Limits.timelineSecondsMax)
        return -Rational(maximum) <= seconds && seconds <= Rational(maximum)
    }
}
