package import Jobs
package import ObjectStore
package import RenderPlans
package import WallClock

/// The live values that handlers are built from. Made once, in Bootstrap; each
/// handler takes only the fields of its own `Dependencies`.
package struct Services: Sendable {
    /// The deployment's bucket.
    package var bucket: any Bucket
    /// FFmpeg, or its double in tests.
    package var renderer: any MediaRenderer
    /// Maps bearer tokens to owners.
    package var authorizer: Authorizer
    /// The current time.
    package var now: @Sendable () -> UnixTime
    /// Sleeps; throws when the task is cancelled.
    package var sleep: @Sendable (Duration) async throws -> Void
    /// Unguessable text of `a-z 0-9`, of the requested length.
    package var randomText: @Sendable (Int) -> String
    /// Folder for scratch files, `/tmp` on Lambda.
    package var scratchRoot: String
    /// Number of renderers that may run at once.
    package var concurrency: Int
    /// Time limit of one renderer.
    package var renderTimeMax: Duration
    /// Largest streamed response in bytes; nil where the platform has no limit.
    package var streamBytesMax: Int?
    /// Sizes and prices for cost records.
    package var deployment: Deployment
    /// Signs in by password; nil without `AUTH_PASSWORD`.
    package var passwordSessions: PasswordSessions?
    /// Limits of batches.
    package var batchLimits: BatchLimits
    /// Hardware encoders of the renderers; nil if start-export runs on the same machine and may
    /// try them.
    package var hardwareEncoders: Set<RenderPlan.VideoEncoding.Encoder>?
    /// Largest upload in bytes.
    package var uploadBytesMax: Int
    /// True if the platform stores forms and strips its header from clients' requests.
    package var hasFrontDoor: Bool
    /// Ages at which exports and uploads are removed.
    package var retention = RetentionPolicy()
    /// Largest size of the chunk cache in bytes; nil for no limit.
    package var cacheBytesMax: Int?
    /// Limit of an owner's exports.
    package var admission = ExportAdmission()
    /// Units of one export that are requested at a time.
    package var window = RequestWindow()
    /// Sends notifications.
    package var deliveries: DeliveryServices
    /// Fetches files that are imported.
    package var downloads: any DownloadClient = NoDownloads()

    /// Collects the live values; `streamBytesMax` nil sets no limit.
    package init(
        bucket: any Bucket, renderer: any MediaRenderer, authorizer: Authorizer,
        now: @escaping @Sendable () -> UnixTime,
        sleep: @escaping @Sendable (Duration) async throws -> Void,
        randomText: @escaping @Sendable (Int) -> String, scratchRoot: String, concurrency: Int,
        renderTimeMax: Duration, streamBytesMax: Int? = nil,
        deployment: Deployment = Deployment(),
        passwordSessions: PasswordSessions? = nil, batchLimits: BatchLimits = BatchLimits(),
        hardwareEncoders: Set<RenderPlan.VideoEncoding.Encoder>? = nil,
        uploadBytesMax: Int = UploadLimits.bytesDefault, hasFrontDoor: Bool = true,
        deliveries: DeliveryServices = .none
    ) {
        self.bucket = bucket
        self.renderer = renderer
        self.authorizer = authorizer
        self.now = now
        self.sleep = sleep
        self.randomText = randomText
        self.scratchRoot = scratchRoot
        self.concurrency = concurrency
        self.renderTimeMax = renderTimeMax
        self.streamBytesMax = streamBytesMax
        self.deployment = deployment
        self.passwordSessions = passwordSessions
        self.batchLimits = batchLimits
        self.hardwareEncoders = hardwareEncoders
        self.uploadBytesMax = uploadBytesMax
        self.hasFrontDoor = hasFrontDoor
        self.deliveries = deliveries
    }
}
