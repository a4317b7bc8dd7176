"""A TCP relay between two programs, which changes or cuts what passes where a test says."""

import contextlib
import socket
import threading

PIECE_BYTES = 65536


class Relay:
    """Listens on a port of its own, with TLS where `tls` is a context for it, and passes everything on to `port`; each
    connection has two threads."""

    def __init__(self, port, tls=None):
        self.to = port
        self.tls = tls
        self.damage = False
        self.cut_after_bytes = None
        self.passed = 0
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.lock = threading.Lock()
        threading.Thread(target=self.accept, daemon=True).start()

    def close(self):
        # A thread that waits in accept is woken by this, and not by a close.
        with contextlib.suppress(OSError):
            self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()

    def accept(self):
        while True:
            try:
                near, _ = self.listener.accept()
            except OSError:
                return
            try:
                near = self.tls.wrap_socket(near, server_side=True) if self.tls else near
                far = socket.create_connection(("127.0.0.1", self.to))
            except OSError:
                near.close()
                continue
            for source, sink, is_request in ((near, far, True), (far, near, False)):
                threading.Thread(target=self.pump, args=(source, sink, is_request), daemon=True).start()

    def pump(self, source, sink, is_request):
        try:
            while piece := source.recv(PIECE_BYTES):
                with self.lock:
                    self.passed += len(piece)
                    if self.cut_after_bytes is not None and self.passed >= self.cut_after_bytes:
                        self.cut_after_bytes = None
                        break
                    # A piece of a body, never a head: those come first and are short.
                    if self.damage and is_request and len(piece) > 4096 and b"HTTP/1.1" not in piece:
                        self.damage = False
                        piece = piece[:-1] + bytes([piece[-1] ^ 1])
                sink.sendall(piece)
        except OSError:
            pass
        # The other thread closes the ends that it reads from.
        for end in (source, sink):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
        source.close()
