/// Cloud resources of an export, in the units that are billed.
package struct ExportResources: Hashable, Sendable, Codable {
    /// Memory of each function times its seconds.
    package var gigabyteSeconds: Double = 0
    /// Number of invocations.
    package var invocations: Int = 0
    /// PUT, POST and LIST requests to the store.
    package var storeWrites: Int = 0
    /// GET and HEAD requests of the functions. FFmpeg's range reads of sources are not counted.
    package var storeReads: Int = 0
    /// Bytes of chunks, audio and result.
    package var storedBytes: Int = 0
    /// Days that the store keeps them.
    package var storedDays: Int = ExportResources.keptDays
    /// Bytes of the result, downloaded once.
    package var egressBytes: Int = 0

    /// Days after which `infra/functions.json` lets exports and chunks expire.
    package static let keptDays = 7

    /// No resources.
    package init() {}

    /// Adds one invocation of the given length and memory.
    package mutating func addInvocation(milliseconds: Int, memoryMegabytes: Int) {
        invocations += 1
        gigabyteSeconds += Double(milliseconds) / 1_000 * Double(memoryMegabytes) / 1_024
    }

    /// Adds the resources of another export.
    package static func += (sum: inout ExportResources, other: ExportResources) {
        sum.gigabyteSeconds += other.gigabyteSeconds
        sum.invocations += other.invocations
        sum.storeWrites += other.storeWrites
        sum.storeReads += other.storeReads
        sum.storedBytes += other.storedBytes
        sum.egressBytes += other.egressBytes
    }
}

/// Price of an export's resources, part by part.
package struct ExportCost: Hashable, Sendable, Codable {
    /// Date of the price table.
    package var prices: String
    /// Region of the price table.
    package var region: String
    /// ISO 4217 code of the amounts.
    package var currency: String
    /// Price of gigabyte-seconds.
    package var compute: Double
    /// Price of invocations and store requests.
    package var requests: Double
    /// Price of stored bytes.
    package var storage: Double
    /// Price of downloaded bytes.
    package var egress: Double
    /// Sum of the parts.
    package var total: Double

    private static let gigabyte = 1e9
    private static let monthDays = 30.0

    /// Applies a price table.
    package init(of resources: ExportResources, at table: PriceTable) {
        prices = table.date
        region = table.region
        currency = table.currency
        let compute = resources.gigabyteSeconds * table.computeGigabyteSecond
        let requests =
            Double(resources.invocations) * table.invocationsPerMillion / 1e6
            + Double(resources.storeWrites) * table.writesPerThousand / 1e3
            + Double(resources.storeReads) * table.readsPerThousand / 1e3
        let storage =
            Double(resources.storedBytes) / Self.gigabyte * Double(resources.storedDays)
            / Self.monthDays * table.storageGigabyteMonth
        let egress = Double(resources.egressBytes) / Self.gigabyte * table.egressGigabyte
        self.compute = Self.rounded(compute)
        self.requests = Self.rounded(requests)
        self.storage = Self.rounded(storage)
        self.egress = Self.rounded(egress)
        total = Self.rounded(compute + requests + storage + egress)
    }

    /// Rounds to a billionth: further digits are arithmetic noise.
    private static func rounded(_ amount: Double) -> Double { (amount * 1e9).rounded() / 1e9 }
}

/// Measured times of an export, from which later estimates learn.
package struct ExportTimes: Hashable, Sendable, Codable {
    /// Number of chunks that were rendered, not found in the cache.
    package var renderedChunks: Int
    /// Pixels of those chunks.
    package var renderedPixels: Int
    /// Time of the invocations that rendered those chunks.
    package var renderMilliseconds: Int
    /// Time of the invocations that rendered audio; nil without audio, or if it was cached.
    package var audioMilliseconds: Int?
    /// Time of the invocation that stitched.
    package var stitchMilliseconds: Int
    /// Pixels of all frames of the result.
    package var pixels: Int
    /// Nil in results of earlier versions.
    package var traits: ExportTraits?

    /// Measured times.
    package init(
        renderedChunks: Int, renderedPixels: Int, renderMilliseconds: Int,
        audioMilliseconds: Int?, stitchMilliseconds: Int, pixels: Int,
        traits: ExportTraits? = nil
    ) {
        self.renderedChunks = renderedChunks
        self.renderedPixels = renderedPixels
        self.renderMilliseconds = renderMilliseconds
        self.audioMilliseconds = audioMilliseconds
        self.stitchMilliseconds = stitchMilliseconds
        self.pixels = pixels
        self.traits = traits
    }

    private enum CodingKeys: String, CodingKey {
        case renderedChunks, renderedPixels, renderMilliseconds
        case audioMilliseconds = "soundMilliseconds", stitchMilliseconds, pixels, traits
    }
}
