import FFmpeg
@testable import Functions
import Synchronization
import Testing
import TestSupport

/// Remembers the URLs and the addresses that are open.
private final class FakeRelay: SourceRelay {
    private struct State {
        var opened: [String] = []
        var open: Set<String> = []
    }

    private let state = Mutex(State())
    var opened: [String] { state.withLock { $0.opened } }
    var stillOpen: Set<String> { state.withLock { $0.open } }

    func open(_ urls: [String]) -> [String] {
        state.withLock { state in
            let addresses = urls.indices.map { "http://127.0.0.1:9/\(state.opened.count + $0)" }
            state.opened += urls
            state.open.formUnion(addresses)
            return addresses
        }
    }

    func close(_ addresses: [String]) {
        state.withLock { $0.open.subtract(addresses) }
    }
}

@Suite struct RelayedRendererTests {
    @Test func `a probe reads an address that is closed after it`() async throws {
        let relay = FakeRelay()
        let renderer = RelayedRenderer(FakeRenderer(), through: relay)

        _ = try await renderer.probe(url: "https://store/a?X-Amz-Signature=1")
        _ = try await renderer.inBackground.probe(url: "/tmp/local.mp4")

        #expect(relay.opened == ["https://store/a?X-Amz-Signature=1"])
        #expect(relay.stillOpen.isEmpty)
    }

    @Test func `an error names the URL without its query`() async throws {
        let failure = FFmpegError(
            .sourceUnreadable(source: 0), "http://127.0.0.1:9/0 cannot be read.",
            arguments: ["-i", "http://127.0.0.1:9/0"],
            standardErrorTail: "http://127.0.0.1:9/0: End of file")
        let renderer = RelayedRenderer(FakeRenderer(failure: failure), through: FakeRelay())

        let error = await #expect(throws: FFmpegError.self) {
            try await renderer.probe(url: "https://store/a?X-Amz-Signature=1")
        }

        #expect(error?.detail == "https://store/a?REDACTED cannot be read.")
        #expect(error?.arguments == ["-i", "https://store/a?REDACTED"])
        #expect(error?.standardErrorTail == "https://store/a?REDACTED End of file")
    }
}
