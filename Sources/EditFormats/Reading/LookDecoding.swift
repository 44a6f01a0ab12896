import Captions
import JSON
import MediaTime
import RenderPlans

/// Reads a clip's look.
extension EditDecoding {
    mutating func look(of clip: JSONObjectNode) -> Edit.Look {
        var look = Edit.Look()
        if let fit: RenderPlan.Fit = clip["fit"].flatMap({ reader.choice($0) }) { look.fit = fit }
        if let position: AnchorPosition = clip["position"].flatMap({ reader.choice($0) }) {
            look.position = position
        }
        if let offset = clip["offset"].flatMap({ reader.object($0) }) {
            look.offsetX = offset["x"].flatMap { self.offset($0) } ?? .zero
            look.offsetY = offset["y"].flatMap { self.offset($0) } ?? .zero
        }
        if let focus = clip["focus"].flatMap({ reader.object($0) }) {
            look.focus.x = focus["x"].flatMap { fraction($0) } ?? Rational(1, 2)
            look.focus.y = focus["y"].flatMap { fraction($0) } ?? Rational(1, 2)
        }
        if let node = clip["scale"] {
            let scale = reader.decimal(node, from: .zero, to: Limits.scaleMax)
            if scale == .zero { reader.report("must be greater than 0", at: node.pointer) }
            look.scale = scale ?? Rational(1)
        }
        look.opacity = clip["opacity"].flatMap { fraction($0) } ?? Rational(1)
        look.rotation =
            clip["rotation"].flatMap {
                reader.decimal($0, from: Rational(-360), to: Rational(360))
            } ?? .zero
        if let effects = clip["effects"].flatMap({ reader.object($0) }) {
            look.effects = self.effects(effects)
        }
        if let node = clip["transition"] { transition(node, into: &look) }
        return look
    }

    private mutating func offset(_ node: JSONNode) -> Rational? {
        reader.decimal(node, from: -Limits.offsetMax, to: Limits.offsetMax)
    }

    /// Reads a fraction from 0 to 1.
    mutating func fraction(_ node: JSONNode) -> Rational? {
        reader.decimal(node, from: .zero, to: Rational(1))
    }

    private mutating func effects(_ object: JSONObjectNode) -> RenderPlan.Effects {
        var effects = RenderPlan.Effects()
        if let node = object["brightness"] {
            let one = Rational(1)
            effects.brightness = reader.decimal(node, from: -one, to: one) ?? .zero
        }
        let maximum = Limits.colorFactorMax
        if let node = object["contrast"] {
            effects.contrast = reader.decimal(node, from: .zero, to: maximum) ?? Rational(1)
        }
        if let node = object["saturation"] {
            effects.saturation = reader.decimal(node, from: .zero, to: maximum) ?? Rational(1)
        }
        if let isGrey = object["greyscale"].flatMap({ reader.flag($0) }), isGrey {
            effects.saturation = .zero
        }
        effects.blur = object["blur"].flatMap { fraction($0) } ?? .zero
        effects.isNegative = object["negative"].flatMap { reader.flag($0) } ?? false
        return effects
    }

    /// Reads the fractions cut off the sides; reports insets that leave too little of the
    /// picture.
    mutating func crop(_ node: JSONNode) -> RenderPlan.Insets? {
        guard let object = reader.object(node) else { return nil }
        let insets = RenderPlan.Insets(
            top: object["top"].flatMap { fraction($0) } ?? .zero,
            right: object["right"].flatMap { fraction($0) } ?? .zero,
            bottom: object["bottom"].flatMap { fraction($0) } ?? .zero,
            left: object["left"].flatMap { fraction($0) } ?? .zero)
        let maximum = Limits.cropMax
        guard insets.left + insets.right <= maximum, insets.top + insets.bottom <= maximum else {
            reader.report(
                "leaves less than \((Rational(1) - maximum).decimalText) of the picture",
                at: node.pointer)
            return nil
        }
        return insets
    }

    private mutating func transition(_ node: JSONNode, into look: inout Edit.Look) {
        guard let transition = reader.object(node) else { return }
        look.transitionIn = transition["in"].flatMap { transitionKind($0) }
        look.transitionOut = transition["out"].flatMap { transitionKind($0) }
        look.overlaps = transition["overlap"].flatMap { reader.flag($0) } ?? false
        guard let length = transition["length"] else { return }
        let maximum = Rational(Limits.transitionSecondsMax)
        let seconds = reader.decimal(
            length, from: .zero, to: maximum, expected: "a number of seconds")
        look.transitionSeconds = seconds ?? look.transitionSeconds
    }

    private mutating func transitionKind(_ node: JSONNode) -> RenderPlan.TransitionKind? {
        guard case .string(let word) = node.value else {
            return reader.mismatch(node, expected: "a string")
        }
        if let kind = RenderPlan.TransitionKind(name: word) { return kind }
        reader.report(
            "must be a kind of transition, such as fade, dissolve, wipeleft or slideup, not"
                + " \(JSONReader.quoted(word))",
            at: node.pointer)
        return nil
    }
}
