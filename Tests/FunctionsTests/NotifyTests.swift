import FoundationEssentials
import Functions
import Jobs
import JSON
import Notify
import ObjectStore
import Testing
import TestSupport

/// Notifications from results to receivers, through the functions.
@Suite struct NotifyTests {
    private let harness = FunctionHarness()

    private func endpoint(_ more: String = "", url: String = "https://a.example/hook")
        async throws -> [String: JSONValue]
    {
        let body =
            #"{"url":"\#(url)","events":["export.completed","export.failed","asset.ready"]\#(more)}"#
        let (status, answer) = try await harness.call(
            .webhooks, "POST", "/api/webhooks/endpoints", body)
        #expect(status == 201)
        return answer
    }

    private func finish(
        _ outcome: ExportResult.Outcome = .completed, notified: Bool = true
    ) async throws -> JobID {
        let job = JobID(time: harness.clock.now, random: "a\(harness.memory.keys.count)")
        let keys = harness.keys(job)
        _ = try await harness.memory.createDocument(["version": 1], at: keys.recent)
        _ = try await harness.memory.createDocument(
            ExportResult(outcome: outcome, finishedAt: harness.clock.now), at: keys.result)
        if notified { try await harness.deliver(keys.result.text, to: .notify) }
        return job
    }

    private func tick() async throws {
        _ = try await Registry.handler(
            .deliverWebhooks, harness.services(harness.allowed(.deliverWebhooks, nil)))(
                Array("{}".utf8), FunctionHarness.context)
    }

    private func deliveries(_ query: [String: String] = [:]) async throws -> [JSONValue] {
        let (status, answer) = try await harness.call(
            .webhooks, "GET", "/api/webhooks/deliveries", query: query)
        #expect(status == 200)
        guard case .array(let found)? = answer["deliveries"] else { return [] }
        return found
    }

    @Test func `an event that comes twice makes one delivery`() async throws {
        _ = try await endpoint()
        let job = try await finish()
        try await harness.deliver(harness.keys(job).result.text, to: .notify)

        #expect(harness.receiver.calls.count == 1)
        let found = try await deliveries()
        #expect(found.count == 1)
        #expect(found.first?["state"] == "delivered")
        #expect(found.first?["subject"]?.text == job.text)
        #expect(!harness.memory.keys.contains { $0.hasPrefix(DeliveryDue.prefix) })
    }

    @Test func `an endpoint gets the events that it subscribed to and no others`() async throws {
        _ = try await endpoint()
        _ = try await finish(.cancelled)
        #expect(harness.receiver.calls.isEmpty)
        _ = try await finish(.failed)
        #expect(harness.receiver.calls.count == 1)
    }

    @Test func `a failing delivery is attempted seven times under one ID`() async throws {
        _ = try await endpoint()
        harness.receiver.alwaysAnswer(.status(500))
        _ = try await finish()
        for _ in 0..<105 {
            harness.clock.advance(by: .seconds(8))
            try await tick()
        }

        let calls = harness.receiver.calls
        #expect(calls.count == 7)
        #expect(
            Set(calls.compactMap { $0.headers.first { $0.name == "webhook-id" }?.value }).count == 1
        )
        let found = try #require(try await deliveries(["state": "failed"]).first)
        #expect(found["reason"] == "All 7 attempts failed.")
        guard case .array(let attempts)? = found["attempts"] else { return }
        #expect(attempts.count == 7)
        let times = attempts.compactMap { $0["at"]?.text }
        #expect(times == times.sorted())
        #expect(!harness.memory.keys.contains { $0.hasPrefix(DeliveryDue.prefix) })
    }

    @Test func `a failed delivery can be sent again under its ID`() async throws {
        _ = try await endpoint()
        harness.receiver.alwaysAnswer(.refused("no"))
        _ = try await finish()
        let first = try #require(try await deliveries(["state": "failed"]).first)
        let id = try #require(first["id"]?.text)
        harness.receiver.alwaysAnswer(.status(204))

        let (status, answer) = try await harness.call(
            .webhooks, "POST", "/api/webhooks/deliveries/\(id)/redeliver")
        #expect(status == 200)
        #expect(answer["id"]?.text == id)
        #expect(answer["state"] == "delivered")
        #expect(answer["reason"] == nil)
        #expect(harness.receiver.calls.count == 2)
    }

    @Test func `410 disables the endpoint and a change enables it`() async throws {
        let id = try #require(try await endpoint()["id"]?.text)
        harness.receiver.answer(410)
        _ = try await finish()
        _ = try await finish()
        #expect(harness.receiver.calls.count == 1)
        let path = "/api/webhooks/endpoints/\(id)"
        let (_, disabled) = try await harness.call(.webhooks, "GET", path)
        #expect(disabled["enabled"] == false)
        #expect(disabled["disabledBecause"] == "The receiver answered 410 Gone.")

        let (status, enabled) = try await harness.call(
            .webhooks, "PATCH", path, #"{"enabled":true}"#)
        #expect(status == 200)
        #expect(enabled["enabled"] == true)
        _ = try await finish()
        #expect(harness.receiver.calls.count == 2)
    }

    @Test func `an attempt whose process ended is made again after its claim`() async throws {
        _ = try await endpoint()
        harness.receiver.answer(500)
        _ = try await finish()
        let key = try #require(
            harness.memory.keys.first { DeliveryKeys.parseRecord(ObjectKey($0)) != nil })
        let (_, id) = try #require(DeliveryKeys.parseRecord(ObjectKey(key)))
        var record = try #require(
            try await harness.memory.document(DeliveryRecord.self, at: ObjectKey(key)))
        record.claim(at: harness.clock.now)
        let due = DeliveryDue(
            dueAt: try #require(record.dueAt), owner: .local, group: record.target.group, id: id)
        try await harness.memory.putObject(.bytes([]), at: due.key, options: PutOptions())
        try await harness.memory.putDocument(record, at: ObjectKey(key))

        try await tick()
        #expect(harness.receiver.calls.count == 1)
        harness.clock.advance(by: DeliveryRecord.claimTime)
        try await tick()
        #expect(harness.receiver.calls.count == 2)
        let found = try #require(try await deliveries().first)
        #expect(found["state"] == "delivered")
        guard case .array(let attempts)? = found["attempts"] else { return }
        #expect(attempts.count == 3)
    }

    @Test func `a result whose event was lost is announced by the schedule`() async throws {
        _ = try await endpoint()
        _ = try await finish(notified: false)
        try await tick()
        #expect(harness.receiver.calls.isEmpty)
        harness.clock.advance(by: .seconds(400))
        try await tick()
        #expect(harness.receiver.calls.count == 1)
        try await tick()
        #expect(harness.receiver.calls.count == 1)
    }

    @Test func `a callback is sent with its data and signed with the named secret`() async throws {
        let asset = try await harness.asset()
        let (status, answer) = try await harness.call(
            .webhooks, "POST", "/api/webhooks/endpoints", #"{"type":"secret","name":"hook1"}"#)
        #expect(status == 201)
        #expect(answer["secret"]?.text?.hasPrefix("whsec_") == true)
        let callback =
            #","callback":{"url":"https://b.example/x","email":"a@example.org","language":"de","#
            + #""secretRef":"hook1","data":{"order":7}}"#
        let (started, export) = try await harness.call(
            .startExport, "POST", "/", FunctionHarness.edit(asset, more: callback))
        #expect(started == 202)
        let job = try #require(export["jobId"]?.text.flatMap { JobID($0) })
        try await harness.run(job)
        try await harness.deliver(harness.keys(job).result.text, to: .notify)

        let call = try #require(harness.receiver.calls.first)
        #expect(call.url.text == "https://b.example/x")
        #expect(call.headers.contains { $0.name == "webhook-signature" })
        let body = try JSONValue(parsing: call.body)
        #expect(body["type"] == "export.completed")
        #expect(body["data"]?["callback"] == ["order": 7])
        #expect(body["data"]?["output"]?["downloadUrl"] != nil)
        let message = try #require(harness.receiver.messages.first)
        #expect(message.recipient.text == "a@example.org")
        #expect(message.subject == job.text)
        #expect(message.text == "de export.completed")
    }

    @Test(arguments: [
        (#""url":"https://a@b.example/""#, "/callback/url"),
        (#""url":"https://b.example:22/""#, "/callback/url"),
        (#""url":"https://b.example/","secretRef":"none""#, "/callback/secretRef"),
        (#""email":"a@""#, "/callback/email"),
        (#""data":1"#, "/callback/url"),
    ])
    func `a callback that cannot be delivered is refused`(
        fields: String, pointer: String
    ) async throws {
        let asset = try await harness.asset()
        let (status, answer) = try await harness.call(
            .startExport, "POST", "/",
            FunctionHarness.edit(asset, more: #","callback":{\#(fields)}"#))

        #expect(status == 400)
        guard case .array(let errors)? = answer["errors"] else { return }
        #expect(errors.first?["pointer"]?.text == pointer)
    }

    @Test func `an asset and a batch are announced`() async throws {
        _ = try await harness.call(
            .webhooks, "POST", "/api/webhooks/endpoints",
            #"{"url":"https://a.example/","events":["asset.ready","batch.completed"]}"#)
        let asset = try await harness.asset()
        let keys = AssetKeys(owner: .local, asset: try #require(AssetID(asset)))
        try await harness.deliver(keys.record.text, to: .notify)
        let batch = BatchKeys(owner: .local, batch: try #require(BatchID("batch_1700000000000_a")))
        try await harness.memory.putDocument(
            BatchResult(
                state: .complete, finishedAt: harness.clock.now, completeCount: 3, error: nil),
            at: batch.result)
        try await harness.deliver(batch.result.text, to: .notify)

        let types = try harness.receiver.calls.map { try JSONValue(parsing: $0.body)["type"]?.text }
        #expect(types == ["asset.ready", "batch.completed"])
    }
}
