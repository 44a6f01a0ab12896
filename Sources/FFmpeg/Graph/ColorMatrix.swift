import RenderPlans

/// The colour matrix and range of a video, with defaults for files that do not state them.
enum ColorMatrix {
    /// The name of the matrix for `scale`.
    ///
    /// Without one, BT.709 is assumed above 576 lines and SMPTE 170M below, as players do.
    static func name(of video: MediaInfo.Video) -> String {
        switch video.colorSpace {
        case "bt709": "bt709"
        case "fcc": "fcc"
        case "smpte240m": "smpte240m"
        case "bt470bg", "smpte170m": "smpte170m"
        case "bt2020nc", "bt2020c", "bt2020": "bt2020"
        default: min(video.width, video.height) > 576 ? "bt709" : "smpte170m"
        }
    }

    /// The name of the range for `scale`: `pc` is full, `tv` limited.
    static func range(of video: MediaInfo.Video) -> String {
        video.colorRange == "pc" || video.pixelFormat.hasPrefix("yuvj") ? "pc" : "tv"
    }
}
