import Foundation
import Jobs
import Testing
import TestSupport

@Suite struct CostTests {
    private static let root = URL(filePath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

    @Test func `the price table equals the dated price file`() throws {
        let file = Self.root.appending(path: "infra/prices-2026-11.json")
        let table = try JSONDecoder().decode(PriceTable.self, from: Data(contentsOf: file))

        #expect(table == PriceTable.november2026)
    }

    /// Calculated by hand: a thousand exports that take 15 minutes of 3 GB each.
    @Test func `a thousand quarters of an hour of 3 GB cost 45 dollars`() {
        var resources = ExportResources()
        for _ in 0..<1_000 {
            resources.addInvocation(milliseconds: 900_000, memoryMegabytes: 3 * 1_024)
        }

        let cost = ExportCost(of: resources, at: .november2026)

        #expect(resources.gigabyteSeconds == 2_700_000)
        #expect((cost.compute * 100).rounded() / 100 == 45.0)
        #expect((cost.requests * 1e6).rounded() / 1e6 == 0.0002)
    }

    /// Calculated by hand.
    @Test func `2 TB of egress cost 180 dollars, and a month of their storage 46`() {
        var resources = ExportResources()
        resources.egressBytes = 2_000_000_000_000
        resources.storedBytes = 2_000_000_000_000
        resources.storedDays = 30

        let cost = ExportCost(of: resources, at: .november2026)

        #expect(cost.egress == 180)
        #expect(cost.storage == 46)
        #expect(cost.total == 226)
    }

    @Test func `requests are priced by their class`() {
        var resources = ExportResources()
        resources.invocations = 1_000_000
        resources.storeWrites = 1_000
        resources.storeReads = 10_000

        #expect(ExportCost(of: resources, at: .november2026).requests == 0.209)
    }

    @Test func `receipts and results of earlier versions are read`() throws {
        let receipt = try JSONDecoder().decode(
            RenderReceipt.self,
            from: Data(
                #"{"version":1,"key":"k","etag":"e","frames":1,"bytes":2,"cpuMilliseconds":3,"#
                    .appending(#""cached":false}"#).utf8))
        let usage = try JSONDecoder().decode(
            ExportResult.Usage.self,
            from: Data(
                #"{"chunks":1,"cachedChunks":0,"renderedFrames":1,"cpuMilliseconds":3}"#.utf8))

        #expect(receipt.work == nil)
        #expect(usage.cost == nil)
    }

    private func result(
        renderMilliseconds: Int, traits: ExportTraits? = nil
    ) -> ExportResult {
        var usage = ExportResult.Usage(
            chunks: 2, cachedChunks: 0, renderedFrames: 600, cpuMilliseconds: 0)
        usage.times = ExportTimes(
            renderedChunks: 2, renderedPixels: 100_000_000,
            renderMilliseconds: renderMilliseconds, audioMilliseconds: 500,
            stitchMilliseconds: 1_600, pixels: 100_000_000, traits: traits)
        return ExportResult(
            outcome: .completed, finishedAt: 0,
            output: .init(
                key: "k", bytes: 2_000_000, etag: "e", contentType: "video/mp4", frames: 600,
                samples: 0, durationSeconds: 20), usage: usage)
    }

    private let plan = ListedExport.plan

    @Test func `the model learns the mean of exports without traits`() {
        let results =
            [11_000, 5_000, 3_000].map { result(renderMilliseconds: $0) } + [
                ExportResult(outcome: .cancelled, finishedAt: 0)
            ]
        let model = CostModel(learningFrom: results, for: plan)

        #expect(model.learnedFrom == 3)
        #expect((model.nanosecondsPerPixel * 3).rounded() == 160)
        #expect((model.bytesPerPixel * 1e6).rounded() == 20_000)
        #expect(model.stitchMillisecondsPerSecond == 50)
    }

    @Test func `a similar export counts most at any rate factor`() {
        let same = ExportTraits(plan)
        var sharper = same
        sharper.crf -= 6
        var other = same
        (other.width, other.sources) = (same.width * 4, ["uploads/other"])
        let model = CostModel(
            learningFrom: [
                result(renderMilliseconds: 5_000, traits: sharper),
                result(renderMilliseconds: 101_000, traits: other),
            ], for: plan)

        #expect((40...45).contains(model.nanosecondsPerPixel))
        // Six steps of the rate factor double the bytes.
        #expect((0.0100...0.0101).contains(model.bytesPerPixel))
    }

    @Test func `without earlier exports the default rates apply`() {
        #expect(CostModel(learningFrom: [], for: plan) == CostModel())
    }
}
