import MediaTime
import RenderPlans
import TestSupport
import Testing

/// A file as people upload it, made by FFmpeg; a row of docs/inputs.md.
struct Input: Sendable, CustomTestStringConvertible {
    /// What is special about its picture.
    enum Picture: Sendable {
        case opaque
        /// Its left upper corner is transparent.
        case transparent
        /// Its left upper and right upper quarters, as names of colours.
        case turned(String, String)
        /// Its fields show different moments.
        case interlaced
        case none
    }

    var name: String
    /// Arguments of FFmpeg before the output's path.
    var make: [String]
    var kind: MediaInfo.Kind = .video
    /// Length in seconds.
    var seconds = 1.0
    var size: (width: Int, height: Int) = (64, 48)
    var picture = Picture.opaque
    var warnings: Set<MediaWarning.Code> = []
    /// Changes the bytes that FFmpeg wrote.
    var change: (@Sendable ([UInt8]) -> [UInt8])?
    var testDescription: String { name }
}

extension Input {
    static let video = ["-f", "lavfi", "-i", "testsrc2=s=64x48:r=25:d=1"]
    static let tone = ["-f", "lavfi", "-i", "sine=d=1"]
    static let both = video + tone
    static let h264 = ["-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p"]
    /// A red box in the middle of nothing.
    static let box =
        ["-f", "lavfi", "-i", "color=black@0:s=64x48:r=25:d=1,format=rgba"]
        + ["-f", "lavfi", "-i", "color=red:s=16x16:r=25:d=1", "-filter_complex"]
    static func alpha(_ format: String) -> [String] {
        box + ["[0][1]overlay=24:16:format=rgb,format=\(format)"]
    }
    static let still = ["-f", "lavfi", "-i", "testsrc2=s=64x48:r=1:d=1", "-frames:v", "1"]
    /// Quarters: red and green above, blue and white below.
    static let quarters =
        ["red", "lime", "blue", "white"].flatMap {
            ["-f", "lavfi", "-i", "color=\($0):s=32x24:r=1:d=1"]
        } + [
            "-filter_complex", "[0][1]hstack[a];[2][3]hstack[b];[a][b]vstack", "-frames:v", "1",
            "-q:v", "1",
        ]
    static func fields(_ parity: String, _ size: String = "320x240") -> [String] {
        let first = parity == "tff" ? "interleave_top" : "interleave_bottom"
        return ["-f", "lavfi", "-i", "testsrc2=s=\(size):r=50:d=1", "-vf"]
            + ["tinterlace=\(first),setfield=\(parity)", "-flags", "+ilme+ildct"]
    }
    static func start(_ share: Double) -> @Sendable ([UInt8]) -> [UInt8] {
        { Array($0.prefix(Int(Double($0.count) * share))) }
    }

    /// The bytes of a JPEG with an EXIF orientation.
    static func oriented(_ value: UInt8) -> @Sendable ([UInt8]) -> [UInt8] {
        { jpeg in
            let tiff: [UInt8] =
                Array("II*\0".utf8) + [8, 0, 0, 0, 1, 0, 0x12, 1, 3, 0, 1, 0, 0, 0, value, 0]
                + [0, 0, 0, 0, 0, 0]
            let body = Array("Exif\0\0".utf8) + tiff
            return Array(jpeg.prefix(2)) + [0xFF, 0xE1, 0, UInt8(body.count + 2)] + body
                + jpeg.dropFirst(2)
        }
    }

    /// Names the codec of audio tracks `apac`, which FFmpeg does not know.
    static func undecodable(_ tracks: Set<Int>) -> @Sendable ([UInt8]) -> [UInt8] {
        { file in
            var file = file
            var found = 0
            for index in file.indices.dropLast(4)
            where file[index..<index + 4].elementsEqual("mp4a".utf8) {
                // The sample entry follows the head of its box.
                guard index > 24, file[index - 20..<index].contains(UInt8(ascii: "s")),
                    file[(index - 16)..<(index - 12)].elementsEqual("stsd".utf8)
                else { continue }
                if tracks.contains(found) {
                    file.replaceSubrange(index..<index + 4, with: Array("apac".utf8))
                    if let box = file[index...].indices.dropLast(4).first(where: {
                        file[$0..<$0 + 4].elementsEqual("esds".utf8)
                    }) {
                        file.replaceSubrange(box..<box + 4, with: Array("dapa".utf8))
                    }
                }
                found += 1
            }
            return file
        }
    }

    static let all: [Input] =
        containers + lengths + transparent + stills + fieldsOfVideo + audioFiles

    private static let lengths: [Input] = [
        Input(
            name: "live-vp8.webm", make: video + ["-c:v", "libvpx", "-f", "webm", "-live", "1"],
            warnings: [.lengthMeasured]),
        Input(
            name: "live-vp9-opus.webm",
            make: both + ["-c:v", "libvpx-vp9", "-cpu-used", "8", "-c:a", "libopus"]
                + ["-f", "webm", "-live", "1"],
            warnings: [.lengthMeasured]),
        Input(
            name: "live-h264.mkv", make: both + h264 + ["-live", "1"], warnings: [.lengthMeasured]),
        Input(
            name: "pipe.flv", make: both + h264 + ["-flvflags", "no_duration_filesize"],
            warnings: []),
        Input(
            name: "fragments.mp4",
            make: both + h264 + ["-movflags", "frag_keyframe+empty_moov+default_base_moof"]),
        Input(
            name: "loop.apng", make: video + ["-plays", "0"], warnings: [.lengthMeasured]),
        Input(
            name: "no-header.mp3",
            make: ["-f", "lavfi", "-i", "anoisesrc=d=4,volume='if(lt(t,2),0,1)':eval=frame"]
                + ["-q:a", "2", "-write_xing", "0", "-id3v2_version", "0"],
            kind: .audio, seconds: 4.05, picture: .none, warnings: [.lengthMeasured]),
        Input(
            name: "adts.aac",
            make: ["-f", "lavfi", "-i", "anoisesrc=d=4,volume='if(lt(t,2),0,1)':eval=frame"],
            kind: .audio, seconds: 4.02, picture: .none, warnings: [.lengthMeasured]),
        Input(
            name: "dolby.ac3", make: tone, kind: .audio, seconds: 1.02, picture: .none,
            warnings: [.lengthMeasured]),
        Input(
            name: "dolby.eac3", make: tone, kind: .audio, seconds: 1.02, picture: .none,
            warnings: [.lengthMeasured]),
        Input(
            name: "cut-off.mp4",
            make: ["-f", "lavfi", "-i", "testsrc2=s=64x48:r=25:d=6"] + h264
                + ["-g", "25", "-movflags", "+faststart"],
            seconds: 3.5, warnings: [.cutOff], change: start(0.6)),
        Input(
            name: "cut-off.mkv",
            make: ["-f", "lavfi", "-i", "testsrc2=s=64x48:r=25:d=6"] + h264 + ["-g", "25"],
            seconds: 3.5, warnings: [.cutOff], change: start(0.6)),
        Input(
            name: "cut-off.mov",
            make: ["-f", "lavfi", "-i", "testsrc2=s=64x48:r=25:d=6", "-c:v", "prores_ks"]
                + ["-movflags", "+faststart"],
            seconds: 3.6, warnings: [.cutOff], change: start(0.6)),
        Input(
            name: "cut-off.flac", make: ["-f", "lavfi", "-i", "anoisesrc=d=6"], kind: .audio,
            seconds: 3.6, picture: .none, warnings: [.cutOff], change: start(0.6)),
        Input(
            name: "cut-off.avi",
            make: ["-f", "lavfi", "-i", "testsrc2=s=64x48:r=25:d=6", "-c:v", "mjpeg"],
            seconds: 3.6, change: start(0.6)),
    ]

    private static let containers: [Input] = [
        Input(name: "b-frames.avi", make: video + ["-c:v", "mpeg4", "-bf", "2"]),
        Input(name: "old.mpg", make: video + ["-c:v", "mpeg1video"], seconds: 0.84),
        Input(
            name: "windows.wmv", make: both + ["-c:v", "wmv2", "-c:a", "wmav2"], seconds: 1.05),
        Input(name: "photo-camera.avi", make: video + ["-c:v", "mjpeg", "-pix_fmt", "yuvj422p"]),
        Input(name: "lossless.avi", make: video + ["-c:v", "huffyuv"]),
        Input(name: "archive.mkv", make: both + ["-c:v", "ffv1", "-c:a", "flac"]),
        Input(
            name: "broadcast.mxf",
            make: ["-f", "lavfi", "-i", "testsrc2=s=64x48:r=25:d=1", "-c:v", "mpeg2video"]),
        Input(
            name: "old-phone.3gp",
            make: ["-f", "lavfi", "-i", "testsrc2=s=176x144:r=25:d=1", "-c:v", "h263"],
            size: (176, 144)),
        Input(name: "loop.gif", make: video),
        Input(name: "ten-bit.mp4", make: video + h264 + ["-pix_fmt", "yuv420p10le"]),
        Input(name: "rgb.mp4", make: video + ["-c:v", "libx264rgb", "-preset", "ultrafast"]),
        Input(name: "full-range.mp4", make: video + h264 + ["-color_range", "pc"]),
        Input(
            name: "odd-size.mp4",
            make: ["-f", "lavfi", "-i", "testsrc=s=65x49:r=25:d=1", "-c:v", "libx264"]
                + ["-preset", "ultrafast", "-pix_fmt", "yuv444p"],
            size: (65, 49)),
        Input(name: "av1.mp4", make: video + ["-c:v", "libaom-av1", "-cpu-used", "8"]),
        Input(name: "flash.flv", make: both + ["-c:v", "flv1"]),
    ]

    private static let transparent: [Input] = [
        Input(
            name: "alpha-vp9.webm",
            make: alpha("yuva420p") + [
                "-c:v", "libvpx-vp9", "-cpu-used", "8", "-auto-alt-ref", "0",
            ],
            picture: .transparent),
        Input(
            name: "alpha-vp8.webm",
            make: alpha("yuva420p") + ["-c:v", "libvpx", "-auto-alt-ref", "0"],
            picture: .transparent),
        Input(
            name: "alpha-vp9.mkv",
            make: alpha("yuva420p") + [
                "-c:v", "libvpx-vp9", "-cpu-used", "8", "-auto-alt-ref", "0",
            ],
            picture: .transparent),
        Input(
            name: "alpha-prores.mov",
            make: alpha("yuva444p10le") + ["-c:v", "prores_ks", "-profile:v", "4444"],
            picture: .transparent),
        Input(
            name: "alpha-animation.mov", make: alpha("argb") + ["-c:v", "qtrle"],
            picture: .transparent),
        Input(name: "alpha-png.mov", make: alpha("rgba") + ["-c:v", "png"], picture: .transparent),
        Input(
            name: "alpha-ffv1.mkv", make: alpha("yuva420p") + ["-c:v", "ffv1"],
            picture: .transparent),
        Input(
            name: "alpha-ut.avi", make: alpha("gbrap") + ["-c:v", "utvideo"],
            picture: .transparent),
        Input(
            name: "alpha.gif",
            make: box + [
                "[0][1]overlay=24:16:format=rgb,format=rgba,split[a][b];"
                    + "[a]palettegen=reserve_transparent=1[p];[b][p]paletteuse"
            ], picture: .transparent),
        Input(
            name: "alpha.apng", make: alpha("rgba") + ["-plays", "0"], picture: .transparent,
            warnings: [.lengthMeasured]),
    ]

    private static func picture(_ name: String, _ options: [String] = []) -> Input {
        Input(name: name, make: still + options, kind: .image, seconds: 0)
    }

    private static func turned(_ value: UInt8, _ left: String, _ right: String) -> Input {
        Input(
            name: "exif-\(value).jpg", make: quarters, kind: .image, seconds: 0,
            size: value < 5 ? (64, 48) : (48, 64), picture: .turned(left, right),
            change: oriented(value))
    }

    private static let stills: [Input] =
        [
            picture("sixteen-bit.png", ["-pix_fmt", "rgb48be"]),
            picture("sixteen-bit-gray.png", ["-pix_fmt", "gray16be"]),
            picture("one-bit.png", ["-pix_fmt", "monob"]),
            picture("palette.png", ["-pix_fmt", "pal8"]),
            picture("gray.jpg", ["-pix_fmt", "gray"]),
            picture("full-chroma.jpg", ["-pix_fmt", "yuvj444p"]),
            picture("scan.tiff"), picture("windows.bmp"), picture("web.webp"), picture("new.qoi"),
            picture("new.jxl"), picture("one.gif"),
            picture("new.avif", ["-c:v", "libaom-av1", "-cpu-used", "8", "-still-picture", "1"]),
            Input(
                name: "alpha-sixteen.png", make: alpha("rgba64be") + ["-frames:v", "1"],
                kind: .image, seconds: 0, picture: .transparent),
            Input(
                name: "alpha.webp", make: alpha("rgba") + ["-frames:v", "1", "-lossless", "1"],
                kind: .image, seconds: 0, picture: .transparent),
            Input(
                name: "alpha.tiff", make: alpha("rgba") + ["-frames:v", "1"], kind: .image,
                seconds: 0, picture: .transparent),
            turned(1, "red", "lime"), turned(2, "lime", "red"), turned(3, "white", "blue"),
            turned(4, "blue", "white"), turned(5, "red", "blue"), turned(6, "blue", "red"),
            turned(7, "white", "lime"), turned(8, "lime", "white"),
        ]

    private static func interlaced(
        _ name: String, _ make: [String], seconds: Double = 1,
        size: (width: Int, height: Int) = (320, 240)
    ) -> Input {
        Input(
            name: name, make: make, seconds: seconds, size: size, picture: .interlaced,
            warnings: [.deinterlaced])
    }

    private static let fieldsOfVideo: [Input] = [
        interlaced("interlaced-dvd.ts", fields("tff") + ["-c:v", "mpeg2video", "-b:v", "4M"]),
        interlaced(
            "interlaced-bottom.mpg", fields("bff") + ["-c:v", "mpeg2video", "-b:v", "4M"]),
        interlaced("interlaced-avchd.mp4", fields("tff") + h264 + ["-x264-params", "tff=1"]),
        interlaced(
            "interlaced-dv.avi",
            fields("bff", "720x576") + ["-c:v", "dvvideo", "-pix_fmt", "yuv420p"],
            size: (720, 576)),
        interlaced("interlaced-prores.mov", fields("tff") + ["-c:v", "prores_ks"]),
    ]

    private static func audioFile(
        _ name: String, _ make: [String], seconds: Double = 1,
        warnings: Set<MediaWarning.Code> = []
    ) -> Input {
        Input(
            name: name, make: make, kind: .audio, seconds: seconds, picture: .none,
            warnings: warnings)
    }

    private static let three = both + tone + ["-map", "0", "-map", "1", "-map", "2"]

    private static let audioFiles: [Input] = [
        audioFile("surround.wav", tone + ["-ac", "6"], warnings: [.audioMixedDown]),
        audioFile("surround-8.flac", tone + ["-ac", "8"], warnings: [.audioMixedDown]),
        audioFile(
            "quad.ogg", tone + ["-ac", "4", "-c:a", "libvorbis"], warnings: [.audioMixedDown]),
        audioFile("eight-bit.wav", tone + ["-ar", "8000", "-c:a", "pcm_u8"]),
        audioFile("studio.wav", tone + ["-ar", "96000", "-c:a", "pcm_s24le"]),
        audioFile("voice.opus", tone + ["-c:a", "libopus"]),
        audioFile("apple.m4a", tone + ["-c:a", "alac"]),
        audioFile("mac.aiff", tone), audioFile("mac.caf", tone, warnings: [.lengthMeasured]),
        audioFile("header.mp3", tone, seconds: 1.045),
        Input(
            name: "track-2-spatial.mov", make: three + h264, warnings: [.audioTrackSkipped],
            change: undecodable([1])),
        Input(
            name: "track-1-spatial.mov", make: three + h264, warnings: [.audioTrackSkipped],
            change: undecodable([0])),
        Input(
            name: "only-spatial.mov", make: both + h264, warnings: [.audioNotDecodable],
            change: undecodable([0])),
        Input(
            name: "second-by-default.mkv",
            make: three + h264 + ["-disposition:a:0", "0", "-disposition:a:1", "default"]),
    ]
}
