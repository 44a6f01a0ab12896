import Jobs
import Testing

@Suite struct AttemptDecisionTests {
    private static let media = FailedAttempt(.media)
    private static let caller = FailedAttempt(.caller)
    private static let machine = FailedAttempt(.machine)
    private static let network = FailedAttempt(.network)
    private static let crash = FailedAttempt(.machine, isCrash: true)
    private static let old = FailedAttempt(nil)

    private static let rows: [(failed: FailedAttempt, earlier: [FailedAttempt], Bool)] = [
        (media, [], true), (media, [media], false), (media, [caller], true),
        (media, [network, machine], true), (media, [media, network], false),
        (caller, [], true), (caller, [caller], false), (caller, [old], true),
        (network, [], true), (network, [network, network, network, network], true),
        (network, [network, network, network, network, network], false),
        (machine, [media], true), (machine, [crash, crash], true),
        (machine, [old, old, old, old, old], false),
        (crash, [], true), (crash, [crash], true), (crash, [crash, crash], false),
        (crash, [network, network, machine], true),
        (crash, [network, network, network, network, machine], false),
    ]

    @Test(arguments: rows)
    func `a failed attempt is repeated or not`(
        failed: FailedAttempt, earlier: [FailedAttempt], isRepeated: Bool
    ) {
        #expect(AttemptDecision.willRetry(failed, earlier: earlier) == isRepeated)
    }

    @Test func `one failure never condemns`() {
        for party in FailureClass.allCases {
            for isCrash in [false, true] {
                #expect(
                    AttemptDecision.willRetry(
                        FailedAttempt(party, isCrash: isCrash), earlier: []))
            }
        }
    }

    @Test func `machine and network are never condemned before the last attempt`() {
        for party in [FailureClass.machine, .network] {
            for count in 0..<(AttemptDecision.attemptCountMax - 1) {
                for earlier in FailureClass.allCases {
                    #expect(
                        AttemptDecision.willRetry(
                            FailedAttempt(party),
                            earlier: Array(repeating: FailedAttempt(earlier), count: count)))
                }
            }
            #expect(!party.isPermanent)
        }
    }

    @Test func `every failure ends`() {
        let many = Array(repeating: FailedAttempt(nil), count: AttemptDecision.attemptCountMax)
        for party in FailureClass.allCases {
            #expect(!AttemptDecision.willRetry(FailedAttempt(party), earlier: many))
        }
    }
}
