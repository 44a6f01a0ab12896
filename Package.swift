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

/// Rooms that compute and nothing else.
let pure = strict + [.strictMemorySafety()]

/// The rooms that tests about edits draw on.
let edit = [
    "JSON", "MediaTime", "Captions", "RenderPlans", "EditFormats", "Planning", "Lowering",
    "Randomness",
]

/// The tests of one room, in a folder of its name.
func tests(of room: String, with others: [String] = []) -> Target {
    let rooms = [room, "TestSupport"] + others.filter { $0 != room }
    return .testTarget(
        name: "\(room)Tests", dependencies: rooms.map { .byName(name: $0) },
        swiftSettings: strict)
}

/// The fuzzer, which links only with -sanitize=fuzzer: `make fuzz`.
let fuzzer: [Target] =
    Context.environment["SPOOL_FUZZ"] == nil
    ? []
    : [
        .executableTarget(
            name: "fuzz", dependencies: ["FuzzTargets"], path: "Tests/Fuzz", swiftSettings: strict)
    ]

let package = Package(
    name: "Spool",
    products: [
        .executable(name: "bootstrap", targets: ["bootstrap"]),
        .executable(name: "local-emulator", targets: ["local-emulator"]),
        .executable(name: "spool", targets: ["spool"]),
    ],
    targets: [
        // C libraries, one target each. The first five are loaded on first
        // use: docs/decisions/0011-lazy-libraries-have-typed-shims.md.
        .target(name: "CLazy"),
        .target(name: "CCurl", dependencies: ["CLazy"]),
        .target(name: "CCrypto", dependencies: ["CLazy"]),
        .target(name: "CSodium", dependencies: ["CLazy"]),
        .target(name: "CFido", dependencies: ["CLazy"]),
        .target(
            name: "CXML2", dependencies: ["CLazy"],
            cSettings: [.unsafeFlags(["-I/usr/include/libxml2"])]),
        .target(name: "CSQLite", dependencies: ["CLazy"]),
        .target(name: "CPostgres", dependencies: ["CLazy"]),
        .systemLibrary(
            name: "CMicroHTTPD", pkgConfig: "libmicrohttpd",
            providers: [.apt(["libmicrohttpd-dev"])]),
        .target(name: "CProcess"),
        .systemLibrary(name: "CMalloc"),

        // Rooms, leaves first.
        .target(name: "Threads", swiftSettings: strict),
        .target(name: "Randomness", swiftSettings: strict),
        .target(name: "WallClock", swiftSettings: strict),
        .target(name: "JSON", swiftSettings: pure),
        .target(name: "Arguments", swiftSettings: pure),
        .target(name: "Logging", dependencies: ["JSON", "WallClock"], swiftSettings: strict),
        .target(name: "XMLTree", dependencies: ["CXML2"], swiftSettings: strict),
        .target(
            name: "Crypto", dependencies: ["CCrypto", "CSodium", "CFido"], swiftSettings: strict),
        .target(name: "Signing", dependencies: ["Crypto", "WallClock"], swiftSettings: strict),
        // Tables in SQLite or PostgreSQL. The migrations are part of the program.
        .target(
            name: "Database",
            dependencies: ["CSQLite", "CPostgres", "Crypto", "Threads", "WallClock"],
            resources: [
                .embedInCode("Migrations/0001-credits.sql"),
                .embedInCode("Migrations/0002-accounts.sql"),
            ], swiftSettings: strict),
        .target(name: "HTTPTransport", dependencies: ["CCurl", "Threads"], swiftSettings: strict),
        .target(
            name: "ChildProcess", dependencies: ["CProcess", "Threads"], swiftSettings: strict),

        // The edit: from a document to a plan. No input or output, no system library.
        .target(name: "MediaTime", dependencies: ["JSON"], swiftSettings: pure),
        .target(name: "Captions", dependencies: ["JSON", "MediaTime"], swiftSettings: pure),
        .target(name: "RenderPlans", dependencies: ["MediaTime", "Captions"], swiftSettings: pure),
        .target(
            name: "EditFormats",
            dependencies: ["JSON", "MediaTime", "Captions", "RenderPlans", "Randomness"],
            swiftSettings: pure),
        .target(name: "Planning", dependencies: ["MediaTime", "RenderPlans"], swiftSettings: pure),
        .target(
            name: "Lowering",
            dependencies: [
                "JSON", "MediaTime", "Captions", "RenderPlans", "EditFormats", "Planning",
            ],
            swiftSettings: pure),

        .target(
            name: "ObjectStore",
            dependencies: ["HTTPTransport", "Crypto", "Signing", "WallClock", "XMLTree"],
            swiftSettings: strict),
        .target(
            name: "FFmpeg",
            dependencies: ["MediaTime", "Captions", "RenderPlans", "Planning", "ChildProcess"],
            swiftSettings: strict),
        .target(
            name: "Jobs",
            dependencies: [
                "MediaTime", "Captions", "RenderPlans", "Planning", "ObjectStore", "Crypto",
                "WallClock",
            ],
            swiftSettings: strict),
        // Webhooks and mail as values: what is sent, to whom, and when again.
        .target(
            name: "Notify", dependencies: ["JSON", "WallClock", "Crypto"], swiftSettings: pure),
        // Who is calling: tokens, passwords, sessions, roles, as values.
        .target(
            name: "Accounts", dependencies: ["JSON", "WallClock", "Crypto"], swiftSettings: pure),
        // Plans, the ledger of credits, payments and rate limits.
        .target(
            name: "Credits", dependencies: ["JSON", "WallClock", "Crypto", "Notify", "Database"],
            swiftSettings: strict),
        .target(
            name: "LambdaRuntime",
            dependencies: ["JSON", "Logging", "WallClock", "CMalloc", "Threads"],
            path: "Sources/Runtime/LambdaRuntime",
            swiftSettings: strict),
        .target(
            name: "Functions",
            dependencies: [
                "JSON", "MediaTime", "Captions", "RenderPlans", "EditFormats", "Planning",
                "Lowering", "ObjectStore", "Jobs", "FFmpeg", "LambdaRuntime", "Logging", "Crypto",
                "Signing", "WallClock", "Notify", "Accounts", "Database", "Credits",
            ],
            swiftSettings: strict),

        // Products.
        .executableTarget(
            name: "bootstrap",
            dependencies: [
                "Functions", "LambdaRuntime", "ObjectStore", "HTTPTransport", "FFmpeg", "Logging",
                "Crypto", "WallClock", "Notify", "RenderPlans", "Accounts", "Threads", "Signing",
                "ChildProcess", "Database", "Credits",
            ],
            path: "Sources/Bootstrap", swiftSettings: strict),
        .executableTarget(
            name: "spool",
            dependencies: ["SpoolCommands", "SpoolStore", "SpoolDatabase"],
            path: "Sources/SpoolCLI/spool",
            swiftSettings: strict),
        .target(
            name: "SpoolCommands",
            dependencies: ["Arguments", "HTTPTransport", "JSON", "Threads", "WallClock"],
            path: "Sources/SpoolCLI/SpoolCommands", swiftSettings: strict),
        .target(
            name: "SpoolStore",
            dependencies: [
                "Arguments", "SpoolCommands", "ObjectStore", "HTTPTransport", "JSON", "WallClock",
            ],
            path: "Sources/SpoolCLI/SpoolStore", swiftSettings: strict),

        .target(
            name: "SpoolDatabase",
            dependencies: ["Arguments", "SpoolCommands", "Database", "HTTPTransport"],
            path: "Sources/SpoolCLI/SpoolDatabase", swiftSettings: strict),

        // The emulator: a store, a Lambda service and a console around processes.
        .target(
            name: "EmulatorHTTP", dependencies: ["CMicroHTTPD", "Threads"],
            path: "local-emulator/EmulatorHTTP", swiftSettings: strict),
        .target(
            name: "EmulatorDatabase", dependencies: ["CSQLite", "Threads", "WallClock"],
            path: "local-emulator/EmulatorDatabase", swiftSettings: strict),
        .target(
            name: "EmulatorStore",
            dependencies: [
                "EmulatorHTTP", "EmulatorDatabase", "Crypto", "Signing", "WallClock", "XMLTree",
                "CCrypto", "Logging", "JSON", "Threads",
            ],
            path: "local-emulator/EmulatorStore", swiftSettings: strict),
        .target(
            name: "EmulatorLambda",
            dependencies: [
                "EmulatorHTTP", "EmulatorDatabase", "ChildProcess", "Logging", "JSON", "Crypto",
                "Signing", "WallClock", "Randomness", "Threads",
            ],
            path: "local-emulator/EmulatorLambda", swiftSettings: strict),
        .target(
            name: "EmulatorVolume",
            dependencies: [
                "EmulatorHTTP", "EmulatorDatabase", "EmulatorStore", "Logging", "JSON", "Crypto",
                "Threads",
            ],
            path: "local-emulator/EmulatorVolume", swiftSettings: strict),
        .executableTarget(
            name: "local-emulator",
            dependencies: [
                "Arguments",
                "EmulatorHTTP", "EmulatorDatabase", "EmulatorStore", "EmulatorLambda",
                "EmulatorVolume", "Logging",
                "Crypto", "Signing", "WallClock", "ChildProcess", "Threads",
            ],
            path: "local-emulator/Main", swiftSettings: strict),

        // For Benchmarks/planner_simulation.py.
        .executableTarget(
            name: "planner-chunks", dependencies: ["MediaTime", "RenderPlans", "Planning"],
            path: "Benchmarks/planner_chunks",
            swiftSettings: strict, linkerSettings: [.linkedLibrary("m")]),

        // Tests.
        .executableTarget(
            name: "echo-function", dependencies: ["LambdaRuntime", "JSON", "Logging", "WallClock"],
            path: "Tests/EchoFunction", swiftSettings: strict),
        .target(
            name: "TestSupport",
            dependencies: [
                "ObjectStore", "Crypto", "Signing", "WallClock", "JSON", "MediaTime", "Captions",
                "RenderPlans", "EditFormats", "Planning", "Lowering", "Randomness", "Database",
            ],
            path: "Tests/TestSupport", swiftSettings: strict),
        // Parsers of strangers' bytes, for FuzzTargetsTests and `make fuzz`.
        .target(
            name: "FuzzTargets",
            dependencies: [
                "Captions", "EditFormats", "EmulatorHTTP", "EmulatorStore", "FFmpeg",
                "HTTPTransport", "JSON", "LambdaRuntime", "TestSupport", "WallClock", "XMLTree",
            ],
            path: "Tests/FuzzTargets", swiftSettings: strict),
        // Faults of edits line by line, for the schema's test; no product.
        .executableTarget(
            name: "edit-check",
            dependencies: [
                "JSON", "MediaTime", "Captions", "RenderPlans", "EditFormats", "Planning",
                "Lowering",
            ],
            path: "Tests/EditCheck", swiftSettings: strict),
        .testTarget(
            name: "TestSupportTests", dependencies: ["TestSupport", "Randomness"],
            swiftSettings: strict),
        .testTarget(
            name: "FuzzTargetsTests", dependencies: ["FuzzTargets", "Randomness"],
            swiftSettings: strict),
        tests(of: "Threads"),
        tests(of: "Database", with: ["WallClock", "Threads"]),
        tests(of: "HTTPTransport"),
        tests(of: "XMLTree"),
        tests(of: "ChildProcess"),
        tests(of: "JSON", with: ["Randomness"]),
        tests(of: "Arguments"),
        tests(of: "WallClock"),
        tests(of: "Crypto", with: ["Signing"]),
        tests(of: "Signing", with: ["Crypto", "WallClock"]),
        tests(of: "Logging", with: ["JSON", "WallClock"]),
        tests(of: "MediaTime", with: ["Randomness"]),
        tests(of: "Captions", with: edit),
        tests(of: "EditFormats", with: edit),
        tests(of: "Planning", with: edit),
        tests(of: "Lowering", with: edit),
        tests(
            of: "ObjectStore", with: ["HTTPTransport", "Crypto", "Signing", "WallClock", "XMLTree"]),
        tests(of: "Jobs", with: edit + ["ObjectStore", "WallClock"]),
        tests(of: "Notify", with: ["JSON", "WallClock", "Crypto"]),
        tests(of: "Accounts", with: ["JSON", "WallClock", "Crypto"]),
        tests(of: "Credits", with: ["JSON", "WallClock", "Crypto", "Notify", "Database"]),
        tests(of: "FFmpeg", with: edit + ["ChildProcess"]),
        tests(of: "LambdaRuntime", with: ["Logging", "JSON", "WallClock"]),
        tests(
            of: "Functions",
            with: edit + [
                "Jobs", "ObjectStore", "FFmpeg", "LambdaRuntime", "Logging", "WallClock", "Notify",
                "Accounts", "Crypto", "Database", "Credits",
            ]),
        tests(of: "EmulatorHTTP", with: ["Randomness"]),
        tests(of: "EmulatorDatabase"),
        tests(
            of: "EmulatorStore",
            with: [
                "EmulatorHTTP", "EmulatorDatabase", "ObjectStore", "HTTPTransport", "Crypto",
                "Signing", "WallClock", "XMLTree", "Randomness", "Logging", "Threads",
            ]),
        tests(
            of: "EmulatorLambda",
            with: [
                "EmulatorHTTP", "EmulatorDatabase", "ChildProcess", "Crypto", "Signing",
                "WallClock", "JSON", "Logging", "Randomness",
            ]),
        tests(of: "EmulatorVolume", with: ["EmulatorHTTP", "JSON"]),
        .testTarget(
            name: "SpoolCLITests",
            dependencies: ["SpoolCommands", "HTTPTransport", "JSON", "TestSupport"],
            swiftSettings: strict),
        .testTarget(name: "ArchitectureTests", swiftSettings: strict),
    ] + fuzzer
)
