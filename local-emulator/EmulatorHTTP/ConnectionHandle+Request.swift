import CMicroHTTPD
import Glibc

extension ConnectionHandle {
    /// Header fields in order of arrival. Bytes that are not UTF-8 are read as
    /// U+FFFD.
    var headers: HeaderFields { fields(MHD_ValueKind.HEADER_KIND) }

    /// Trailer fields, after a chunked body has arrived.
    var trailers: HeaderFields { fields(MHD_ValueKind.FOOTER_KIND) }

    private func fields(_ kind: MHD_ValueKind) -> HeaderFields {
        var fields = HeaderFields()
        withUnsafeMutablePointer(to: &fields) { destination in
            _ = MHD_get_connection_values_n(pointer, kind, collectField, destination)
        }
        return fields
    }

    /// Size of the request head as received, in bytes.
    var headerBytes: Int {
        spool_connection_info(pointer, MHD_ConnectionInfoType.CONNECTION_INFO_REQUEST_HEADER_SIZE)?
            .pointee.header_size ?? 0
    }

    /// The client's IPv4 address without port; "unknown" when there is none.
    var remoteAddress: String {
        let information = spool_connection_info(
            pointer, MHD_ConnectionInfoType.CONNECTION_INFO_CLIENT_ADDRESS)
        guard let address = information?.pointee.client_addr else { return "unknown" }
        guard Int32(address.pointee.sa_family) == AF_INET else { return "unknown" }
        return address.withMemoryRebound(to: sockaddr_in.self, capacity: 1) { address in
            let value = UInt32(bigEndian: address.pointee.sin_addr.s_addr)
            return "\(value >> 24).\(value >> 16 & 255).\(value >> 8 & 255).\(value & 255)"
        }
    }
}

private func collectField(
    _ destination: UnsafeMutableRawPointer?, _ kind: MHD_ValueKind,
    _ name: UnsafePointer<CChar>?, _ nameBytes: Int,
    _ value: UnsafePointer<CChar>?, _ valueBytes: Int
) -> MHD_Result {
    guard let destination else { return MHD_Result.NO }
    destination.assumingMemoryBound(to: HeaderFields.self).pointee
        .append(text(name, nameBytes), text(value, valueBytes))
    return MHD_Result.YES
}

private func text(_ start: UnsafePointer<CChar>?, _ count: Int) -> String {
    String(
        decoding: UnsafeRawBufferPointer(start: start, count: start == nil ? 0 : count),
        as: UTF8.self)
}
