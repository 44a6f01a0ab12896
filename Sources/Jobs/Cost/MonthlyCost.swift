/// Work and data of one month, the input of every hosting's price.
package struct MonthlyWorkload: Hashable, Sendable {
    /// Number of exports.
    package var exports: Int
    /// Resources of one export, as a finished export reports them.
    package var resources: ExportResources
    /// Time for which one export keeps a machine busy.
    package var machineTime: Duration
    /// Average data in the store, in GB of 10^9 bytes.
    package var storedGigabytes: Double

    /// A month of equal exports.
    package init(
        exports: Int, resources: ExportResources, machineTime: Duration, storedGigabytes: Double
    ) {
        self.exports = exports
        self.resources = resources
        self.machineTime = machineTime
        self.storedGigabytes = storedGigabytes
    }

    /// GB sent to the internet in the month: each result is downloaded once.
    var egressGigabytes: Double { Double(exports) * Double(resources.egressBytes) / 1e9 }
}

/// A place where Spool runs, with the prices that apply to it.
package enum Hosting: Hashable, Sendable {
    /// Lambda and S3.
    case lambda
    /// One machine with a volume, on all month.
    case machine(MachinePrice)
    /// One machine with a volume, stopped while it is idle.
    case machineThatStops(MachinePrice)
    /// R2 for the objects, and a machine elsewhere for the functions.
    case r2(MachinePrice)
}

/// Prices of one machine and its volume.
package struct MachinePrice: Hashable, Sendable, Codable {
    /// Name of the machine in its provider's list.
    package var name: String
    /// One second of the running machine.
    package var second: Double
    /// One GB of its volume for a month.
    package var volumeGigabyteMonth: Double
    /// One GB, sent to the internet.
    package var egressGigabyte: Double
}

/// Prices of an S3-compatible store.
package struct StorePrice: Hashable, Sendable, Codable {
    /// One GB, stored for a month.
    package var storageGigabyteMonth: Double
    /// One thousand PUT, POST or LIST requests.
    package var writesPerThousand: Double
    /// One thousand GET or HEAD requests.
    package var readsPerThousand: Double
    /// One GB, sent to the internet.
    package var egressGigabyte: Double
}

/// Price of a month on one hosting, part by part.
package struct MonthlyCost: Hashable, Sendable {
    /// Price of functions or of a machine's time.
    package var compute: Double
    /// Price of invocations and store requests; 0 on a machine with a volume.
    package var requests: Double
    /// Price of stored data.
    package var storage: Double
    /// Price of downloads.
    package var egress: Double

    /// Sum of the parts.
    package var total: Double { compute + requests + storage + egress }

    private static let monthSeconds = 30.0 * 86_400

    /// The price of a workload on a hosting.
    package init(of workload: MonthlyWorkload, on hosting: Hosting, at table: PriceTable) {
        let exports = Double(workload.exports)
        let resources = workload.resources
        let busySeconds = exports * (workload.machineTime / .seconds(1))
        switch hosting {
        case .lambda:
            compute = exports * resources.gigabyteSeconds * table.computeGigabyteSecond
            requests =
                exports * Double(resources.invocations) * table.invocationsPerMillion / 1e6
                + Self.requests(workload, table.store)
            storage = workload.storedGigabytes * table.storageGigabyteMonth
            egress = workload.egressGigabytes * table.egressGigabyte
        case .machine(let machine), .machineThatStops(let machine):
            let isAlwaysOn = hosting == .machine(machine)
            compute = (isAlwaysOn ? Self.monthSeconds : busySeconds) * machine.second
            requests = 0
            storage = workload.storedGigabytes * machine.volumeGigabyteMonth
            egress = workload.egressGigabytes * machine.egressGigabyte
        case .r2(let machine):
            compute = Self.monthSeconds * machine.second
            requests = Self.requests(workload, table.r2)
            storage = workload.storedGigabytes * table.r2.storageGigabyteMonth
            egress = workload.egressGigabytes * table.r2.egressGigabyte
        }
    }

    private static func requests(_ workload: MonthlyWorkload, _ store: StorePrice) -> Double {
        let exports = Double(workload.exports)
        return exports * Double(workload.resources.storeWrites) * store.writesPerThousand / 1e3
            + exports * Double(workload.resources.storeReads) * store.readsPerThousand / 1e3
    }
}
