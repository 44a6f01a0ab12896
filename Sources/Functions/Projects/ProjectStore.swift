import Crypto
import Jobs
import JSON
import ObjectStore
import WallClock

/// Reads and writes one project. Each write has the condition that the version on which it was
/// decided is still stored; else it is decided again.
struct ProjectStore: Sendable {
    let keys: ProjectKeys
    let bucket: any Bucket

    /// Largest project in bytes, without its head.
    static let bytesMax = AuthorizedRequest.bodyBytesMax
    /// Decisions before the request is refused, when other writes are always first.
    private static let attemptCountMax = 8

    /// The stored version's head, without its content; nil if there is none.
    func version() async throws -> ProjectVersion? {
        do throws(ObjectStoreError) {
            let object = try await bucket.getObject(
                keys.document, range: 0..<ProjectDocument.headBytesMax, ifMatch: nil,
                bytesMax: ProjectDocument.headBytesMax)
            return ProjectVersion(
                head: head(in: object), storeETag: object.info.etag, bytes: object.info.bytes)
        } catch {
            guard error.code == .notFound else { throw error }
            return nil
        }
    }

    /// The stored version with its content; nil if there is none.
    func content() async throws -> (version: ProjectVersion, members: [String: JSONValue])? {
        let object: StoredObject
        do throws(ObjectStoreError) {
            object = try await bucket.getObject(
                keys.document, range: nil, ifMatch: nil,
                bytesMax: Self.bytesMax + ProjectDocument.headBytesMax)
        } catch {
            guard error.code == .notFound else { throw error }
            return nil
        }
        let version = ProjectVersion(
            head: head(in: object), storeETag: object.info.etag, bytes: object.info.bytes)
        let value = try AuthorizedRequest.jsonObject(object.body)
        guard case .object(let members) = value else { return nil }
        return (version, ProjectDocument(head: version.head, members: members).members)
    }

    /// An object that another program put here has no head.
    private func head(in object: StoredObject) -> ProjectHead {
        let time = object.info.lastModified
        return ProjectDocument.head(in: object.body)
            ?? ProjectHead(
                id: keys.project, name: ProjectHead.nameDefault, createdAt: time, updatedAt: time)
    }

    /// Saves the project, which may be new.
    /// - Throws: a 412 problem if the condition is not met, 413 for a document that is too large.
    func put(
        _ members: [String: JSONValue], _ condition: ProjectCondition, now: UnixTime
    ) async throws -> (version: ProjectVersion, isNew: Bool) {
        for _ in 0..<Self.attemptCountMax {
            let decision = ProjectDecision.put(over: try await version(), condition, now: now)
            switch decision {
            case .create, .replaceRemoved:
                let document = try document(members, over: nil, now: now)
                // The entry first: a project is never missing in the list.
                try await bucket.putDocument(["version": 1], at: keys.listEntry(createdAt: now))
                if let saved = try await write(document, over: decision.replaced) {
                    return (saved, true)
                }
            case .replace(let stored):
                let document = try document(members, over: stored, now: now)
                if let saved = try await write(document, over: stored) { return (saved, false) }
            case .notFound, .conflict, .busy:
                throw refusal(decision, condition)
            }
        }
        throw Problem.projectBusy
    }

    /// Applies a merge patch to the stored project.
    /// - Throws: a 404 or 412 problem, 413 if the result is too large.
    func patch(
        _ patch: JSONValue, _ condition: ProjectCondition, now: UnixTime
    ) async throws -> ProjectVersion {
        for _ in 0..<Self.attemptCountMax {
            let stored = try await content()
            let decision = ProjectDecision.patch(of: stored?.version, condition)
            guard case .replace(let version) = decision, let stored else {
                throw refusal(decision, condition)
            }
            let named = stored.members.merging(["name": .string(version.head.name)]) { $1 }
            guard case .object(let members) = JSONValue.object(named).merging(patch: patch) else {
                throw Problem.invalid([FieldFault(pointer: "", detail: "is not a JSON object")])
            }
            let document = try document(members, over: version, now: now)
            if let saved = try await write(document, over: version) { return saved }
        }
        throw Problem.projectBusy
    }

    /// Removes the project. The conditional write of its removal decides; what follows may run
    /// again.
    /// - Returns: what was removed; the same for a removal that was interrupted.
    /// - Throws: a 404 or 412 problem.
    func delete(_ condition: ProjectCondition, now: UnixTime) async throws -> ProjectRemoval {
        for _ in 0..<Self.attemptCountMax {
            let decision = ProjectDecision.delete(try await version(), condition)
            guard let stored = decision.replaced else { throw refusal(decision, condition) }
            var head = stored.head
            head.removedBytes = head.removedBytes ?? stored.bytes
            head.updatedAt = now
            let mark = ProjectDocument(head: head, members: [:])
            guard try await write(mark, over: stored) != nil else { continue }
            try await bucket.deleteObject(keys.listEntry(createdAt: head.createdAt))
            try await bucket.deleteObject(keys.document)
            return ProjectRemoval(head)
        }
        throw Problem.projectBusy
    }

    /// Replaces the version, or writes the first one.
    /// - Returns: nil if another write was first.
    private func write(
        _ document: ProjectDocument, over stored: ProjectVersion?
    ) async throws -> ProjectVersion? {
        let bytes = document.bytes
        do throws(ObjectStoreError) {
            let info = try await bucket.putObject(
                .bytes(bytes), at: keys.document,
                options: PutOptions(
                    contentType: "application/json",
                    condition: stored.map { .ifMatch($0.storeETag) } ?? .ifAbsent))
            return ProjectVersion(head: document.head, storeETag: info.etag, bytes: bytes.count)
        } catch {
            guard error.code == .preconditionFailed || error.code == .notFound else { throw error }
            // A repeated call finds what the first one wrote, whose response was lost.
            let present = try await version()
            return present?.storeETag == hex(md5(bytes)) ? present : nil
        }
    }

    /// - Parameter stored: The version before this one, which is older by its time too.
    private func document(
        _ members: [String: JSONValue], over stored: ProjectVersion?, now: UnixTime
    ) throws(Problem) -> ProjectDocument {
        let head = ProjectHead(
            id: keys.project, name: try Self.name(in: members),
            createdAt: stored?.head.createdAt ?? now,
            updatedAt: stored.map { max(now, $0.head.updatedAt + .milliseconds(1)) } ?? now)
        let document = ProjectDocument(head: head, members: members)
        let bytes = document.bytes.count
        guard bytes <= Self.bytesMax + ProjectDocument.headBytesMax else {
            throw Problem.projectTooLarge(bytes)
        }
        return document
    }

    private static func name(in members: [String: JSONValue]) throws(Problem) -> String {
        guard let value = ProjectDocument.name(in: members) else { return ProjectHead.nameDefault }
        var reader = JSONReader()
        let pointer = JSONPointer.root.appending("name")
        let name = reader.text(
            JSONNode(value, pointer), lengthMax: ProjectHead.nameCharactersMax)
        guard let name else { throw Problem.invalid(reader.faults) }
        return name
    }

    private func refusal(_ decision: ProjectDecision, _ condition: ProjectCondition) -> Problem {
        switch decision {
        case .conflict(let stored): .projectConflict(stored, condition)
        case .busy: .projectBusy
        case .notFound, .create, .replace, .replaceRemoved: .projectNotFound
        }
    }
}
