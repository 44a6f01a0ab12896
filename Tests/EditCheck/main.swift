import EditFormats
import Foundation
import JSON

// Reads one edit request a line (JSON) from standard input, and writes its faults a line: a JSON
// array, empty for a valid request. Tests/EndToEnd/test_schema.py compares them with the schema.

private func faults(_ request: JSONValue) -> [FieldFault] {
    do {
        if try OutputList(request: request) == nil { _ = try Edit(request: request) }
        return []
    } catch {
        return error.faults
    }
}

private let encoder = JSONEncoder()
while let line = readLine() {
    let request = try JSONValue(parsing: Array(line.utf8))
    print(String(decoding: try encoder.encode(faults(request)), as: UTF8.self))
}
