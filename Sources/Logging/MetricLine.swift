import JSON

/// The unit of a metric, by its CloudWatch name.
package enum MetricUnit: String, Sendable, Hashable {
    case count = "Count"
    case milliseconds = "Milliseconds"
    case bytes = "Bytes"
}

/// One measured value.
package struct Metric: Sendable, Hashable {
    /// The metric's name in CloudWatch.
    package var name: String
    /// The metric's unit.
    package var unit: MetricUnit
    /// The measured value.
    package var value: LogValue

    /// Creates a metric.
    package init(_ name: String, _ unit: MetricUnit, _ value: LogValue) {
        self.name = name
        self.unit = unit
        self.value = value
    }
}

extension Logger {
    /// Writes metrics as one line of the embedded metric format, from which
    /// CloudWatch derives metrics without an API call. The line ignores the log
    /// level and is JSON in either log format.
    ///
    /// Source: "Specification: embedded metric format", CloudWatch User Guide.
    ///
    /// - Parameters:
    ///   - namespace: 1 to 256 characters.
    ///   - dimensions: At most 30 names and values that separate the metric's
    ///     series. Each combination of values is billed as a metric.
    ///   - metrics: At most 100, with names that differ from each other and
    ///     from the dimensions.
    package func metrics(
        namespace: String, dimensions: [String: String], _ metrics: [Metric]
    ) {
        precondition(metrics.count <= 100 && dimensions.count <= 30, "CloudWatch's limits.")
        var line = Array("{\"_aws\":{\"Timestamp\":\(unixMilliseconds())".utf8)
        line.append(contentsOf: ",\"CloudWatchMetrics\":[{\"Namespace\":".utf8)
        JSONText.append(namespace, to: &line)
        line.append(contentsOf: ",\"Dimensions\":[[".utf8)
        for (index, name) in dimensions.keys.sorted().enumerated() {
            if index > 0 { line.append(UInt8(ascii: ",")) }
            JSONText.append(name, to: &line)
        }
        line.append(contentsOf: "]],\"Metrics\":[".utf8)
        for (index, metric) in metrics.enumerated() {
            if index > 0 { line.append(UInt8(ascii: ",")) }
            line.append(contentsOf: "{\"Name\":".utf8)
            JSONText.append(metric.name, to: &line)
            line.append(contentsOf: ",\"Unit\":\"\(metric.unit.rawValue)\"}".utf8)
        }
        line.append(contentsOf: "]}]}".utf8)
        var own = dimensions.mapValues { LogValue.string($0) }
        for metric in metrics { own[metric.name] = metric.value }
        for (name, value) in boundFields.merging(LogFields(own)).sorted {
            line.append(UInt8(ascii: ","))
            JSONText.append(name, to: &line)
            line.append(UInt8(ascii: ":"))
            JSONText.append(value, to: &line)
        }
        line.append(contentsOf: "}\n".utf8)
        emit(line)
    }
}
