import Testing

/// House rules that a program can check.
@Suite struct HabitTests {
    private static let product = SourceTree.product

    /// Files in which a banned word is allowed, with the reason.
    private static let allowed: [String: Set<String>] = [
        // A command: its results go to standard output.
        "print(": ["Sources/SpoolCLI/"],
        // The environment is read where the process starts.
        "getenv(": ["Sources/Bootstrap/"],
        // Only this room starts threads.
        "pthread_create(": ["Sources/Threads/"],
        // These own tasks and await them.
        "Task {": [
            "local-emulator/EmulatorHTTP/", "local-emulator/EmulatorLambda/",
            "local-emulator/Main/",
            "Sources/SpoolCLI/", "Sources/ObjectStore/",
        ],
    ]

    @Test(arguments: [
        "try!", "fatalError(", "as! ", "getenv(", "print(", "Task {", "Task.detached", "FIXME",
        "TODO", "Thread.sleep", "pthread_create(",
        // Each access wraps the closure in two more thunks:
        // local-emulator/Main/DeferredHandler.swift.
        "Mutex<(@Sendable",
    ])
    func `the product has no banned word`(word: String) {
        for file in Self.product {
            let isAllowed = Self.allowed[word]?.contains { file.path.hasPrefix($0) } ?? false
            guard !isAllowed else { continue }
            for (index, line) in file.lines.enumerated() {
                guard !line.drop(while: { $0 == " " }).hasPrefix("//") else { continue }
                #expect(!Self.contains(line, word), "\(file.path):\(index + 1) has \(word)")
            }
        }
    }

    /// `word` at the beginning of a word: `print(` but not `fingerprint(`.
    static func contains(_ line: Substring, _ word: String) -> Bool {
        var rest = line
        while let range = rest.firstRange(of: word) {
            let isInside =
                range.lowerBound > line.startIndex
                && line[line.index(before: range.lowerBound)].isLetter
            if !isInside { return true }
            rest = rest[range.upperBound...]
        }
        return false
    }

    /// Names of numbers of time that are no instant and no length of time in the program:
    /// metered quantities, fields of documents, and positions inside a media file.
    private static let plainTimes: Set<String> = [
        // Metered quantities that are added up and stored.
        "cpuSeconds", "cpuMilliseconds", "cpuMicroseconds", "renderMilliseconds",
        "audioMilliseconds", "stitchMilliseconds",
        // Fields of infra/functions.json, of a CORS rule and of a response.
        "timeoutSeconds", "maximumEventAgeSeconds", "maxAgeSeconds", "retryAfterSeconds",
        // Positions and lengths in a media or caption file.
        "startMicroseconds", "durationMicroseconds", "audioEndMicroseconds", "durationMilliseconds",
        "endMilliseconds",
        "combineMilliseconds",
        // A file's time of change as `stat` gives it.
        "changedNanoseconds",
        // Conversions of Duration.
        "wholeSeconds", "wholeMilliseconds", "wholeMicroseconds",
    ]

    @Test func `no instant and no duration is a bare number`() throws {
        let time = try Regex(
            #"(?:let |var |[(,] *|^ +)([a-z]\w*(?:Seconds|Milliseconds|Microseconds|Nanoseconds)): Int\b"#
        )
        for file in Self.product {
            for (index, line) in file.lines.enumerated() where line.contains("econds: Int") {
                for match in line.matches(of: time) {
                    let name = String(match.output[1].substring ?? "")
                    #expect(
                        Self.plainTimes.contains(name),
                        "\(file.path):\(index + 1): \(name) is a UnixTime or a Duration")
                }
            }
        }
    }

    @Test func `every bypass of the compiler's checks has a SAFETY comment`() {
        for file in Self.product {
            let lines = file.lines
            for (index, line) in lines.enumerated() {
                guard line.contains("@unchecked Sendable") || line.contains("nonisolated(unsafe)"),
                    !line.drop(while: { $0 == " " }).hasPrefix("//")
                else { continue }
                let around = lines[max(0, index - 8)...min(index + 4, lines.count - 1)]
                #expect(
                    around.contains { $0.contains("SAFETY") },
                    "\(file.path):\(index + 1) has no SAFETY comment")
            }
        }
    }

    @Test func `every file has at most 420 lines`() {
        for file in Self.product {
            #expect(file.lines.count <= 420, "\(file.path) has \(file.lines.count) lines")
        }
    }

    @Test func `object keys are built in Jobs alone`() throws {
        // The prefixes are read from the code that builds them, so that new ones are included.
        var prefixes: Set<String> = []
        for file in SourceTree.files(below: "Sources/Jobs") {
            for match in file.text.matches(of: #/"([a-z]+\/)/#) {
                prefixes.insert("\"" + String(match.1))
            }
        }
        prefixes.remove("\"application/")  // A media type, not a key.
        for needed in ["uploads", "assets", "exports", "cache", "active", "jobs", "requests"] {
            #expect(prefixes.contains("\"\(needed)/"), "Jobs builds no key below \(needed)/")
        }
        for file in SourceTree.files(below: "Sources") where !file.path.hasPrefix("Sources/Jobs/") {
            for prefix in prefixes {
                #expect(!file.text.contains(prefix), "\(file.path) builds a key: \(prefix)")
            }
        }
    }
}
