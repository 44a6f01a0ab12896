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

    /// True if a line of the head ends with a bare LF or CR, which libmicrohttpd takes for an end
    /// and other servers do not. It keeps names and values where they arrived, so CR LF is two
    /// bytes between the end of a value and the next name.
    func hasBareLineEnds(_ line: RequestLine) -> Bool {
        var end = LineEnd(last: UInt(bitPattern: line.version) + UInt(strlen(line.version)))
        withUnsafeMutablePointer(to: &end) { destination in
            _ = MHD_get_connection_values_n(
                pointer, MHD_ValueKind.HEADER_KIND, followField, destination)
        }
        let head = UInt(bitPattern: line.method) + UInt(headerBytes)
        return end.isBare || end.last + 4 > head
    }

    /// Size of the request head as received, in bytes.
    var headerBytes: Int {
        spool_connection_info(pointer, MHD_ConnectionInfoType.CONNECTION_INFO_REQUEST_HEADER_SIZE)?
            .pointee.header_size ?? 0
    }

    /// The client's IPv4 address and port; "unknown" and 0 when there is none.
    var remote: (address: String, port: Int) {
        let information = spool_connection_info(
            pointer, MHD_ConnectionInfoType.CONNECTION_INFO_CLIENT_ADDRESS)
        guard let address = information?.pointee.client_addr,
            Int32(address.pointee.sa_family) == AF_INET
        else { return ("unknown", 0) }
        return address.withMemoryRebound(to: sockaddr_in.self, capacity: 1) { address in
            let value = UInt32(bigEndian: address.pointee.sin_addr.s_addr)
            return (
                "\(value >> 24).\(value >> 16 & 255).\(value >> 8 & 255).\(value & 255)",
                Int(UInt16(bigEndian: address.pointee.sin_port))
            )
        }
    }
}

/// Method and version of a request, where libmicrohttpd keeps them.
struct RequestLine {
    let method: UnsafePointer<CChar>
    let version: UnsafePointer<CChar>
}

/// The end of the last line that was followed, as an address.
private struct LineEnd {
    var last: UInt
    var isBare = false
}

private func followField(
    _ destination: UnsafeMutableRawPointer?, _ kind: MHD_ValueKind,
    _ name: UnsafePointer<CChar>?, _ nameBytes: Int,
    _ value: UnsafePointer<CChar>?, _ valueBytes: Int
) -> MHD_Result {
    guard let destination, let name else { return MHD_Result.NO }
    let end = destination.assumingMemoryBound(to: LineEnd.self)
    // A folded line was joined elsewhere; `RequestRules` refuses it by its bytes.
    if UInt(bitPattern: name) < end.pointee.last + 2 { end.pointee.isBare = true }
    let text = value ?? name
    let count = value == nil ? nameBytes + 1 : valueBytes
    end.pointee.last = UInt(bitPattern: text) + UInt(count)
    return MHD_Result.YES
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
