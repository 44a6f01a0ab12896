import Foundation
import Jobs
import Testing
import TestSupport

/// The figures of docs/costs.md.
@Suite struct MonthlyCostTests {
    /// A hundred exports a day, each five minutes of 3 GB on Lambda or of one machine, 1 GB
    /// of result, kept for a week.
    private static let hundredADay: MonthlyWorkload = {
        var resources = ExportResources()
        resources.addInvocation(milliseconds: 300_000, memoryMegabytes: 3 * 1_024)
        resources.storeWrites = 40
        resources.storeReads = 60
        resources.egressBytes = 1_000_000_000
        return MonthlyWorkload(
            exports: 3_000, resources: resources, machineTime: .seconds(300),
            storedGigabytes: 700)
    }()
    /// Video Refresher: ten batches a day of twelve outputs, a minute each, on a volume of 1 GB.
    private static let refresher: MonthlyWorkload = {
        let resources = ExportResources()
        return MonthlyWorkload(
            exports: 3_600, resources: resources, machineTime: .seconds(60), storedGigabytes: 1)
    }()
    private static let table = PriceTable.november2026

    /// One row of the page: workload, hosting and each part in cents.
    private static let rows: [(name: String, workload: MonthlyWorkload, hosting: Hosting)] = [
        ("Lambda and S3", hundredADay, .lambda),
        ("Always-on machine", hundredADay, .machine(table.dedicatedMachine)),
        ("R2 and a machine", hundredADay, .r2(table.dedicatedMachine)),
        ("Small machine, always on", refresher, .machine(table.sharedMachine)),
        ("Small machine, stopped when idle", refresher, .machineThatStops(table.sharedMachine)),
    ]

    @Test func `the page's table has the computed figures`() throws {
        let page = URL(filePath: #filePath)
            .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
            .appending(path: "docs/costs.md")
        let text = try String(contentsOf: page, encoding: .utf8)

        for row in Self.rows {
            let cost = MonthlyCost(of: row.workload, on: row.hosting, at: Self.table)
            let figures = [cost.compute, cost.requests, cost.storage, cost.egress, cost.total]
                .map { String(format: "%.2f", $0) }
            let line = "| \(row.name) | \(figures.joined(separator: " | ")) |"
            #expect(text.contains(line), "docs/costs.md lacks: \(line)")
        }
    }

    /// Calculated by hand: 3,000 exports x 900 GB-s x 0.0000166667, and 3,000 GB x 0.09.
    @Test func `Lambda bills work and downloads, R2 no downloads`() {
        let lambda = MonthlyCost(of: Self.hundredADay, on: .lambda, at: Self.table)
        let r2 = MonthlyCost(
            of: Self.hundredADay, on: .r2(Self.table.dedicatedMachine), at: Self.table)

        #expect((lambda.compute * 100).rounded() / 100 == 45.0)
        #expect(lambda.egress == 270)
        #expect(r2.egress == 0)
        #expect(r2.storage == 10.5)
    }

    @Test func `a machine that stops costs its busy time and its volume`() {
        let stopped = MonthlyCost(
            of: Self.refresher, on: .machineThatStops(Self.table.sharedMachine), at: Self.table)
        let on = MonthlyCost(
            of: Self.refresher, on: .machine(Self.table.sharedMachine), at: Self.table)

        #expect((on.compute * 100).rounded() / 100 == 5.7)
        #expect((stopped.compute * 100).rounded() / 100 == 0.48)
        #expect(stopped.storage == 0.15)
        #expect(stopped.storage == on.storage)
    }
}
