import Foundation
import SpoolCommands
import Testing

@Suite(.timeLimit(.minutes(1))) struct `spool estimate` {
    private static let answer = """
        {"frames":600,"chunks":2,"duration":20,"learnedFrom":3,"resources":{
        "gigabyteSeconds":12.34,"invocations":5,"storeWrites":30,"storeReads":61,
        "storedBytes":2000000,"storedDays":7,"egressBytes":1000000},"cost":{"prices":"2026-11",
        "region":"us-east-1","currency":"USD","compute":0.000206,"requests":0.000175,
        "storage":0.000011,"egress":0.09,"total":1.090392}}
        """

    private func run(
        _ backEnd: BackEnd, _ arguments: [String] = []
    ) async throws -> (status: Int32, edit: String) {
        let folder = NSTemporaryDirectory() + UUID().uuidString
        try FileManager.default.createDirectory(
            atPath: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let edit = folder + "/edit.json"
        try Data(#"{"timeline":{"assetId":"ast_1"}}"#.utf8).write(to: URL(filePath: edit))
        let status = await runCommand(
            ["estimate", edit] + arguments, environment: ["SPOOL_API": "http://api"],
            context: backEnd.context())
        return (status, edit)
    }

    @Test func `prints each part of the cost and starts nothing`() async throws {
        let backEnd = BackEnd(["POST /api/export/estimate": [.json(Self.answer)]])

        #expect(try await run(backEnd).status == 0)

        #expect(backEnd.lines == ["POST /api/export/estimate"])
        #expect(
            backEnd.output == """
                compute   0.000206 USD  12.3 GB-s
                requests  0.000175 USD  5 invocations, 30 writes, 61 reads
                storage   0.000011 USD  2.0 MB for 7 days
                egress    0.090000 USD  1.0 MB, fetched once
                total     1.090392 USD  600 frames in 2 chunks
                Prices of 2026-11, us-east-1; rates of your last 3 exports.

                """)
    }

    @Test func `prints the answer unchanged with --json`() async throws {
        let backEnd = BackEnd(["POST /api/export/estimate": [.json(Self.answer)]])

        #expect(try await run(backEnd, ["--json"]).status == 0)

        #expect(backEnd.output == Self.answer + "\n")
    }

    @Test func `an asset name missing in the edit is refused before any upload`() async throws {
        let backEnd = BackEnd([:])

        #expect(try await run(backEnd, ["--asset", "b=/none"]).status == 2)

        #expect(backEnd.lines == [])
    }
}
