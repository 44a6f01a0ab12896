import RenderPlans

/// The colour matrix and range of a picture, guessed where the file is silent.
enum ColorMatrix {
    /// A name that `scale` takes. Files without one are taken for HD above
    /// 576 lines and for SD below, as players do.
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

    static func range(of video: MediaInfo.Video) -> String {
        video.colorRange == "pc" || video.pixelFormat.hasPrefix("yuvj") ? "pc" : "tv"
    }
}
