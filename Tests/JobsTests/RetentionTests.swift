import Foundation
import Jobs
import ObjectStore
import Testing
import TestSupport
import WallClock

/// The index of due work, the age at which an export is removed, and the size of the cache.
@Suite struct RetentionTests {
    private let owner = OwnerID("ann")!
    private let job = JobID("job_1_a")!

    @Test func `entries are in order of time and are read back`() throws {
        let subjects: [DueEntry.Subject] = [
            .export(job), .asset(AssetID("ann_1_a")!), .everything,
        ]
        let times = [0, 999, 1_000, 1_795_176_000_000, 9_999_999_999_999]
        let entries = times.flatMap { time in
            subjects.map { DueEntry(at: UnixTime(milliseconds: time), owner: owner, $0) }
        }

        #expect(entries.map { DueEntry($0.key) } == entries)
        for (first, second) in zip(times, times.dropFirst()) {
            let earlier = DueEntry(at: UnixTime(milliseconds: first), owner: owner, .everything)
            let later = DueEntry(at: UnixTime(milliseconds: second), owner: owner, .export(job))
            #expect(earlier.key < later.key)
        }
    }

    @Test(arguments: [
        "due/1/ann/export/job_1_a", "due/0000000000001/ann/export/other",
        "due/0000000000001/An n/export/job_1_a", "due/0000000000001/ann/owner/some",
        "due/0000000000001/ann/film/job_1_a", "cache/0000000000001/ann/export/job_1_a",
        "due/-000000000001/ann/export/job_1_a",
    ])
    func `any other key is not an entry`(key: String) {
        #expect(DueEntry(ObjectKey(key)) == nil)
    }

    private func decision(
        _ change: (inout ListedExport) -> Void, hasPointer: Bool = true, retention: Duration? = nil,
        finishedAt: Int? = nil, now: Int
    ) -> ExpiryDecision {
        var export = ListedExport()
        change(&export)
        var pointer = JobPointer(owner: owner, dialect: .spool, createdAt: 0)
        pointer.retention = retention
        let result = finishedAt.map {
            ExportResult(outcome: .completed, finishedAt: UnixTime(seconds: $0))
        }
        return ExpiryDecision(
            hasPointer ? pointer : nil, export.listing, result, policy: RetentionPolicy(),
            now: UnixTime(seconds: now))
    }

    @Test func `an export is removed at the end of its retention and not while it runs`() {
        let week = 7 * 86_400
        func ended(_ export: inout ListedExport) { export.add(export.keys.result) }

        #expect(decision(ended, finishedAt: 60, now: week) == .remove)
        #expect(
            decision(ended, finishedAt: 60, now: week - 1) == .move(UnixTime(seconds: week)))
        #expect(
            decision({ _ in }, now: week)
                == .move(UnixTime(seconds: week) + ExpiryDecision.runningInterval))
        #expect(
            decision(ended, retention: .seconds(86_400), finishedAt: 60, now: 86_400) == .remove)
    }

    @Test func `a result that came late can be fetched for an hour`() {
        let found = decision(
            { $0.add($0.keys.result) }, retention: .seconds(3_600), finishedAt: 7_000, now: 7_200)

        #expect(found == .move(UnixTime(seconds: 10_600)))
    }

    @Test func `a tombstone is looked after, an export that is gone is not`() {
        #expect(decision({ $0.add($0.keys.tombstone) }, hasPointer: false, now: 0) == .remove)
        #expect(decision({ $0.objects = [] }, now: 0) == .drop)
        #expect(decision({ _ in }, hasPointer: false, now: 0) == .drop)
    }

    @Test func `an export without objects has expired`() {
        var export = ListedExport()
        #expect(export.listing.presence == .present)
        export.add(export.keys.tombstone)
        #expect(export.listing.presence == .removed)
        export.objects = []
        #expect(export.listing.presence == .expired)
    }

    private func chunks(_ uses: [Int]) -> [CachedChunk] {
        uses.enumerated().map { index, use in
            CachedChunk(
                key: ObjectKey("cache/ann/\(index).mp4"), bytes: 100,
                lastUse: UnixTime(seconds: use))
        }
    }

    private func removed(_ uses: [Int], _ bytesMax: Int, oldestActive: Int? = nil) -> [String] {
        CacheTrimming.chunksToRemove(
            of: chunks(uses), bytesMax: bytesMax,
            oldestActive: oldestActive.map { UnixTime(seconds: $0) }
        ).map(\.key.text)
    }

    @Test func `the least recently used chunks go until a tenth of the limit is free`() {
        #expect(removed([300, 100, 200], 300) == [])
        #expect(removed([300, 100, 200], 299) == ["cache/ann/1.mp4"])
        #expect(removed([300, 100, 200], 150) == ["cache/ann/1.mp4", "cache/ann/2.mp4"])
    }

    @Test func `a chunk that was used since the oldest running export began stays`() {
        #expect(removed([1_000, 2_000, 3_000], 100, oldestActive: 2_030) == ["cache/ann/0.mp4"])
        #expect(removed([1_000, 2_000, 3_000], 100, oldestActive: 500) == [])
    }

    /// A family of keys with the owner as second segment is removed with its owner.
    @Test func `every family of an owner's keys is removed with the owner`() throws {
        let folder = URL(filePath: #filePath).deletingLastPathComponent()
            .deletingLastPathComponent().deletingLastPathComponent()
            .appending(path: "Sources/Jobs")
        let files = FileManager.default.enumerator(at: folder, includingPropertiesForKeys: nil)
        var families: Set<String> = []
        for case let file as URL in files! where file.pathExtension == "swift" {
            let text = try String(contentsOf: file, encoding: .utf8)
            for match in text.matches(of: /"([a-z-]+)\/\\\((?:Self\.)?owner\.text\)/) {
                families.insert(String(match.1))
            }
        }

        #expect(families.contains("uploads"))
        // The record of the removal itself is kept, and the secret that signs sessions.
        #expect(families.subtracting(OwnerKeys.families).isSubset(of: ["owners", "secrets"]))
    }
}
