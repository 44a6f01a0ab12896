"""Bytes on a socket, for requests that no HTTP library sends."""

import socket
import urllib.parse


def connect(url):
    place = urllib.parse.urlsplit(url)
    return socket.create_connection((place.hostname, place.port), timeout=30)


def exchange(url, request, until_close=True):
    """Sends the bytes and returns what comes until the server closes the connection."""
    with connect(url) as connection:
        connection.sendall(request)
        answer = b""
        try:
            while piece := connection.recv(65536):
                answer += piece
                if not until_close and b"\r\n\r\n" in answer:
                    break
        except ConnectionResetError:
            pass
    return answer


def heads(answer):
    """Number of response heads in the bytes."""
    return answer.count(b"HTTP/1.1 ")
