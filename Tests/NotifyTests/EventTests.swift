import JSON
import Notify
import Testing
import TestSupport

/// Bodies of webhooks.
@Suite struct EventTests {
    @Test func `a body has type, time and data, with the callback's data`() {
        let event = NotificationEvent(
            type: .exportCompleted, subject: "job_1_a", occurredAt: 1_000,
            data: ["jobId": "job_1_a"])

        let body = String(decoding: event.body(extra: ["order": 7]), as: UTF8.self)

        #expect(
            body == #"{"type":"export.completed","timestamp":"1970-01-01T00:00:01.000Z","#
                + #""data":{"callback":{"order":7},"jobId":"job_1_a"}}"#)
    }

    @Test func `no endpoint can subscribe to the test event`() {
        #expect(EventType.subscribable.count == EventType.allCases.count - 1)
        #expect(!EventType.subscribable.contains(.endpointTest))
    }
}
