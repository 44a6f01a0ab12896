import Foundation
import Glibc
import HTTPTransport
import SpoolCommands
import Testing

@Suite struct `Requests over libcurl` {
    /// Answers each request with what `answer` says.
    private struct Client: HTTPClient {
        var answer: @Sendable (HTTPRequest) throws(HTTPTransportError) -> HTTPResponse

        func send(_ request: HTTPRequest) async throws(HTTPTransportError) -> HTTPResponse {
            try answer(request)
        }
    }

    @Test func `a call carries method, headers and body with a function's time limit`() async throws
    {
        let transport = CurlAPITransport(
            client: Client { (request) throws(HTTPTransportError) in
                #expect(request.method == "POST")
                #expect(request.url == "http://h/x")
                #expect(request.headers.map { "\($0.name)=\($0.value)" } == ["a=b"])
                #expect(request.timeout == .seconds(930))
                #expect(request.stallTimeout == nil)
                guard case .bytes([1, 2]) = request.body else {
                    Issue.record("The body is another one.")
                    return HTTPResponse(status: 500, headers: [], body: [], bodyBytes: 0)
                }
                return HTTPResponse(
                    status: 201, headers: [("ETag", "e")], body: [3], bodyBytes: 1)
            })

        let response = try await transport.send(
            APIRequest("POST", "http://h/x", headers: [.init("a", "b")], body: .bytes([1, 2])),
            progress: nil)

        #expect(response == APIResponse(status: 201, headers: [.init("ETag", "e")], body: [3]))
    }

    @Test func `a download is written to its file`() async throws {
        let transport = CurlAPITransport(
            client: Client { (request) throws(HTTPTransportError) in
                if case .file(let descriptor, _, _, _) = request.sink {
                    _ = Glibc.write(descriptor, "movie", 5)
                }
                return HTTPResponse(status: 200, headers: [], body: [], bodyBytes: 5)
            })

        try await withFolder { folder in
            let path = folder + "/out"
            try write("something longer", to: path)
            let request = APIRequest("GET", "http://h/x", destination: .file(path: path))
            _ = try await transport.send(request, progress: nil)
            #expect(try String(contentsOf: URL(filePath: path), encoding: .utf8) == "movie")

            let nowhere = APIRequest("GET", "http://h/x", destination: .file(path: path + "/x"))
            await #expect(
                throws: APITransportError(
                    detail: "\(path)/x cannot be written: Not a directory", isTransient: false)
            ) { try await transport.send(nowhere, progress: nil) }
        }
    }

    @Test(arguments: [
        (HTTPTransportError.Code.connect, true), (.timeout, true), (.reset, true), (.tls, false),
        (.tooLarge, false), (.localFile, false), (.invalid, false),
    ])
    func `only temporary failures are retried`(
        code: HTTPTransportError.Code, isTransient: Bool
    ) async {
        let transport = CurlAPITransport(
            client: Client { (_) throws(HTTPTransportError) in
                throw HTTPTransportError(code, "Why.")
            })

        await #expect(throws: APITransportError(detail: "Why", isTransient: isTransient)) {
            try await transport.send(APIRequest("GET", "http://h/x"), progress: nil)
        }
    }

    @Test func `a cancelled exchange throws CancellationError`() async {
        let transport = CurlAPITransport(
            client: Client { (_) throws(HTTPTransportError) in
                throw HTTPTransportError(.cancelled, "")
            })

        await #expect(throws: CancellationError.self) {
            try await transport.send(APIRequest("GET", "http://h/x"), progress: nil)
        }
    }
}
