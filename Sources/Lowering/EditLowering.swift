package import Captions
package import EditFormats
import JSON
import MediaTime
package import Planning
package import RenderPlans

/// The properties of an asset that an edit needs.
package typealias AssetDescription = RenderPlan.Source

extension Edit {
    /// The plan of this edit: whole frames and samples, and the chunks.
    ///
    /// Seconds are rounded to frames once, both edges of a clip from its exact times, so
    /// clips that touch in seconds also touch in frames.
    /// - Parameters:
    ///   - assets: The assets that are ready, by ID. A reference to any other asset is a
    ///     fault.
    ///   - captions: The caption files that are ready, by ID.
    ///   - unready: Assets that exist but cannot be used yet, with the reason as the end of
    ///     a sentence: `is still being read`.
    /// - Throws: Every fault that the edit has with these assets.
    package func lowered(
        assets: [String: AssetDescription], captions: [String: CaptionTrack] = [:],
        unready: [String: String] = [:], planner: ChunkPlanner = ChunkPlanner()
    ) throws(EditFaults) -> RenderPlan {
        var lowering = EditLowering(
            edit: self, assets: assets, captions: captions, unready: unready)
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
    let captions: [String: CaptionTrack]
    let unready: [String: String]
    var reader = JSONReader()
    /// First exported frame of the timeline.
    private(set) var origin = 0
    private var sources: [RenderPlan.Source] = []
    private var sourceIndices: [String: Int] = [:]

    init(
        edit: Edit, assets: [String: AssetDescription], captions: [String: CaptionTrack],
        unready: [String: String]
    ) {
        self.edit = edit
        settings = edit.output.settings
        self.captions = captions
        self.assets = assets
        self.unready = unready
    }

    /// The edit's output settings, with the properties of the source filled in.
    private(set) var settings: RenderPlan.OutputSettings

    /// Lowers the edit.
    /// - Returns: nil only if a fault was reported.
    mutating func plan(_ planner: ChunkPlanner) -> RenderPlan? {
        let tracks = edit.tracks.map { $0.clips.compactMap { usable($0) } }
        let soundtrack = edit.soundtrack.flatMap { track in
            asset(track.assetID, as: .audio).map { ($0, track) }
        }
        // Without an asset, the times that depend on it would be guesses.
        guard reader.faults.isEmpty else { return nil }
        edit.output.sourceMatching.apply(mainPicture(of: tracks), to: &settings)

        var placing = ClipPlacer(frameRate: settings.frameRate)
        let placed = placing.place(tracks)
        reader.adopt(placing.reader.faults)
        guard reader.faults.isEmpty, let frameCount = placed.flatMap({ $0 }).map(\.frames.end).max()
        else { return nil }

        guard let range = exported(of: frameCount) else { return nil }
        origin = range.start
        var plan = RenderPlan(
            output: settings, frameCount: range.count, sources: [], layers: [], audio: [],
            chunks: [])
        for track in placed.reversed() {
            let pictures = track.flatMap { self.pictures($0) }
                .filter { $0.frames.start < range.count && $0.frames.end > 0 }
            let scripts = track.flatMap { self.scripts($0) }
                .filter { $0.frames.start < range.count && $0.frames.end > 0 }
            if !pictures.isEmpty || !scripts.isEmpty {
                plan.layers.append(RenderPlan.Layer(placements: pictures, scripts: scripts))
            }
        }
        plan.audio = placed.flatMap { $0 }.flatMap { audioPlacements($0) }
        if let (asset, track) = soundtrack {
            plan.audio.append(self.soundtrack(track, asset, frameCount))
        }
        plan.audio = plan.audio.filter {
            $0.hasAudio && $0.startSample < plan.sampleCount && $0.endSample > 0
        }
        dropUnsupportedContent(&plan)
        setCaptionFiles(&plan)
        guard reader.faults.isEmpty else { return nil }
        plan.sources = assetsInUse(&plan)
        plan.warnings = plan.sourceWarnings
        guard settings.format.hasPicture else { return plan }
        plan.chunks = planner.chunks(
            frameCount: range.count, frameRate: settings.frameRate, clipEdges: plan.clipEdges,
            pixelsPerFrame: settings.width * settings.height,
            bytesPerPixel: ChunkResources.bytesPerPixel(settings.video.codec),
            nanosecondsPerPixel: EncoderCost.nanosecondsPerPixel(settings.video),
            requestedSeconds: edit.output.chunkSeconds
                ?? (settings.video.copiesUntouched
                    ? Rational(ChunkPlanner.Cost.copiedSeconds) : nil))
        fitMemory(&plan, of: planner)
        return reader.faults.isEmpty ? plan : nil
    }

    private mutating func fitMemory(_ plan: inout RenderPlan, of planner: ChunkPlanner) {
        guard let memory = planner.memoryMegabytes else { return }
        if let chunks = ChunkResources.bounded(plan, memoryMegabytes: memory) {
            plan.chunks = chunks
        } else {
            reader.report(
                "needs more memory than the \(memory) MB of a renderer",
                at: edit.output.pointer)
        }
    }

    /// The clip with its assets; nil if they cannot be used as requested, which is
    /// reported.
    private mutating func usable(_ clip: Edit.Clip) -> UsableClip? {
        switch clip.content {
        case .media(let media):
            guard let found = asset(media.assetID, as: media.type),
                let asset = chosen(media.audioTrack, of: found)
            else { return nil }
            let type = media.type ?? Edit.AssetType(asset.media.kind)
            return UsableClip(clip: clip, content: .media(media, asset, type))
        case .multicam(let multicam):
            let angles = multicam.angles.compactMap { asset($0.assetID, as: .video) }
            let audio = multicam.audio.flatMap { asset($0.assetID, as: .audio) }
            guard angles.count == multicam.angles.count,
                (multicam.audio == nil) == (audio == nil)
            else { return nil }
            return UsableClip(
                clip: clip, content: .multicam(multicam, angles: angles, audio: audio))
        case .color(let color): return UsableClip(clip: clip, content: .color(color))
        case .text(let text): return UsableClip(clip: clip, content: .text(text))
        case .captions(let captions):
            guard let track = track(captions) else { return nil }
            return UsableClip(clip: clip, content: .captions(captions, track))
        }
    }

    private mutating func asset(
        _ assetID: Located<String>, as type: Edit.AssetType?
    ) -> AssetDescription? {
        let name = JSONReader.quoted(assetID.value)
        guard let asset = assets[assetID.value] else {
            let problem = unready[assetID.value].map { "\(name) \($0)" }
            reader.report(problem ?? "\(name) is not one of your assets", at: assetID.pointer)
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
                case (.audio, .video): "a video without audio"
                case (.audio, let kind): "\(kind.phrase), not audio"
                case (let type?, let kind): "\(kind.phrase), not \(type.rawValue)"
                case (nil, let kind): "\(kind.phrase) with neither video nor audio"
                }
            reader.report("\(name) is \(problem)", at: assetID.pointer)
            return nil
        }
        return asset
    }

    /// The words of captions, from their in-point on; nil after a reported fault.
    private mutating func track(_ captions: Edit.Captions) -> CaptionTrack? {
        let whole: CaptionTrack
        switch captions.source {
        case .track(let track): whole = track
        case .asset(let id):
            let name = JSONReader.quoted(id.value)
            guard let track = self.captions[id.value] else {
                let problem = unready[id.value].map { "\(name) \($0)" }
                reader.report(problem ?? "\(name) is not one of your assets", at: id.pointer)
                return nil
            }
            whole = track
        }
        let trimmed = whole.trimmed(from: (captions.trim.value * Rational(1_000)).rounded)
        guard trimmed.endMilliseconds > 0 else {
            reader.report("is after the last word", at: captions.trim.pointer)
            return nil
        }
        return trimmed
    }

    /// The index of the asset in the plan; each asset is listed once for each audio track.
    mutating func index(of asset: AssetDescription) -> Int {
        let name = "\(asset.assetID) \(asset.media.audio?.streamIndex ?? -1)"
        if let index = sourceIndices[name] { return index }
        sources.append(asset)
        sourceIndices[name] = sources.count - 1
        return sources.count - 1
    }

    private mutating func soundtrack(
        _ track: Edit.Soundtrack, _ asset: AssetDescription, _ frameCount: Int
    ) -> RenderPlan.AudioPlacement {
        let (start, end) = (sample(at: 0), sample(at: frameCount))
        let wanted = (Edit.Soundtrack.fadeSeconds * Rational(settings.audio.sampleRate)).rounded
        let fade = min(wanted, (end - start) / 2)
        return RenderPlan.AudioPlacement(
            source: index(of: asset), startSample: start, endSample: end, volume: track.volume,
            fadeInSamples: track.effect == .fadeIn || track.effect == .fadeInFadeOut ? fade : 0,
            fadeOutSamples: track.effect == .fadeOut || track.effect == .fadeInFadeOut ? fade : 0,
            loops: true, ducks: track.ducks)
    }

    /// The number of output samples before that frame of the timeline.
    func sample(at frame: Int) -> Int {
        (Rational(frame - origin) / settings.frameRate * Rational(settings.audio.sampleRate))
            .rounded
    }

    /// The sources that a placement still uses after the range of the timeline was applied;
    /// renumbers the placements.
    private func assetsInUse(_ plan: inout RenderPlan) -> [RenderPlan.Source] {
        let used = Set(
            plan.layers.flatMap(\.placements).compactMap(\.source) + plan.audio.map(\.source))
        guard used.count < sources.count else { return sources }
        let order = used.sorted()
        let number = Dictionary(uniqueKeysWithValues: order.enumerated().map { ($1, $0) })
        for layer in plan.layers.indices {
            for index in plan.layers[layer].placements.indices {
                let picture = plan.layers[layer].placements[index].picture
                guard case .source(let old) = picture, let new = number[old] else { continue }
                plan.layers[layer].placements[index].picture = .source(new)
            }
        }
        for index in plan.audio.indices {
            plan.audio[index].source = number[plan.audio[index].source] ?? 0
        }
        return order.map { sources[$0] }
    }
}

extension RenderPlan.AudioPlacement {
    fileprivate var hasAudio: Bool {
        gainPoints.isEmpty ? volume > .zero : gainPoints.contains { $0.gain > .zero }
    }
}

extension Edit.AssetType {
    /// Creates the use of an asset for a clip that specifies none.
    init(_ kind: MediaInfo.Kind) {
        switch kind {
        case .video: self = .video
        case .audio: self = .audio
        case .image: self = .image
        }
    }
}

extension MediaInfo.Kind {
    /// The kind with its article, for messages: `a video`.
    var phrase: String {
        switch self {
        case .video: "a video"
        case .audio: "an audio file"
        case .image: "an image"
        }
    }
}
