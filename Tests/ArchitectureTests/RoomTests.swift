import Testing

/// System modules that a room may import. The rooms that it may import are listed in
/// `Package.swift` alone, and the compiler checks them
/// (`--explicit-target-dependency-import-check`).
@Suite struct RoomTests {
    /// Modules of the toolchain that any room may import unless it is listed below.
    private static let system: Set<String> = [
        "Foundation", "FoundationEssentials", "Glibc", "Synchronization", "Dispatch",
    ]

    /// Rooms that only compute: no clock, no file, no lock.
    private static let pure: Set<String> = [
        "JSON", "MediaTime", "Captions", "RenderPlans", "EditFormats", "Planning", "Lowering",
        "Randomness", "Arguments", "Notify", "Accounts",
    ]

    /// Rooms with a shorter list.
    private static let narrow: [String: Set<String>] = [
        "Crypto": [], "Signing": [], "WallClock": ["Glibc"], "Logging": ["Glibc"],
    ]

    @Test func `a room imports only the system modules it may`() throws {
        for file in SourceTree.product {
            let room = file.path.split(separator: "/").dropFirst().first.map(String.init) ?? ""
            let allowed = Self.pure.contains(room) ? [] : Self.narrow[room] ?? Self.system
            for module in file.imports where Self.system.contains(module) {
                #expect(allowed.contains(module), "\(file.path) imports \(module)")
            }
        }
    }

    @Test func `every module that is imported is a room or a module of the system`() throws {
        let package = try SourceTree.text("Package.swift")
        let rooms = package.matches(of: #/name: "([A-Za-z0-9-]+)"/#).map { String($0.1) }
        let known = Self.system.union(rooms)
        for file in SourceTree.product {
            for module in file.imports {
                #expect(known.contains(module), "\(file.path) imports \(module)")
            }
        }
    }

    @Test func `a folder has at most twenty files`() {
        var counts: [String: Int] = [:]
        for file in SourceTree.product {
            let folder = file.path.split(separator: "/").dropLast().joined(separator: "/")
            counts[folder, default: 0] += 1
        }
        for (folder, count) in counts {
            #expect(count <= 20, "\(folder) holds \(count) files")
        }
    }

    @Test func `an import is found after any access level or attribute`() {
        #expect(SourceTree.importedModule("package import Jobs") == "Jobs")
        #expect(SourceTree.importedModule("import Glibc") == "Glibc")
        #expect(SourceTree.importedModule("import struct Foundation.Data") == "Foundation")
        #expect(SourceTree.importedModule("let important = 1") == nil)
    }
}
