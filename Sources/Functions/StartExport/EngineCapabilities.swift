import FFmpeg
import JSON
import RenderPlans

/// Encoders and filters of the installed FFmpeg.
struct EngineCapabilities: Sendable {
    let renderer: any MediaRenderer

    /// Rejects a plan that needs an encoder or filter FFmpeg does not have.
    /// - Parameter pointer: Place of the output in the request.
    /// - Throws: a 400 problem.
    func refuse(_ plan: RenderPlan, outputAt pointer: JSONPointer) async throws {
        var faults: [FieldFault] = []
        let encoders = plan.output.encoders
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
