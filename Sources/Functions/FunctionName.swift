/// The functions of a deployment; the raw value is the deployed name.
///
/// Tests hold this list against `infra/functions.json` and `events/`.
package enum FunctionName: String, CaseIterable, Sendable {
    case initUpload = "init-upload"
    case completeUpload = "complete-upload"
    case uppyUpload = "uppy-upload"
    case deriveAsset = "derive-asset"
    case startExport = "start-export"
    case jobStatus = "job-status"
    case renderChunk = "render-chunk"
    case stitchExport = "stitch-export"
    case downloadAll = "download-all"
    case cancelExport = "cancel-export"
    case sweep = "sweep"
}
