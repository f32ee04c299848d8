"""A client of a real IMAP server that talks over pipes."""

from __future__ import annotations

import os
import re
import select
import subprocess
from dataclasses import dataclass
from types import TracebackType

ANSWER_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class Response:
    """The answer to one command. `status`: `OK`, `NO`, `BAD`, or empty when the line was cut."""

    status: str
    lines: tuple[bytes, ...]

    def uids(self) -> list[int]:
        """The UIDs of the FETCH lines, in order."""
        found = (re.match(rb"\* \d+ FETCH \(.*?UID (\d+)", line) for line in self.lines)
        return [int(match[1]) for match in found if match]

    def bodies(self) -> dict[int, bytes]:
        """The literals of `BODY[]` by UID."""
        found: dict[int, bytes] = {}
        for line in self.lines:
            match = re.match(rb"\* \d+ FETCH \(.*?UID (\d+).*?BODY\[\] \{(\d+)\}\r\n", line)
            if match:
                found[int(match[1])] = line[match.end() : match.end() + int(match[2])]
        return found

    def number(self, word: str) -> dict[int, int]:
        """A numeric item such as RFC822.SIZE by UID."""
        pattern = rb"\* \d+ FETCH \((?=.*?UID (\d+)).*?" + re.escape(word.encode()) + rb" (\d+)"
        found = (re.match(pattern, line) for line in self.lines)
        return {int(match[1]): int(match[2]) for match in found if match}

    def has(self, word: bytes) -> bool:
        """Whether an untagged line of this kind is among the answer: `BYE`, `EXPUNGE`."""
        pattern = rb"\* (\d+ )?" + word + rb"\b"
        return any(re.match(pattern, line) for line in self.lines)


class ImapSession:
    """One connection. Commands are given without their tag."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self._process = process
        self._waiting = b""
        self._number = 0
        self._greeting()

    def command(self, text: str, literal: bytes | None = None) -> Response:
        """One command, with a literal at its end, and all that comes with its answer."""
        self._number += 1
        tag = b"t%d" % self._number
        size = b"" if literal is None else b" {%d}" % len(literal)
        self._say(tag + b" " + text.encode() + size)
        lines: list[bytes] = []
        while (line := self._response()) is not None:
            if line.startswith(tag + b" "):
                return Response(line.split()[1].decode(), tuple(lines))
            if line.startswith(b"+ ") and literal is not None:
                self._say(literal)
                continue
            lines.append(line)
        return Response("", (*lines, self._last_words()))

    def _last_words(self) -> bytes:
        """What the server logged before it ended the connection."""
        assert self._process.stderr is not None
        return os.read(self._process.stderr.fileno(), 1 << 16)

    def must(self, text: str, literal: bytes | None = None) -> Response:
        """The same, which the server must agree to and stay with."""
        answer = self.command(text, literal)
        assert answer.status == "OK" and not answer.has(b"BYE"), (text, answer)
        return answer

    def _greeting(self) -> None:
        """Until the server says that we are logged in; it may have a warning before."""
        seen: list[bytes] = []
        while (line := self._response()) is not None:
            if line.startswith(b"* PREAUTH"):
                return
            seen.append(line)
        raise AssertionError(f"the imap server did not greet: {seen}")

    def _say(self, line: bytes) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(line + b"\r\n")
        self._process.stdin.flush()

    def _response(self) -> bytes | None:
        """One line, with the literals in it; None at the end of the connection."""
        whole = b""
        while True:
            line = self._up_to(b"\n")
            if line is None:
                return None
            whole += line
            literal = re.search(rb"\{(\d+)\}\r\n$", line)
            if not literal:
                return whole
            text = self._bytes(int(literal[1]))
            if text is None:
                return None
            whole += text

    def _up_to(self, end: bytes) -> bytes | None:
        while end not in self._waiting:
            if not self._more():
                return None
        line, _, rest = self._waiting.partition(end)
        self._waiting = rest
        return line + end

    def _bytes(self, count: int) -> bytes | None:
        while len(self._waiting) < count:
            if not self._more():
                return None
        text, self._waiting = self._waiting[:count], self._waiting[count:]
        return text

    def _more(self) -> bool:
        assert self._process.stdout is not None
        handle = self._process.stdout.fileno()
        ready, _, _ = select.select([handle], [], [], ANSWER_SECONDS)
        assert ready, "the imap server does not answer"
        part = os.read(handle, 1 << 16)
        self._waiting += part
        return bool(part)

    def __enter__(self) -> ImapSession:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for pipe in (self._process.stdin, self._process.stdout, self._process.stderr):
            if pipe is not None:
                try:
                    pipe.close()
                except BrokenPipeError:
                    continue
        try:
            self._process.wait(ANSWER_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
