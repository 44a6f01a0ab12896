import Notify
import Testing
import TestSupport
import WallClock

/// The decisions about one delivery, row by row.
@Suite struct DecisionTests {
    private static let now: UnixTime = 1_000_000
    private static let schedule = RetrySchedule()

    static func record(dueAt: UnixTime) -> DeliveryRecord {
        DeliveryRecord(
            id: "msg_1_a", event: .exportCompleted, subject: "job_1_a",
            target: DeliveryTarget(
                channel: .webhook, endpoint: "ep_a", address: "https://a.example/", group: "ep_a"),
            body: "{}", createdAt: 0, dueAt: dueAt)
    }

    struct Row: Sendable {
        var state = DeliveryRecord.State.pending
        var dueAt: UnixTime = 1_000_000
        var target = TargetState.active
        var decision: DeliveryDecision
    }

    @Test(arguments: [
        Row(decision: .attempt),
        Row(dueAt: 1_000_001, decision: .wait(1_000_001)),
        Row(state: .delivered, decision: .nothing),
        Row(state: .failed, target: .disabled("a"), decision: .nothing),
        Row(target: .disabled("a"), decision: .giveUp("The endpoint is disabled: a")),
        Row(dueAt: 1_000_001, target: .disabled("a"), decision: .wait(1_000_001)),
        Row(target: .missing("b"), decision: .giveUp("b")),
    ])
    func `a due delivery is attempted, and others are not`(row: Row) {
        var record = Self.record(dueAt: row.dueAt)
        record.state = row.state

        #expect(DeliveryDecision.of(record, target: row.target, now: Self.now) == row.decision)
    }

    private func step(
        _ response: DeliveryResponse, failures: Int = 0, channel: EndpointChannel = .webhook
    ) -> DeliveryStep {
        DeliveryStep.after(
            response, failureCount: failures, id: "msg", channel: channel,
            schedule: Self.schedule, now: Self.now)
    }

    @Test(arguments: [200, 201, 204, 299])
    func `any 2xx is a delivery`(status: Int) {
        #expect(step(.status(status)) == .delivered)
    }

    @Test(arguments: [301, 302, 307, 400, 401, 404, 429, 500, 503])
    func `any other status is attempted again`(status: Int) {
        guard case .retry(let time) = step(.status(status)) else {
            Issue.record("\(status) is not attempted again")
            return
        }
        #expect(time >= Self.now + .seconds(60) && time <= Self.now + .seconds(72))
    }

    @Test func `410 ends the delivery and disables the endpoint`() {
        #expect(
            step(.status(410)) == .giveUp("The receiver answered 410 Gone.", disables: true))
    }

    @Test func `an address that is not permitted is not tried again`() {
        #expect(step(.refused("no")) == .giveUp("no", disables: false))
    }

    @Test func `the seventh failure is the last`() {
        guard case .retry = step(.unreachable("a"), failures: 5) else {
            Issue.record("the sixth failure is followed by another attempt")
            return
        }
        #expect(
            step(.unreachable("a"), failures: 6)
                == .giveUp("All 7 attempts failed.", disables: false))
    }

    @Test func `a permanent refusal of a mail server ends the delivery`() {
        #expect(
            step(.status(550), channel: .email)
                == .giveUp("The mail server refused the message (550).", disables: false))
        guard case .retry = step(.status(451), channel: .email) else {
            Issue.record("a temporary refusal is not attempted again")
            return
        }
    }

    @Test func `each delay is the schedule's, at most a fifth longer`() throws {
        let seconds = [60, 300, 1_800, 7_200, 18_000, 36_000]
        for (index, base) in seconds.enumerated() {
            let delay = try #require(
                Self.schedule.delay(after: index + 1, id: "msg", retryAfter: nil))
            #expect(delay >= .seconds(base) && delay <= .seconds(base) * 1.2)
        }
        #expect(Self.schedule.delay(after: 7, id: "msg", retryAfter: nil) == nil)
        let one = Self.schedule.delay(after: 1, id: "msg_1", retryAfter: nil)
        #expect(one != Self.schedule.delay(after: 1, id: "msg_2", retryAfter: nil))
    }

    @Test func `Retry-After extends a delay up to a day and never shortens it`() {
        let schedule = Self.schedule
        let usual = schedule.delay(after: 1, id: "a", retryAfter: nil)
        #expect(schedule.delay(after: 1, id: "a", retryAfter: .seconds(1)) == usual)
        #expect(schedule.delay(after: 1, id: "a", retryAfter: .seconds(600)) == .seconds(600))
        #expect(
            schedule.delay(after: 1, id: "a", retryAfter: .seconds(999_999)) == .seconds(86_400))
    }

    @Test func `Retry-After is seconds or a date`() {
        #expect(retryAfter("120", now: Self.now) == .seconds(120))
        #expect(retryAfter("Thu, 01 Jan 1970 00:17:40 GMT", now: Self.now) == .seconds(60))
        #expect(retryAfter("Thu, 01 Jan 1970 00:00:00 GMT", now: Self.now) == .zero)
        #expect(retryAfter("-1", now: Self.now) == nil)
        #expect(retryAfter("soon", now: Self.now) == nil)
    }

    @Test func `an attempt that was interrupted is logged and does not count`() {
        var record = Self.record(dueAt: 0)
        record.claim(at: 10)
        #expect(
            DeliveryDecision.of(record, target: .active, now: 11)
                == .wait(10 + DeliveryRecord.claimTime))
        record.claim(at: 50_000)
        let attempt = DeliveryAttempt(
            startedAt: 50_000, milliseconds: 5, status: 204, error: nil, excerpt: nil)
        record.finish(attempt, .delivered)

        #expect(record.attempts.count == 2)
        #expect(record.attempts[0].error == "The attempt was interrupted.")
        #expect(record.failureCount == 0)
        #expect(record.state == .delivered && record.dueAt == nil)
    }

    @Test func `a delivery that is requested again keeps its ID and its log`() {
        var record = Self.record(dueAt: 0)
        record.claim(at: 0)
        record.finish(
            DeliveryAttempt(
                startedAt: 0, milliseconds: 1, status: 410, error: nil, excerpt: nil),
            .giveUp("gone", disables: true))
        #expect(record.state == .failed && record.reason == "gone")
        record.restart(at: 70)

        #expect(record.state == .pending && record.dueAt == 70 && record.id == "msg_1_a")
        #expect(record.attempts.count == 1 && record.failureCount == 0 && record.reason == nil)
    }
}

/// The health of an endpoint.
@Suite struct HealthTests {
    private static let exhausted = DeliveryStep.giveUp("a", disables: false)

    @Test func `ten exhausted deliveries in a row disable an endpoint`() {
        var health = EndpointHealth()
        for count in 1...10 {
            #expect(health.disablesBecause(at: 0) == nil)
            health = health.after(Self.exhausted, took: .zero, at: 0)
            #expect(health.exhaustedCount == count)
        }
        #expect(health.disablesBecause(at: 0) != nil)
    }

    @Test func `five days of failures disable an endpoint`() {
        let day = Duration.seconds(86_400)
        var health = EndpointHealth().after(.retry(60), took: .zero, at: 0)
        #expect(health.disablesBecause(at: 0 + day * 6) == nil)
        health = health.after(Self.exhausted, took: .zero, at: 0 + day)
        #expect(health.disablesBecause(at: 0 + day * 4) == nil)
        #expect(health.disablesBecause(at: 0 + day * 5) != nil)
    }

    @Test func `a success starts the count again`() {
        let failed = EndpointHealth().after(Self.exhausted, took: .zero, at: 0)
        let healthy = failed.after(.delivered, took: .zero, at: 1)

        #expect(healthy == EndpointHealth())
    }

    @Test func `a slow receiver is avoided for a while`() {
        let slow = EndpointHealth().after(.delivered, took: .seconds(3), at: 0)

        #expect(slow.isAvoided(at: 1))
        #expect(!slow.isAvoided(at: 0 + EndpointHealth.avoidTime))
        #expect(slow.after(.delivered, took: .seconds(3), at: 1_000) == slow)
    }
}

/// The order of due deliveries.
@Suite struct QueueTests {
    @Test func `a receiver has at most its share, and the others continue`() {
        var queue = DeliveryQueue<Int>(groupCountMax: 2)
        for number in 0..<4 { queue.append(number, group: "slow") }
        queue.append(4, group: "fast")

        #expect(queue.next()?.entry == 0)
        #expect(queue.next()?.entry == 1)
        #expect(queue.next()?.entry == 4)
        #expect(queue.next() == nil)
        #expect(!queue.isEmpty)
        queue.end(group: "slow")
        #expect(queue.next()?.entry == 2)
    }
}
