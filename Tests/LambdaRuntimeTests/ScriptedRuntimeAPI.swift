import TestSupport

extension ScriptedServer {
    var api: String { "127.0.0.1:\(port)" }
}

/// Responses of the Runtime API.
enum Answer {
    static func event(_ id: String, _ body: String = "{}", headers: String = "") -> String {
        "HTTP/1.1 200 OK\r\nLambda-Runtime-Aws-Request-Id: \(id)\r\n"
            + "Lambda-Runtime-Deadline-Ms: 1700000000000\r\n\(headers)"
            + "Content-Length: \(body.utf8.count)\r\n\r\n\(body)"
    }

    static func status(_ status: Int, _ headers: String = "") -> String {
        "HTTP/1.1 \(status) X\r\n\(headers)Content-Length: 2\r\n\r\n{}"
    }
}
