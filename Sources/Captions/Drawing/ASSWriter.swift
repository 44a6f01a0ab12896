import MediaTime

/// Writes a script in ASS v4.00+, as libass reads it
/// (https://github.com/libass/libass/wiki/ASS-File-Format-Guide).
struct ASSWriter {
    let script: Script
    let clock: ScriptClock
    /// True if the colours are adjusted for FFmpeg's `ass` filter on BT.709 frames.
    let isDrawn: Bool
    /// Frames subtracted from every time.
    let origin: Int

    /// The script as ASS text.
    /// - Parameter events: The events of the script to write.
    func text(_ events: [Script.Event]) -> String {
        var lines = [
            "[Script Info]", "ScriptType: v4.00+", "PlayResX: \(script.width)",
            "PlayResY: \(script.height)", "WrapStyle: 0", "ScaledBorderAndShadow: yes",
            "YCbCr Matrix: None", "", "[V4+ Styles]",
            "Format: Name, Fontname, Fontsize, PrimaryColour, SecondaryColour, OutlineColour,"
                + " BackColour, Bold, Italic, Underline, StrikeOut, ScaleX, ScaleY, Spacing,"
                + " Angle, BorderStyle, Outline, Shadow, Alignment, MarginL, MarginR, MarginV,"
                + " Encoding",
        ]
        lines += script.styles.map(style)
        lines += [
            "", "[Events]",
            "Format: Layer, Start, End, Style, Name, MarginL, MarginR, MarginV, Effect, Text",
        ]
        lines += events.map(dialogue)
        return lines.joined(separator: "\n") + "\n"
    }

    private func style(_ style: Script.Style) -> String {
        let fields = [
            style.name, ASSText.fontName(style.fontFamily), "\(style.fontSize)",
            color(style.primary), color(style.secondary), color(style.outline), color(style.back),
            style.isBold ? "-1" : "0", style.isItalic ? "-1" : "0", "0", "0", "100", "100", "0",
            "0", "\(style.border.rawValue)", "\(style.outlineWidth)", "\(style.shadow)", "5", "0",
            // -1: libass detects the direction of the text.
            "0", "0", "-1",
        ]
        return "Style: " + fields.joined(separator: ",")
    }

    private func dialogue(_ event: Script.Event) -> String {
        let margin = margin(event)
        let fields = [
            "\(event.layer)", time(event.start), time(event.end), event.style, "", "\(margin)",
            "\(margin)", "0", "",
        ]
        return "Dialogue: " + fields.joined(separator: ",") + "," + tags(event) + runs(event)
    }

    /// Lines break at the margins, so the space between them grows with the letters.
    private func margin(_ event: Script.Event) -> Int {
        let room = (script.width - 2 * event.anchor.sideMargin) * event.scale / 100
        return max(0, (script.width - room) / 2)
    }

    private func tags(_ event: Script.Event) -> String {
        let anchor = event.anchor
        var tags = "\\an\(anchor.number)\\pos(\(anchor.x),\(anchor.y))"
        tags += shape(event)
        if event.fadeIn > 0 || event.fadeOut > 0 {
            let (comes, goes) = (
                clock.centiseconds(frames: event.fadeIn) * 10,
                clock.centiseconds(frames: event.fadeOut) * 10
            )
            tags += "\\fad(\(comes),\(goes))"
        }
        return "{\(tags)}"
    }

    /// The tags that a change of style resets.
    private func shape(_ event: Script.Event) -> String {
        var tags = ""
        if event.scale != 100 { tags += "\\fscx\(event.scale)\\fscy\(event.scale)" }
        if event.rotation != .zero { tags += "\\frz\((-event.rotation).decimalText)" }
        return tags
    }

    private func runs(_ event: Script.Event) -> String {
        var text = ""
        var look = Script.Run.Look.plain
        var isFirst = true
        var swept = 0
        for run in event.runs {
            // Spaces and line ends have the look of the preceding text; a box must not
            // extend over them.
            let space = run.text.isEmpty || isFirst ? "" : joint(run, event)
            if look != .plain, run.look != look {
                text += reset(look, event)
                look = .plain
            }
            text += space
            if let ticks = run.sweepTicks {
                let before = clock.centiseconds(ticks: swept)
                swept += ticks
                text += "{\\kf\(clock.centiseconds(ticks: swept) - before)}"
            }
            if run.look != look {
                text += set(run.look, event)
                look = run.look
            }
            text += broken(run.text, event)
            if !run.text.isEmpty { isFirst = false }
        }
        return text
    }

    private func joint(_ run: Script.Run, _ event: Script.Event) -> String {
        if run.startsLine { return "\\N" }
        switch run.joint {
        case .blank: return " "
        case .mayBreak: return breakPlace(event)
        case .none: return ""
        }
    }

    /// A blank of no width: libass ends lines at blanks alone.
    private func breakPlace(_ event: Script.Event) -> String {
        "{\\fscx0} {\\fscx\(event.scale == 100 ? "" : "\(event.scale)")}"
    }

    /// The escaped text with places where a line may end, in scripts without blanks and in
    /// words that are too wide.
    private func broken(_ text: String, _ event: Script.Event) -> String {
        guard let style = script.styles.first(where: { $0.name == event.style }) else {
            return ASSText.escaped(text)
        }
        return LineBreaking.parts(
            text, size: style.fontSize, family: style.fontFamily,
            room: script.width - 2 * event.anchor.sideMargin
        ).map(ASSText.escaped).joined(separator: breakPlace(event))
    }

    private func set(_ look: Script.Run.Look, _ event: Script.Event) -> String {
        switch look {
        case .plain: ""
        case .colored(let rgb): "{\\1c&H\(bgr(rgb))&}"
        case .hidden: "{\\alpha&HFF&}"
        case .style(let name): "{\\r\(name)\(shape(event))}"
        }
    }

    private func reset(_ look: Script.Run.Look, _ event: Script.Event) -> String {
        switch look {
        case .plain: ""
        // A tag without a value resets to the style's value.
        case .colored: "{\\1c}"
        case .hidden: "{\\alpha}"
        case .style: "{\\r\(event.style)\(shape(event))}"
        }
    }

    /// The time as `H:MM:SS.cc`.
    private func time(_ frame: Int) -> String {
        let total = max(0, clock.centiseconds(frames: frame - origin))
        func two(_ value: Int) -> String { value < 10 ? "0\(value)" : "\(value)" }
        return "\(total / 360_000):\(two(total / 6_000 % 60)):\(two(total / 100 % 60))"
            + ".\(two(total % 100))"
    }

    // MARK: Colours

    private func color(_ color: Script.Color) -> String {
        let alpha = 255 - (color.opacity * Rational(255)).rounded.clamped(to: 0...255)
        return "&H\(Self.hex(alpha))\(bgr(color.rgb))"
    }

    private func bgr(_ rgb: String) -> String {
        let value = Int(rgb, radix: 16) ?? 0xFFFFFF
        var channels = [value >> 16 & 255, value >> 8 & 255, value & 255]
        if isDrawn { channels = Self.forBT601(channels) }
        return channels.reversed().map(Self.hex).joined()
    }

    private static func hex(_ value: Int) -> String {
        let text = String(value, radix: 16, uppercase: true)
        return text.count < 2 ? "0\(text)" : text
    }

    /// The colour whose conversion to YUV by BT.601 equals the given colour's conversion by
    /// BT.709.
    ///
    /// FFmpeg's `ass` filter (libavfilter/drawutils.c) supports only BT.601, while the
    /// output is BT.709. Colours at the edge of the BT.601 gamut become slightly paler.
    static func forBT601(_ rgb: [Int]) -> [Int] {
        let (red, green, blue) = (Rational(rgb[0]), Rational(rgb[1]), Rational(rgb[2]))
        let luma =
            red * Rational(2_126, 10_000) + green * Rational(7_152, 10_000)
            + blue * Rational(722, 10_000)
        let blueness = (blue - luma) * Rational(10_000, 18_556)
        let redness = (red - luma) * Rational(10_000, 15_748)
        let channels = [
            luma + redness * Rational(1_402, 1_000),
            luma - blueness * Rational(344_136, 1_000_000) - redness * Rational(714_136, 1_000_000),
            luma + blueness * Rational(1_772, 1_000),
        ]
        return channels.map { $0.rounded.clamped(to: 0...255) }
    }
}

/// Escapes text for ASS lines.
enum ASSText {
    /// The text escaped so that libass draws it literally: it can neither open an override
    /// block nor end the line.
    ///
    /// libass supports `\{` and `\}` but no escape for the backslash, so an invisible word
    /// joiner separates it from the next character. Characters that no outline font can
    /// show (the selectors and joiners of emoji) are removed.
    static func escaped(_ text: String) -> String {
        var result = String.UnicodeScalarView()
        var wasReturn = false
        for scalar in text.unicodeScalars {
            defer { wasReturn = scalar == "\r" }
            switch scalar {
            case "\n" where wasReturn: continue
            case "\n", "\r", "\u{2028}", "\u{2029}": result.append(contentsOf: "\\N".unicodeScalars)
            case "\t": result.append(" ")
            case "\\": result.append(contentsOf: "\\\u{2060}".unicodeScalars)
            case "{", "}":
                result.append("\\")
                result.append(scalar)
            case "\u{FE00}"..."\u{FE0F}",
                "\u{200D}" where isEmoji(text),
                "\u{1F3FB}"..."\u{1F3FF}", "\u{E0000}"..."\u{E007F}":
                continue
            default:
                let category = scalar.properties.generalCategory
                if category != .control && category != .surrogate { result.append(scalar) }
            }
        }
        return String(result)
    }

    /// True if the text has emoji: some scripts need their joiners.
    private static func isEmoji(_ text: String) -> Bool {
        text.unicodeScalars.contains { $0.properties.isEmojiPresentation }
    }

    /// The font name without characters that could end its field.
    static func fontName(_ name: String) -> String {
        let clean = TextFont.sanitised(name)
        return clean.isEmpty ? TextFont.standard : clean
    }
}
