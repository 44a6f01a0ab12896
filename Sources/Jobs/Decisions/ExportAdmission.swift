/// Decides if an owner may start exports. Pure: every case is a table row.
package struct ExportAdmission: Hashable, Sendable {
    /// Exports of one owner that may run at once, unless `SPOOL_OWNER_EXPORTS_MAX` says otherwise.
    package static let exportCountMaxDefault = 500
    /// The largest setting: as many exports as one page of an owner's list has.
    package static let exportCountMaxMax = 1_000
    /// Time after which a refused caller may try again.
    package static let retryTime = Duration.seconds(30)

    /// Exports of one owner that may run at once.
    package var exportCountMax: Int

    /// An admission with this limit.
    package init(exportCountMax: Int = exportCountMaxDefault) {
        self.exportCountMax = exportCountMax
    }

    /// True if the exports may start. One request for more than the limit is admitted while
    /// nothing else of the owner runs, because it could never start otherwise.
    /// - Parameters:
    ///   - new: Exports of the request that were not accepted before.
    ///   - active: Exports of the owner that have not ended, without those of batches, which wait
    ///     for their turn.
    package func admits(new: Int, active: Int) -> Bool {
        new == 0 || active == 0 || active + new <= exportCountMax
    }
}
