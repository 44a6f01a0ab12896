import CCurl
import Glibc

/// One transfer of libcurl; only the transport's thread uses it.
final class Transfer {
    let handle: OpaqueCurl
    private let request: HTTPRequest
    private var headerList: UnsafeMutablePointer<curl_slist>?
    private let reader: (any HTTPBodyReader)?
    private var sent = 0
    private var status = 0
    private var headers: [(name: String, value: String)] = []
    private var headerBytes = 0
    private var body: [UInt8] = []
    private var bodyBytes = 0
    private var failure: HTTPTransportError?
    private var recipients: UnsafeMutablePointer<curl_slist>?
    private var mime: OpaquePointer?
    private var refusedAddresses = 0
    /// True if the transfer was ended within the body because only its beginning is kept.
    private var isCut = false
    /// Length of a body at which a transfer that keeps an excerpt is ended.
    private static let cutBytes = 64 << 10
    /// The last reply of a mail server.
    private var lastLine = ""
    private static let replyCharactersMax = 512

    typealias OpaqueCurl = UnsafeMutableRawPointer

    /// Limit for the headers of a response; S3 limits its own to 8 kB.
    private static let headerBytesMax = 64 << 10
    /// Limit for the body of a status of 300 or above.
    private static let errorBytesMax = 1 << 20
    private static let bufferBytes = 256 << 10

    /// - Throws: `.localFile` when the body's file cannot be opened, `.invalid` for a
    ///   URL or header with a control character.
    init(_ request: HTTPRequest) throws(HTTPTransportError) {
        guard request.isWellFormed else {
            throw HTTPTransportError(
                .invalid, "The URL or a header contains a control character")
        }
        guard let handle = curl_easy_init() else {
            throw HTTPTransportError(.connect, "libcurl has no memory for a handle")
        }
        self.handle = handle
        self.request = request
        do throws(HTTPTransportError) {
            switch request.body {
            case .none: reader = nil
            case .bytes(let bytes): reader = BytesReader(bytes)
            case .file(let path, let offset, let bytes):
                reader = try FileReader(path: path, offset: offset, bytes: bytes)
            case .stream(_, let open): reader = try open()
            }
        } catch {
            curl_easy_cleanup(handle)
            throw error
        }
    }

    deinit {
        curl_easy_cleanup(handle)
        curl_slist_free_all(headerList)
        curl_slist_free_all(recipients)
        if let mime { curl_mime_free(mime) }
    }

    /// Sets every option. `self` must outlive the transfer.
    /// - Parameter certificatesFile: Path of the authorities; nil for the system's.
    func configure(certificatesFile: String?) {
        let context = Unmanaged.passUnretained(self).toOpaque()
        _ = spool_curl_set_pointer(handle, CURLOPT_PRIVATE, context)
        _ = spool_curl_set_text(handle, CURLOPT_URL, request.url)
        _ = spool_curl_set_text(handle, CURLOPT_PROTOCOLS_STR, "http,https")
        _ = spool_curl_set_text(handle, CURLOPT_PROXY, "")
        if let certificatesFile {
            _ = spool_curl_set_text(handle, CURLOPT_CAINFO, certificatesFile)
        }
        _ = spool_curl_set_long(handle, CURLOPT_NOSIGNAL, 1)
        _ = spool_curl_set_long(handle, CURLOPT_TCP_NODELAY, 1)
        _ = spool_curl_set_long(handle, CURLOPT_FOLLOWLOCATION, 0)
        _ = spool_curl_set_long(handle, CURLOPT_PATH_AS_IS, 1)
        _ = spool_curl_set_long(handle, CURLOPT_HTTP_VERSION, Int(CURL_HTTP_VERSION_1_1))
        _ = spool_curl_set_long(
            handle, CURLOPT_CONNECTTIMEOUT_MS, Int(request.connectTimeout / .milliseconds(1)))
        _ = spool_curl_set_long(
            handle, CURLOPT_TIMEOUT_MS, request.timeout.map { Int($0 / .milliseconds(1)) } ?? 0)
        // curl's default buffers are small for media.
        if (request.body.count ?? 0) > Self.bufferBytes {
            _ = spool_curl_set_long(handle, CURLOPT_UPLOAD_BUFFERSIZE, Self.bufferBytes)
        }
        if case .file = request.sink {
            _ = spool_curl_set_long(handle, CURLOPT_BUFFERSIZE, Self.bufferBytes)
        }
        if let stallTimeout = request.stallTimeout {
            _ = spool_curl_set_long(handle, CURLOPT_LOW_SPEED_LIMIT, 1_024)
            _ = spool_curl_set_long(handle, CURLOPT_LOW_SPEED_TIME, Int(stallTimeout / .seconds(1)))
        }
        setHeaders()
        if let mail = request.mail { setMail(mail) } else { setBody(context) }
        setCallbacks(context)
        if request.permitsAddress != nil {
            _ = spool_curl_set_socket_callback(handle, openSocket)
            _ = spool_curl_set_pointer(handle, CURLOPT_OPENSOCKETDATA, context)
            // A kept connection was opened for a request with other rules.
            _ = spool_curl_set_long(handle, CURLOPT_FRESH_CONNECT, 1)
            _ = spool_curl_set_long(handle, CURLOPT_FORBID_REUSE, 1)
        }
    }

    private func setMail(_ mail: MailSubmission) {
        _ = spool_curl_set_text(handle, CURLOPT_PROTOCOLS_STR, "smtp,smtps")
        if mail.requiresTLS {
            _ = spool_curl_set_long(handle, CURLOPT_USE_SSL, Int(CURLUSESSL_ALL.rawValue))
        }
        if let user = mail.user, let password = mail.password {
            _ = spool_curl_set_text(handle, CURLOPT_USERNAME, user)
            _ = spool_curl_set_text(handle, CURLOPT_PASSWORD, password)
        }
        _ = spool_curl_set_text(handle, CURLOPT_MAIL_FROM, "<\(mail.sender)>")
        recipients = curl_slist_append(nil, "<\(mail.recipient)>")
        _ = spool_curl_set_list(handle, CURLOPT_MAIL_RCPT, recipients)
        // libcurl frees `mime` only together with its parts, and never with the handle.
        guard let mime = curl_mime_init(handle) else { return }
        self.mime = mime
        for (type, content) in [("text/plain", mail.text), ("text/html", mail.html)] {
            let part = curl_mime_addpart(mime)
            _ = curl_mime_data(part, content, content.utf8.count)
            _ = curl_mime_type(part, "\(type); charset=utf-8")
            _ = curl_mime_encoder(part, "base64")
        }
        _ = spool_curl_set_mime(handle, mime)
    }

    private func setHeaders() {
        // An empty Expect avoids the wait for a 100 that few servers send.
        var lines = request.mail == nil ? ["Expect:", "Accept:"] : []
        for (name, value) in request.headers {
            // curl sends `Name;` as a header without a value.
            lines.append(value.isEmpty ? "\(name);" : "\(name): \(value)")
        }
        for line in lines { headerList = curl_slist_append(headerList, line) }
        _ = spool_curl_set_list(handle, CURLOPT_HTTPHEADER, headerList)
    }

    private func setBody(_ context: UnsafeMutableRawPointer) {
        let length = request.body.count
        switch request.method {
        case "HEAD": _ = spool_curl_set_long(handle, CURLOPT_NOBODY, 1)
        case "GET" where length == nil: _ = spool_curl_set_long(handle, CURLOPT_HTTPGET, 1)
        default:
            if request.method == "POST" && length == nil {
                _ = spool_curl_set_long(handle, CURLOPT_POST, 1)
                _ = spool_curl_set_large(handle, CURLOPT_POSTFIELDSIZE_LARGE, 0)
            } else if let length {
                _ = spool_curl_set_long(handle, CURLOPT_UPLOAD, 1)
                _ = spool_curl_set_large(handle, CURLOPT_INFILESIZE_LARGE, curl_off_t(length))
            }
            _ = spool_curl_set_text(handle, CURLOPT_CUSTOMREQUEST, request.method)
        }
        _ = spool_curl_set_callback(handle, CURLOPT_READFUNCTION, readBody)
        _ = spool_curl_set_pointer(handle, CURLOPT_READDATA, context)
        // On a reused connection that breaks, curl would resend the body, although the server may
        // have received the first one. Only the caller knows whether a second request is safe, so
        // only the caller retries.
        _ = spool_curl_set_seek_callback(handle, refuseToRewind)
        // Without a body there is no rewind to refuse, but curl does not resend on
        // a new connection.
        if length ?? 0 == 0, request.method == "PUT" || request.method == "POST" {
            _ = spool_curl_set_long(handle, CURLOPT_FRESH_CONNECT, 1)
        }
    }

    private func setCallbacks(_ context: UnsafeMutableRawPointer) {
        _ = spool_curl_set_callback(handle, CURLOPT_HEADERFUNCTION, takeHeader)
        _ = spool_curl_set_pointer(handle, CURLOPT_HEADERDATA, context)
        _ = spool_curl_set_callback(handle, CURLOPT_WRITEFUNCTION, takeBody)
        _ = spool_curl_set_pointer(handle, CURLOPT_WRITEDATA, context)
    }

    /// The response, or the failure.
    func outcome(_ result: CURLcode) -> Result<HTTPResponse, HTTPTransportError> {
        if let failure { return .failure(failure) }
        if request.mail != nil {
            var code = 0
            _ = spool_curl_get_long(handle, CURLINFO_RESPONSE_CODE, &code)
            if result == CURLE_OK || code >= 400 {
                return .success(
                    HTTPResponse(
                        status: code, headers: [], body: Array(lastLine.utf8),
                        bodyBytes: lastLine.utf8.count))
            }
        }
        guard result == CURLE_OK || isCut else {
            if result == CURLE_COULDNT_CONNECT, refusedAddresses > 0 {
                return .failure(
                    HTTPTransportError(.forbiddenAddress, "The host's address is not permitted"))
            }
            let text = String(cString: curl_easy_strerror(result))
            return .failure(HTTPTransportError(Self.code(result), text))
        }
        return .success(
            HTTPResponse(status: status, headers: headers, body: body, bodyBytes: bodyBytes))
    }

    private static func code(_ result: CURLcode) -> HTTPTransportError.Code {
        switch result {
        case CURLE_COULDNT_RESOLVE_HOST, CURLE_COULDNT_CONNECT, CURLE_COULDNT_RESOLVE_PROXY:
            .connect
        case CURLE_OPERATION_TIMEDOUT: .timeout
        case CURLE_SEND_ERROR, CURLE_RECV_ERROR, CURLE_GOT_NOTHING, CURLE_PARTIAL_FILE,
            CURLE_SEND_FAIL_REWIND:
            .reset
        case CURLE_SSL_CONNECT_ERROR, CURLE_PEER_FAILED_VERIFICATION, CURLE_SSL_CACERT_BADFILE,
            CURLE_SSL_CERTPROBLEM, CURLE_SSL_CIPHER:
            .tls
        case CURLE_READ_ERROR, CURLE_WRITE_ERROR: .localFile
        case CURLE_ABORTED_BY_CALLBACK: .cancelled
        default: .invalid
        }
    }

    // MARK: Called by libcurl

    /// Opens a socket if the address is permitted.
    func open(_ purpose: curlsocktype, _ address: UnsafePointer<curl_sockaddr>) -> curl_socket_t {
        let family = address.pointee.family
        let (offset, count) =
            switch family {
            case AF_INET: (MemoryLayout<sockaddr_in>.offset(of: \.sin_addr), 4)
            case AF_INET6: (MemoryLayout<sockaddr_in6>.offset(of: \.sin6_addr), 16)
            default: (nil, 0)
            }
        // SAFETY: libcurl's structure has room for any address from `addr` on, and `addrlen`
        // bytes of it are set.
        guard let offset, let start = MemoryLayout<curl_sockaddr>.offset(of: \.addr),
            offset + count <= Int(address.pointee.addrlen)
        else { return CURL_SOCKET_BAD }
        let bytes = Array(
            UnsafeRawBufferPointer(
                start: UnsafeRawPointer(address) + start + offset, count: count))
        guard request.permitsAddress?(bytes) ?? true else {
            refusedAddresses += 1
            return CURL_SOCKET_BAD
        }
        let flags = Int32(SOCK_CLOEXEC.rawValue)
        return socket(family, address.pointee.socktype | flags, address.pointee.protocol)
    }

    /// Copies the next bytes of the body; 0 at its end.
    func read(into buffer: UnsafeMutablePointer<CChar>, capacity: Int) -> Int {
        guard let reader, let length = request.body.count else { return 0 }
        do throws(HTTPTransportError) {
            let count = try reader.read(
                into: UnsafeMutableRawBufferPointer(start: buffer, count: capacity))
            guard count > 0 || sent == length else {
                throw HTTPTransportError(.localFile, "The body is shorter than declared")
            }
            sent += count
            request.onSent?(sent)
            return count
        } catch {
            failure = error
            return Int(CURL_READFUNC_ABORT)
        }
    }

    /// Receives one header line with its line end, or the status line.
    /// - Returns: True if the transfer continues.
    func take(header line: String) -> Bool {
        headerBytes += line.utf8.count
        guard headerBytes <= Self.headerBytesMax else {
            failure = HTTPTransportError(
                .tooLarge, "The response's headers have more than \(Self.headerBytesMax) bytes")
            return false
        }
        if request.mail != nil {
            lastLine = String(line.prefix(Self.replyCharactersMax))
            return true
        }
        if line.hasPrefix("HTTP/") {
            headers = []
            let parts = line.split(separator: " ", maxSplits: 2)
            status = parts.count > 1 ? Int(parts[1].prefix(3)) ?? 0 : 0
            return true
        }
        guard let colon = line.firstIndex(of: ":") else { return true }
        let value = line[line.index(after: colon)...].drop { $0 == " " || $0 == "\t" }
        let end = value.lastIndex { !$0.isWhitespace }
        headers.append(
            (String(line[..<colon]), end.map { String(value[...$0]) } ?? ""))
        return true
    }

    /// Receives bytes of the body.
    /// - Returns: True if the transfer continues.
    func take(body bytes: UnsafeRawBufferPointer) -> Bool {
        bodyBytes += bytes.count
        if case .file(let descriptor, let offset, let bytesMax, let observe) = request.sink,
            (200..<300).contains(status)
        {
            if let bytesMax, bodyBytes > bytesMax {
                failure = HTTPTransportError(
                    .tooLarge, "The response has more than \(bytesMax) bytes")
                return false
            }
            observe?(bytes)
            return write(bytes, to: descriptor, at: offset + bodyBytes - bytes.count)
        }
        if let kept = request.excerptBytes {
            body.append(contentsOf: bytes.prefix(max(0, kept - body.count)))
            isCut = bodyBytes > Self.cutBytes
            return !isCut
        }
        // The caller's limit is for a successful body, not for an error's text.
        var limit = Self.errorBytesMax
        if case .memory(let maximum) = request.sink, (200..<300).contains(status) {
            limit = maximum
        }
        guard body.count + bytes.count <= limit else {
            failure = HTTPTransportError(.tooLarge, "The response has more than \(limit) bytes")
            return false
        }
        body.append(contentsOf: bytes)
        return true
    }

    /// The page cache usually accepts the bytes at once. A disk slower than the
    /// network delays the other transfers; a writing thread would copy every byte.
    private func write(
        _ bytes: UnsafeRawBufferPointer, to descriptor: Int32, at offset: Int
    ) -> Bool {
        var written = 0
        while written < bytes.count {
            let rest = UnsafeRawBufferPointer(rebasing: bytes[written...])
            let count = pwrite(descriptor, rest.baseAddress, rest.count, offset + written)
            if count < 0 && errno == EINTR { continue }
            guard count > 0 else {
                failure = HTTPTransportError(.localFile, String(cString: strerror(errno)))
                return false
            }
            written += count
        }
        return true
    }
}

// SAFETY of the callbacks: libcurl calls them on the transport's thread
// while that thread holds the transfer, with the pointer set in `configure`.

private let readBody: spool_curl_data_callback = { buffer, size, count, context in
    guard let buffer, let context else { return Int(CURL_READFUNC_ABORT) }
    let transfer = Unmanaged<Transfer>.fromOpaque(context).takeUnretainedValue()
    return transfer.read(into: buffer, capacity: size * count)
}

private let refuseToRewind: spool_curl_seek_callback_type = { _, _, _ in CURL_SEEKFUNC_FAIL }

private let openSocket: spool_curl_socket_callback_type = { context, purpose, address in
    guard let context, let address else { return CURL_SOCKET_BAD }
    let transfer = Unmanaged<Transfer>.fromOpaque(context).takeUnretainedValue()
    return transfer.open(purpose, address)
}

private let takeHeader: spool_curl_data_callback = { buffer, size, count, context in
    guard let buffer, let context else { return 0 }
    let transfer = Unmanaged<Transfer>.fromOpaque(context).takeUnretainedValue()
    let bytes = UnsafeRawBufferPointer(start: buffer, count: size * count)
    return transfer.take(header: String(decoding: bytes, as: UTF8.self)) ? size * count : 0
}

private let takeBody: spool_curl_data_callback = { buffer, size, count, context in
    guard let buffer, let context else { return 0 }
    let transfer = Unmanaged<Transfer>.fromOpaque(context).takeUnretainedValue()
    let bytes = UnsafeRawBufferPointer(start: buffer, count: size * count)
    return transfer.take(body: bytes) ? size * count : 0
}
