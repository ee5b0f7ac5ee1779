"""HTTP/1.1 messages between DynamoDB's clients and servers, over asyncio streams.

Only what botocore, DynamoDB Local (Jetty) and `footfall dynamodb` send: bodies of a
known length, and in chunks. A message is passed on with its headers as they came, but
for those that are about the connection alone.
"""

import asyncio
import json
import secrets
import zlib
from dataclasses import dataclass
from http import HTTPStatus

from tests.proxy.refusals import Refusal

# About one connection, not about the message (RFC 9110, section 7.6.1).
_CONNECTION_HEADERS = frozenset(("connection", "keep-alive", "transfer-encoding"))


@dataclass(slots=True)
class Message:
    """A request or an answer.

    Attributes:
        start: The first line, "POST / HTTP/1.1" or "HTTP/1.1 200 OK".
        headers: Their names in lower case.
        body: Empty until it is read.
    """

    start: str
    headers: dict[str, str]
    body: bytes = b""

    @property
    def operation(self) -> str:
        """A request's operation; empty if it names none."""
        return self.headers.get("x-amz-target", "").rpartition(".")[2]

    @property
    def length(self) -> int:
        """The length of the body that its head announces."""
        return int(self.headers.get("content-length", "0"))

    @property
    def status(self) -> int:
        """An answer's status."""
        return int(self.start.split(" ", 2)[1])

    @property
    def is_last(self) -> bool:
        """Whether the other side ends the connection after it."""
        return self.headers.get("connection", "").lower() == "close"

    def encode(self) -> bytes:
        """The message as it is sent."""
        lines = [self.start]
        lines += [
            f"{name}: {value}"
            for name, value in self.headers.items()
            if name not in _CONNECTION_HEADERS and name != "content-length"
        ]
        lines.append(f"content-length: {len(self.body)}\r\n\r\n")
        return "\r\n".join(lines).encode("latin-1") + self.body


async def read_head(reader: asyncio.StreamReader) -> Message:
    """Read a message up to its body.

    Raises:
        IncompleteReadError: The other side hung up.
    """
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    start, *lines = head[:-4].split("\r\n")
    headers = {}
    for line in lines:
        name, _, value = line.partition(":")
        headers[name.lower()] = value.strip()
    return Message(start, headers)


async def read_body(reader: asyncio.StreamReader, message: Message) -> None:
    """Read the body of a message whose head was read.

    Raises:
        IncompleteReadError: The other side hung up.
    """
    if message.headers.get("transfer-encoding", "").lower() != "chunked":
        message.body = await reader.readexactly(message.length)
        return
    chunks = []
    size = -1
    while size != 0:
        size = int((await reader.readline()).partition(b";")[0], 16)
        chunks.append(await reader.readexactly(size))
        await reader.readexactly(2)  # the line's end
    message.body = b"".join(chunks)


def refusal_answer(refusal: Refusal) -> Message:
    """The answer that carries an error, as DynamoDB sends it."""
    return json_answer(refusal.content(), refusal.status)


def json_answer(content: object, status: int = 200) -> Message:
    """An answer with a JSON body, with its checksum as botocore verifies it."""
    body = json.dumps(content).encode()
    headers = {
        "content-type": "application/x-amz-json-1.0",
        "x-amzn-requestid": secrets.token_hex(26).upper(),
        "x-amz-crc32": str(zlib.crc32(body)),
    }
    return Message(f"HTTP/1.1 {status} {HTTPStatus(status).phrase}", headers, body)
