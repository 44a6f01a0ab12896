import Jobs
import MediaTime
import ObjectStore
import Testing
import TestSupport

@Suite struct KeyTests {
    let owner = OwnerID("ann")!
    let job = JobID("job_1700000000000_abc")!

    @Test func `an export's keys are below its owner and job`() {
        let keys = ExportKeys(owner: owner, job: job)

        let unit = RenderUnit.video(FrameRange(300, 600))

        #expect(
            [
                keys.edit, keys.plan, keys.cancel, keys.result, keys.stitchRequest,
                keys.output(fileExtension: "mp4"), keys.request(unit), keys.progress(unit),
                keys.receipt(unit), keys.failure(unit, attempt: 2), keys.request(.audio),
                keys.stitchFailure(attempt: 1), keys.active, keys.pointer,
            ].map(\.text) == [
                "exports/ann/job_1700000000000_abc/edit.json",
                "exports/ann/job_1700000000000_abc/plan.json",
                "exports/ann/job_1700000000000_abc/cancel.json",
                "exports/ann/job_1700000000000_abc/result.json",
                "exports/ann/job_1700000000000_abc/requests/all.stitch.json",
                "exports/ann/job_1700000000000_abc/output.mp4",
                "exports/ann/job_1700000000000_abc/requests/00000300-00000600.chunk.json",
                "exports/ann/job_1700000000000_abc/progress/00000300-00000600",
                "exports/ann/job_1700000000000_abc/receipts/00000300-00000600.json",
                "exports/ann/job_1700000000000_abc/failures/00000300-00000600.2.json",
                "exports/ann/job_1700000000000_abc/requests/audio.chunk.json",
                "exports/ann/job_1700000000000_abc/failures/all.1.json",
                "active/job_1700000000000_abc",
                "jobs/job_1700000000000_abc.json",
            ])
    }

    @Test(arguments: [
        RenderUnit.audio, .audioPiece(AudioFrameRange(0, 2_813)), .video(FrameRange(0, 1)),
        .video(FrameRange(299, 5_184_000)),
    ])
    func `a chunk request's key is parsed into its export and unit`(unit: RenderUnit) throws {
        let keys = ExportKeys(owner: owner, job: job)

        let parsed = try #require(ExportKeys.parseChunkRequest(keys.request(unit)))

        #expect(parsed.0 == keys)
        #expect(parsed.1 == unit)
    }

    @Test(arguments: [
        "exports/ann/job_1_a/requests/00000000-00000060.stitch.json",
        "exports/ann/job_1_a/requests/60-00000000.chunk.json",
        "exports/ann/job_1_a/requests/00000060-00000060.chunk.json",
        "exports/ann/other/requests/audio.chunk.json",
        "exports/An n/job_1_a/requests/audio.chunk.json",
        "exports/ann/job_1_a/audio.chunk.json",
        "uploads/ann/job_1_a/requests/audio.chunk.json",
    ])
    func `any other key is not a chunk request`(key: String) {
        #expect(ExportKeys.parseChunkRequest(ObjectKey(key)) == nil)
    }

    @Test(arguments: [
        ("clip one.mp4", "clip one.mp4"), ("../../etc/passwd", "passwd"), ("a\\b.mov", "b.mov"),
        ("..", "upload"), ("", "upload"), ("été\u{0}.mp4", "été_.mp4"),
    ])
    func `a file name keeps its letters and loses its folders`(name: String, safe: String) {
        #expect(AssetKeys.safeFileName(name) == safe)
    }

    @Test func `a very long file name is cut at a whole character`() {
        let safe = AssetKeys.safeFileName(String(repeating: "é", count: 300))

        #expect(safe == String(repeating: "é", count: 100))
    }

    @Test func `an owner's exports are listed newest first`() throws {
        let owner = try #require(OwnerID("ann"))
        let jobs = ["job_900_a", "job_1700000000001_a", "job_1700000000000_b", "job_x"]
            .compactMap { JobID($0) }
        let recent = jobs.map { ExportKeys(owner: owner, job: $0).recent }.sorted()

        #expect(
            recent.compactMap { ExportKeys.parseRecent($0)?.job.text }
                == ["job_1700000000001_a", "job_1700000000000_b", "job_900_a", "job_x"])
        #expect(
            JobID("job_99999999999999999999_a").map {
                ExportKeys(owner: owner, job: $0).recent.text
            } == "recent/ann/9999999999999/job_99999999999999999999_a")
    }

    @Test func `a unit's name has only digits`() {
        #expect(RenderUnit(name: "+0000001-00000002") == nil)
        #expect(RenderUnit(name: "audio-00000001-00000001") == nil)
        #expect(RenderUnit(name: "audio-") == nil)
    }

    @Test(arguments: ["", "Ann", "a/b", "a b", "ä", String(repeating: "a", count: 65)])
    func `an owner ID that could leave its prefix is refused`(text: String) {
        #expect(OwnerID(text) == nil)
    }

    @Test func `an upload's key is parsed into owner and asset`() throws {
        let asset = AssetID(owner: owner, time: 17, random: "xyz")
        let keys = AssetKeys(owner: owner, asset: asset)

        #expect(keys.media(fileName: "a.mp4").text == "uploads/ann/ann_17_xyz/a.mp4")
        #expect(AssetKeys(uploadKey: keys.media(fileName: "a/b.mp4")) == keys)
        #expect(AssetKeys(deriveRequestKey: keys.deriveRequest) == keys)
        #expect(AssetKeys(uploadKey: keys.record) == nil)
    }

    @Test func `a stitch request's key is parsed into its export`() {
        let keys = ExportKeys(owner: owner, job: JobID(time: 17, random: "xyz"))

        #expect(ExportKeys.parseStitchRequest(keys.stitchRequest) == keys)
        #expect(ExportKeys.parseStitchRequest(keys.request(.audio)) == nil)
        #expect(ExportKeys.parseStitchRequest(keys.result) == nil)
    }

    @Test func `every upload of an owner is below the owner's prefix`() {
        let keys = AssetKeys(
            owner: owner, asset: AssetID(owner: owner, time: 1, random: "x"))

        #expect(keys.media(fileName: "a.mp4").text.hasPrefix(AssetKeys.uploadPrefix(of: owner)))
        #expect(AssetKeys.uploadPrefix(of: owner) == "uploads/ann/")
    }

    @Test func `the proxy's export is the same for the same bytes of an upload alone`() {
        let asset = AssetID(owner: owner, time: 17, random: "xyz")
        let job = JobID(proxyOf: asset, etag: "aa", time: 17)

        #expect(job == JobID(proxyOf: asset, etag: "aa", time: 17))
        #expect(job != JobID(proxyOf: asset, etag: "ab", time: 17))
        #expect(JobID(job.text) == job)
        #expect(job.isInternal && job.time == 17)
        #expect(!JobID(time: 17, random: "proxy").isInternal)
    }
}
