"""A name server on the loopback that tells what the test wants, over UDP and TCP."""
import socket
import socketserver
import struct
import threading

TXT, CNAME = 16, 5


def wire(name):
    return b"".join(bytes([len(label)]) + label.encode() for label in name.split(".")) + b"\0"


class FakeDNS:
    """`texts` has the TXT records by name, each as octets; `aliases` the CNAMEs; names in `failing` get SERVFAIL; `silent` says nothing."""

    def __init__(self):
        self.texts, self.aliases, self.failing, self.asked = {}, {}, set(), []
        self.silent, self.by_tcp_only = False, False
        while True:
            self._udp = self._server(socketserver.ThreadingUDPServer, 0, self._datagram)
            try:
                self._tcp = self._server(socketserver.ThreadingTCPServer, self.port, self._stream)
                break
            except OSError:  # somebody has the TCP port of that number
                self._udp.shutdown()
                self._udp.server_close()

    @property
    def port(self):
        return self._udp.server_address[1]

    @property
    def address(self):
        return f"127.0.0.1:{self.port}"

    @staticmethod
    def _server(kind, port, handle):
        class Handler(socketserver.BaseRequestHandler):
            def handle(self):
                handle(self.request)
        kind.allow_reuse_address, kind.daemon_threads = True, True
        server = kind(("127.0.0.1", port), Handler, bind_and_activate=False)
        if isinstance(server, socketserver.ThreadingUDPServer):
            original = server.get_request
            server.get_request = lambda: (lambda request, peer: ((request[0], request[1], peer), peer))(*original())
        try:
            server.server_bind()
        except OSError:
            server.server_close()
            raise
        server.server_activate()
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        return server

    def _datagram(self, request):
        question, sock, peer = request
        answer = self._answer(question, truncate=self.by_tcp_only)
        if answer:
            sock.sendto(answer, peer)

    def _stream(self, sock):
        sock.settimeout(5)
        length, = struct.unpack("!H", sock.recv(2, socket.MSG_WAITALL))
        answer = self._answer(sock.recv(length, socket.MSG_WAITALL), limit=65535)
        if answer:
            sock.sendall(struct.pack("!H", len(answer)) + answer)

    def _answer(self, message, truncate=False, limit=512):
        labels, index = [], 12
        while message[index]:
            labels.append(message[index + 1:index + 1 + message[index]].decode())
            index += 1 + message[index]
        name, question = ".".join(labels).lower(), message[12:index + 5]
        self.asked.append(name)
        if self.silent:
            return None
        if name in self.failing:
            return message[:2] + struct.pack("!5H", 0x8182, 1, 0, 0, 0) + question
        records, owner = [], name
        while owner in self.aliases:
            records.append((owner, CNAME, wire(self.aliases[owner])))
            owner = self.aliases[owner]
        for text in self.texts.get(owner, []):
            strings = [text[start:start + 255] for start in range(0, len(text), 255)] or [b""]
            records.append((owner, TXT, b"".join(bytes([len(s)]) + s for s in strings)))
        code = 0 if records or owner in self.texts else 3
        body = b"".join(wire(o) + struct.pack("!HHIH", kind, 1, 60, len(data)) + data for o, kind, data in records)
        if truncate or len(message[:2]) + 10 + len(question) + len(body) > limit:
            return message[:2] + struct.pack("!5H", 0x8380 | code, 1, 0, 0, 0) + question
        return message[:2] + struct.pack("!5H", 0x8180 | code, 1, len(records), 0, 0) + question + body

    def stop(self):
        for server in (self._udp, self._tcp):
            server.shutdown()
            server.server_close()
