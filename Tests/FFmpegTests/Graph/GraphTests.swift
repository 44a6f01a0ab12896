import Editing
import TestSupport
import Testing

@testable import FFmpeg

@Suite struct GraphTests {
    private var plan: RenderPlan {
        let film = MediaInfo(
            kind: .video, format: "mov,mp4", durationMicroseconds: 90_000_000,
            startMicroseconds: 80_000,
            video: MediaInfo.Video(
                codec: "h264", width: 1_280, height: 720, frameRate: Rational(25),
                pixelFormat: "yuv420p", colorSpace: "bt709", colorRange: "tv"),
            audio: MediaInfo.Audio(codec: "aac", sampleRate: 44_100, channels: 1, streamIndex: 1))
        let logo = MediaInfo(
            kind: .image, format: "png_pipe", durationMicroseconds: 0,
            video: MediaInfo.Video(
                codec: "png", width: 200, height: 100, frameRate: nil, pixelFormat: "rgba"))
        let full = RenderPlan.Box(width: 640, height: 360)
        return RenderPlan(
            output: RenderPlan.OutputSettings(
                width: 640, height: 360, frameRate: Rational(30_000, 1_001),
                background: "ffffff"),
            frameCount: 300,
            sources: [
                RenderPlan.Source(assetID: "f", key: "f", etag: "f", bytes: 1, media: film),
                RenderPlan.Source(assetID: "l", key: "l", etag: "l", bytes: 1, media: logo),
            ],
            layers: [
                RenderPlan.Layer(placements: [
                    RenderPlan.Placement(
                        source: 0, frames: FrameRange(0, 200), sourceStart: Rational(10), box: full)
                ]),
                RenderPlan.Layer(placements: [
                    RenderPlan.Placement(
                        source: 1, frames: FrameRange(120, 240), fit: .contain,
                        box: RenderPlan.Box(x: 20, y: 20, width: 100, height: 100),
                        opacity: Rational(1, 2), fadeInFrames: 30)
                ]),
            ],
            audio: [
                RenderPlan.AudioPlacement(
                    source: 0, startSample: 4_800, endSample: 100_000, sourceStart: Rational(30),
                    volume: Rational(1, 2), fadeInSamples: 480),
                RenderPlan.AudioPlacement(source: 0, startSample: 90_000, endSample: 120_000),
            ], chunks: [FrameRange(0, 300)])
    }

    @Test func `a chunk's graph counts in frames of the source's own grid`() throws {
        let graph = try FilterGraph(
            FrameRange(130, 230), of: plan, sourceURLs: [0: "/f.mp4", 1: "https://s/l.png?x=1"])

        #expect(
            graph.text.split(separator: ";").joined(separator: "\n") == #"""
                [0:0]setpts='round(PTS-(3101/30000)/TB)',fps=fps=30000/1001:start_time=0,\#
                tpad=stop=15:stop_mode=clone,trim=start_pts=429:end_pts=499,\#
                metadata=mode=add:key=spool:value=0,\#
                metadata=mode=print:key=spool:file='pipe\:1':direct=1,\#
                metadata=mode=delete:key=spool,scale=640:360:flags=bicubic:\#
                in_color_matrix=bt709:in_range=tv:out_color_matrix=bt709:out_range=tv,\#
                format=yuv420p,setsar=1,setpts=PTS-429[p0]
                [1:0]scale=100:50:flags=bicubic:out_color_matrix=bt709:out_range=tv,\#
                format=yuva420p,setsar=1,loop=loop=-1:size=1,settb=1001/30000,setpts=N,\#
                fps=fps=30000/1001:start_time=0,trim=end_pts=100,\#
                metadata=mode=add:key=spool:value=1,\#
                metadata=mode=print:key=spool:file='pipe\:1':direct=1,\#
                metadata=mode=delete:key=spool[p1]
                [p1]format=yuva420p,lutyuv=a='round(val*1/2)',setpts=PTS+10,\#
                fade=t=in:st=0:d=1.001000:alpha=1,setpts=PTS-10[r1]
                color=c=0xffffff:s=640x360:r=30000/1001,format=rgb24,trim=end_frame=1,\#
                scale=flags=bicubic:out_color_matrix=bt709:out_range=tv,format=yuv420p,setsar=1,\#
                loop=loop=-1:size=1,settb=1001/30000,setpts=N,fps=fps=30000/1001:start_time=0,\#
                trim=end_pts=30[g0]
                [p0][g0]concat=n=2:v=1:a=0,settb=1001/30000,setpts=N[b0]
                [b0][r1]overlay=x=20:y=44:eval=init:eof_action=pass:repeatlast=0:format=yuv420[b1]
                [b1]trim=end_pts=100,setparams=range=tv:color_primaries=bt709:color_trc=bt709:\#
                colorspace=bt709,format=yuv420p[v]
                """#)
        #expect(graph.inputs.counters.map(\.planned) == [70, 100])
    }

    @Test func `every input is fenced in and opened as what the probe found`() throws {
        let graph = try FilterGraph(
            FrameRange(130, 230), of: plan, sourceURLs: [0: "/f.mp4", 1: "https://s/l.png?x=1"])

        let arguments = graph.inputs.files.map {
            $0.input.arguments(FFmpegConfiguration()).filter { $0 != AllowedFormats.all }
        }

        let film = """
            -protocol_whitelist file -format_whitelist -max_pixels 134217728 -threads 1 \
            -f mov -an -sn -dn -noaccurate_seek -ss 13.837667 -i file:/f.mp4
            """
        let logo = """
            -protocol_whitelist http,https,tcp,tls -format_whitelist -rw_timeout 30000000 \
            -recv_buffer_size 262144 -reconnect 1 -reconnect_on_network_error 1 \
            -reconnect_delay_max 4 -max_pixels 134217728 -threads 1 \
            -f png_pipe -an -sn -dn -i https://s/l.png?x=1
            """
        #expect(arguments.map { $0.joined(separator: " ") } == [film, logo])
    }

    @Test func `the sound's graph counts in samples`() throws {
        let graph = try AudioGraph(plan, sourceURLs: [0: "/f.mp4"])

        let format = "aformat=sample_fmts=fltp:sample_rates=48000:channel_layouts=stereo"
        let conform =
            "atrim=start_pts=0,pan=stereo|c0=c0|c1=c0,"
            + "aresample=48000:async=1:min_comp=0.000001:min_hard_comp=0.1:first_pts=0,\(format)"
        let numbered = "asettb=1/48000,asetpts=N"
        #expect(
            graph.text.split(separator: ";").joined(separator: "\n") == """
                anullsrc=r=48000:cl=stereo,\(format),atrim=end_sample=4800[s0]
                [0:a:0]asetpts='round(PTS-(752/25)/TB)',\(conform),atrim=end_sample=95200,\
                apad=whole_len=95200,\(numbered),volume=volume=1/2:precision=float:eval=once,\
                afade=t=in:ss=0:ns=480[c0]
                [s0][c0]concat=n=2:v=0:a=1,\(numbered)[t0]
                anullsrc=r=48000:cl=stereo,\(format),atrim=end_sample=90000[s1]
                [1:a:0]asetpts='round(PTS-(2/25)/TB)',\(conform),atrim=end_sample=30000,\
                apad=whole_len=30000,\(numbered)[c1]
                [s1][c1]concat=n=2:v=0:a=1,\(numbered)[t1]
                [t0][t1]amix=inputs=2:normalize=0:duration=longest:dropout_transition=0,\
                apad=whole_len=480480,\(numbered),atrim=end_sample=480480,\(format)[a]
                """)
        #expect(
            graph.inputs.map { $0.options.joined(separator: " ") } == [
                "-vn -sn -dn -noaccurate_seek -seek_timestamp 1 -ss 25.080000", "-vn -sn -dn",
            ])
    }

    @Test func `the list of chunks adds up to rounded times`() {
        let chunks = [FrameRange(0, 1), FrameRange(1, 2), FrameRange(2, 300)]
        let urls = ["/a'b.mp4", "http://s/b?x=%2F", "c"]

        #expect(
            MediaEngine.concatList(chunks, urls, rate: plan.output.frameRate) == """
                ffconcat version 1.0
                file 'file:/a'\\''b.mp4'
                duration 0.033367
                file 'http://s/b?x=%2F'
                option fflags +ignidx
                option rw_timeout 30000000
                option reconnect 1
                option reconnect_on_network_error 1
                option reconnect_delay_max 4
                duration 0.033366
                file 'file:c'
                duration 9.943267

                """)
    }
}
