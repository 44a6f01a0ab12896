package import RenderPlans

/// The filters that map high dynamic range to BT.709.
///
/// Every number is fixed, so that a frame is the same in any chunk: the unit is 100 nits,
/// and 1,000 nits become white (measured: HDR reference white, 203 nits, becomes 181 of
/// 235, with PQ and HLG).
package struct ToneMapping {
    private let video: MediaInfo.Video

    /// Names of the filters that FFmpeg needs for it.
    package static let filters: Set<String> = ["zscale", "tonemap"]

    /// Nil for video of standard dynamic range.
    init?(_ video: MediaInfo.Video) {
        guard video.isHighDynamicRange else { return nil }
        self.video = video
    }

    /// The filters, which scale first because the floating point steps are slow.
    func chain(to size: (width: Int, height: Int)) -> [String] {
        [
            "zscale=w=\(size.width):h=\(size.height):f=bicubic:tin=\(video.colorTransfer ?? "")"
                + ":pin=\(primaries):min=\(matrix):rin=\(range):t=linear:npl=100",
            "format=gbrpf32le", "zscale=p=709", "tonemap=hable:desat=0:peak=10",
            "zscale=t=709:m=709:r=limited", "format=yuv420p",
        ]
    }

    private var primaries: String {
        switch video.colorPrimaries {
        case "bt709": "709"
        case "smpte432": "smpte432"
        default: "2020"
        }
    }

    private var matrix: String {
        switch video.colorSpace {
        case "bt709": "709"
        case "bt2020c": "2020_cl"
        default: "2020_ncl"
        }
    }

    private var range: String { ColorMatrix.range(of: video) == "pc" ? "full" : "limited" }
}

extension RenderPlan {
    /// Sources of high dynamic range in a plan with video, which need tone mapping.
    package var highDynamicRangeSources: [Source] {
        layers.isEmpty ? [] : sources.filter { $0.media.video?.isHighDynamicRange ?? false }
    }
}
