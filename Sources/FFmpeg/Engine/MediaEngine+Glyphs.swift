import Captions
import MediaTime
package import RenderPlans

extension MediaEngine {
    /// The characters of a plan's texts for which no font has a glyph, in order of code points;
    /// boxes are drawn in their place. At most `missingCharacterCountMax`.
    ///
    /// libass looks for them as it does in a render, with the same fonts.
    package func missingCharacters(of plan: RenderPlan) async throws(FFmpegError) -> [String] {
        let texts = Self.charactersByFont(of: plan)
        guard !texts.isEmpty else { return [] }
        var script = Script(width: 64, height: 64)
        for (family, characters) in texts.sorted(by: { $0.key < $1.key }) {
            var title = TextTitle(
                characters.sorted().prefix(Self.checkedCharacterCountMax).map { String($0) }
                    .joined(separator: " "), .plain, width: 64, height: 64)
            title.fontFamily = family
            title.fontSize = 8
            script.add(title, count: 1, fades: (0, 0))
        }
        guard let drawn = script.drawn(FrameRange(0, 1)) else { return [] }
        let prefix = "\(configuration.environment["TMPDIR"] ?? "/tmp")/spool-glyphs-"
        let files = ScriptFiles(
            pieces: [ScriptExcerpt(layer: 0, drawn: drawn)], prefix: prefix + Self.newName())
        defer { files.remove() }
        let configuration = try files.write(configuration)
        let filters = files.pieces[0].filters(path: files.path(0), timeBase: Rational(1, 25))
        let arguments =
            ["-nostdin", "-hide_banner", "-v", "warning", "-f", "lavfi"]
            + ["-i", "color=c=black:s=64x64:r=25:d=0.04", "-vf", filters.joined(separator: ",")]
            + ["-frames:v", "1", "-f", "null", "-"]
        let outcome = try await FFmpegProcess(configuration: configuration)
            .run(configuration.ffmpegPath, arguments)
        return Self.missing(in: outcome.errors)
    }

    /// Characters that one check asks for, of each font.
    private static let checkedCharacterCountMax = 1_000
    /// Characters that one check reports.
    private static let missingCharacterCountMax = 20

    private static func newName() -> String {
        String(UInt64.random(in: 0...UInt64.max), radix: 36) + "-"
    }

    /// Characters beyond ASCII, which every font has, by the font that is asked for first.
    private static func charactersByFont(of plan: RenderPlan) -> [String: Set<Character>] {
        var texts: [String: Set<Character>] = [:]
        for script in plan.layers.flatMap(\.scripts) {
            let (family, pieces): (String, [String]) =
                switch script.content {
                case .title(let title): (title.fontFamily, [title.text])
                case .captions(let track, let style):
                    (
                        style.fontFamily,
                        track.words.map { style.isUppercase ? $0.text.uppercased() : $0.text }
                    )
                }
            let wide = pieces.flatMap { $0 }.filter { !$0.isASCII && !$0.isWhitespace }
            if !wide.isEmpty { texts[family, default: []].formUnion(wide) }
        }
        return texts
    }

    /// The characters that libass's messages name, each once.
    static func missing(in errors: String) -> [String] {
        let mark = "failed to find any fallback with glyph 0x"
        let codes = errors.split(separator: "\n").compactMap { line -> UInt32? in
            guard let found = line.firstRange(of: mark) else { return nil }
            return UInt32(line[found.upperBound...].prefix { $0.isHexDigit }, radix: 16)
        }
        return Set(codes).sorted().compactMap { Unicode.Scalar($0).map { String(Character($0)) } }
            .prefix(missingCharacterCountMax).map { $0 }
    }
}
