import FoundationEssentials

/// The functions of a deployment, from `infra/functions.json`.
package struct FunctionCatalog: Sendable, Equatable {
    /// The functions in file order, with unique names.
    package var functions: [FunctionDefinition]
    /// The rules of the bucket.
    package var bucket = BucketRules()
    /// Variables that only some functions receive.
    package var secrets = SecretVariables(lists: [:])

    /// Creates a catalogue.
    /// - Throws: one error that lists every fault.
    package init(functions: [FunctionDefinition]) throws(FunctionCatalogError) {
        let faults = catalogFaults(functions)
        guard faults.isEmpty else { throw FunctionCatalogError(faults: faults) }
        self.functions = functions
    }

    /// Decodes the bytes of the file.
    /// - Throws: one error that lists every fault.
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
        secrets = SecretVariables(lists: document.secrets ?? [:])
        bucket = document.bucket ?? BucketRules()
    }

    /// Returns the function with a name; nil if there is none.
    package func function(named name: String) -> FunctionDefinition? {
        functions.first { $0.name == name }
    }

    private struct Document: Decodable {
        var version: Int
        var functions: [FunctionDefinition]
        var bucket: BucketRules?
        var secrets: [String: [String]]?
    }
}

/// Rules of the deployment's bucket.
package struct BucketRules: Sendable, Equatable, Decodable {
    /// Age in days at which objects are deleted, by prefix.
    package var expirationDays: [String: Int]?
    /// Age in days at which incomplete multipart uploads are aborted.
    package var abortIncompleteUploadDays: Int?
    /// Prefixes whose objects are work that has not ended: the emulator is not idle meanwhile.
    package var workPrefixes: [String]?

    /// No rules.
    package init() {}
}
