import FFmpeg
import JSON
import RenderPlans

/// Encoders and filters of the installed FFmpeg.
struct EngineCapabilities: Sendable {
    let renderer: any MediaRenderer
    /// Hardware encoders of the renderers; nil to try them here.
    let hardware: Set<RenderPlan.VideoEncoding.Encoder>?

    /// The plan with an encoder instead of `auto`: hardware if the renderers have it.
    /// - Parameter pointer: Place of the output in the request.
    /// - Throws: a 400 problem for a hardware encoder that they do not have.
    func choose(
        for plan: RenderPlan, outputAt pointer: JSONPointer
    ) async throws -> RenderPlan {
        guard let requested = plan.output.video.encoder else { return plan }
        var plan = plan
        guard requested == .auto else {
            guard try await has(requested, plan.output.video) else {
                throw Problem.invalid([
                    FieldFault(
                        pointer: pointer.appending("encoder").description,
                        detail: "\"\(requested.rawValue)\" is not available: FFmpeg or the machine"
                            + " that renders has no such encoder")
                ])
            }
            return plan
        }
        plan.output.video.encoder = nil
        // Only one hardware encoder has a limit of the bit rate.
        let candidates: [RenderPlan.VideoEncoding.Encoder] =
            plan.output.video.ceiling == nil ? RenderPlan.VideoEncoding.Encoder.hardware : [.nvenc]
        for encoder in candidates where try await has(encoder, plan.output.video) {
            plan.output.video.encoder = encoder
            break
        }
        return plan
    }

    private func has(
        _ encoder: RenderPlan.VideoEncoding.Encoder, _ video: RenderPlan.VideoEncoding
    ) async throws -> Bool {
        if let hardware { return hardware.contains(encoder) }
        var video = video
        video.encoder = encoder
        do {
            return try await renderer.canEncode(video)
        } catch {
            // Deployed without FFmpeg, and nothing says what the renderers have.
            guard error.code == .notStarted else { throw error }
            return false
        }
    }

    /// Rejects a plan that needs an encoder or filter FFmpeg does not have.
    /// - Parameter pointer: Place of the output in the request.
    /// - Throws: a 400 problem.
    func refuse(_ plan: RenderPlan, outputAt pointer: JSONPointer) async throws {
        var faults: [FieldFault] = []
        // A hardware encoder was chosen before.
        let encoders = plan.output.video.hardwareEncoder == nil ? plan.output.encoders : []
        if !encoders.isSubset(of: Self.certainEncoders),
            let present = try await optional(renderer.encoders)
        {
            let missing = encoders.subtracting(present).sorted()
            if !missing.isEmpty {
                faults.append(
                    FieldFault(
                        pointer: pointer.appending("format").description,
                        detail: "requires \(missing.joined(separator: " and ")), which this FFmpeg"
                            + " does not have"))
            }
        }
        let bright = plan.highDynamicRangeSources
        if !bright.isEmpty, let present = try await optional(renderer.filters),
            !ToneMapping.filters.isSubset(of: present)
        {
            let names = bright.map { JSONReader.quoted($0.assetID) }.joined(separator: ", ")
            faults.append(
                FieldFault(
                    pointer: "",
                    detail: "shows HDR (\(names)), and this FFmpeg lacks the filters that map it"
                        + " to SDR: "
                        + ToneMapping.filters.sorted().joined(separator: " and ")))
        }
        guard faults.isEmpty else { throw Problem.invalid(faults) }
    }

    /// A warning about characters that no font has; nil for none, or without FFmpeg here.
    func missingGlyphs(of plan: RenderPlan) async throws(FFmpegError) -> MediaWarning? {
        let missing: [String]
        do {
            missing = try await renderer.missingCharacters(of: plan)
        } catch {
            // A check that fails must not stop an export.
            guard error.code != .cancelled else { throw error }
            return nil
        }
        guard !missing.isEmpty else { return nil }
        return MediaWarning(
            .missingGlyphs,
            "No font has \(missing.joined(separator: " ")); boxes are drawn in their place.")
    }

    /// A list of FFmpeg's; nil if this function is deployed without FFmpeg: the renderer then
    /// reports the missing part.
    private func optional(
        _ ask: () async throws(FFmpegError) -> Set<String>
    ) async throws(FFmpegError) -> Set<String>? {
        do {
            return try await ask()
        } catch {
            guard error.code == .notStarted else { throw error }
            return nil
        }
    }

    /// Present in every FFmpeg that Spool supports.
    private static let certainEncoders: Set<String> = ["libx264", "aac"]
}
