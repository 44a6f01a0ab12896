import EditFormats
import JSON
import MediaTime
import RenderPlans

/// A stretch of one source inside a clip.
private struct SourceSpan {
    var asset: AssetDescription
    /// Frames of the timeline on which the stretch is visible.
    var frames: FrameRange
    /// In-point: seconds after the start of the file.
    var sourceStart: Rational
    var speed = Rational(1)
}

/// Lowers placed clips to video and audio in frames and samples of the output.
extension EditLowering {
    mutating func pictures(_ placed: PlacedClip) -> [RenderPlan.Placement] {
        switch placed.content {
        case .color(let color):
            let size = (settings.width, settings.height)
            return placement(placed, placed.frames, .color(color), size: size).map { [$0] } ?? []
        case .media(_, _, .audio), .text, .captions:
            return []
        case .media(let media, let asset, let type):
            let stretch = SourceSpan(
                asset: asset, frames: placed.frames,
                sourceStart: type == .image ? .zero : media.trim.value,
                speed: type == .image ? Rational(1) : media.speed)
            return picture(placed, stretch).map { [$0] } ?? []
        case .multicam(let multicam, let angles, _):
            return stretches(of: placed, multicam, angles).compactMap { picture(placed, $0) }
        }
    }

    /// The audio of the clip, cut at the same points as its pictures.
    mutating func audioPlacements(_ placed: PlacedClip) -> [RenderPlan.AudioPlacement] {
        switch placed.content {
        case .color, .text, .captions, .media(_, _, .image):
            return []
        case .media(let media, let asset, _):
            let stretch = SourceSpan(
                asset: asset, frames: placed.frames, sourceStart: media.trim.value,
                speed: media.speed)
            return [audioPlacement(placed, stretch, media.gain)].compactMap { $0 }
        case .multicam(let multicam, let angles, let audio):
            guard let audio, let angle = multicam.audio else {
                // The pictures have already reported the faults of the stretches.
                var silent = self
                return silent.stretches(of: placed, multicam, angles)
                    .compactMap { self.audioPlacement(placed, $0, multicam.gain) }
            }
            let stretch = SourceSpan(
                asset: audio, frames: placed.frames,
                sourceStart: multicam.trim.value + angle.offset)
            return [self.audioPlacement(placed, stretch, multicam.gain)].compactMap { $0 }
        }
    }

    // MARK: Multicam

    /// One stretch per visible angle. Switches after the clip's end are ignored: a trimmed
    /// clip keeps its list.
    private mutating func stretches(
        of placed: PlacedClip, _ multicam: Edit.Multicam, _ assets: [AssetDescription]
    ) -> [SourceSpan] {
        let (start, end) = (placed.frames.start, placed.frames.end)
        let firsts = multicam.switches.map { start + ($0.at.value * settings.frameRate).rounded }
        var stretches: [SourceSpan] = []
        for (index, change) in multicam.switches.enumerated() where firsts[index] < end {
            let last = index + 1 < firsts.count ? min(firsts[index + 1], end) : end
            // Of two switches inside one frame the later one counts.
            guard firsts[index] < last else { continue }
            let angle = multicam.angles[change.angle]
            let frames = FrameRange(firsts[index], last)
            let passed = Rational(frames.start - start) / settings.frameRate
            let stretch = SourceSpan(
                asset: assets[change.angle], frames: frames,
                sourceStart: multicam.trim.value + angle.offset + passed)
            guard isCovered(stretch, angle, change) else { continue }
            if let before = stretches.last, before.asset.assetID == stretch.asset.assetID,
                before.frames.end == frames.start,
                before.sourceStart + Rational(before.frames.count) / settings.frameRate
                    == stretch.sourceStart
            {
                stretches[stretches.count - 1].frames = FrameRange(before.frames.start, last)
            } else {
                stretches.append(stretch)
            }
        }
        return stretches
    }

    private mutating func isCovered(
        _ stretch: SourceSpan, _ angle: Edit.Multicam.Angle, _ change: Edit.Multicam.Switch
    ) -> Bool {
        let name = JSONReader.quoted(angle.name)
        if stretch.sourceStart < .zero {
            reader.report(
                "shows angle \(name) \((-stretch.sourceStart).decimalText) s before it begins",
                at: change.at.pointer)
            return false
        }
        // One extra frame is allowed, as for any clip.
        let length = Rational(stretch.frames.count - 1) / settings.frameRate
        let missing = stretch.sourceStart + length - stretch.asset.media.durationSeconds
        if missing > .zero {
            reader.report(
                "shows angle \(name) \(missing.decimalText) s beyond its end",
                at: change.at.pointer)
            return false
        }
        return true
    }

    // MARK: One picture

    private mutating func picture(
        _ placed: PlacedClip, _ stretch: SourceSpan
    ) -> RenderPlan.Placement? {
        guard let video = stretch.asset.media.video else { return nil }
        // A file may report any size; a size that no decoder accepts is clamped.
        let sides = 1...Limits.sourceSidePixelsMax
        let (width, height) = video.displaySize
        let crop = placed.clip.look.crop
        let size = (
            cut(width.clamped(to: sides), crop.left + crop.right).clamped(to: sides),
            cut(height.clamped(to: sides), crop.top + crop.bottom).clamped(to: sides)
        )
        let picture = RenderPlan.Placement.Picture.source(index(of: stretch.asset))
        var placement = placement(placed, stretch.frames, picture, size: size)
        placement?.sourceStart = stretch.sourceStart
        placement?.speed = stretch.speed
        return placement
    }

    private func cut(_ side: Int, _ fraction: Rational) -> Int {
        (Rational(side) * (Rational(1) - fraction)).rounded
    }

    /// Lowers one picture of a clip.
    /// - Parameter size: Size of the picture in square pixels.
    private mutating func placement(
        _ placed: PlacedClip, _ frames: FrameRange, _ picture: RenderPlan.Placement.Picture,
        size: (Int, Int)
    ) -> RenderPlan.Placement? {
        let look = placed.clip.look
        let (fit, box) = PictureBox(
            look: look, picture: size, output: (settings.width, settings.height)
        ).fitted
        guard max(box.width, box.height) <= Limits.sidePixelsMax,
            box.width * box.height <= Limits.framePixelsMax
        else {
            reader.report(
                "makes the clip's picture \(box.width)x\(box.height); at most"
                    + " \(Limits.sidePixelsMax) pixels per side are allowed",
                at: placed.clip.pointer.appending("scale"))
            return nil
        }
        let (comes, goes) = transitions(placed, frames)
        return RenderPlan.Placement(
            picture: picture,
            frames: FrameRange(frames.start - origin, frames.end - origin), crop: look.crop,
            fit: fit, focus: look.focus, box: box, rotation: look.rotation,
            effects: look.effects, opacity: look.opacity, transitionIn: comes,
            transitionOut: goes)
    }

    /// The transitions of one picture of the clip: only the first picture has one at its
    /// start, and only the last has one at its end.
    private mutating func transitions(
        _ placed: PlacedClip, _ frames: FrameRange
    ) -> (RenderPlan.Transition?, RenderPlan.Transition?) {
        let look = placed.clip.look
        let isFirst = frames.start == placed.frames.start
        let isLast = frames.end == placed.frames.end
        let mixed = (isFirst ? placed.mixIn : 0) + (isLast ? placed.mixOut : 0)
        guard mixed <= frames.count else {
            reader.report(
                "is longer than the angle shown at that time",
                at: placed.clip.pointer.appending("transition"))
            return (nil, nil)
        }
        let length = lengths(placed, room: frames.count - mixed, perSecond: settings.frameRate)
        var (comes, goes): (RenderPlan.Transition?, RenderPlan.Transition?)
        if isFirst, let kind = look.transitionIn {
            let isMix = placed.mixIn > 0
            let frames = isMix ? placed.mixIn : length.in
            comes = RenderPlan.Transition(kind: kind, frames: frames, isMix: isMix)
        }
        if isLast, placed.mixOut == 0, let kind = look.transitionOut {
            goes = RenderPlan.Transition(kind: kind, frames: length.out)
        }
        return (comes?.frames == 0 ? nil : comes, goes?.frames == 0 ? nil : goes)
    }

    /// Lengths of a clip's transitions, in units of which a second has `perSecond`;
    /// together they fit into `room`.
    func lengths(
        _ placed: PlacedClip, room: Int, perSecond: Rational
    ) -> (in: Int, out: Int) {
        let look = placed.clip.look
        let comes = look.transitionIn != nil && placed.mixIn == 0
        let goes = look.transitionOut != nil && placed.mixOut == 0
        let length = min(
            (look.transitionSeconds * perSecond).rounded, comes && goes ? room / 2 : room)
        return (comes ? length : 0, goes ? length : 0)
    }

    // MARK: One audio placement

    private mutating func audioPlacement(
        _ placed: PlacedClip, _ stretch: SourceSpan, _ gain: Edit.Gain
    ) -> RenderPlan.AudioPlacement? {
        guard stretch.asset.media.audio != nil else { return nil }
        let rate = Rational(settings.audio.sampleRate)
        let clipStart = sample(at: placed.frames.start)
        var (start, end) = (sample(at: stretch.frames.start), sample(at: stretch.frames.end))
        // The first frame is up to half a frame away from the start that was asked for. The audio
        // follows in whole samples, so that clips which touch continue each other.
        let drift = Rational((placed.drift * stretch.speed * rate).rounded) / rate
        var sourceStart = stretch.sourceStart
        if sourceStart < .zero {
            // Audio of a recording that began late starts when the recording begins.
            start += (-sourceStart * rate).rounded
            sourceStart = .zero
        } else {
            // Nothing is before the start of a file.
            sourceStart = max(.zero, sourceStart + drift)
        }
        guard start < end else { return nil }
        let fades = audioFades(placed, gain, room: end - start)
        return RenderPlan.AudioPlacement(
            source: index(of: stretch.asset), startSample: start, endSample: end,
            sourceStart: sourceStart, speed: stretch.speed, volume: gain.volume,
            gainPoints: gain.points.map {
                RenderPlan.GainPoint(
                    sample: clipStart + ($0.at * rate).rounded - start, gain: $0.volume)
            },
            fadeInSamples: stretch.frames.start == placed.frames.start ? fades.in : 0,
            fadeOutSamples: stretch.frames.end == placed.frames.end ? fades.out : 0)
    }

    /// Fades of the audio. A transition of the picture does not affect the audio, unless it
    /// mixes two clips: their audio is then mixed too.
    private func audioFades(
        _ placed: PlacedClip, _ gain: Edit.Gain, room: Int
    ) -> (in: Int, out: Int) {
        let rate = Rational(settings.audio.sampleRate)
        func samples(_ frames: Int) -> Int {
            (Rational(frames) / settings.frameRate * rate).rounded
        }
        var (comes, goes) = (
            (gain.fadeInSeconds * rate).rounded, (gain.fadeOutSeconds * rate).rounded
        )
        if case .media(_, _, .audio) = placed.content {
            let look = lengths(placed, room: room, perSecond: rate)
            (comes, goes) = (max(comes, look.in), max(goes, look.out))
        }
        comes = min(max(comes, samples(placed.mixIn)), room)
        goes = min(max(goes, samples(placed.mixOut)), room)
        guard comes + goes > room else { return (comes, goes) }
        let half = room / 2
        return comes < half
            ? (comes, room - comes) : goes < half ? (room - goes, goes) : (half, half)
    }
}
