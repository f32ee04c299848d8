"""A disk whose power can be cut: a file system in an image, copied while something runs on it.

What a copy holds is what the disk held at that moment; mounting it replays the file system's own
journal, as after a power cut. The block device keeps its number from image to image, as a real
disk does, so that spools are known again.
"""

from __future__ import annotations

import ctypes
import errno
import fcntl
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path

_ADD, _REMOVE = 0x4C80, 0x4C81  # ioctls of /dev/loop-control
_SET_FD, _CLEAR_FD = 0x4C00, 0x4C01  # ioctls of a loop device
_PATIENCE = 30.0  # seconds for the kernel to let a device go
_LONGEST = 120  # seconds a run may take before it counts as hanging
_PR_SET_PTRACER, _ANYBODY = 0x59616D61, ctypes.c_ulong(-1)

MAKE = {
    "ext4": ("mkfs.ext4", "-q", "-F", "-m0", "-Elazy_itable_init=0,lazy_journal_init=0,nodiscard"),
    "xfs": ("mkfs.xfs", "-q", "-f", "-K"),
}
BARE = "-O^has_journal"
"""An ext4 without a journal of its own: each name is durable by itself, or not at all."""
SIZE = {"ext4": 16 << 20, "xfs": 320 << 20}  # bytes; mkfs.xfs makes nothing smaller
OPTIONS = {"ext4": "commit=300,noauto_da_alloc", "xfs": "nouuid"}
BARE_OPTIONS = "noauto_da_alloc"
"""Nothing becomes durable by itself in the course of a test, nor by a kindness of ext4 to programs
that rename without fsync."""


def why_not(kind: str = "ext4") -> str:
    """Why no power can be cut here; empty where it can."""
    if os.geteuid() != 0:
        return "only root can mount an image"
    for program in (MAKE[kind][0], "mount", "umount", "strace", "e2fsck"):
        if shutil.which(program, path=os.environ.get("PATH", "") + ":/usr/sbin:/sbin") is None:
            return f"{program} is not installed"
    return _no_mount(kind)


@cache
def _no_mount(kind: str) -> str:
    import tempfile

    try:
        with tempfile.TemporaryDirectory() as home, disk_in(Path(home), kind) as disk:
            disk.format(disk.home / "image")
            with disk.mounted(disk.home / "image"):
                return ""
    except (OSError, subprocess.CalledProcessError) as error:
        return f"no image with {kind} can be mounted here ({error})"


class Disk:
    """A loop device and the directory it is mounted on."""

    def __init__(self, home: Path, kind: str, number: int) -> None:
        self.home = home
        self.kind = kind
        self.at = home / "mounted"
        self.at.mkdir()
        self.options = OPTIONS[kind]
        self._device = Path(f"/dev/loop{number}")

    def format(self, image: Path, *more: str) -> Path:
        """Makes an image with an empty file system."""
        with image.open("wb") as file:
            file.truncate(SIZE[self.kind])
        _run(*MAKE[self.kind], *more, str(image))
        return image

    @contextmanager
    def mounted(self, image: Path) -> Generator[Path]:
        """The image mounted; its file system looks after itself first, as at a start."""
        with image.open("rb+") as file, self._device.open("rb+") as device:
            _waited(lambda: fcntl.ioctl(device, _SET_FD, file.fileno()))
            try:
                _run("mount", "-t", self.kind, "-o", self.options, self._device, self.at)
                try:
                    yield self.at
                finally:
                    _waited(lambda: _run("umount", self.at))
            finally:
                fcntl.ioctl(device, _CLEAR_FD)

    def copy(self, image: Path, target: Path) -> Path:
        """What the disk holds now, holes left out."""
        with image.open("rb") as one, target.open("wb") as other:
            size = os.fstat(one.fileno()).st_size
            other.truncate(size)
            begin = 0
            with suppress(OSError):  # there is no more data behind the last hole
                while begin < size:
                    begin = os.lseek(one.fileno(), begin, os.SEEK_DATA)
                    end = os.lseek(one.fileno(), begin, os.SEEK_HOLE)
                    os.pwrite(other.fileno(), os.pread(one.fileno(), end - begin, begin), begin)
                    begin = end
        return target


@contextmanager
def disk_in(home: Path, kind: str) -> Generator[Disk]:
    """A disk of our own; nobody else's loop device is touched."""
    with open("/dev/loop-control", "rb+", buffering=0) as control:
        number = _free_number(control.fileno())
        try:
            yield Disk(home, kind, number)
        finally:
            _waited(lambda: fcntl.ioctl(control, _REMOVE, number))


def _free_number(control: int) -> int:
    for number in range(64, 4096):
        try:
            fcntl.ioctl(control, _ADD, number)
        except OSError as error:
            if error.errno != errno.EEXIST:
                raise
            continue
        node = f"/dev/loop{number}"
        if not os.path.exists(node):
            os.mknod(node, 0o600 | 0o060000, os.makedev(7, number))
        return number
    raise OSError(errno.EBUSY, "there is no loop device")


def _run(*words: str | Path) -> None:
    subprocess.run([str(word) for word in words], check=True, capture_output=True, text=True)


def _waited(act: Callable[[], object]) -> None:
    """Something that the kernel, or who looks at new devices, may not be ready for yet."""
    deadline = time.monotonic() + _PATIENCE
    while True:
        try:
            act()
            return
        except (OSError, subprocess.CalledProcessError):
            if time.monotonic() > deadline:
                raise


def repaired(image: Path) -> None:
    """What a file system without a journal of its own needs after a power cut."""
    ended = subprocess.run(["e2fsck", "-fy", image], capture_output=True, text=True, check=False)
    assert ended.returncode in (0, 1), ended.stdout


def stops(run: Callable[[], object], calls: str, log: Path) -> Iterator[int]:
    """Runs something in a process of its own that stands still after each of these calls.

    Yields the number of the stop, from 1. The run must end well.
    """
    ready, go = os.pipe()
    child = os.fork()
    if child == 0:
        _run_traced(run, ready, go, log)
    os.close(ready)
    tracer = subprocess.Popen(
        ["strace", "-p", str(child), "-o", str(log), "-e", f"trace={calls}",
         "-e", f"inject={calls}:signal=STOP"],
        stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    ended = False
    try:
        assert tracer.stderr is not None
        said = tracer.stderr.readline()
        assert "attached" in said, said
        os.close(go)  # it runs on from here
        number = 0
        while not ended:
            _, status = os.waitpid(child, os.WUNTRACED)
            ended = not os.WIFSTOPPED(status)
            if ended:
                failed = Path(f"{log}.error")
                assert status == 0, failed.read_text() if failed.exists() else status
            elif os.WSTOPSIG(status) == signal.SIGSTOP:
                number += 1
                yield number
                os.kill(child, signal.SIGCONT)
    finally:
        if not ended:
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)
        tracer.communicate()


def _run_traced(run: Callable[[], object], ready: int, go: int, log: Path) -> None:
    code = 99
    try:
        os.close(go)
        ctypes.CDLL(None).prctl(_PR_SET_PTRACER, _ANYBODY, 0, 0, 0)
        signal.alarm(_LONGEST)
        os.read(ready, 1)
        run()
        code = 0
    except BaseException as error:
        Path(f"{log}.error").write_text(f"{type(error).__name__}: {error}")
    finally:
        os._exit(code)
