import MediaTime

extension MediaEngine {
    /// Writes the sheets of a proxy's thumbnails as JPEG.
    ///
    /// Only keyframes are decoded, so each thumbnail is the last keyframe up to its time.
    /// - Parameters:
    ///   - url: A proxy, which has a keyframe every half second.
    ///   - folder: Folder of the sheets.
    /// - Returns: Path of each sheet, in time order.
    /// - Throws: `.sourceUnreadable` if a sheet is missing afterwards.
    package func thumbnails(
        of url: String, _ grid: ThumbnailGrid, in folder: String
    ) async throws(FFmpegError) -> [String] {
        let input = SourceInput(
            url: url, format: "mov",
            options: ["-an", "-sn", "-dn", "-skip_frame", "nokey"])
        let filters = [
            "fps=1/\(grid.interval):start_time=0:round=up",
            "tpad=stop=-1:stop_mode=clone", "trim=end_frame=\(grid.count)",
            "scale=\(grid.tileWidth):\(grid.tileHeight):out_range=pc", "setsar=1",
            "format=yuvj420p", "tile=\(grid.columns)x\(grid.rows)",
        ]
        let arguments =
            globalArguments + input.arguments(configuration)
            + ["-map", "0:v:0", "-vf", filters.joined(separator: ","), "-fps_mode", "passthrough"]
            + ["-map_metadata", "-1", "-q:v", "4", "-c:v", "mjpeg"]
            + ["-f", "image2", "-start_number", "0", "file:\(folder)/sprite-%d.jpg"]
        let outcome = try await FFmpegProcess(configuration: configuration, sources: [(url, 0)])
            .run(configuration.ffmpegPath, arguments)
        let sheets = (0..<grid.sheetCount).map { "\(folder)/sprite-\($0).jpg" }
        guard sheets.allSatisfy({ FileSystem.size(of: $0) > 0 }) else {
            throw FFmpegError(
                .sourceUnreadable(source: nil), "The proxy has too few pictures.",
                arguments: arguments, exitStatus: 0, standardErrorTail: outcome.errors)
        }
        for sheet in sheets { try checkPicture(sheet) }
        return sheets
    }
}
