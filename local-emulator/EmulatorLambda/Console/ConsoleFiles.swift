import EmulatorHTTP
import FoundationEssentials

/// The console's files, read once; no other file can be requested.
struct ConsoleFiles: Sendable {
    private let files: [String: (type: String, bytes: [UInt8])]

    /// - Parameter folder: The folder of the files; nil or a missing folder gives an empty console.
    init(folder: String?) {
        var files: [String: (type: String, bytes: [UInt8])] = [:]
        let names =
            folder.flatMap { try? FileManager.default.subpathsOfDirectory(atPath: $0) } ?? []
        for name in names {
            let suffix = name.split(separator: ".").last.map(String.init) ?? ""
            guard let folder, let type = Self.types[suffix],
                let data = FileManager.default.contents(atPath: "\(folder)/\(name)")
            else { continue }
            files["/" + name] = (type, Array(data))
        }
        files["/"] = files["/index.html"]
        self.files = files
    }

    /// Returns the file at a path, for GET and HEAD; nil if there is none.
    func response(to head: RequestHead) -> Response? {
        guard head.method == "GET" || head.method == "HEAD", let file = files[head.path] else {
            return nil
        }
        return Response(
            status: 200,
            headers: [
                ("Content-Type", file.type), ("Cache-Control", "no-cache"),
                ("X-Content-Type-Options", "nosniff"),
                // The page's own policy is in index.html; only a header can forbid frames.
                ("Content-Security-Policy", "frame-ancestors 'none'"),
                ("Cross-Origin-Opener-Policy", "same-origin"),
                ("Cross-Origin-Resource-Policy", "same-origin"),
            ],
            body: head.method == "HEAD"
                ? .omitted(bytes: file.bytes.count) : .bytes(file.bytes))
    }

    private static let types = [
        "html": "text/html; charset=utf-8", "js": "text/javascript; charset=utf-8",
        "css": "text/css; charset=utf-8", "svg": "image/svg+xml", "png": "image/png",
        "ico": "image/x-icon", "json": "application/json",
    ]
}
