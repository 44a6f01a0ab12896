import Functions
import Jobs
import JSON
import LambdaRuntime
import ObjectStore
import Testing
import TestSupport

/// `/api/projects`.
@Suite struct ProjectsTests {
    private let harness = FunctionHarness()

    private func keys(_ id: String) throws -> ProjectKeys {
        ProjectKeys(owner: .local, project: try #require(ProjectID(id)))
    }

    private func etag(_ id: String) async throws -> String {
        try #require(
            try await harness.send(.projects, "GET", "/api/projects/\(id)").headers["etag"])
    }

    @Test func `a project is created, read, changed, renamed and removed`() async throws {
        let made = try await harness.send(
            .projects, "POST", "/api/projects",
            #"{"name":"Holiday","project":{"tracks":[]},"settings":{"fps":25}}"#)
        #expect(made.statusCode == 201)
        let location = try #require(made.headers["location"])
        #expect(location.hasPrefix("/api/projects/prj_1700000000000_"))

        let (_, read) = try await harness.call(.projects, "GET", location)
        #expect(read["name"] == "Holiday")
        #expect(read["project"] == ["tracks": []])
        #expect(read["createdAt"] == "2023-11-14T22:13:20.000Z")
        #expect(read["etag"]?.text == made.headers["etag"])

        // A client sends back what it read.
        let changed = try await harness.call(
            .projects, "PUT", location,
            String(decoding: JSONValue.object(read).bytes, as: UTF8.self))
        #expect(changed.status == 200)
        #expect(changed.json["updatedAt"] == "2023-11-14T22:13:20.001Z")
        let renamed = try await harness.call(
            .projects, "PATCH", location, #"{"name":"Summer","settings":{"fps":null,"width":64}}"#)
        #expect(renamed.json["name"] == "Summer")
        let (_, after) = try await harness.call(.projects, "GET", location)
        #expect(after["settings"] == ["width": 64])
        #expect(after["createdAt"] == read["createdAt"])

        let removed = try await harness.call(.projects, "DELETE", location)
        #expect(removed.status == 200)
        #expect(removed.json["name"] == "Summer")
        #expect(removed.json["bytes"]?.integer ?? 0 > 20)
        #expect(try await harness.call(.projects, "GET", location).status == 404)
        #expect(try await harness.call(.projects, "DELETE", location).status == 404)
        #expect(harness.memory.keys.isEmpty)
    }

    @Test func `a lost update is refused with the times of both versions`() async throws {
        _ = try await harness.call(.projects, "PUT", "/api/projects/film", #"{"a":1}"#)
        let mine = try await etag("film")
        let other = try await harness.send(
            .projects, "PUT", "/api/projects/film", #"{"a":2}"#, headers: ["if-match": mine])
        #expect(other.statusCode == 200)

        for (method, body) in [("PUT", #"{"a":3}"#), ("PATCH", #"{"a":3}"#), ("DELETE", "")] {
            let (status, problem) = try await harness.call(
                .projects, method, "/api/projects/film", body, headers: ["if-match": mine])
            #expect(status == 412)
            #expect(
                problem["yours"]
                    == ["etag": .string(mine), "updatedAt": "2023-11-14T22:13:20.000Z"])
            #expect(problem["stored"]?["updatedAt"] == "2023-11-14T22:13:20.001Z")
            #expect(problem["stored"]?["etag"]?.text == other.headers["etag"])
        }
        let (_, kept) = try await harness.call(.projects, "GET", "/api/projects/film")
        #expect(kept["a"] == 2)
    }

    @Test func `a PUT with If-None-Match creates only`() async throws {
        func create() async throws -> Int {
            try await harness.call(
                .projects, "PUT", "/api/projects/film", #"{"a":1}"#,
                headers: ["if-none-match": "*"]
            ).status
        }

        #expect(try await create() == 201)
        #expect(try await create() == 412)
        let unchanged = try await harness.send(
            .projects, "GET", "/api/projects/film",
            headers: ["if-none-match": try await etag("film")])
        #expect(unchanged.statusCode == 304)
    }

    @Test func `concurrent patches are all kept`() async throws {
        _ = try await harness.call(.projects, "PUT", "/api/projects/film", "{}")
        let statuses = try await withThrowingTaskGroup(of: Int.self) { group in
            for number in 0..<4 {
                group.addTask {
                    try await harness.call(
                        .projects, "PATCH", "/api/projects/film", #"{"m\#(number)":1}"#
                    ).status
                }
            }
            return try await group.reduce(into: []) { $0.append($1) }
        }

        #expect(statuses.allSatisfy { $0 == 200 })
        let (_, read) = try await harness.call(.projects, "GET", "/api/projects/film")
        #expect((0..<4).allSatisfy { read["m\($0)"] == 1 })
    }

    @Test func `bad requests name the field`() async throws {
        func pointer(
            _ method: String, _ path: String, _ body: String = "", query: [String: String] = [:]
        ) async throws -> String? {
            let (status, problem) = try await harness.call(
                .projects, method, path, body, query: query)
            #expect(status == 400)
            guard case .array(let errors)? = problem["errors"] else { return nil }
            return errors.first?["pointer"]?.text
        }

        #expect(try await pointer("POST", "/api/projects", #"{"name":7}"#) == "/name")
        #expect(try await pointer("POST", "/api/projects", "[]") == "")
        #expect(try await pointer("PUT", "/api/projects/A%20B", "{}") == "/id")
        #expect(try await pointer("GET", "/api/projects", query: ["limit": "0"]) == "/limit")
        #expect(try await pointer("GET", "/api/projects", query: ["cursor": "!"]) == "/cursor")
        #expect(
            try await pointer("POST", "/api/projects", #"{"editKey":"uploads/bob/x"}"#)
                == "/editKey")
        let patch = try await harness.call(
            .projects, "PATCH", "/api/projects/film", "[]",
            headers: ["content-type": "application/json-patch+json"])
        #expect(patch.status == 415)
    }

    @Test func `a project of 10 MB is saved, and a larger one is refused`() async throws {
        func body(_ bytes: Int) -> String {
            #"{"pad":""# + String(repeating: "x", count: bytes - 10) + #""}"#
        }
        let full = try await harness.call(
            .projects, "PUT", "/api/projects/big", body(10_000_000))
        #expect(full.status == 201)
        let (_, read) = try await harness.call(.projects, "GET", "/api/projects/big")
        #expect(read["pad"] == nil)
        #expect(read["documentUrl"]?.text?.contains("projects/local/big.json") == true)

        let above = try await harness.call(
            .projects, "PUT", "/api/projects/big", body(10_000_001))
        #expect(above.status == 413)
        #expect(above.json["detail"]?.text?.contains("10000000") == true)
    }

    @Test func `a project above Lambda's limit is saved from an upload`() async throws {
        try await harness.memory.putObject(
            .bytes(Array(#"{"tracks":[1]}"#.utf8)), at: ObjectKey("uploads/local/a/p.json"),
            options: PutOptions())
        let saved = try await harness.call(
            .projects, "PUT", "/api/projects/film",
            #"{"editKey":"uploads/local/a/p.json","name":"N"}"#)
        let (_, read) = try await harness.call(.projects, "GET", "/api/projects/film")

        #expect(saved.status == 201)
        #expect(read["tracks"] == [1])
        #expect(read["name"] == "N")
    }

    @Test func `the list is paged, newest first, and is the owner's alone`() async throws {
        let harness = FunctionHarness(tokens: ["a": OwnerID("ann")!, "b": OwnerID("bob")!])
        for number in 1...5 {
            _ = try await harness.call(
                .projects, "POST", "/api/projects", #"{"name":"P\#(number)"}"#, token: "a")
        }
        var names: [String] = []
        var query = ["limit": "2"]
        for _ in 1...3 {
            let (_, page) = try await harness.call(
                .projects, "GET", "/api/projects", query: query, token: "a")
            guard case .array(let entries)? = page["projects"] else { break }
            names += entries.compactMap { $0["name"]?.text }
            query["cursor"] = page["nextCursor"]?.text
        }
        let (_, none) = try await harness.call(.projects, "GET", "/api/projects", token: "b")

        #expect(Set(names) == ["P1", "P2", "P3", "P4", "P5"])
        #expect(names.count == 5)
        #expect(query["cursor"] == nil)
        #expect(none["projects"] == [])
    }

    @Test(arguments: [(1_699_999_000_000, 0), (1_700_000_000_000, 1)])
    func `a list entry without its project is not shown, and removed once it is old`(
        _ writtenAt: Int, _ left: Int
    ) async throws {
        let harness = FunctionHarness(memory: InMemoryBucket(now: { writtenAt }))
        try await harness.memory.putDocument(
            ["version": 1], at: try keys("gone").listEntry(createdAt: 5))

        let (_, page) = try await harness.call(.projects, "GET", "/api/projects")

        #expect(page["projects"] == [])
        #expect(harness.memory.keys.count == left)
    }

    @Test func `a saved project is exported by its ID and by its key`() async throws {
        let asset = try await harness.asset()
        let project = #"{"tracks":[{"clips":[{"assetId":"\#(asset)","start":0,"duration":2}]}]}"#
        let settings = #"{"width":320,"height":180,"fps":30}"#
        for (id, body) in [
            ("pair", #"{"name":"N","project":\#(project),"settings":\#(settings)}"#),
            ("bare", #"{"name":"N","settings":\#(settings),"# + project.dropFirst()),
            ("edit", FunctionHarness.edit(asset)),
        ] {
            let saved = try await harness.call(.projects, "PUT", "/api/projects/\(id)", body)
            #expect(saved.status == 201)
            for request in [
                #"{"projectId":"\#(id)"}"#, #"{"editKey":"projects/local/\#(id).json"}"#,
            ] {
                let (status, answer) = try await harness.call(
                    .startExport, "POST", "/api/export", request)
                #expect(status == 202, "\(id): \(answer)")
            }
        }
        let (_, small) = try await harness.call(
            .startExport, "POST", "/api/export",
            #"{"projectId":"pair","settings":{"width":160,"height":90}}"#)
        let job = try #require(small["jobId"]?.text.flatMap { JobID($0) })
        let edit = try await harness.memory.document(
            JSONValue.self, at: harness.keys(job).edit)
        #expect(edit?["settings"] == ["width": 160, "height": 90, "fps": 30])

        let unknown = try await harness.call(
            .startExport, "POST", "/api/export", #"{"projectId":"none"}"#)
        #expect(unknown.status == 400)
    }

    @Test(arguments: [false, true])
    func `a PUT or DELETE that dies at any call is finished by a retry`(
        _ takesEffect: Bool
    ) async throws {
        for failing in 1...8 {
            let harness = FunctionHarness()
            let path = "/api/projects/film"
            func dying() -> FaultyBucket {
                FaultyBucket(
                    harness.memory, failing: failing, forever: true, takesEffect: takesEffect)
            }
            _ = try await harness.call(.projects, "PUT", path, #"{"a":1}"#, bucket: dying())
            let saved = try await harness.call(.projects, "PUT", path, #"{"a":1}"#)
            #expect([200, 201].contains(saved.status))
            let (_, list) = try await harness.call(.projects, "GET", "/api/projects")
            #expect(list["projects"]?.count == 1)

            let first = try await harness.call(.projects, "DELETE", path, bucket: dying())
            let read = try await harness.call(.projects, "GET", path)
            #expect(read.status == 404 || read.json["a"] == 1)
            let second = try await harness.call(.projects, "DELETE", path)
            #expect(first.status == 200 || second.status == 200 || takesEffect)
            #expect(harness.memory.keys.isEmpty, "\(failing): \(harness.memory.keys)")
        }
    }
}

extension JSONValue {
    fileprivate var count: Int? { if case .array(let values) = self { values.count } else { nil } }
}
