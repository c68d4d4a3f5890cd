"""A name server for one test: answers as told, over UDP and TCP, on a loopback address of its own."""
import socket
import socketserver
import struct
import threading

A, CNAME, AAAA = 1, 5, 28
SERVFAIL, NXDOMAIN = 2, 3


class NameServer:
    """`answer`: a list of addresses, a code (NXDOMAIN, SERVFAIL), `"silence"`, or `"loop"`; may change at any time."""

    def __init__(self, address="127.53.0.1", answer=()):
        self.address, self.answer, self.questions = address, answer, 0
        outer = self

        class Datagram(socketserver.BaseRequestHandler):
            def handle(self):
                octets, sock = self.request
                reply = outer.reply(octets)
                if reply and len(reply) > 512:
                    # As a server without EDNS does it: the client comes again over TCP.
                    reply = reply[:2] + struct.pack("!H", 0x8380 | 0x0200) + reply[4:6] + b"\0\0" + reply[8:12] + outer.question(octets)
                if reply:
                    sock.sendto(reply, self.client_address)

        class Stream(socketserver.BaseRequestHandler):
            def handle(self):
                while len(head := self.request.recv(2, socket.MSG_WAITALL)) == 2:
                    octets = self.request.recv(struct.unpack("!H", head)[0], socket.MSG_WAITALL)
                    if reply := outer.reply(octets):
                        self.request.sendall(struct.pack("!H", len(reply)) + reply)

        self.servers = [socketserver.ThreadingUDPServer((address, 53), Datagram, bind_and_activate=False),
                        socketserver.ThreadingTCPServer((address, 53), Stream, bind_and_activate=False)]
        for server in self.servers:
            server.allow_reuse_address = server.daemon_threads = True
            server.server_bind()
            server.server_activate()
            threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()

    @staticmethod
    def question(octets):
        end = octets.index(b"\0", 12) + 5
        return octets[12:end]

    def reply(self, octets):
        self.questions += 1
        answer, question = self.answer, self.question(octets)
        kind = struct.unpack("!H", question[-4:-2])[0]
        if answer == "silence":
            return None
        code, records = 0, []
        if isinstance(answer, int):
            code = answer
        elif answer == "loop":
            records = [struct.pack("!HHHIH", 0xC00C, CNAME, 1, 0, 2) + b"\xc0\x0c"]
        else:
            for address in answer:
                family, size = (socket.AF_INET6, AAAA) if ":" in address else (socket.AF_INET, A)
                if size == kind:
                    packed = socket.inet_pton(family, address)
                    records.append(struct.pack("!HHHIH", 0xC00C, kind, 1, 0, len(packed)) + packed)
        return octets[:2] + struct.pack("!HHHHH", 0x8180 | code, 1, len(records), 0, 0) + question + b"".join(records)

    def stop(self):
        for server in self.servers:
            server.shutdown()
            server.server_close()


class SilentAddress:
    """An address and port that answer no SYN: nobody accepts, and the backlog is full."""

    def __init__(self, address, port):
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        self.held = [socket.socket(family)]
        self.held[0].bind((address, port))
        self.held[0].listen(0)
        for _ in range(4):
            s = socket.socket(family)
            s.setblocking(False)
            s.connect_ex((address, port))
            self.held.append(s)

    def stop(self):
        for s in self.held:
            s.close()
