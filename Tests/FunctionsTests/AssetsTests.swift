import Functions
import Jobs
import JSON
import ObjectStore
import Synchronization
import Testing
import TestSupport

/// `/api/assets`.
@Suite struct AssetsTests {
    private let harness = FunctionHarness()

    private func keys(_ id: String) throws -> AssetKeys {
        AssetKeys(owner: .local, asset: try #require(AssetID(id)))
    }

    private func upload(_ name: String, _ type: String, _ bytes: [UInt8]) async throws -> String {
        let (_, grant) = try await harness.call(
            .initUpload, "POST", "/",
            #"{"filename":"\#(name)","contentType":"\#(type)","size":\#(bytes.count)}"#)
        let key = try #require(grant["key"]?.text)
        let id = try #require(grant["assetId"]?.text)
        try await harness.memory.putObject(
            .bytes(bytes), at: ObjectKey(key), options: PutOptions(contentType: type))
        let (status, answer) = try await harness.call(
            .completeUpload, "POST", "/", #"{"assetId":"\#(id)"}"#)
        #expect(status == 200, "\(answer)")
        return id
    }

    private func list(_ query: [String: String] = [:]) async throws -> [String] {
        let (status, page) = try await harness.call(
            .assets, "GET", "/api/assets", query: query)
        #expect(status == 200)
        guard case .array(let entries)? = page["assets"] else { return [] }
        return entries.compactMap { $0["id"]?.text }
    }

    @Test func `assets are listed by kind and by name`() async throws {
        let film = try await harness.asset()
        let words = try await upload(
            "Übersetzung.vtt", "text/vtt",
            Array("WEBVTT\n\n00:00.000 --> 00:01.000\nHello\n".utf8))

        #expect(Set(try await list()) == [film, words])
        #expect(try await list(["kind": "captions"]) == [words])
        #expect(try await list(["kind": "audio"]) == [])
        #expect(try await list(["name": "übers"]) == [words])
        #expect(try await list(["name": "A.MP", "kind": "video"]) == [film])
        let (status, problem) = try await harness.call(
            .assets, "GET", "/api/assets", query: ["kind": "films"])
        #expect(status == 400)
        #expect(problem["detail"]?.text?.contains("kind") == true)
    }

    @Test func `pages hold every asset once`() async throws {
        var wanted: Set<String> = []
        for _ in 1...5 { wanted.insert(try await harness.asset()) }
        var seen: [String] = []
        for name in [nil, "a.mp4"] {
            var query = ["limit": "2"]
            query["name"] = name
            seen = []
            repeat {
                let (_, page) = try await harness.call(
                    .assets, "GET", "/api/assets", query: query)
                guard case .array(let entries)? = page["assets"] else { break }
                seen += entries.compactMap { $0["id"]?.text }
                query["cursor"] = page["nextCursor"]?.text
            } while query["cursor"] != nil
            #expect(seen.count == 5)
            #expect(Set(seen) == wanted)
        }
    }

    @Test func `an asset has fresh URLs of what exists`() async throws {
        let id = try await harness.asset()
        let (_, before) = try await harness.call(.assets, "GET", "/api/assets/\(id)")
        #expect(before["derived"] == [:])
        #expect(before["derivatives"]?["proxy"] == "pending")
        #expect(before["cloudUrl"]?.text?.contains("a.mp4") == true)

        try await harness.deliver(try keys(id).deriveRequest.text, to: .deriveAsset)
        let (_, after) = try await harness.call(.assets, "GET", "/api/assets/\(id)")

        #expect(after["derived"]?["poster"]?.text?.contains("poster.jpg") == true)
        #expect(after["derived"]?["thumbnails"]?.text?.contains("sprite.vtt") == true)
        #expect(after["derivatives"]?["sprite"] == "ready")
        #expect(after["createdAt"] == "2023-11-14T22:13:20.000Z")
        #expect(try await harness.call(.assets, "GET", "/api/assets/none").status == 404)
    }

    @Test func `an upload that is not complete is a 409`() async throws {
        let (_, grant) = try await harness.call(
            .initUpload, "POST", "/", #"{"filename":"a.mp4","contentType":"video/mp4","size":4}"#)
        let id = try #require(grant["assetId"]?.text)

        #expect(try await harness.call(.assets, "GET", "/api/assets/\(id)").status == 409)
        #expect(try await harness.call(.assets, "DELETE", "/api/assets/\(id)").status == 200)
        #expect(harness.memory.keys.allSatisfy { $0.hasPrefix("due/") })
    }

    @Test func `an asset is not removed while an export reads it`() async throws {
        let id = try await harness.asset()
        let other = try await harness.asset()
        let job = try await harness.export(id)

        let (status, problem) = try await harness.call(.assets, "DELETE", "/api/assets/\(id)")
        #expect(status == 409)
        #expect(problem["jobId"]?.text == job.text)
        #expect(try await harness.call(.assets, "GET", "/api/assets/\(id)").status == 200)
        #expect(try await harness.call(.assets, "DELETE", "/api/assets/\(other)").status == 200)

        try await harness.run(job)
        let removed = try await harness.call(.assets, "DELETE", "/api/assets/\(id)")
        #expect(removed.status == 200)
        #expect(removed.json["objects"]?.integer ?? 0 >= 3)
        #expect(!harness.memory.keys.contains { $0.contains(id) && !$0.hasPrefix("due/") })
        #expect(try await list() == [])
        #expect(
            try await harness.call(
                .startExport, "POST", "/", FunctionHarness.edit(id)
            ).status == 400)
    }

    @Test func `an export that starts during a removal is refused or stops it`() async throws {
        for call in 1...12 {
            let harness = FunctionHarness()
            let id = try await harness.asset()
            let count = Count()
            // The whole export starts before the removal's Nth call.
            let during = FaultyBucket(
                harness.memory,
                before: { _ in
                    guard count.next() == call else { return }
                    let started = try? await harness.call(
                        .startExport, "POST", "/", FunctionHarness.edit(id))
                    count.set(started?.status)
                })
            let removal = try await harness.call(
                .assets, "DELETE", "/api/assets/\(id)", bucket: during)
            let isStarted = count.status == 202
            #expect(isStarted == (removal.status == 409), "\(call): \(count.status)")
        }
    }

    @Test func `an asset that is removed while its export is planned ends the export`()
        async throws
    {
        for call in 1...14 {
            let harness = FunctionHarness()
            let id = try await harness.asset()
            let count = Count()
            // The whole removal happens before the start's Nth call.
            let during = FaultyBucket(
                harness.memory,
                before: { _ in
                    guard count.next() == call else { return }
                    let removed = try? await harness.call(
                        .assets, "DELETE", "/api/assets/\(id)")
                    count.set(removed?.status)
                })
            let start = try await harness.call(
                .startExport, "POST", "/", FunctionHarness.edit(id), bucket: during)
            let isRemoved = count.status == 200
            #expect(isRemoved == (start.status != 202), "\(call): \(start.json)")
            #expect(!isRemoved || !harness.memory.keys.contains { $0.hasPrefix("active/") })
        }
    }

    @Test(arguments: [false, true])
    func `a removal that dies at any call is finished by a retry`(
        _ takesEffect: Bool
    ) async throws {
        for failing in 1...16 {
            let harness = FunctionHarness()
            let id = try await harness.asset()
            try await harness.deliver(
                AssetKeys(owner: .local, asset: AssetID(id)!).deriveRequest.text,
                to: .deriveAsset)
            let dying = FaultyBucket(
                harness.memory, failing: failing, forever: true, takesEffect: takesEffect)
            _ = try await harness.call(.assets, "DELETE", "/api/assets/\(id)", bucket: dying)
            // Usable as a whole, or not at all.
            let (status, asset) = try await harness.call(.assets, "GET", "/api/assets/\(id)")
            if status == 200 {
                #expect(harness.memory.keys.contains { $0.hasPrefix("uploads/local/\(id)/") })
                #expect(asset["status"] == "ready")
            }
            _ = try await harness.call(.assets, "DELETE", "/api/assets/\(id)")

            #expect(
                harness.memory.keys.allSatisfy { $0.hasPrefix("due/") },
                "\(failing): \(harness.memory.keys)")
        }
    }
}

/// Counts calls; holds the status of a request that one of them made.
private final class Count: Sendable {
    private let number = FunctionHarness.Counter()
    private let stored = Mutex(0)
    func next() -> Int { number.next() }
    var status: Int { stored.withLock { $0 } }
    func set(_ status: Int?) { stored.withLock { $0 = status ?? 0 } }
}
