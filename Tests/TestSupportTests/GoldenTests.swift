import FoundationEssentials
import TestSupport
import Testing

@Suite struct GoldenTests {
    @Test func `an equal text has no difference`() {
        #expect(Golden.difference(expected: "a\nb\n", actual: "a\nb\n") == nil)
    }

    @Test func `a difference shows the changed lines and two lines around them`() {
        let difference = Golden.difference(
            expected: "1\n2\n3\nold\n4\n5\n6\n", actual: "1\n2\n3\nnew\nadded\n4\n5\n6\n")

        #expect(difference == "line 4:\n  2\n  3\n- old\n+ new\n+ added\n  4\n  5")
    }

    @Test func `a missing end is a difference`() {
        #expect(Golden.difference(expected: "a\nb", actual: "a") == "line 2:\n  a\n- b")
    }

    @Test func `a long difference is cut`() {
        let text = (0..<9).map { "new\($0)" }.joined(separator: "\n")

        let difference = Golden.difference(expected: "old", actual: text, linesMax: 2)

        #expect(difference == "line 1:\n- old\n+ new0\n+ new1\n+ … 7 more lines")
    }

    @Test func `another text than the file's is an issue`() {
        withKnownIssue {
            expectGolden("another text", "harness/sample.txt", mode: .compare)
        } matching: {
            "\($0)".contains("- one\n") && "\($0)".contains("+ another text")
        }
    }

    @Test func `a file that does not exist is an issue`() {
        withKnownIssue {
            expectGolden("text", "harness/no-such-file.txt", mode: .compare)
        }
    }

    @Test func `the file's own text is not an issue`() {
        expectGolden("one\ntwo", "harness/sample.txt", mode: .compare)
    }

    @Test func `an update is refused where CI is set`() throws {
        let before = try Golden.files(in: "harness")
        withKnownIssue {
            expectGolden("text", "harness/refused.txt", mode: .refuseUpdate)
        }
        #expect(try Golden.files(in: "harness") == before)
        #expect(Golden.Mode(environment: ["UPDATE_GOLDEN": "1", "CI": "true"]) == .refuseUpdate)
        #expect(Golden.Mode(environment: ["CI": "true"]) == .compare)
        #expect(Golden.Mode(environment: ["UPDATE_GOLDEN": "1"]) == .update)
    }

    @Test func `an update writes the file, which then compares equal`() throws {
        let folder = URL(filePath: LocalFile.temporaryFolder())

        expectGolden("text", "new/file.txt", in: folder, mode: .update)

        expectGolden("text", "new/file.txt", in: folder, mode: .compare)
        let path = folder.appending(path: "new/file.txt").path
        #expect(LocalFile.read(path) == Array("text\n".utf8))
    }

    @Test func `the harness folder holds the files that this suite reads`() throws {
        #expect(try Golden.files(in: "harness") == ["harness/sample.txt"])
    }
}
