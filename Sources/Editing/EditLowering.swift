/// What must be known of an asset before an edit can use it.
package typealias AssetDescription = RenderPlan.Source

extension Edit {
    /// The plan of this edit: whole frames and samples, and the chunks.
    ///
    /// Seconds are snapped to frames once, both edges of a clip from its exact
    /// times, so clips that touch in seconds touch in frames.
    /// - Parameters:
    ///   - assets: The assets that are ready, by ID. What the edit names beyond
    ///     them is a fault.
    ///   - unready: Assets that exist and cannot be used, with the reason as
    ///     the end of a sentence: `is still being read`.
    /// - Throws: Every fault that the edit has with these assets.
    package func lowered(
        assets: [String: AssetDescription], unready: [String: String] = [:],
        planner: ChunkPlanner = ChunkPlanner()
    ) throws(EditFaults) -> RenderPlan {
        var lowering = EditLowering(edit: self, assets: assets, unready: unready)
        let plan = lowering.plan(planner)
        guard let plan, lowering.reader.faults.isEmpty else {
            throw EditFaults(lowering.reader.faults)
        }
        return plan
    }
}

/// One lowering of an edit. Faults are collected in `reader`.
struct EditLowering {
    let edit: Edit
    let assets: [String: AssetDescription]
    let unready: [String: String]
    var reader = EditReader()
    private var sources: [RenderPlan.Source] = []
    private var sourceIndices: [String: Int] = [:]

    init(edit: Edit, assets: [String: AssetDescription], unready: [String: String]) {
        self.edit = edit
        self.assets = assets
        self.unready = unready
    }

    private var settings: RenderPlan.OutputSettings { edit.output.settings }

    /// - Returns: nil only where a fault was reported.
    mutating func plan(_ planner: ChunkPlanner) -> RenderPlan? {
        let tracks = edit.tracks.map { $0.clips.compactMap { usable($0) } }
        let soundtrack = edit.soundtrack.flatMap { track in
            asset(track.assetID, as: .audio).map { ($0, track) }
        }
        // Where an asset is missing, times that depend on it would be guesses.
        guard reader.faults.isEmpty else { return nil }

        var placing = ClipPlacing(frameRate: settings.frameRate)
        let placed = placing.place(tracks)
        reader.adopt(placing.reader.faults)
        guard reader.faults.isEmpty, let frameCount = placed.flatMap({ $0 }).map(\.frames.end).max()
        else { return nil }

        var plan = RenderPlan(
            output: settings, frameCount: frameCount, sources: [], layers: [], audio: [],
            chunks: [])
        for track in placed.reversed() {
            let pictures = track.compactMap { picture($0) }
            if !pictures.isEmpty { plan.layers.append(RenderPlan.Layer(placements: pictures)) }
        }
        plan.audio = placed.flatMap { $0 }.compactMap { sound($0) }
        if let (asset, track) = soundtrack {
            plan.audio += self.soundtrack(track, asset, plan.sampleCount)
        }
        plan.sources = sources
        plan.chunks = planner.chunks(
            frameCount: frameCount, frameRate: settings.frameRate, clipEdges: plan.clipEdges,
            pixelsPerFrame: settings.width * settings.height,
            requestedSeconds: edit.output.chunkSeconds)
        return plan
    }

    /// The clip with its asset, where that can be used as the clip says.
    private mutating func usable(_ clip: Edit.Clip) -> UsableClip? {
        guard let asset = asset(clip.assetID, as: clip.assetType) else { return nil }
        let type = clip.assetType ?? Edit.AssetType(asset.media.kind)
        return UsableClip(clip: clip, asset: asset, type: type)
    }

    private mutating func asset(
        _ assetID: Located<String>, as type: Edit.AssetType?
    ) -> AssetDescription? {
        let name = EditReader.quoted(assetID.value)
        guard let asset = assets[assetID.value] else {
            let problem = unready[assetID.value].map { "\(name) \($0)" }
            reader.report(problem ?? "\(name) is not an asset of yours", at: assetID.pointer)
            return nil
        }
        let media = asset.media
        let isFit =
            switch type {
            case .video: media.kind == .video && media.video != nil
            case .image: media.kind == .image && media.video != nil
            case .audio: media.audio != nil
            case nil: media.video != nil || media.audio != nil
            }
        guard isFit else {
            let problem: String =
                switch (type, media.kind) {
                case (.audio, .video): "a video without sound"
                case (.audio, let kind): "\(kind.phrase), not sound"
                case (let type?, let kind): "\(kind.phrase), not \(type.rawValue)"
                case (nil, let kind): "\(kind.phrase) with neither picture nor sound"
                }
            reader.report("\(name) is \(problem)", at: assetID.pointer)
            return nil
        }
        return asset
    }

    /// The index of the asset in the plan; each asset stands there once.
    private mutating func index(of asset: AssetDescription) -> Int {
        if let index = sourceIndices[asset.assetID] { return index }
        sources.append(asset)
        sourceIndices[asset.assetID] = sources.count - 1
        return sources.count - 1
    }

    private mutating func picture(_ placed: PlacedClip) -> RenderPlan.Placement? {
        guard placed.type != .audio, let video = placed.asset.media.video else { return nil }
        let clip = placed.clip
        // A file can claim any size; what no decoder takes is no measure.
        let sides = 1...Limits.longestSourceSidePixels
        let (width, height) = video.displaySize
        let (fit, box) = PictureBox(
            clip: clip, picture: (width.clamped(to: sides), height.clamped(to: sides)),
            output: (settings.width, settings.height)
        ).fitted
        guard max(box.width, box.height) <= Limits.longestSidePixels,
            box.width * box.height <= Limits.mostPixels
        else {
            reader.report(
                "makes the clip's picture \(box.width)x\(box.height); no side may be longer than"
                    + " \(Limits.longestSidePixels) pixels",
                at: clip.pointer.appending("scale"))
            return nil
        }
        let fade = fadeLengths(clip, count: placed.frames.count, perSecond: settings.frameRate)
        return RenderPlan.Placement(
            source: index(of: placed.asset), frames: placed.frames,
            sourceStart: placed.type == .image ? .zero : clip.trim.value, fit: fit, box: box,
            opacity: clip.opacity, fadeInFrames: fade.in, fadeOutFrames: fade.out)
    }

    /// The clip's own sound, cut where its picture is; nil where there is none
    /// to hear.
    private mutating func sound(_ placed: PlacedClip) -> RenderPlan.AudioPlacement? {
        let clip = placed.clip
        guard placed.asset.media.audio != nil, clip.volume > .zero else { return nil }
        let (start, end) = (sample(at: placed.frames.start), sample(at: placed.frames.end))
        // A transition of a picture leaves the sound under it alone.
        let rate = Rational(settings.audio.sampleRate)
        let fade =
            placed.type == .audio
            ? fadeLengths(clip, count: end - start, perSecond: rate) : (in: 0, out: 0)
        return RenderPlan.AudioPlacement(
            source: index(of: placed.asset), startSample: start, endSample: end,
            sourceStart: clip.trim.value, volume: clip.volume, fadeInSamples: fade.in,
            fadeOutSamples: fade.out)
    }

    private mutating func soundtrack(
        _ track: Edit.Soundtrack, _ asset: AssetDescription, _ sampleCount: Int
    ) -> [RenderPlan.AudioPlacement] {
        guard track.volume > .zero else { return [] }
        let wanted = (Edit.Soundtrack.fadeSeconds * Rational(settings.audio.sampleRate)).rounded
        let fade = min(wanted, sampleCount / 2)
        return [
            RenderPlan.AudioPlacement(
                source: index(of: asset), startSample: 0, endSample: sampleCount,
                volume: track.volume,
                fadeInSamples: track.effect == .fadeIn || track.effect == .fadeInFadeOut ? fade : 0,
                fadeOutSamples:
                    track.effect == .fadeOut || track.effect == .fadeInFadeOut ? fade : 0,
                loops: true)
        ]
    }

    /// Lengths of a clip's fades, so that together they fit into the clip.
    private func fadeLengths(
        _ clip: Edit.Clip, count: Int, perSecond: Rational
    ) -> (in: Int, out: Int) {
        let room = clip.fadeIn && clip.fadeOut ? count / 2 : count
        let length = min((clip.fadeSeconds * perSecond).rounded, room)
        return (clip.fadeIn ? length : 0, clip.fadeOut ? length : 0)
    }

    private func sample(at frame: Int) -> Int {
        (Rational(frame) / settings.frameRate * Rational(settings.audio.sampleRate)).rounded
    }
}

extension Int {
    func clamped(to bounds: ClosedRange<Int>) -> Int {
        Swift.min(Swift.max(self, bounds.lowerBound), bounds.upperBound)
    }
}

extension RenderPlan.Layer {
    /// Frames on which the layer shows something.
    fileprivate var frameCount: Int { placements.reduce(0) { $0 + $1.frames.count } }
}

extension RenderPlan {
    /// Frames at which a picture of the main layer starts or ends, in order,
    /// each once. The main layer is the one that shows the most frames: a logo
    /// that comes and goes above it is no reason to cut.
    package var clipEdges: [Int] {
        let main = layers.max { $0.frameCount < $1.frameCount }?.placements ?? []
        return Set(main.flatMap { [$0.frames.start, $0.frames.end] }).sorted()
    }
}

extension Edit.AssetType {
    /// How an asset is used where the edit does not say.
    init(_ kind: MediaInfo.Kind) {
        switch kind {
        case .video: self = .video
        case .audio: self = .audio
        case .image: self = .image
        }
    }
}

extension MediaInfo.Kind {
    /// For sentences: `a video`.
    var phrase: String {
        switch self {
        case .video: "a video"
        case .audio: "a sound file"
        case .image: "an image"
        }
    }
}
