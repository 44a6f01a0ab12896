/// Messages of a queue, up to 10,000 at once.
///
/// Source: "Using Lambda with Amazon SQS", AWS Lambda Developer Guide. A message
/// may come twice, and comes again when its batch fails.
package struct SQSEvent: Sendable, Hashable, Decodable {
    /// One message.
    package struct Record: Sendable, Hashable {
        /// What a batch's answer names it by.
        package var messageID: String
        /// As it was sent.
        package var body: String
        /// The queue's ARN.
        package var queueARN: String
        /// How often it has been received, this time included; 1 at first.
        package var receiveCount: Int
        /// Of a FIFO queue; messages of one group must be taken in order.
        package var groupID: String?

        /// A record made by hand, for tests of handlers.
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

    /// In the order of their delivery.
    package var records: [Record]

    /// An event made by hand, for tests of handlers.
    package init(records: [Record]) { self.records = records }

    private enum CodingKeys: String, CodingKey { case records = "Records" }

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

    /// Reads one record. Throws as the event does.
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

/// What to tell the queue of a batch: only the messages named come again, where
/// the event source mapping has `ReportBatchItemFailures`.
package struct SQSBatchResponse: Sendable, Hashable, Codable {
    private struct Failure: Hashable, Codable { var itemIdentifier: String }
    private var batchItemFailures: [Failure]

    /// - Parameter failed: Message IDs; none for a batch that went well.
    package init(failed: [String]) {
        batchItemFailures = failed.map { Failure(itemIdentifier: $0) }
    }

    /// The message IDs.
    package var failed: [String] { batchItemFailures.map(\.itemIdentifier) }
}

extension SQSEvent {
    /// Handles each message by itself.
    ///
    /// After a failure no further message of the same group is handled, or they
    /// would be done out of order: they come again with the one that failed.
    /// - Returns: the messages that failed or were held back.
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
