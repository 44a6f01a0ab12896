package import Captions
import EditFormats
import Foundation
package import JSON
package import Lowering
package import MediaTime
package import Planning
package import RenderPlans
import Testing

/// Assets of the edit suites.
package enum Assets {
    /// 20 s of 1920x1080 at 30 frames per second, with audio.
    package static let one = video("ast_1", seconds: 20, rate: Rational(30))
    /// 10.01 s of 1280x720 at 29.97 frames per second, with audio.
    package static let two = video(
        "ast_2", microseconds: 10_010_000, size: (1280, 720), rate: Rational(30_000, 1_001))
    /// 8 s of portrait phone video (rotated by 90 degrees), without audio.
    package static let upright = video(
        "ast_upright", seconds: 8, rate: Rational(25), rotation: 90, hasAudio: false)
    /// A browser recording, whose file has no duration.
    package static let endless = video("ast_endless", rate: Rational(30))
    package static let picture = AssetDescription(
        assetID: "ast_png", key: "uploads/o/ast_png/a.png", etag: "e3", bytes: 1000,
        media: MediaInfo(
            kind: .image, format: "png_pipe", durationMicroseconds: 0,
            video: .init(
                codec: "png", width: 400, height: 200, frameRate: nil, pixelFormat: "rgba")))
    package static let music = AssetDescription(
        assetID: "ast_music", key: "uploads/o/ast_music/a.mp3", etag: "e4", bytes: 1000,
        media: MediaInfo(
            kind: .audio, format: "mp3", durationMicroseconds: 30_000_000,
            audio: .init(codec: "mp3", sampleRate: 44_100, channels: 2, streamIndex: 0)))

    package static let all = Dictionary(
        uniqueKeysWithValues: [one, two, upright, endless, picture, music].map { ($0.assetID, $0) })
    /// 3 s of captions.
    package static let captions = [
        "cap_1": CaptionTrack(cues: [
            CaptionCue(
                start: 0, end: 3_000,
                words: (0..<6).map {
                    CaptionWord("word\($0)", start: $0 * 500, end: $0 * 500 + 450)
                })
        ])
    ]
    package static let unready = ["ast_busy": "is still being read", "ast_bad": "is not media"]

    package static func video(
        _ assetID: String, seconds: Int = 0, microseconds: Int? = nil,
        size: (Int, Int) = (1920, 1080), rate: Rational, rotation: Int = 0, hasAudio: Bool = true
    ) -> AssetDescription {
        AssetDescription(
            assetID: assetID, key: "uploads/o/\(assetID)/a.mp4", etag: "e-\(assetID)", bytes: 1000,
            media: MediaInfo(
                kind: .video, format: "mov,mp4,m4a,3gp,3g2,mj2",
                durationMicroseconds: microseconds ?? seconds * 1_000_000,
                video: .init(
                    codec: "h264", width: size.0, height: size.1, rotationDegrees: rotation,
                    frameRate: rate, pixelFormat: "yuv420p"),
                audio: hasAudio
                    ? .init(codec: "aac", sampleRate: 48_000, channels: 2, streamIndex: 1) : nil))
    }
}

/// Parses a request.
package func request(_ json: String) throws -> JSONValue {
    try JSONValue(parsing: Array(json.utf8))
}

/// Builds the plan of a request with the assets of `Assets`.
package func plan(_ json: String, planner: ChunkPlanner = ChunkPlanner()) throws -> RenderPlan {
    try plan(request(json), planner: planner)
}

package func plan(_ value: JSONValue, planner: ChunkPlanner = ChunkPlanner()) throws -> RenderPlan {
    try Edit(request: value).lowered(
        assets: Assets.all, captions: Assets.captions, unready: Assets.unready, planner: planner)
}

/// Returns the faults from decoding and lowering a request; empty if there are none.
package func faults(_ value: JSONValue) -> [FieldFault] {
    do {
        if let list = try OutputList(request: value) {
            for output in list.outputs { _ = try plan(output.request) }
        } else {
            _ = try plan(value)
        }
        return []
    } catch let error as EditFaults {
        return error.faults
    } catch {
        Issue.record("another error: \(error)")
        return []
    }
}

/// Returns a request with one track of these clips, each a JSON object.
package func oneTrack(_ clips: String..., output: String = "{}") -> String {
    """
    {"timeline":{"tracks":[{"clips":[\(clips.joined(separator: ","))]}]},"output":\(output)}
    """
}
