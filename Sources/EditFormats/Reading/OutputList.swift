package import JSON
import MediaTime
import RenderPlans

/// Several outputs of one edit: `{timeline, output?, outputs: [{…}, …], callback?,
/// clientToken?}`.
///
/// Each output becomes a separate edit. `output` supplies the fields that an output lacks.
package struct OutputList: Hashable, Sendable {
    /// The outputs in the order of the request.
    package let outputs: [Output]

    /// One output of the list.
    package struct Output: Hashable, Sendable {
        /// The edit for this output alone.
        package var edit: Edit
        /// The request for this output alone.
        package var request: JSONValue
        /// Index in `outputs`.
        package var index: Int
        /// Names of the fields that the output itself has.
        fileprivate var ownFields: Set<String>
    }

    /// Creates the list; nil if the request has no `outputs`.
    /// - Throws: Every fault of the request.
    package init?(request: JSONValue) throws(EditFaults) {
        guard case .object(let fields) = request, let list = fields["outputs"], list != .null else {
            return nil
        }
        var reader = JSONReader()
        let root = JSONObjectNode(fields: fields, pointer: .root)
        let place = root.pointer.appending("outputs")
        for name in ["variations", "settings"] where root[name] != nil {
            reader.report("cannot be combined with \(name)", at: place)
        }
        let shared = root["output"].flatMap { reader.object($0) }?.fields ?? [:]
        let elements = reader.array(JSONNode(list, place), maximum: Limits.outputCountMax)
        if elements?.isEmpty == true { reader.report("must not be empty", at: place) }
        guard let elements, reader.faults.isEmpty else { throw EditFaults(reader.faults) }
        var found: [Output] = []
        for (index, element) in elements.enumerated() {
            guard let own = reader.object(element)?.fields else { continue }
            var single = fields
            single["outputs"] = nil
            single["output"] = .object(shared.merging(own) { $1 })
            if case .string(let token)? = fields["clientToken"] {
                single["clientToken"] = .string("\(token)#\(element.pointer)")
            }
            let request = JSONValue.object(single)
            let names = Set(own.keys)
            do {
                var edit = try Edit(request: request)
                edit.output.pointer = element.pointer
                found.append(
                    Output(edit: edit, request: request, index: index, ownFields: names))
            } catch {
                // A fault of the timeline is reported once, not for each output.
                let placed = error.faults.map { Self.placed($0, index, names) }
                let known = reader.faults
                reader.adopt(placed.filter { !known.contains($0) })
            }
        }
        guard reader.faults.isEmpty else { throw EditFaults(reader.faults) }
        outputs = found
    }

    /// The fault with its pointer in the caller's document.
    fileprivate static func placed(
        _ fault: FieldFault, _ index: Int, _ ownFields: Set<String>
    ) -> FieldFault {
        let parts = fault.pointer.split(separator: "/", maxSplits: 2)
        guard parts.first == "output" else { return fault }
        let isOwn = parts.count == 1 || ownFields.contains(String(parts[1]))
        guard isOwn else { return fault }
        var placed = fault
        placed.pointer = "/outputs/\(index)" + fault.pointer.dropFirst("/output".count)
        return placed
    }
}

extension OutputList.Output {
    /// The faults of this output's edit, with their pointers in the caller's document.
    package func placed(_ faults: EditFaults) -> EditFaults {
        EditFaults(faults.faults.map { OutputList.placed($0, index, ownFields) })
    }
}
