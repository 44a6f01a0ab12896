/// A batch of a queue's messages, at most 10,000.
///
/// Source: "Using Lambda with Amazon SQS", AWS Lambda Developer Guide. A message
/// may arrive twice, and arrives again when its batch fails.
package struct SQSEvent: Sendable, Hashable, Decodable {
    /// One message.
    package struct Record: Sendable, Hashable {
        /// Message ID, used in the response of a batch.
        package var messageID: String
        /// Body as sent.
        package var body: String
        /// ARN of the queue.
        package var queueARN: String
        /// Number of receptions, including this one.
        package var receiveCount: Int
        /// Message group of a FIFO queue; messages of a group must be handled in order.
        package var groupID: String?

        /// A record, for tests of handlers.
        package init(
            messageID: String, body: String, queueARN: String = "", receiveCount: Int = 1,
            groupID: String? = nil
        ) {
            self.messageID = messageID
            self.body = body
            self.queueARN = queueARN
            self.receiveCount = receiveCount
            self.groupID = groupID
        }
    }

    /// The messages in order of delivery.
    package var records: [Record]

    /// An event, for tests of handlers.
    package init(records: [Record]) { self.records = records }

    private enum CodingKeys: String, CodingKey { case records = "Records" }

    /// Reads an event.
    /// - Throws: `DecodingError` for a record without ID or body.
    package init(from decoder: any Decoder) throws {
        records = try decoder.container(keyedBy: CodingKeys.self)
            .decode([Record].self, forKey: .records)
    }
}

extension SQSEvent.Record: Decodable {
    private enum CodingKeys: String, CodingKey {
        case messageId, body, attributes, eventSourceARN
    }

    /// Reads one record; throws like the event.
    package init(from decoder: any Decoder) throws {
        let fields = try decoder.container(keyedBy: CodingKeys.self)
        let attributes =
            try fields.decodeIfPresent([String: String].self, forKey: .attributes) ?? [:]
        self.init(
            messageID: try fields.decode(String.self, forKey: .messageId),
            body: try fields.decode(String.self, forKey: .body),
            queueARN: try fields.decodeIfPresent(String.self, forKey: .eventSourceARN) ?? "",
            receiveCount: attributes["ApproximateReceiveCount"].flatMap { Int($0) } ?? 1,
            groupID: attributes["MessageGroupId"])
    }
}

/// Response to a batch: only the listed messages are delivered again, if the event source
/// mapping has `ReportBatchItemFailures`.
package struct SQSBatchResponse: Sendable, Hashable, Codable {
    private struct Failure: Hashable, Codable { var itemIdentifier: String }
    private var batchItemFailures: [Failure]

    /// A response.
    /// - Parameter failed: IDs of the failed messages.
    package init(failed: [String]) {
        batchItemFailures = failed.map { Failure(itemIdentifier: $0) }
    }

    /// IDs of the failed messages.
    package var failed: [String] { batchItemFailures.map(\.itemIdentifier) }
}

extension SQSEvent {
    /// Handles each message separately.
    ///
    /// After a failure the later messages of its group are skipped, to keep their order;
    /// they are delivered again with the failed one.
    /// - Returns: The failed and skipped messages.
    package func handleEach(
        _ handle: (Record) async throws -> Void
    ) async -> (response: SQSBatchResponse, errors: [any Error]) {
        var failed: [String] = []
        var errors: [any Error] = []
        var heldBack: Set<String> = []
        for record in records {
            if let group = record.groupID, heldBack.contains(group) {
                failed.append(record.messageID)
                continue
            }
            do {
                try await handle(record)
            } catch {
                failed.append(record.messageID)
                errors.append(error)
                if let group = record.groupID { heldBack.insert(group) }
            }
        }
        return (SQSBatchResponse(failed: failed), errors)
    }
}
