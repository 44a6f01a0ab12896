import EmulatorDatabase

/// The faults of `functions.json`, all in one error.
package struct FunctionCatalogError: Error, Sendable, Equatable, CustomStringConvertible {
    /// One sentence for each fault, with its location.
    package var faults: [String]

    package var description: String {
        "The function catalogue cannot be used: \(faults.joined(separator: "; "))."
    }
}

/// Returns every fault in a list of functions.
func catalogFaults(_ functions: [FunctionDefinition]) -> [String] {
    var faults: [String] = []
    var names: Set<String> = []
    var routes: Set<String> = []
    for function in functions {
        let name = function.name
        if !names.insert(name).inserted { faults.append("\(name): the name is used twice") }
        if !isFunctionName(name) {
            faults.append("\(name): a name has 1 to 64 letters, digits, hyphens or underscores")
        }
        if !(1...900).contains(function.timeoutSeconds) {
            faults.append("\(name): timeoutSeconds \(function.timeoutSeconds) is not in 1...900")
        }
        if !(128...10_240).contains(function.memoryMegabytes) {
            faults.append("\(name): memoryMegabytes is not in 128...10240")
        }
        if !(512...10_240).contains(function.ephemeralStorageMegabytes) {
            faults.append("\(name): ephemeralStorageMegabytes is not in 512...10240")
        }
        if !(1...1_000).contains(function.reservedConcurrency) {
            faults.append("\(name): reservedConcurrency is not in 1...1000")
        }
        if let age = function.url?.cors?.maxAge,
            !(0...CORSConfiguration.maxAgeSecondsMax).contains(age)
        {
            faults.append("\(name): cors maxAge \(age) is not in 0...86400")
        }
        if function.command?.isEmpty == true { faults.append("\(name): command is empty") }
        if function.asynchronous.maximumRetryAttempts < 0
            || function.asynchronous.retryDelaysSeconds.contains(where: { !(0...86_400 ~= $0) })
        {
            faults.append("\(name): async has a negative or an endless retry")
        }
        for route in function.routes {
            let shape = "\(route.method) \(routeShape(route.path))"
            if !routes.insert(shape).inserted { faults.append("\(name): \(shape) is taken") }
            if !route.path.hasPrefix("/") {
                faults.append("\(name): the route \(route.path) has no leading slash")
            }
        }
    }
    return faults + overlaps(functions) + destinationFaults(functions)
}

/// Rejects destinations that are not in the file: their records would be lost.
private func destinationFaults(_ functions: [FunctionDefinition]) -> [String] {
    functions.compactMap { function in
        guard let destination = function.asynchronous.onFailure,
            !functions.contains(where: { $0.name == functionName(in: destination) })
        else { return nil }
        return "\(function.name): async onFailure \(destination) is not a function of this file"
    }
}

/// Extracts the function's name from a name, a partial or a full ARN, with or without a qualifier.
func functionName(in text: String) -> String {
    let words = text.split(separator: ":").map(String.init)
    if let index = words.firstIndex(of: "function"), index + 1 < words.count {
        return words[index + 1]
    }
    return words.first ?? text
}

private func overlaps(_ functions: [FunctionDefinition]) -> [String] {
    let filters = functions.flatMap { function in
        function.objectEvents.map { (name: function.name, filter: $0) }
    }
    var faults: [String] = []
    for (index, one) in filters.enumerated() {
        for other in filters[(index + 1)...] where one.filter.overlaps(other.filter) {
            faults.append(
                "\(one.name) and \(other.name): the filters \(describe(one.filter)) and "
                    + "\(describe(other.filter)) overlap, which S3 refuses")
        }
    }
    return faults
}

private func describe(_ filter: ObjectEventFilter) -> String {
    "\(filter.prefix)*\(filter.suffix)"
}

private func isFunctionName(_ name: String) -> Bool {
    (1...64).contains(name.utf8.count)
        && name.utf8.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"):
                true
            default: false
            }
        }
}

/// Returns a path template without its parameter names.
private func routeShape(_ path: String) -> String {
    path.split(separator: "/", omittingEmptySubsequences: false)
        .map { $0.hasPrefix("{") ? "{}" : String($0) }.joined(separator: "/")
}

/// Describes a decoding error and its location in one sentence.
func sentence(for error: DecodingError) -> String {
    func place(_ path: [any CodingKey]) -> String {
        let text = path.map { $0.intValue.map { "[\($0)]" } ?? ".\($0.stringValue)" }.joined()
        return text.isEmpty ? "the document" : String(text.drop { $0 == "." })
    }
    return switch error {
    case .keyNotFound(let key, let context): "\(place(context.codingPath + [key])) is missing"
    case .typeMismatch(_, let context), .valueNotFound(_, let context):
        "\(place(context.codingPath)) has the wrong type"
    case .dataCorrupted(let context):
        "\(place(context.codingPath)): \(context.debugDescription)"
    @unknown default: "the document cannot be read"
    }
}
