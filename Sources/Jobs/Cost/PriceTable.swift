/// List prices of a cloud in one region at one date, without free tiers.
package struct PriceTable: Hashable, Sendable, Codable {
    /// Year and month.
    package var date: String
    /// Region that the prices apply to.
    package var region: String
    /// ISO 4217 code of every price below.
    package var currency: String
    /// One GB of memory for one second.
    package var computeGigabyteSecond: Double
    /// One million invocations.
    package var invocationsPerMillion: Double
    /// One thousand PUT, POST or LIST requests.
    package var writesPerThousand: Double
    /// One thousand GET or HEAD requests.
    package var readsPerThousand: Double
    /// One GB, stored for a month.
    package var storageGigabyteMonth: Double
    /// One GB, sent to the internet.
    package var egressGigabyte: Double
    /// Cloudflare R2, Standard.
    package var r2: StorePrice
    /// Fly.io, shared-cpu-1x with 1 GB of memory.
    package var sharedMachine: MachinePrice
    /// Fly.io, dedicated-cpu-2x with 4 GB of memory.
    package var dedicatedMachine: MachinePrice

    /// The prices of S3 among those above.
    var store: StorePrice {
        StorePrice(
            storageGigabyteMonth: storageGigabyteMonth, writesPerThousand: writesPerThousand,
            readsPerThousand: readsPerThousand, egressGigabyte: egressGigabyte)
    }

    /// `infra/prices-2026-11.json`: AWS Lambda (x86_64), S3 Standard, and peers.
    /// A test compares the two.
    package static let november2026 = PriceTable(
        date: "2026-11", region: "us-east-1", currency: "USD",
        computeGigabyteSecond: 0.0000166667, invocationsPerMillion: 0.20,
        writesPerThousand: 0.005, readsPerThousand: 0.0004, storageGigabyteMonth: 0.023,
        egressGigabyte: 0.09,
        r2: StorePrice(
            storageGigabyteMonth: 0.015, writesPerThousand: 0.0045, readsPerThousand: 0.00036,
            egressGigabyte: 0),
        sharedMachine: MachinePrice(
            name: "Fly.io shared-cpu-1x, 1 GB", second: 0.0000022, volumeGigabyteMonth: 0.15,
            egressGigabyte: 0.02),
        dedicatedMachine: MachinePrice(
            name: "Fly.io dedicated-cpu-2x, 4 GB", second: 0.0000239, volumeGigabyteMonth: 0.15,
            egressGigabyte: 0.02))
}
