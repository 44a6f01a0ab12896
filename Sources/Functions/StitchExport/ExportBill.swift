import Jobs
import MediaTime
import RenderPlans

extension ExportResult.Usage {
    /// Sums the resources of the export and their cost. Receipts of earlier versions
    /// have no work: then there is no bill.
    mutating func bill(
        video: [RenderReceipt], audio: [RenderReceipt], resultBytes: Int, plan: RenderPlan,
        stitch: MeasuredWork, deployment: Deployment
    ) {
        let receipts = video + audio
        guard receipts.allSatisfy({ $0.work != nil }) else { return }
        var found = ExportResources()
        for work in receipts.compactMap(\.work) + [stitch] {
            found.addInvocation(
                milliseconds: work.milliseconds, memoryMegabytes: work.memoryMegabytes)
            found.storeReads += work.storeReads
            // Requests after the measurement: the record, and a unit's check for
            // completeness.
            found.storeWrites += work.storeWrites + 2
        }
        found.addStart(units: receipts.count, memoryMegabytes: deployment.startMegabytes)
        found.storedBytes = receipts.filter { !$0.cached }.reduce(resultBytes) { $0 + $1.bytes }
        found.egressBytes = resultBytes
        resources = found
        cost = ExportCost(of: found, at: deployment.prices)
        // A shared render does not show this export's own rate.
        let rendered = plan.companions == nil ? video.filter { !$0.cached } : []
        let framePixels = plan.output.width * plan.output.height
        times = ExportTimes(
            renderedChunks: rendered.count,
            renderedPixels: rendered.reduce(0) { $0 + $1.frames } * framePixels,
            renderMilliseconds: rendered.compactMap(\.work).reduce(0) { $0 + $1.milliseconds },
            audioMilliseconds: Self.milliseconds(ofAudio: audio),
            stitchMilliseconds: stitch.milliseconds,
            pixels: plan.pictureFrames.count * framePixels, traits: ExportTraits(plan))
    }

    /// Time of all audio units; nil if one came from the cache.
    private static func milliseconds(ofAudio audio: [RenderReceipt]) -> Int? {
        guard !audio.isEmpty, !audio.contains(where: \.cached) else { return nil }
        return audio.compactMap(\.work).reduce(0) { $0 + $1.milliseconds }
    }
}
