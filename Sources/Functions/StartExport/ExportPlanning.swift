import Captions
import EditFormats
import FFmpeg
import Jobs
import Lowering
import ObjectStore
import Planning
import RenderPlans

/// Turns an edit into a plan: reads its assets and cuts it for this deployment.
struct ExportPlanning: Sendable {
    let owner: OwnerID
    let dependencies: StartExport.Dependencies

    private var bucket: any Bucket { dependencies.bucket }

    /// Cuts chunks for the renderers of this deployment.
    var planner: ChunkPlanner {
        var planner = ChunkPlanner(
            concurrency: dependencies.concurrency, functionTimeMax: dependencies.renderTimeMax)
        planner.memoryMegabytes = dependencies.deployment.renderMegabytes
        planner.diskMegabytes = dependencies.deployment.renderDiskMegabytes
        return planner
    }

    /// Plans one edit.
    /// - Parameter placed: Maps faults to the place where the caller wrote them.
    /// - Throws: a 400 problem with every fault of the edit and its assets.
    func plan(
        _ edit: Edit, placed: (EditFaults) -> EditFaults = { $0 }
    ) async throws -> RenderPlan {
        var assets: [String: AssetDescription] = [:]
        var unusable: [String: String] = [:]
        let found = try await concurrentMap(edit.assetIDs, limit: 16) { id in
            (id, try await describe(id))
        }
        for (id, description) in found {
            switch description {
            case .success(let description): assets[id] = description
            case .failure(let reason): unusable[id] = reason.sentence
            }
        }
        var captions: [String: CaptionTrack] = [:]
        let files = try await concurrentMap(edit.captionIDs, limit: 4) { id in
            (id, try await captionTrack(id))
        }
        for (id, track) in files {
            switch track {
            case .success(let track): captions[id] = track
            case .failure(let reason): unusable[id] = reason.sentence
            }
        }
        var plan: RenderPlan
        do {
            plan = try edit.lowered(
                assets: assets, captions: captions, unready: unusable, planner: planner)
        } catch {
            throw Problem.invalid(placed(error).faults)
        }
        let capabilities = EngineCapabilities(
            renderer: dependencies.renderer, hardware: dependencies.hardwareEncoders)
        plan = try await capabilities.choose(for: plan, outputAt: edit.output.pointer)
        try await capabilities.refuse(plan, outputAt: edit.output.pointer)
        if let missing = try await capabilities.missingGlyphs(of: plan) {
            plan.warnings = MediaWarning.list((plan.warnings ?? []) + [missing])
        }
        plan.renderings = plan.expectedRenderings
        if !plan.copiesAudio {
            plan.audioPieces = AudioPlanner(
                concurrency: dependencies.concurrency, functionTimeMax: dependencies.renderTimeMax
            ).pieces(of: plan)
        }
        return plan
    }

    private struct UnusableAsset: Error { var sentence: String }

    private func describe(_ id: String) async throws -> Result<AssetDescription, UnusableAsset> {
        switch try await readyRecord(id) {
        case .failure(let reason): return .failure(reason)
        case .success(let record):
            guard let media = record.media else {
                return .failure(UnusableAsset(sentence: "is a caption file"))
            }
            return .success(
                AssetDescription(
                    assetID: id, key: record.key, etag: record.etag, bytes: record.bytes,
                    media: media))
        }
    }

    /// Reads an uploaded caption file; its words become part of the plan.
    private func captionTrack(_ id: String) async throws -> Result<CaptionTrack, UnusableAsset> {
        let record: AssetRecord
        switch try await readyRecord(id) {
        case .failure(let reason): return .failure(reason)
        case .success(let ready): record = ready
        }
        guard let format = record.captions?.format else {
            return .failure(UnusableAsset(sentence: "is not a caption file"))
        }
        let stored = try await bucket.getObject(
            ObjectKey(record.key), range: nil, ifMatch: record.etag,
            bytesMax: CaptionLimits.fileBytesMax)
        do throws(CaptionFault) {
            return .success(try CaptionTrack(stored.body, format: format))
        } catch {
            return .failure(UnusableAsset(sentence: "is invalid: \(error)"))
        }
    }

    private func readyRecord(_ id: String) async throws -> Result<AssetRecord, UnusableAsset> {
        guard let asset = AssetID(id) else {
            return .failure(UnusableAsset(sentence: "is not one of your assets"))
        }
        let keys = AssetKeys(owner: owner, asset: asset)
        guard let record = try await bucket.document(AssetRecord.self, at: keys.record) else {
            let isPromised = try await bucket.objectExists(keys.upload)
            return .failure(
                UnusableAsset(
                    sentence: isPromised
                        ? "is not uploaded yet" : "is not one of your assets"))
        }
        guard record.status == .ready, record.media != nil || record.captions != nil else {
            return .failure(
                UnusableAsset(sentence: "is unusable: \(record.error ?? "the probe failed")"))
        }
        return .success(record)
    }
}
