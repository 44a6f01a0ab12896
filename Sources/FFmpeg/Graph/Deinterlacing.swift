import MediaTime
import RenderPlans

extension MediaInfo {
    /// The filter that makes whole frames of fields; nil for progressive video.
    ///
    /// It runs before scaling, which would mix the fields. It looks one frame ahead and one
    /// back, and a chunk decodes frames before its first, so that the frames do not depend on
    /// where chunks are cut. Frames that are not marked as interlaced pass unchanged.
    /// - Parameter rate: Frames of the output per second of the source; nil keeps the source's.
    func deinterlacing(at rate: Rational?) -> String? {
        guard let video, video.firstField != nil else { return nil }
        let own = video.frameRate ?? rate ?? Rational(25)
        // From 25 interlaced frames, 50 frames show all movement.
        let doubles = rate.map { $0 * Rational(2) >= own * Rational(3) } ?? false
        return "bwdif=mode=\(doubles ? "send_field" : "send_frame"):parity=auto:deint=interlaced"
    }
}

extension MediaInfo.Video {
    /// Filters that apply the EXIF orientation where FFmpeg does not (EXIF 2.32, table 6).
    var ownTurn: [String] {
        switch orientation {
        case 2: ["hflip"]
        case 3: ["hflip", "vflip"]
        case 4: ["vflip"]
        case 5: ["transpose=cclock_flip"]
        case 6: ["transpose=clock"]
        case 7: ["transpose=clock_flip"]
        case 8: ["transpose=cclock"]
        default: []
        }
    }
}
