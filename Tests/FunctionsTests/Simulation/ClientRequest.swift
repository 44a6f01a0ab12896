import FoundationEssentials
import Functions
import Jobs
import JSON
import LambdaRuntime
import Randomness
import TestSupport

/// A request for exports, which the client of a `Simulation` sends until it is answered.
struct ClientRequest: Sendable {
    enum State: Hashable, Sendable { case unsent, sent, accepted }

    var body: String
    var state = State.unsent
    var jobs: [JobID] = []
    /// Exports whose cancel was requested.
    var cancelled: Set<JobID> = []
    let mayBeCancelled: Bool

    /// One to three requests: single exports and outputs that are rendered together.
    static func random(_ random: inout SeededGenerator) -> [ClientRequest] {
        (0...random.below(3)).map { number in
            let seconds = 2 * (1 + random.below(7))
            let outputs =
                random.below(2) == 0
                ? ""
                : #","outputs":[{"size":{"width":320,"height":180}},"#
                    + #"{"size":{"width":64,"height":36}}]"#
            return ClientRequest(
                body: """
                    {"timeline":{"tracks":[{"clips":[{"asset":{"type":"color","color":"#ff000\
                    \(number)"},"start":0,"length":\(seconds)}]}]},
                    "output":{"size":{"width":320,"height":180},"fps":30,"chunkSeconds":2}\
                    \(outputs),"clientToken":"t\(number)"}
                    """, mayBeCancelled: random.below(3) == 0)
        }
    }

    /// Reads the answer; without one the request is sent again.
    mutating func answered(_ bytes: [UInt8]?) {
        guard let bytes,
            let response = try? JSONDecoder().decode(
                FunctionURLResponse.self, from: Data(bytes)),
            response.statusCode == 202,
            case .object(let fields)? = try? JSONValue(
                parsing: Array((response.body ?? "").utf8))
        else {
            state = .unsent
            return
        }
        state = .accepted
        guard case .array(let list)? = fields["jobs"] else {
            jobs = [fields["jobId"]].compactMap(Self.job)
            return
        }
        jobs = list.compactMap { entry in
            guard case .object(let fields) = entry else { return nil }
            return Self.job(fields["jobId"])
        }
    }

    private static func job(_ value: JSONValue?) -> JobID? {
        guard case .string(let text)? = value else { return nil }
        return JobID(text)
    }
}

extension FunctionHarness {
    /// A function URL's event.
    static func request(_ method: String, _ path: String, _ body: String) -> [UInt8] {
        let request = FunctionURLRequest(
            method: method, rawPath: path, headers: [:], queryStringParameters: [:],
            bodyBytes: Array(body.utf8))
        return (try? JSONEncoder().encode(request)).map(Array.init) ?? []
    }
}
