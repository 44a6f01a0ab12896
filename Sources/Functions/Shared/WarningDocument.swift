import MediaTime
import RenderPlans

/// A warning as clients read it.
struct WarningDocument: Encodable {
    /// `MediaWarning.Code`.
    var code: String
    /// One sentence.
    var detail: String
    var assetId: String?
    /// Seconds: of the file, or of the timeline where there is no asset's own document.
    var from: Double?
    var to: Double?

    init(_ warning: MediaWarning) {
        code = warning.code.rawValue
        detail = warning.detail
        assetId = warning.assetID
        from = warning.start?.doubleValue
        to = warning.end?.doubleValue
    }

    /// The list; nil for none.
    static func list(_ warnings: [MediaWarning]?) -> [WarningDocument]? {
        guard let warnings, !warnings.isEmpty else { return nil }
        return warnings.map(WarningDocument.init)
    }
}
