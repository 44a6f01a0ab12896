package import Jobs

/// Sizes and prices of the deployed functions, for cost records and estimates.
package struct Deployment: Hashable, Sendable {
    /// Memory of the running function, in MB: `AWS_LAMBDA_FUNCTION_MEMORY_SIZE`.
    package var ownMegabytes = 1_024
    /// Memory of render-chunk, in MB.
    package var renderMegabytes = 3_008
    /// Disk (`/tmp`) of render-chunk, in MB.
    package var renderDiskMegabytes = 4_096
    /// Memory of stitch-export, in MB.
    package var stitchMegabytes = 2_048
    /// Memory of start-export, in MB.
    package var startMegabytes = 1_024
    /// Prices of the cloud.
    package var prices = PriceTable.november2026

    /// The sizes of `infra/functions.json`.
    package init() {}
}
