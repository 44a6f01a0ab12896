package import RenderPlans

/// How a picture of high dynamic range becomes one for a usual screen.
///
/// Every number is fixed, so that a frame comes out the same in any chunk:
/// 100 nits are the unit, 1,000 nits become white (measured: HDR reference
/// white, 203 nits, becomes 181 of 235, with PQ and with HLG alike).
package struct ToneMapping {
    private let video: MediaInfo.Video

    /// What FFmpeg must have for it.
    package static let filters: Set<String> = ["zscale", "tonemap"]

    /// Nil where there is nothing to map.
    init?(_ video: MediaInfo.Video) {
        guard video.isHighDynamicRange else { return nil }
        self.video = video
    }

    /// Scaled first: what follows is floating point, and dear.
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
    /// Sources whose pictures are shown and have to be tone-mapped.
    package var highDynamicRangeSources: [Source] {
        layers.isEmpty ? [] : sources.filter { $0.media.video?.isHighDynamicRange ?? false }
    }
}
