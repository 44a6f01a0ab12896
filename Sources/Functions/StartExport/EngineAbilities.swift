import Editing
import FFmpeg

/// What the FFmpeg at hand was built with.
struct EngineAbilities: Sendable {
    let renderer: any MediaRenderer

    /// Refuses what this FFmpeg was built without, before anything is rendered.
    /// - Parameter pointer: Of the output in the request.
    func refuse(_ plan: RenderPlan, outputAt pointer: JSONPointer) async throws {
        var faults: [EditFault] = []
        let encoders = plan.output.encoders
        if !encoders.isSubset(of: Self.certainEncoders),
            let present = try await told(renderer.encoders)
        {
            let missing = encoders.subtracting(present).sorted()
            if !missing.isEmpty {
                faults.append(
                    EditFault(
                        pointer: pointer.appending("format").description,
                        detail: "needs \(missing.joined(separator: " and ")), which this FFmpeg"
                            + " does not have"))
            }
        }
        let bright = plan.highDynamicRangeSources
        if !bright.isEmpty, let present = try await told(renderer.filters),
            !ToneMapping.filters.isSubset(of: present)
        {
            let names = bright.map { EditReader.quoted($0.assetID) }.joined(separator: ", ")
            faults.append(
                EditFault(
                    pointer: "",
                    detail: "shows HDR (\(names)), and this FFmpeg has not the filters that fit it"
                        + " to a usual screen: "
                        + ToneMapping.filters.sorted().joined(separator: " and ")))
        }
        guard faults.isEmpty else { throw Problem.invalid(faults) }
    }

    /// What FFmpeg tells of itself; nil where a deployment has left it out of
    /// this function: the renderer tells then.
    private func told(
        _ ask: () async throws(FFmpegError) -> Set<String>
    ) async throws(FFmpegError) -> Set<String>? {
        do {
            return try await ask()
        } catch {
            guard error.code == .notStarted else { throw error }
            return nil
        }
    }

    /// Spool does not run without these.
    private static let certainEncoders: Set<String> = ["libx264", "aac"]
}
