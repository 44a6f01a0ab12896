import Captions
import EditFormats
import MediaTime
import RenderPlans

extension TextTitle {
    /// Creates the title of a request for an output of that size.
    init(_ request: Edit.Text, look: Edit.Look, output: RenderPlan.OutputSettings) {
        self.init(request.text, request.preset, width: output.width, height: output.height)
        let preset = anchor.position
        anchor = TextAnchor(
            look.position == .center ? preset : look.position, width: output.width,
            height: output.height, offset: (look.offsetX, look.offsetY))
        fontFamily = request.font.family ?? fontFamily
        fontSize = TextFont.size(request.font.size ?? fontSize, scale: look.scale)
        color = request.font.color ?? color
        isBold = request.font.isBold ?? isBold
        isItalic = request.font.isItalic ?? isItalic
        outlineColor = request.outlineColor ?? outlineColor
        outlineWidth = request.outlineWidth ?? (request.outlineColor == nil ? outlineWidth : 3)
        if request.font.size != nil, request.outlineWidth == nil, outlineWidth > 0 {
            outlineWidth = max(1, fontSize * 6 / 100)
        }
        boxColor = request.boxColor ?? boxColor
        boxOpacity = request.boxOpacity ?? boxOpacity
        boxPadding = request.boxPadding ?? fontSize * 3 / 10
    }
}

extension CaptionStyle {
    /// Creates the style of a request for an output of that size.
    init(_ request: Edit.Captions, look: Edit.Look, output: RenderPlan.OutputSettings) {
        self.init(request.preset, width: output.width, height: output.height)
        if let position = request.position ?? (look.position == .center ? nil : look.position) {
            anchor = TextAnchor(
                position, width: output.width, height: output.height,
                offset: (look.offsetX, look.offsetY))
        } else {
            anchor.x += (look.offsetX * Rational(output.width)).rounded
            anchor.y -= (look.offsetY * Rational(output.height)).rounded
        }
        animation = request.animation ?? animation
        fontFamily = request.font.family ?? fontFamily
        let size = TextFont.size(request.font.size ?? fontSize, scale: look.scale)
        if size != fontSize {
            // Outline, shadow and padding keep the preset's proportions.
            outlineWidth = (Rational(outlineWidth * size, fontSize)).rounded
            shadow = (Rational(shadow * size, fontSize)).rounded
            boxPadding = (Rational(boxPadding * size, fontSize)).rounded
            fontSize = size
        }
        isBold = request.font.isBold ?? isBold
        isUppercase = request.isUppercase ?? isUppercase
        textColor = request.font.color ?? textColor
        wordColor = request.wordColor ?? wordColor
        outlineColor = request.outlineColor ?? outlineColor
        outlineWidth = request.outlineWidth ?? outlineWidth
        boxColor = request.boxColor ?? boxColor
        paging.wordsPerLineMax = request.wordsPerLineMax ?? paging.wordsPerLineMax
        paging.lineCountMax = request.lineCountMax ?? paging.lineCountMax
        paging.combineMilliseconds = request.combineMilliseconds ?? paging.combineMilliseconds
    }
}

extension TextFont {
    fileprivate static func size(_ pixels: Int, scale: Rational) -> Int {
        (Rational(pixels) * scale).rounded.clamped(to: 1...CaptionLimits.tallestFontPixels)
    }
}
