import Testing

/// Allowed imports: the arrows of ARCHITECTURE.md.
@Suite struct RoomTests {
    private static let system: Set<String> = [
        "FoundationEssentials", "Foundation", "Glibc", "Synchronization", "Dispatch",
    ]

    /// Folder to the modules that its files may import besides the system's.
    private static let arrows: [(folder: String, modules: Set<String>, system: Set<String>)] = [
        ("Sources/Editing", [], []),
        ("Sources/JSONLog", [], system),
        ("Sources/JSONTree", [], system),
        ("Sources/Threads", [], system),
        ("Sources/XMLTree", ["CXML2"], system),
        ("Sources/AWSSignature", ["CCrypto"], []),
        ("Sources/HTTPTransport", ["CCurl", "Threads"], system),
        ("Sources/ChildProcess", ["CProcess", "Threads"], system),
        ("Sources/ObjectStore", ["HTTPTransport", "AWSSignature", "XMLTree"], system),
        ("Sources/FFmpeg", ["Editing", "ChildProcess"], system),
        ("Sources/Jobs", ["Editing", "ObjectStore", "AWSSignature"], system),
        ("Sources/Runtime", ["JSONLog", "JSONTree", "CLambdaProcess", "Threads"], system),
        (
            "Sources/Functions",
            [
                "Editing", "ObjectStore", "Jobs", "FFmpeg", "LambdaRuntime", "JSONLog",
                "AWSSignature",
            ],
            system
        ),
        ("Sources/SpoolCLI/Commands", ["HTTPTransport", "JSONTree", "Threads"], system),
        (
            "Sources/SpoolCLI/Store",
            ["SpoolCommands", "ObjectStore", "HTTPTransport", "JSONTree"], system
        ),
        ("local-emulator/HTTPServer", ["CMicroHTTPD", "Threads"], system),
        ("local-emulator/Database", ["CSQLite", "Threads"], system),
        (
            "local-emulator/Store",
            ["EmulatorHTTP", "EmulatorDatabase", "AWSSignature", "XMLTree", "CCrypto", "JSONLog"],
            system
        ),
        (
            "local-emulator/Lambda",
            [
                "EmulatorHTTP", "EmulatorDatabase", "ChildProcess", "JSONLog", "AWSSignature",
                "Threads",
            ], system
        ),
        (
            "local-emulator/Main",
            [
                "EmulatorHTTP", "EmulatorDatabase", "EmulatorStore", "EmulatorLambda", "JSONLog",
                "AWSSignature", "ChildProcess", "Threads",
            ], system
        ),
    ]

    @Test(arguments: arrows.indices)
    func `a room imports only what its arrows allow`(index: Int) {
        let (folder, modules, system) = Self.arrows[index]
        let files = SourceTree.files(below: folder)

        #expect(!files.isEmpty, "\(folder) is empty")
        for file in files {
            for line in file.lines {
                guard let module = Self.importedModule(String(line)) else { continue }
                #expect(
                    modules.contains(module) || system.contains(module),
                    "\(file.path) imports \(module)")
            }
        }
    }

    /// The module that a line imports, or nil.
    static func importedModule(_ line: String) -> String? {
        var words = line.split(separator: " ").map(String.init)
        if let first = words.first,
            ["package", "internal", "private", "fileprivate"].contains(first)
        {
            words.removeFirst()
        }
        guard words.first == "import", words.count >= 2 else { return nil }
        return words.count > 2 ? words[2].split(separator: ".").first.map(String.init) : words[1]
    }

    @Test func `an import is found behind any access level`() {
        #expect(Self.importedModule("package import Jobs") == "Jobs")
        #expect(Self.importedModule("import Glibc") == "Glibc")
        #expect(Self.importedModule("let important = 1") == nil)
    }
}
