import Foundation
import Functions
import Jobs
import JSON
import ObjectStore
import Testing
import TestSupport

@Suite struct CostRecordTests {
    @Test func `a finished export has its resources and their cost`() async throws {
        let harness = FunctionHarness()
        let job = try await harness.export(try await harness.asset())
        try await harness.run(job)

        let usage = try #require(try await harness.result(job)?.usage)
        let resources = try #require(usage.resources)
        let output = try #require(try await harness.result(job)?.output)
        var stored = output.bytes
        for unit in FunctionHarness.units {
            let receipt = try #require(
                try await harness.memory.document(
                    RenderReceipt.self, at: harness.keys(job).receipt(unit)))
            #expect(try #require(receipt.work).memoryMegabytes == 1_024)
            stored += receipt.bytes
        }

        // Three units, the stitch, and start-export.
        #expect(resources.invocations == 5)
        #expect(resources.storedBytes == stored)
        #expect(resources.egressBytes == output.bytes)
        #expect(resources.storeReads > 20)
        #expect(resources.storeWrites > 15)
        #expect(usage.cost == ExportCost(of: resources, at: .november2026))
        let status = try await harness.call(.jobStatus, "GET", "/api/export/\(job.text)")
        guard case .object(let shown)? = status.json["usage"],
            case .object(let cost)? = shown["cost"]
        else { throw HarnessError(text: "\(status)") }
        #expect(cost["currency"] == .string("USD"))
    }

    @Test func `without the work of one unit there is no bill`() async throws {
        let harness = FunctionHarness()
        let job = try await harness.export(try await harness.asset())
        for unit in FunctionHarness.units {
            try await harness.deliver(harness.keys(job).request(unit).text, to: .renderChunk)
        }
        let key = harness.keys(job).receipt(.audio)
        var receipt = try #require(
            try await harness.memory.document(RenderReceipt.self, at: key))
        receipt.work = nil
        try await harness.memory.putDocument(receipt, at: key)
        try await harness.deliver(harness.keys(job).stitchRequest.text, to: .stitchExport)

        let result = try #require(try await harness.result(job))
        #expect(result.outcome == .completed)
        #expect(result.usage?.cost == nil)
    }

    @Test func `an estimate writes nothing and learns from the last exports`() async throws {
        let harness = FunctionHarness()
        let asset = try await harness.asset()
        let before = try await harness.memory.listAllObjects(prefix: "").count

        let first = try await harness.call(
            .startExport, "POST", "/api/export/estimate", FunctionHarness.edit(asset))

        #expect(first.status == 200)
        #expect(first.json["frames"] == .integer(600))
        #expect(first.json["chunks"] == .integer(2))
        #expect(first.json["learnedFrom"] == .integer(0))
        #expect(try await harness.memory.listAllObjects(prefix: "").count == before)

        let job = try await harness.export(asset)
        try await harness.run(job)
        let second = try await harness.call(
            .startExport, "POST", "/api/export/estimate", FunctionHarness.edit(asset))
        #expect(second.json["learnedFrom"] == .integer(1))
    }

    @Test func `an edit that cannot be exported has no estimate`() async throws {
        let answer = try await FunctionHarness().call(
            .startExport, "POST", "/api/export/estimate", FunctionHarness.edit("ast_none"))

        #expect(answer.status == 400)
    }

    @Test func `estimates count with the memory that functions are deployed with`() throws {
        struct Catalogue: Decodable {
            struct Function: Decodable {
                var name: String
                var memoryMegabytes: Int
                var environment: [String: String]?
            }
            struct Rules: Decodable { var expirationDays: [String: Int] }
            var functions: [Function]
            var bucket: Rules
        }
        let file = URL(filePath: #filePath).deletingLastPathComponent()
            .deletingLastPathComponent().deletingLastPathComponent()
            .appending(path: "infra/functions.json")
        let catalogue = try JSONDecoder().decode(Catalogue.self, from: Data(contentsOf: file))
        func memory(_ name: String) -> String? {
            catalogue.functions.first { $0.name == name }.map { String($0.memoryMegabytes) }
        }
        let variables = catalogue.functions.first { $0.name == "start-export" }?.environment

        #expect(variables?["SPOOL_RENDER_MEGABYTES"] == memory("render-chunk"))
        #expect(variables?["SPOOL_STITCH_MEGABYTES"] == memory("stitch-export"))
        #expect(RetentionPolicy().exports == .seconds(86_400) * ExportResources.keptDays)
        #expect(catalogue.bucket.expirationDays["cache/"] == ExportResources.keptDays)
    }
}
