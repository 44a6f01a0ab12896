import Functions
import Synchronization

/// A host with one file, for imports: answers ranges, and fails as the test says.
final class FakeHost: DownloadClient {
    /// A failure of one request.
    enum Fault: Sendable {
        case status(Int)
        case broken
    }

    private struct State {
        var data: [UInt8]
        var calls = 0
    }

    private let state: Mutex<State>
    /// Decides about a request by its number, from 1; nil answers as asked.
    private let fault: @Sendable (_ call: Int) -> Fault?

    init(_ data: [UInt8], fault: @escaping @Sendable (_ call: Int) -> Fault? = { _ in nil }) {
        state = Mutex(State(data: data))
        self.fault = fault
    }

    var calls: Int { state.withLock { $0.calls } }

    /// Puts another file in the place of this one.
    func replace(by data: [UInt8]) { state.withLock { $0.data = data } }

    func get(_ call: DownloadCall) async throws(DownloadError) -> DownloadReply {
        let (number, data) = state.withLock { state in
            state.calls += 1
            return (state.calls, state.data)
        }
        switch fault(number) {
        case .status(let status): return DownloadReply(status: status, headers: [:])
        case .broken: throw .unreachable("the connection broke")
        case nil: break
        }
        let validator = "\"\(data.count)-\(data.last ?? 0)\""
        var headers = ["etag": validator, "content-type": "video/mp4"]
        guard let range = call.range, call.validator ?? validator == validator else {
            headers["content-length"] = "\(data.count)"
            if case .memory(let bytesMax) = call.destination, data.count > bytesMax {
                throw .tooLarge
            }
            return DownloadReply(status: 200, headers: headers, body: data)
        }
        headers["content-range"] =
            "bytes \(range.lowerBound)-\(range.upperBound - 1)/\(data.count)"
        return DownloadReply(status: 206, headers: headers, body: Array(data[range]))
    }
}
