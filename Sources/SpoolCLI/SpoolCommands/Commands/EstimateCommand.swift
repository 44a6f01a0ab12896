import FoundationEssentials

/// `spool estimate`: the cost of an export that is not started.
struct EstimateCommand: Sendable {
    var api: API
    var isJSON: Bool

    private var context: CommandContext { api.context }

    func run(_ options: Command.EstimateOptions) async throws {
        let edit = try EditDocument(
            decoding: UserFile.read(options.editPath), path: options.editPath)
        try edit.requireAssets(named: options.assets.map(\.name))
        var assetIDs: [String: String] = [:]
        for asset in options.assets {
            assetIDs[asset.name] = try await Upload(api: api).send(asset.path) { _ in }.assetID
        }
        let request = try edit.request(assetIDs: assetIDs, clientToken: context.makeToken())
        let (document, estimate) = try await api.estimate(request)
        context.print(isJSON ? String(decoding: document, as: UTF8.self) : estimate.table)
    }
}

/// The displayed part of the back end's response.
struct Estimate: Decodable, Sendable, Hashable {
    struct Resources: Decodable, Sendable, Hashable {
        var gigabyteSeconds: Double
        var invocations: Int
        var storeWrites: Int
        var storeReads: Int
        var storedBytes: Int
        var storedDays: Int
        var egressBytes: Int
    }

    struct Cost: Decodable, Sendable, Hashable {
        var prices: String
        var region: String
        var currency: String
        var compute: Double
        var requests: Double
        var storage: Double
        var egress: Double
        var total: Double
    }

    var frames: Int
    var chunks: Int
    var learnedFrom: Int
    var resources: Resources
    var cost: Cost

    /// A table with one line per part and aligned amounts.
    var table: String {
        let basis =
            learnedFrom == 0
            ? "rates measured elsewhere" : "rates of your last \(learnedFrom) exports"
        let rows = [
            ("compute", cost.compute, "\(Self.fixed(resources.gigabyteSeconds, 1)) GB-s"),
            (
                "requests", cost.requests,
                "\(resources.invocations) invocations, \(resources.storeWrites) writes, "
                    + "\(resources.storeReads) reads"
            ),
            (
                "storage", cost.storage,
                "\(Self.megabytes(resources.storedBytes)) for \(resources.storedDays) days"
            ),
            ("egress", cost.egress, "\(Self.megabytes(resources.egressBytes)), fetched once"),
            ("total", cost.total, "\(frames) frames in \(chunks) chunks"),
        ]
        let lines = rows.map { name, amount, detail in
            let label = name + String(repeating: " ", count: 10 - name.count)
            return "\(label)\(Self.fixed(amount, 6)) \(cost.currency)  \(detail)"
        }
        let note = "Prices of \(cost.prices), \(cost.region); \(basis)."
        return (lines + [note]).joined(separator: "\n")
    }

    private static func megabytes(_ bytes: Int) -> String { "\(fixed(Double(bytes) / 1e6, 1)) MB" }

    /// Formats a non-negative amount with a fixed number of decimals.
    private static func fixed(_ value: Double, _ digits: Int) -> String {
        var scale = 1
        for _ in 0..<digits { scale *= 10 }
        let whole = Int((value * Double(scale)).rounded())
        let rest = String(whole % scale)
        return "\(whole / scale)." + String(repeating: "0", count: digits - rest.count) + rest
    }
}
