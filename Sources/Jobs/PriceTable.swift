/// What a cloud asks for: list prices of one region at one date, free tiers
/// left out.
package struct PriceTable: Hashable, Sendable, Codable {
    /// Year and month.
    package var date: String
    package var region: String
    /// ISO 4217; of every price below.
    package var currency: String
    /// One GB of memory for one second.
    package var computeGigabyteSecond: Double
    package var invocationsPerMillion: Double
    /// PUT, POST and LIST.
    package var writesPerThousand: Double
    /// GET and HEAD.
    package var readsPerThousand: Double
    package var storageGigabyteMonth: Double
    /// To the internet.
    package var egressGigabyte: Double

    /// `infra/prices-2026-11.json`: AWS Lambda (x86_64) and S3 Standard. A test
    /// holds the two together.
    package static let november2026 = PriceTable(
        date: "2026-11", region: "us-east-1", currency: "USD",
        computeGigabyteSecond: 0.0000166667, invocationsPerMillion: 0.20,
        writesPerThousand: 0.005, readsPerThousand: 0.0004, storageGigabyteMonth: 0.023,
        egressGigabyte: 0.09)
}
