import Captions
import EditFormats
import MediaTime
import RenderPlans

extension TextTitle {
    /// The text in an output of that size.
    init(_ wish: Edit.Text, look: Edit.Look, output: RenderPlan.OutputSettings) {
        self.init(wish.text, wish.preset, width: output.width, height: output.height)
        let preset = anchor.position
        anchor = TextAnchor(
            look.position == .center ? preset : look.position, width: output.width,
            height: output.height, offset: (look.offsetX, look.offsetY))
        fontFamily = wish.font.family ?? fontFamily
        fontSize = TextFont.size(wish.font.size ?? fontSize, scale: look.scale)
        color = wish.font.color ?? color
        isBold = wish.font.isBold ?? isBold
        isItalic = wish.font.isItalic ?? isItalic
        outlineColor = wish.outlineColor ?? outlineColor
        outlineWidth = wish.outlineWidth ?? (wish.outlineColor == nil ? outlineWidth : 3)
        if wish.font.size != nil, wish.outlineWidth == nil, outlineWidth > 0 {
            outlineWidth = max(1, fontSize * 6 / 100)
        }
        boxColor = wish.boxColor ?? boxColor
        boxOpacity = wish.boxOpacity ?? boxOpacity
        boxPadding = wish.boxPadding ?? fontSize * 3 / 10
    }
}

extension CaptionStyle {
    /// The style in an output of that size.
    init(_ wish: Edit.Captions, look: Edit.Look, output: RenderPlan.OutputSettings) {
        self.init(wish.preset, width: output.width, height: output.height)
        if let position = wish.position ?? (look.position == .center ? nil : look.position) {
            anchor = TextAnchor(
                position, width: output.width, height: output.height,
                offset: (look.offsetX, look.offsetY))
        } else {
            anchor.x += (look.offsetX * Rational(output.width)).rounded
            anchor.y -= (look.offsetY * Rational(output.height)).rounded
        }
        animation = wish.animation ?? animation
        fontFamily = wish.font.family ?? fontFamily
        let size = TextFont.size(wish.font.size ?? fontSize, scale: look.scale)
        if size != fontSize {
            // The preset's proportions.
            outlineWidth = (Rational(outlineWidth * size, fontSize)).rounded
            shadow = (Rational(shadow * size, fontSize)).rounded
            boxPadding = (Rational(boxPadding * size, fontSize)).rounded
            fontSize = size
        }
        isBold = wish.font.isBold ?? isBold
        isUppercase = wish.isUppercase ?? isUppercase
        textColor = wish.font.color ?? textColor
        wordColor = wish.wordColor ?? wordColor
        outlineColor = wish.outlineColor ?? outlineColor
        outlineWidth = wish.outlineWidth ?? outlineWidth
        boxColor = wish.boxColor ?? boxColor
        paging.mostWordsPerLine = wish.mostWordsPerLine ?? paging.mostWordsPerLine
        paging.mostLines = wish.mostLines ?? paging.mostLines
        paging.combineMilliseconds = wish.combineMilliseconds ?? paging.combineMilliseconds
    }
}

extension TextFont {
    fileprivate static func size(_ pixels: Int, scale: Rational) -> Int {
        (Rational(pixels) * scale).rounded.clamped(to: 1...CaptionLimits.tallestFontPixels)
    }
}
