"""The HTTP of the server: uvicorn's, with limits on a request's head and on readers that take
nothing, which it does not have.

It waits for a head without end and keeps whatever comes: some thousand slow connections, or one
with an endless header, and it serves nobody else. And it keeps an answer for as long as its reader
leaves it.
"""

from __future__ import annotations

import asyncio
from http import HTTPStatus
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from deprivation.serve.problems import problem_document


class LimitedProtocol(HttpToolsProtocol):
    """head_seconds: from the connection, or the first byte of a later request, to the end of the
    head; head_bytes: of its first line and headers together, about; taken_seconds: in which a
    client is to take something of an answer that waits for it.
    """

    head_seconds = 30.0
    head_bytes = 64 << 10
    taken_seconds = 30.0
    _head: asyncio.TimerHandle | None = None
    _reader: asyncio.TimerHandle | None = None
    _taken = 0

    def connection_made(self, transport: Any) -> None:
        super().connection_made(transport)
        self._wait_for_head()

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop_waiting()
        self._stop_looking()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        if self._head and not self.transport.is_closing():
            self._taken += len(data)
            if self._taken > self.head_bytes:
                self._refuse(431, "the headers are larger than this server takes")

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._stop_waiting()
        self._wait_for_head()

    def on_headers_complete(self) -> None:
        self._stop_waiting()
        super().on_headers_complete()

    def send_400_response(self, msg: str) -> None:
        self._refuse(400, "this is not HTTP, or its address is too long")

    def _refuse(self, status: int, detail: str) -> None:
        self._stop_waiting()
        said = problem_document(status, detail, {"connection": "close"})
        lines = [f"HTTP/1.1 {status} {HTTPStatus(status).phrase}".encode()]
        lines += [name + b": " + value for name, value in said.raw_headers]
        self.transport.write(b"\r\n".join([*lines, b"", bytes(said.body)]))
        self.transport.close()

    def _wait_for_head(self) -> None:
        self._taken = 0
        self._head = self.loop.call_later(self.head_seconds, self.transport.close)

    def _stop_waiting(self) -> None:
        if self._head:
            self._head.cancel()
            self._head = None

    def pause_writing(self) -> None:
        super().pause_writing()
        self._look_again()

    def resume_writing(self) -> None:
        self._stop_looking()
        super().resume_writing()

    def _look_again(self) -> None:
        left = self.transport.get_write_buffer_size()
        self._reader = self.loop.call_later(self.taken_seconds, self._let_go_unless_less, left)

    def _let_go_unless_less(self, before: int) -> None:
        """Nothing is added while writing is paused: less is left only if the client took some."""
        if self.transport.get_write_buffer_size() < before:
            self._look_again()
        else:
            # To close it would wait until all is sent.
            self.transport.abort()

    def _stop_looking(self) -> None:
        if self._reader:
            self._reader.cancel()
            self._reader = None
