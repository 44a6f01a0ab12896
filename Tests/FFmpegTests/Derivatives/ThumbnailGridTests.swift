import FFmpeg
import MediaTime
import Testing

@Suite struct ThumbnailGridTests {
    @Test(arguments: [
        (Rational(1, 30), 1, 1, 1, 1), (Rational(4), 1, 4, 4, 1), (Rational(9, 2), 1, 5, 5, 1),
        (Rational(500), 1, 500, 10, 5), (Rational(501), 2, 251, 10, 3),
        (Rational(10_800), 30, 360, 10, 4), (Rational(86_400), 300, 288, 10, 3),
        (Rational(1_000_000), 2_000, 500, 10, 5),
    ])
    func `the interval grows with the film, the sheets do not`(
        duration: Rational, interval: Int, count: Int, columns: Int, sheets: Int
    ) {
        let grid = ThumbnailGrid(duration: duration, width: 1_920, height: 1_080)

        #expect((grid.interval, grid.count) == (interval, count))
        #expect((grid.columns, grid.sheetCount) == (columns, sheets))
        #expect(grid.count <= ThumbnailGrid.countMax)
    }

    @Test(arguments: [
        (1_920, 1_080, 160, 90), (1_080, 1_920, 90, 160), (640, 480, 160, 120),
        (4_000, 10, 160, 2), (0, 0, 2, 2),
    ])
    func `a tile has the film's shape`(width: Int, height: Int, wide: Int, high: Int) {
        let grid = ThumbnailGrid(duration: Rational(1), width: width, height: height)

        #expect((grid.tileWidth, grid.tileHeight) == (wide, high))
    }

    @Test func `the cues tile the film and name sheet and place`() {
        let grid = ThumbnailGrid(duration: Rational(2_021, 20), width: 1_920, height: 1_080)
        let track = grid.track(["sprite.jpg", "sprite.1.jpg"])

        #expect(
            track.hasPrefix(
                """
                WEBVTT

                00:00:00.000 --> 00:00:01.000
                sprite.jpg#xywh=0,0,160,90

                00:00:01.000 --> 00:00:02.000
                sprite.jpg#xywh=160,0,160,90

                """))
        #expect(
            track.hasSuffix(
                """

                00:01:41.000 --> 00:01:41.050
                sprite.1.jpg#xywh=160,0,160,90

                """))
        #expect(track.contains("00:00:11.000 --> 00:00:12.000\nsprite.jpg#xywh=160,90,160,90\n"))
    }
}
