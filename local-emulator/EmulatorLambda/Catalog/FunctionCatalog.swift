import FoundationEssentials

/// The functions of a deployment, as `infra/functions.json` lists them.
package struct FunctionCatalog: Sendable, Equatable {
    /// In the order of the file; names are unique.
    package var functions: [FunctionDefinition]

    /// - Throws: one error with every fault that was found.
    package init(functions: [FunctionDefinition]) throws(FunctionCatalogError) {
        let faults = catalogFaults(functions)
        guard faults.isEmpty else { throw FunctionCatalogError(faults: faults) }
        self.functions = functions
    }

    /// Reads the file's bytes.
    /// - Throws: one error with every fault that was found.
    package init(json: [UInt8]) throws(FunctionCatalogError) {
        let document: Document
        do {
            document = try JSONDecoder().decode(Document.self, from: Data(json))
        } catch let error as DecodingError {
            throw FunctionCatalogError(faults: [sentence(for: error)])
        } catch {
            throw FunctionCatalogError(faults: ["the document cannot be read: \(error)"])
        }
        guard document.version == 1 else {
            throw FunctionCatalogError(
                faults: ["version: \(document.version) is not 1, the one that is known"])
        }
        try self.init(functions: document.functions)
    }

    /// The function of that name.
    package func function(named name: String) -> FunctionDefinition? {
        functions.first { $0.name == name }
    }

    private struct Document: Decodable {
        var version: Int
        var functions: [FunctionDefinition]
    }
}
