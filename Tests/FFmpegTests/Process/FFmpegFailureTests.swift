import ChildProcess
import Glibc
import Testing

@testable import FFmpeg

/// Classification of failed runs by exit and standard error.
@Suite struct FFmpegFailureTests {
    private static let one = [(url: "/tmp/a.mp4", source: 3)]
    private static let two = [(url: "/tmp/a.mp4", source: 3), (url: "/tmp/b.mp4", source: 5)]

    private func failure(
        _ exit: ChildResult.Exit, _ standardError: String = "",
        _ sources: [(url: String, source: Int)] = one
    ) -> FFmpegFailure {
        FFmpegFailure(exit, standardError: standardError, sources: sources)
    }

    @Test(arguments: [
        (SIGXCPU, FFmpegError.Code.outOfTime),
        (SIGXFSZ, .diskFull),
        (SIGKILL, .outOfMemory),
        (SIGSEGV, .failed),
        (SIGTERM, .failed),
    ])
    func `a signal decides the code`(signal: Int32, code: FFmpegError.Code) {
        #expect(failure(.signal(Int(signal))).code == code)
    }

    /// A line that FFmpeg 5.1.9 writes for each message of the table.
    private static let lines: [(line: String, code: FFmpegError.Code)] = [
        ("av_interleaved_write_frame(): No space left on device", .diskFull),
        ("Error while decoding stream #0:0: Cannot allocate memory", .outOfMemory),
        ("/tmp/a.mp4: Invalid data found when processing input", .sourceUnreadable(source: 3)),
        ("/tmp/a.mp4: Server returned 404 Not Found", .sourceUnreadable(source: 3)),
        ("/tmp/a.mp4: End of file", .sourceUnreadable(source: 3)),
        ("gopher://a: Protocol not found", .sourceUnreadable(source: 3)),
        ("/tmp/a.mp4: No such file or directory", .sourceUnreadable(source: 3)),
        (
            "[tcp @ 0x1] Connection to tcp://s:1 failed: Connection refused",
            .sourceUnreadable(source: 3)
        ),
        ("/tmp/a.mp4: Connection timed out", .sourceUnreadable(source: 3)),
        ("/tmp/a.mp4: Connection reset by peer", .sourceUnreadable(source: 3)),
        ("/tmp/a.mp4: Input/output error", .sourceUnreadable(source: 3)),
        ("/tmp/a.mp4: Permission denied", .sourceUnreadable(source: 3)),
        ("[https @ 0x1] HTTP error 403 Forbidden", .sourceUnreadable(source: 3)),
        ("[mov,mp4 @ 0x1] moov atom not found", .sourceUnreadable(source: 3)),
        ("[hls @ 0x1] Format not on whitelist 'mov,matroska'", .sourceUnreadable(source: 3)),
        ("Stream map '0:v' matches no streams.", .sourceUnreadable(source: 3)),
        ("Stream map '0:v' matches disabled streams.", .sourceUnreadable(source: 3)),
        ("Conversion failed!", .failed),
        ("", .failed),
    ]

    @Test(arguments: lines)
    func `a message decides the code`(line: String, code: FFmpegError.Code) {
        #expect(failure(.code(1), "first line\n\(line)\n").code == code)
    }

    @Test func `every message about a run has a line in the table`() {
        for message in FFmpegMessage.all {
            switch message.meaning {
            case .diskFull, .outOfMemory, .unreadable:
                #expect(
                    Self.lines.contains { $0.line.contains(message.text) }, "\(message.text)")
            case .unreachable, .indexRoomTooSmall, .imageSequence, .unwritten, .interrupted: break
            }
        }
    }

    @Test func `a full disk decides before an unreadable source`() {
        let errors = "/tmp/a.mp4: Input/output error\nout.mp4: No space left on device\n"

        #expect(failure(.code(1), errors).code == .diskFull)
    }

    @Test func `the source whose URL is in the messages is named`() {
        let failure = failure(.code(1), "/tmp/b.mp4: End of file", Self.two)

        #expect(failure.code == .sourceUnreadable(source: 5))
        #expect(failure.detail == "Source 5 cannot be read: End of file.")
    }

    @Test func `no source is named where several could be meant`() {
        let failure = failure(.code(1), "moov atom not found", Self.two)

        #expect(failure.code == .sourceUnreadable(source: nil))
        #expect(failure.detail == "A source cannot be read: moov atom not found.")
    }

    @Test func `an unknown failure quotes the last line`() {
        #expect(
            failure(.code(187), "one\nConversion failed!\n").detail
                == "FFmpeg failed (code(187)): Conversion failed!.")
    }

    @Test(arguments: [
        ("f.mp4: No such file or directory", true),
        ("https://s/f: Server returned 403 Forbidden (access denied)", true),
        ("[https @ 0x1] HTTP error 500 Internal Server Error", true),
        ("[tcp @ 0x1] Connection to tcp://s:1 failed: Connection refused", true),
        ("https://s/f: Input/output error", true),
        ("f.mp4: Permission denied", true),
        ("https://s/f: Operation timed out", true),
        ("gopher://f: Protocol not found", true),
        ("[tcp @ 0x1] Failed to resolve hostname s: Name or service not known", true),
        ("f.mp4: Invalid data found when processing input", false),
        ("[hls @ 0x1] Format not on whitelist 'mov'", false),
    ])
    func `a probe's failure tells a file that cannot be fetched from one that is not media`(
        line: String, isUnreachable: Bool
    ) {
        let error = FFmpegError(.failed, "", exitStatus: 1, standardErrorTail: line)

        #expect(
            FFmpegFailure.ofProbe(error).code
                == (isUnreachable ? .sourceUnreadable(source: nil) : .notMedia))
    }

    @Test(arguments: [SIGTERM, SIGINT, SIGHUP, SIGQUIT])
    func `a probe that was ended from outside says nothing about the file`(signal: Int32) {
        let error = FFmpegError(.failed, "", exitStatus: 128 + Int(signal))

        #expect(FFmpegFailure.ofProbe(error) == error)
    }

    private static let silent: [(line: String, code: FFmpegError.Code?)] = [
        ("Error closing file x.mp4: No space left on device", .diskFull),
        ("Error writing trailer of x.mp4: No space left on device", .diskFull),
        ("Error writing trailer of x.mp4: Invalid argument", .damagedOutput),
        ("[http @ 0x1] Stream ends prematurely at 1, should be 2", .sourceUnreadable(source: 3)),
        ("[https @ 0x1] HTTP error 503 Slow Down", .sourceUnreadable(source: 3)),
        ("/tmp/a.mp4: Input/output error", .sourceUnreadable(source: 3)),
        (
            "[tcp @ 0x1] Connection to tcp://s:1 failed: Connection refused",
            .sourceUnreadable(source: 3)
        ),
        ("[h264 @ 0x1] error while decoding MB 1 2", nil), ("", nil),
    ]

    @Test(arguments: silent)
    func `a run that exits with 0 fails by its messages`(line: String, code: FFmpegError.Code?) {
        let output = ProcessOutput(collectBytesMax: 0, onLine: nil)
        output.appendError(Array("first line\n\(line)".utf8))
        // The tail is limited, the interruption is not.
        let failure = FFmpegFailure(
            exitZero: line, interruption: output.interruption, sources: Self.one)

        #expect(failure?.code == code)
    }

    @Test func `a probe that was cancelled is reported as cancelled`() {
        let error = FFmpegError(.cancelled, "", standardErrorTail: "Input/output error")

        #expect(FFmpegFailure.ofProbe(error) == error)
    }

    @Test(arguments: [
        (Duration.milliseconds(250), 250_000), (.seconds(30), 30_000_000),
        (.nanoseconds(1_999), 1), (.zero, 0),
    ])
    func `a duration is whole microseconds`(duration: Duration, microseconds: Int) {
        #expect(duration.wholeMicroseconds == microseconds)
    }
}
