import Jobs
import JSON
import ObjectStore
import Testing
import TestSupport
import WallClock

/// Keys, stored form and decisions of saved projects, and the list of assets.
@Suite struct ProjectTests {
    private static let owner = OwnerID("ann")!
    private static let id = ProjectID("my-film")!

    private static func head(
        _ name: String = "A", updatedAt: UnixTime = 2_000, removedBytes: Int? = nil
    ) -> ProjectHead {
        ProjectHead(
            id: id, name: name, createdAt: 1_000, updatedAt: updatedAt, removedBytes: removedBytes)
    }

    private static let stored = ProjectVersion(head: head(), storeETag: "aa-2", bytes: 10)
    private static let removed = ProjectVersion(
        head: head(removedBytes: 9), storeETag: "bb", bytes: 10)

    @Test func `a list entry of a newer project sorts first`() throws {
        let keys = ProjectKeys(owner: Self.owner, project: Self.id)
        let (older, newer) = (keys.listEntry(createdAt: 999), keys.listEntry(createdAt: 1_000))

        #expect(newer < older)
        #expect(newer.text.hasPrefix(ProjectKeys.listPrefix(of: Self.owner)))
        let parsed = try #require(ProjectKeys.parseListEntry(newer))
        #expect(parsed.keys == keys)
        #expect(parsed.createdAt == 1_000)
        #expect(ProjectKeys.parseListEntry(keys.document) == nil)
        #expect(keys.document.text == "projects/ann/my-film.json")
    }

    @Test func `an asset's list entry contains its name`() throws {
        let asset = AssetID(owner: OwnerID("a_n")!, time: 1_700, random: "x")
        let keys = AssetKeys(owner: OwnerID("a_n")!, asset: asset)
        let entry = keys.listEntry(.video, fileName: "a/b ü.mp4")
        let newer = AssetKeys(
            owner: keys.owner, asset: AssetID(owner: keys.owner, time: 1_701, random: "x"))

        #expect(asset.time == 1_700)
        #expect(newer.listEntry(.video, fileName: "z") < entry)
        let parsed = try #require(AssetKeys.parseListEntry(entry))
        #expect(parsed.keys == keys)
        #expect(parsed.fileName == "b ü.mp4")
        #expect(AssetKeys.parseListEntry(keys.record) == nil)
    }

    @Test(arguments: ["A", "a \"quoted\"\nname }{,", String(repeating: "😀", count: 200)])
    func `the head is read from the first bytes`(_ name: String) throws {
        let document = ProjectDocument(
            head: Self.head(name),
            members: [
                "tracks": [], "id": "other", "z": .string(String(repeating: "x", count: 9_000)),
            ])
        let bytes = document.bytes

        #expect(ProjectDocument.head(in: Array(bytes.prefix(2_048))) == document.head)
        #expect(ProjectDocument(bytes) == document)
        #expect(document.members["id"] == nil)
    }

    @Test func `an empty project is stored and read`() {
        let document = ProjectDocument(head: Self.head(removedBytes: 7), members: [:])

        #expect(ProjectDocument(document.bytes) == document)
        #expect(ProjectDocument.head(in: document.bytes)?.removedBytes == 7)
        #expect(ProjectDocument.head(in: Array(#"{"tracks":[]}"#.utf8)) == nil)
    }

    @Test func `a document with tracks is exported as ClipForge's request`() {
        func request(_ members: [String: JSONValue]) -> JSONValue {
            ProjectDocument(head: Self.head(), members: members).exportRequest
        }
        let bare: [String: JSONValue] = ["tracks": [1], "settings": ["fps": 30]]

        #expect(request(bare)["project"] == .object(bare))
        #expect(request(bare)["settings"] == ["fps": 30])
        #expect(request(["timeline": ["tracks": []]]) == ["timeline": ["tracks": []]])
        #expect(request(["project": ["tracks": []]]) == ["project": ["tracks": []]])
    }

    @Test func `an ETag contains the time of its save`() {
        #expect(Self.stored.etag == "2000-aa-2")
        #expect(ProjectVersion.time(inETag: Self.stored.etag) == 2_000)
        #expect(ProjectVersion.time(inETag: "x") == nil)
    }

    static let rows:
        [(
            stored: ProjectVersion?, condition: ProjectCondition, put: ProjectDecision,
            patch: ProjectDecision, delete: ProjectDecision
        )] = [
            (nil, .none, .create, .notFound, .notFound),
            (nil, .absent, .create, .notFound, .notFound),
            (nil, .present, .conflict(nil), .notFound, .notFound),
            (nil, .oneOf(["2000-aa-2"]), .conflict(nil), .notFound, .notFound),
            (stored, .none, .replace(stored), .replace(stored), .replace(stored)),
            (stored, .present, .replace(stored), .replace(stored), .replace(stored)),
            (
                stored, .oneOf(["x", "2000-aa-2"]), .replace(stored), .replace(stored),
                .replace(stored)
            ),
            (stored, .oneOf(["1-aa"]), .conflict(stored), .conflict(stored), .conflict(stored)),
            (stored, .absent, .conflict(stored), .conflict(stored), .conflict(stored)),
            (removed, .none, .replaceRemoved(removed), .notFound, .replaceRemoved(removed)),
            (removed, .present, .conflict(nil), .notFound, .replaceRemoved(removed)),
            (
                removed, .oneOf(["2000-aa-2"]), .conflict(nil), .notFound,
                .replaceRemoved(removed)
            ),
        ]

    @Test(arguments: rows)
    func `a write is decided by the stored version and the condition`(
        _ row: (
            stored: ProjectVersion?, condition: ProjectCondition, put: ProjectDecision,
            patch: ProjectDecision, delete: ProjectDecision
        )
    ) {
        #expect(
            ProjectDecision.put(over: row.stored, row.condition, now: 100_000) == row.put)
        #expect(ProjectDecision.patch(of: row.stored, row.condition) == row.patch)
        #expect(ProjectDecision.delete(row.stored, row.condition) == row.delete)
    }

    @Test func `a project is not created while its removal may be at work`() {
        func put(at now: UnixTime) -> ProjectDecision {
            ProjectDecision.put(over: Self.removed, .none, now: now)
        }

        #expect(put(at: 61_999) == .busy)
        #expect(put(at: 62_000) == .replaceRemoved(Self.removed))
    }
}
