import EmulatorHTTP
import Synchronization

/// An authenticated request whose body is being received.
final class PendingRequest: BodyConsumer {
    /// The received body and its outcome.
    struct Body: Sendable {
        var result: BodyResult
        /// The bytes of a small body.
        var memory: [UInt8]
        /// The file of a large body.
        var file: TemporaryBlob?
    }

    private struct State {
        var pipeline: BodyPipeline
        var form: PostFormReader?
        var fault: S3Error?

        mutating func receive(_ bytes: UnsafeRawBufferPointer) -> Bool {
            guard fault == nil else { return false }
            do throws(S3Error) {
                if let form {
                    try form.receive(bytes, into: pipeline)
                } else {
                    try pipeline.receive(bytes)
                }
                return true
            } catch {
                fault = error
                return false
            }
        }

        func end() -> Result<FinishedBody, S3Error> {
            if let fault { return .failure(fault) }
            do throws(S3Error) {
                if let form { try form.finish() }
                return .success(try pipeline.close())
            } catch {
                return .failure(error)
            }
        }
    }

    let request: S3Request
    let operation: S3Operation
    private let state: Mutex<State>

    init(
        _ request: S3Request, _ operation: S3Operation, _ pipeline: sending BodyPipeline,
        form: sending PostFormReader? = nil
    ) {
        self.request = request
        self.operation = operation
        state = Mutex(State(pipeline: pipeline, form: form))
    }

    func receive(_ bytes: UnsafeRawBufferPointer) -> Bool {
        // SAFETY: an address crosses into the lock as a number; the pipeline
        // copies what it keeps, so no pointer outlives this call.
        let (address, count) = (UInt(bitPattern: bytes.baseAddress), bytes.count)
        return state.withLock { state in
            state.receive(
                UnsafeRawBufferPointer(start: UnsafeRawPointer(bitPattern: address), count: count))
        }
    }

    /// Ends the body; called once, after the last byte.
    func finish() async throws(S3Error) -> Body {
        let outcome = state.withLock { state in state.end() }
        let closed = try outcome.get()
        return Body(
            result: try await closed.result(), memory: closed.memory, file: closed.file)
    }

    /// The fields of a POST form; empty for other requests.
    var formFields: [String: String] { state.withLock { $0.form?.fields ?? [:] } }
}
