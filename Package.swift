// swift-tools-version: 6.2
import PackageDescription

// Targets stand leaves first; an arrow in ARCHITECTURE.md is a dependency here
// and nothing else. Undeclared imports fail the build (see Makefile).

let strict: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
    .enableUpcomingFeature("InferIsolatedConformances"),
    .treatAllWarnings(as: .error),
]

let package = Package(
    name: "Spool",
    products: [
        .executable(name: "bootstrap", targets: ["bootstrap"]),
        .executable(name: "local-emulator", targets: ["local-emulator"]),
        .executable(name: "spool", targets: ["spool"]),
    ],
    targets: [
        // C libraries, one target each. The first three are loaded on first
        // use: docs/decisions/0011-lazy-libraries-have-typed-shims.md.
        .target(name: "CLazy"),
        .target(name: "CCurl", dependencies: ["CLazy"]),
        .target(name: "CCrypto", dependencies: ["CLazy"]),
        .target(
            name: "CXML2", dependencies: ["CLazy"],
            cSettings: [.unsafeFlags(["-I/usr/include/libxml2"])]),
        .systemLibrary(
            name: "CSQLite", pkgConfig: "sqlite3", providers: [.apt(["libsqlite3-dev"])]),
        .systemLibrary(
            name: "CMicroHTTPD", pkgConfig: "libmicrohttpd",
            providers: [.apt(["libmicrohttpd-dev"])]),
        .target(name: "CProcess"),
        .systemLibrary(name: "CMalloc"),

        // Rooms, leaves first.
        .target(name: "Threads", swiftSettings: strict),
        .target(name: "JSONTree", swiftSettings: strict),
        .target(name: "JSONLog", swiftSettings: strict),
        .target(name: "Editing", swiftSettings: strict + [.strictMemorySafety()]),
        .target(name: "XMLTree", dependencies: ["CXML2"], swiftSettings: strict),
        .target(name: "AWSSignature", dependencies: ["CCrypto"], swiftSettings: strict),
        .target(name: "HTTPTransport", dependencies: ["CCurl", "Threads"], swiftSettings: strict),
        .target(
            name: "ChildProcess", dependencies: ["CProcess", "Threads"], swiftSettings: strict),
        .target(
            name: "ObjectStore",
            dependencies: ["HTTPTransport", "AWSSignature", "XMLTree"],
            swiftSettings: strict),
        .target(
            name: "FFmpeg", dependencies: ["Editing", "ChildProcess"], swiftSettings: strict),
        .target(
            name: "Jobs", dependencies: ["Editing", "ObjectStore", "AWSSignature"],
            swiftSettings: strict),
        .target(
            name: "LambdaRuntime",
            dependencies: ["JSONLog", "JSONTree", "CMalloc", "Threads"],
            path: "Sources/Runtime/LambdaRuntime",
            swiftSettings: strict),
        .target(
            name: "Functions",
            dependencies: [
                "Editing", "ObjectStore", "Jobs", "FFmpeg", "LambdaRuntime", "JSONLog",
                "AWSSignature",
            ],
            swiftSettings: strict),

        // Products.
        .executableTarget(
            name: "bootstrap",
            dependencies: [
                "Functions", "LambdaRuntime", "ObjectStore", "HTTPTransport", "FFmpeg", "JSONLog",
                "AWSSignature",
            ],
            path: "Sources/Bootstrap", swiftSettings: strict),
        .executableTarget(
            name: "spool",
            dependencies: ["SpoolCommands", "SpoolStore"], path: "Sources/SpoolCLI/Main",
            swiftSettings: strict),
        .target(
            name: "SpoolCommands", dependencies: ["HTTPTransport", "JSONTree", "Threads"],
            path: "Sources/SpoolCLI/Commands", swiftSettings: strict),
        .target(
            name: "SpoolStore",
            dependencies: ["SpoolCommands", "ObjectStore", "HTTPTransport", "JSONTree"],
            path: "Sources/SpoolCLI/Store", swiftSettings: strict),

        // The emulator: a store, a Lambda service and a console around processes.
        .target(
            name: "EmulatorHTTP", dependencies: ["CMicroHTTPD", "Threads"],
            path: "local-emulator/EmulatorHTTP", swiftSettings: strict),
        .target(
            name: "EmulatorDatabase", dependencies: ["CSQLite", "Threads"],
            path: "local-emulator/EmulatorDatabase", swiftSettings: strict),
        .target(
            name: "EmulatorStore",
            dependencies: [
                "EmulatorHTTP", "EmulatorDatabase", "AWSSignature", "XMLTree", "CCrypto", "JSONLog",
            ],
            path: "local-emulator/Store", swiftSettings: strict),
        .target(
            name: "EmulatorLambda",
            dependencies: [
                "EmulatorHTTP", "EmulatorDatabase", "ChildProcess", "JSONLog", "AWSSignature",
                "Threads",
            ],
            path: "local-emulator/Lambda", swiftSettings: strict),
        .executableTarget(
            name: "local-emulator",
            dependencies: [
                "EmulatorHTTP", "EmulatorDatabase", "EmulatorStore", "EmulatorLambda", "JSONLog",
                "AWSSignature", "ChildProcess", "Threads",
            ],
            path: "local-emulator/Main", swiftSettings: strict),

        // Tests.
        .executableTarget(
            name: "echo-function", dependencies: ["LambdaRuntime", "JSONLog"],
            path: "Tests/EchoFunction", swiftSettings: strict),
        .target(
            name: "TestSupport", dependencies: ["ObjectStore", "AWSSignature", "Editing"],
            path: "Tests/TestSupport", swiftSettings: strict),
        .testTarget(
            name: "EditingTests", dependencies: ["Editing", "TestSupport"], swiftSettings: strict),
        .testTarget(
            name: "ObjectStoreTests",
            dependencies: [
                "ObjectStore", "HTTPTransport", "AWSSignature", "XMLTree", "TestSupport",
            ],
            swiftSettings: strict),
        .testTarget(
            name: "ThreadsTests", dependencies: ["Threads", "TestSupport"], swiftSettings: strict),
        .testTarget(
            name: "HTTPTransportTests", dependencies: ["HTTPTransport", "TestSupport"],
            swiftSettings: strict),
        .testTarget(name: "XMLTreeTests", dependencies: ["XMLTree"], swiftSettings: strict),
        .testTarget(
            name: "ChildProcessTests", dependencies: ["ChildProcess", "TestSupport"],
            swiftSettings: strict),
        .testTarget(
            name: "JobsTests", dependencies: ["Jobs", "ObjectStore", "Editing", "TestSupport"],
            swiftSettings: strict),
        .testTarget(
            name: "FFmpegTests",
            dependencies: ["FFmpeg", "Editing", "ChildProcess", "TestSupport"],
            swiftSettings: strict),
        .testTarget(
            name: "LambdaRuntimeTests",
            dependencies: ["LambdaRuntime", "JSONLog", "JSONTree", "TestSupport"],
            swiftSettings: strict),
        .testTarget(
            name: "FunctionsTests",
            dependencies: [
                "Functions", "Jobs", "Editing", "ObjectStore", "FFmpeg", "LambdaRuntime", "JSONLog",
                "TestSupport",
            ],
            swiftSettings: strict),
        .testTarget(
            name: "EmulatorHTTPTests", dependencies: ["EmulatorHTTP", "TestSupport"],
            swiftSettings: strict),
        .testTarget(
            name: "EmulatorDatabaseTests", dependencies: ["EmulatorDatabase", "TestSupport"],
            swiftSettings: strict),
        .testTarget(
            name: "EmulatorTests",
            dependencies: [
                "EmulatorHTTP", "EmulatorDatabase", "EmulatorStore", "EmulatorLambda",
                "ObjectStore", "HTTPTransport", "AWSSignature", "TestSupport", "ChildProcess",
                "JSONLog",
            ],
            swiftSettings: strict),
        .testTarget(
            name: "SpoolCLITests", dependencies: ["SpoolCommands", "HTTPTransport"],
            swiftSettings: strict),
        .testTarget(name: "ArchitectureTests", swiftSettings: strict),
    ]
)
