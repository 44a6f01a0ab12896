import JSON
import Testing

@testable import EmulatorVolume

@Suite struct FolderDecisionTests {
    private static let document = FolderObservation.Config.document(digest: "d1")
    private static let other = FolderObservation.Config.document(digest: "d2")
    private static let half = FolderObservation.Config.unusable(
        digest: "d3", reason: "No JSON.", isSettled: false)
    private static let broken = FolderObservation.Config.unusable(
        digest: "d3", reason: "No JSON.", isSettled: true)

    private static func job(_ state: FolderJob.State) -> FolderJob {
        FolderJob(folder: "j", digest: "d1", export: "job_1", state: state)
    }

    struct Row: Sendable, CustomTestStringConvertible {
        var name: String
        var seen: FolderObservation
        var job: FolderJob?
        var decision: FolderDecision
        var testDescription: String { name }
    }

    static let rows: [Row] = [
        Row(
            name: "an empty folder waits", seen: FolderObservation(config: .missing), job: nil,
            decision: .nothing),
        Row(
            name: "a config starts", seen: FolderObservation(config: document), job: nil,
            decision: .start),
        Row(
            name: "a config that may be half written waits", seen: FolderObservation(config: half),
            job: nil, decision: .nothing),
        Row(
            name: "a settled config without JSON is refused",
            seen: FolderObservation(config: broken), job: nil,
            decision: .refuse("No JSON.", digest: "d3")),
        Row(
            name: "a name that is not plain is refused",
            seen: FolderObservation(isPlain: false, config: document), job: nil,
            decision: .refuse(JobFolderName.rule, digest: "d1")),
        Row(
            name: "a cancelled config never starts",
            seen: FolderObservation(config: document, hasCancel: true), job: nil,
            decision: .refuse("The job was cancelled before it began.", digest: "d1")),
        Row(
            name: "a refused config stays refused", seen: FolderObservation(config: document),
            job: job(.refused), decision: .nothing),
        Row(
            name: "a corrected config starts", seen: FolderObservation(config: other),
            job: job(.refused), decision: .start),
        Row(
            name: "a start is repeated after a crash", seen: FolderObservation(config: document),
            job: job(.starting), decision: .start),
        Row(
            name: "a start is repeated without its folder",
            seen: FolderObservation(isPresent: false, config: .missing), job: job(.starting),
            decision: .start),
        Row(
            name: "a running job is followed", seen: FolderObservation(config: other),
            job: job(.running), decision: .follow),
        Row(
            name: "a cancel file cancels",
            seen: FolderObservation(config: document, hasCancel: true), job: job(.running),
            decision: .cancel),
        Row(
            name: "a removed folder cancels",
            seen: FolderObservation(isPresent: false, config: .missing), job: job(.running),
            decision: .cancel),
        Row(
            name: "a replaced config of an ended job is reported",
            seen: FolderObservation(config: other), job: job(.ended),
            decision: .reportReplaced(digest: "d2")),
        Row(
            name: "a folder that was made again gets its result again",
            seen: FolderObservation(config: document, hasStatus: false), job: job(.ended),
            decision: .follow),
        Row(
            name: "a folder that was made again is refused again",
            seen: FolderObservation(config: broken, hasStatus: false),
            job: FolderJob(folder: "j", digest: "d3", state: .refused),
            decision: .refuse("No JSON.", digest: "d3")),
        Row(
            name: "an ended job stays without its config",
            seen: FolderObservation(config: .missing), job: job(.ended), decision: .nothing),
        Row(
            name: "an ended job without its folder is forgotten",
            seen: FolderObservation(isPresent: false, config: .missing), job: job(.ended),
            decision: .forget),
    ]

    @Test(arguments: rows)
    func `each state of a folder has one step`(row: Row) {
        #expect(FolderDecision(row.seen, row.job) == row.decision)
    }
}

@Suite struct VolumePathTests {
    @Test(arguments: [
        ("a.mp4", ["a.mp4"]), ("2026/11/a b.mov", ["2026", "11", "a b.mov"]),
        ("/data/media/x/a.mp4", ["x", "a.mp4"]),
    ])
    func `a path below the folder has its components`(text: String, names: [String]) throws {
        #expect(try VolumePath(text, below: "/data/media").components == names)
    }

    @Test(arguments: [
        "", "..", "../a.mp4", "a/../../b", "a//b", "./a", "a/", "/", "/etc/passwd",
        "/data/mediax/a",
        "a\u{0}b", "/data/media/../x", "/data/media/",
    ])
    func `a path that could lead outside is refused`(text: String) {
        #expect(throws: VolumeFault.self) { try VolumePath(text, below: "/data/media") }
    }

    @Test(arguments: [
        ("job-1", true), ("A.b_c-9", true), (".hidden", false), ("", false), ("a b", false),
        ("ü", false), (String(repeating: "a", count: 101), false),
    ])
    func `a plain name is of letters, digits and three marks`(name: String, isPlain: Bool) {
        #expect(JobFolderName.isPlain(name) == isPlain)
    }

    @Test func `a pointer of an asset names the path that the caller wrote`() {
        let config = ResolvedConfig(body: .null, paths: [1])
        let fault = FieldFault(pointer: "/sources/1/assetId", detail: "x")
        #expect(config.placed(fault).pointer == "/sources/1/path")
        let other = FieldFault(pointer: "/sources/0/assetId", detail: "x")
        #expect(config.placed(other) == other)
    }
}
