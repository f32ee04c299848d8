"""The problems of one message by itself: when, how bad, with what evidence and remedy."""

from __future__ import annotations

from dataclasses import replace
from errno import EACCES, EIO, EPERM
from typing import Any

import pytest

from mailsurgeon.diagnosis.conventions import store_separator
from mailsurgeon.diagnosis.facts import (
    ENCRYPTED,
    Finding,
    FolderFacts,
    MessageFacts,
    Moment,
)
from mailsurgeon.diagnosis.message_rules import judge
from mailsurgeon.diagnosis.severity import Severity
from mailsurgeon.maildir.filename import parse_info
from mailsurgeon.maildir.message import Traits, analyse

DAY = 86_400
NOW = 1_700_000_000
DATE = 1_300_000_000
HEADER = b"From: a@example.org\nMessage-ID: <1@example.org>\n"
MAIL = HEADER + b"\nText.\n"
FROM = b"From a@example.org Mon Jan  1 00:00:00 2018\n"
OPEN = HEADER + b"Content-Type: multipart/mixed; boundary=b\n\n--b\n\nText.\n"
CLOSED = OPEN + b"--b--\n"
CLOSED_UP: dict[str, Any] = {
    "traits": int(Traits.READ | Traits.OPAQUE), "plain_size": None, "virtual_size": None,
    "has_message_id": False, "date": None,
}  # fmt: skip
MBOX = FROM + MAIL + b"\n" + FROM + MAIL

INFO, WARNING, ERROR = Severity.INFO, Severity.WARNING, Severity.ERROR


def message(
    filename: bytes = b"1300000000.M1.host:2,S",
    data: bytes = MAIL,
    place: str = "cur",
    *,
    date: int | None = DATE,
    mtime: int = DATE,
    **more: Any,
) -> MessageFacts:
    """The facts a survey would have of a file with these bytes."""
    content = analyse([data] if data else [])
    facts = MessageFacts(
        place,
        filename,
        "file",
        len(data),
        mtime * 1_000_000_000,
        traits=int(content.traits),
        plain_size=content.size,
        virtual_size=content.virtual_size,
        has_message_id=content.message_id is not None,
        date=date,
        looks_like=content.looks_like,
    )
    return replace(facts, **more)


def named(fields: bytes, info: bytes = b":2,S") -> bytes:
    return b"1300000000.M1.host" + fields + info


def found(
    facts: MessageFacts, folder: FolderFacts | None = None, *, full: bool = True
) -> dict[str, Finding]:
    findings = judge(facts, folder or FolderFacts(), Moment(NOW, full))
    by_code = {finding.code: finding for finding in findings}
    assert len(by_code) == len(findings)
    return by_code


def codes(facts: MessageFacts, **options: Any) -> set[str]:
    return set(found(facts, **options))


def test_a_healthy_message_has_no_problem() -> None:
    assert not found(message())
    assert not found(message(named(b",S=%d,W=%d" % (len(MAIL), len(MAIL) + 4))))
    assert not found(message(b"1300000000.M1.host", place="new"))


# size-mismatch

SIZE, W = len(MAIL), len(MAIL) + MAIL.count(b"\n")


@pytest.mark.parametrize(
    ("fields", "detail"),
    [
        (b",S=%d" % (SIZE + 1), {"S": [SIZE + 1, SIZE]}),
        (b",S=%d" % (SIZE - 1), {"S": [SIZE - 1, SIZE]}),
        (b",W=5", {"W": [5, W]}),
        (b",S=1,W=2", {"S": [1, SIZE], "W": [2, W]}),
        (b",S=%d,W=2" % SIZE, {"W": [2, W]}),  # only the wrong ones
        (b",S=1,W=%d" % W, {"S": [1, SIZE]}),
        (b",S=0", {"S": [0, SIZE]}),
        (b",S=", {"S": [0, SIZE]}),  # Dovecot reads 0
    ],
)
@pytest.mark.parametrize("place", ["cur", "new", "root", "nested"])
def test_a_wrong_size_in_the_name(place: str, fields: bytes, detail: dict[str, Any]) -> None:
    finding = found(message(named(fields), place=place))["size-mismatch"]
    assert finding == Finding("size-mismatch", ERROR, detail, "fix-size")


@pytest.mark.parametrize(
    "fields", [b"", b",S=%d" % SIZE, b",W=%d" % W, b",S=abc", b",W=12x", b",s=1"]
)
def test_right_sizes_and_what_is_no_size(fields: bytes) -> None:
    assert not found(message(named(fields)))


def test_w_of_a_file_with_crlf_equals_s() -> None:
    data = MAIL.replace(b"\n", b"\r\n")
    assert not found(message(named(b",S=%d,W=%d" % (len(data), len(data))), data))


@pytest.mark.parametrize(
    ("record", "detail"),
    [
        ((SIZE + 4, None), {"S": [SIZE + 4, SIZE], "in": "uidlist"}),
        ((None, 9), {"W": [9, W], "in": "uidlist"}),
        ((1, 2), {"S": [1, SIZE], "W": [2, W], "in": "uidlist"}),
    ],
)
def test_a_wrong_size_in_the_uidlist(record: tuple[Any, Any], detail: dict[str, Any]) -> None:
    folder = FolderFacts(sizes={b"1300000000.M1.host": record})
    finding = found(message(), folder)["size-mismatch"]
    assert finding == Finding("size-mismatch", ERROR, detail, "fix-size")


def test_the_name_is_looked_at_before_the_uidlist() -> None:
    base = named(b",S=%d,W=%d" % (SIZE, W), b"")
    assert not found(message(base + b":2,S"), FolderFacts(sizes={base: (1, 2)}))


def test_a_right_record_and_a_record_of_another_message() -> None:
    assert not found(message(), FolderFacts(sizes={b"1300000000.M1.host": (SIZE, W)}))
    assert not found(message(), FolderFacts(sizes={b"other": (1, 2)}))


def test_compressed_mail_is_judged_by_its_text() -> None:
    packed = {"size": 40, "encoding": "gzip"}
    assert not found(message(named(b",S=%d,W=%d" % (SIZE, W)), **packed))
    finding = found(message(named(b",S=40"), **packed))["size-mismatch"]
    assert finding.detail == {"S": [40, SIZE]}
    assert finding.remedy == "fix-size"


@pytest.mark.parametrize("encoding", [ENCRYPTED, "zstd"])
def test_what_cannot_be_looked_into_has_no_size_to_judge_and_no_content_problem(
    encoding: str,
) -> None:
    facts = message(named(b",S=1,W=2"), mtime=NOW + 9 * DAY, **CLOSED_UP, encoding=encoding)
    assert not found(facts)
    assert codes(replace(facts, filename=named(b",S=1", b":2,SF"))) == {"bad-flags"}


@pytest.mark.parametrize("encoding", [ENCRYPTED, "gzip"])
@pytest.mark.parametrize("place", ["cur", "new"])
def test_what_a_server_fails_to_unpack(encoding: str, place: str) -> None:
    facts = message(named(b",S=1"), place=place, **CLOSED_UP, encoding=encoding, broken="damaged")
    detail = {"packing": encoding, "reason": "damaged"}
    assert found(facts) == {"broken-packing": Finding("broken-packing", ERROR, detail, None)}
    assert not found(replace(facts, place="tmp"))
    assert not found(replace(facts, filename=named(b"")), full=False)


# empty and truncated


@pytest.mark.parametrize("sized", [True, False])
@pytest.mark.parametrize(
    ("data", "more"),
    [
        (bytes(512), set()),
        (bytes(40), set()),
        (MAIL + bytes(512), set()),
        (HEADER + bytes(900), set()),
        (MAIL[:9] + b"\n\nText." + bytes(600), {"no-message-id"}),
        (b"words" + bytes(600), set()),
    ],
)
def test_a_file_that_a_crash_left_full_of_nuls(data: bytes, more: set[str], sized: bool) -> None:
    name = named(b",S=%d" % len(data)) if sized else named(b",S=9")
    findings = found(message(name, data))
    assert findings["truncated"] == Finding("truncated", WARNING, {"reason": "zeros"}, None)
    assert set(findings) == {"truncated", *more, *(() if sized else {"size-mismatch"})}
    if not sized:
        assert findings["size-mismatch"].remedy is None


@pytest.mark.parametrize("data", [MAIL + bytes(511), MAIL + bytes(512) + b"\n"])
def test_some_nuls_are_no_loss(data: bytes) -> None:
    assert not found(message(data=data))


def test_the_size_of_what_is_no_mail_is_left() -> None:
    findings = found(message(named(b",S=9"), b"words\n\nmore\n"))
    assert set(findings) == {"not-mail", "size-mismatch"}
    assert findings["size-mismatch"].remedy is None


@pytest.mark.parametrize("place", ["cur", "new"])
def test_an_empty_file(place: str) -> None:
    finding = found(message(data=b"", place=place))
    assert finding == {"empty": Finding("empty", ERROR, {}, "quarantine")}


@pytest.mark.parametrize("place", ["root", "nested", "tmp"])
def test_empty_is_judged_in_cur_and_new_alone(place: str) -> None:
    assert "empty" not in found(message(data=b"", place=place))


def test_a_lying_name_of_an_empty_file_is_the_only_trace_and_stays() -> None:
    findings = found(message(named(b",S=1234,W=1250"), b""))
    assert set(findings) == {"empty", "size-mismatch"}
    assert findings["size-mismatch"].detail == {"S": [1234, 0], "W": [1250, 0]}
    assert findings["size-mismatch"].remedy is None


def test_an_empty_file_that_says_so() -> None:
    assert codes(message(named(b",S=0,W=0"), b"")) == {"empty"}


def test_empty_keeps_the_other_content_problems_quiet() -> None:
    assert codes(message(data=b"", mtime=NOW + 9 * DAY)) == {"empty"}


@pytest.mark.parametrize(
    ("data", "named_size", "truncated"),
    [
        (HEADER + b"Subject: so", 4000, True),  # the header stops in a line
        (HEADER + b"Subject: so", 5, True),  # any wrong size will do
        (HEADER[:30], 4000, True),
        (HEADER, 4000, False),  # the last line has its newline
        (HEADER + b"\nText", 4000, False),  # a single part has no end to miss
        (OPEN, 4000, True),  # the closing boundary is missing
        (OPEN, 5, False),  # but nothing is known to be missing
        (CLOSED, 4000, False),
    ],
)
def test_truncated(data: bytes, named_size: int, truncated: bool) -> None:
    findings = found(message(named(b",S=%d" % named_size), data))
    assert ("truncated" in findings) == truncated
    assert findings["size-mismatch"].remedy == (None if truncated else "fix-size")
    if truncated:
        finding = findings["truncated"]
        assert (finding.severity, finding.remedy) == (WARNING, None)
        assert finding.detail["reason"]


@pytest.mark.parametrize("data", [HEADER + b"Subject: so", OPEN])
@pytest.mark.parametrize("fields", [b"", b",S=%d", b",W=7"])
def test_nothing_is_truncated_without_a_wrong_s(data: bytes, fields: bytes) -> None:
    name = fields % len(data) if b"%" in fields else fields
    assert "truncated" not in found(message(named(name), data))


def test_a_cut_header_keeps_its_consequences_quiet() -> None:
    cut = b"From: a@example.org\nMessage-I"
    assert codes(message(named(b",S=900"), cut, date=None)) == {"truncated", "size-mismatch"}
    # A multipart that is cut behind its header is header-only all the same.
    at_end = OPEN[: OPEN.index(b"\n\n") + 2]
    assert codes(message(named(b",S=900"), at_end)) == {
        "truncated", "size-mismatch", "header-only",
    }  # fmt: skip


# not-mail, from-line, header-only, no-message-id


@pytest.mark.parametrize(
    "data", [b"Dear all,\n\nhello.\n", b"%PDF-1.4\n\0", b"words\n\nSubject: late\n", FROM + b"x\n"]
)
@pytest.mark.parametrize("place", ["cur", "new"])
def test_junk(place: str, data: bytes) -> None:
    findings = found(message(data=data, place=place, date=None))
    assert set(findings) == {"not-mail"}
    finding = findings["not-mail"]
    assert (finding.severity, finding.remedy) == (WARNING, "quarantine")
    assert finding.detail["looks_like"]


def test_junk_needs_both_wants() -> None:
    """No field first and no known field; with one of the two it is a message, if an odd one."""
    assert codes(message(data=b"X-Colour: red\n\nText.\n", date=None)) == {"no-message-id"}
    assert codes(message(data=b"some words\n" + MAIL)) == set()


def test_junk_keeps_the_other_content_problems_quiet_but_not_its_size() -> None:
    data = FROM + b"words"
    findings = found(message(named(b",S=900"), data, mtime=NOW + 9 * DAY, date=None))
    assert set(findings) == {"not-mail", "size-mismatch"}


def test_an_mbox_in_cur_bears_from_line_only() -> None:
    assert codes(message(data=MBOX, mtime=NOW + 9 * DAY)) == {"from-line"}
    assert codes(message(b"mbox", data=MBOX)) == {"from-line"}
    assert codes(message(named(b",S=9"), data=MBOX)) == {"from-line"}
    assert codes(message(b"mbox!2,S", data=MBOX)) == {"from-line", "bad-flags"}


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (FROM + MAIL, {"from-line"}),
        (b"\n" + MAIL, set[str]()),
        (b">" + FROM + MAIL, set[str]()),
        (HEADER + b"\n", {"header-only"}),
        (HEADER, {"header-only"}),
        (HEADER[:-1], {"header-only"}),  # cut or not: no size says so
        (b"From: a\n\nText.\n", {"no-message-id"}),
        (FROM + b"From: a\n", {"from-line", "header-only", "no-message-id"}),
    ],
)
@pytest.mark.parametrize("place", ["cur", "new", "root", "nested"])
def test_what_is_worth_knowing(place: str, data: bytes, expected: set[str]) -> None:
    findings = found(message(data=data, place=place))
    assert set(findings) == expected
    assert all((each.severity, each.remedy) == (INFO, None) for each in findings.values())


# bad-flags


@pytest.mark.parametrize(
    ("info", "should_be"),
    [(b":2,SF", ":2,FS"), (b":2,SS", ":2,S"), (b":2,:2,S", ":2,S"), (b":1,", ":2,"),
     (b";2,S", ":2,S"), (b"!2,", ":2,"), (b"%3A2%2CRS", ":2,RS"), (b"2,S", ":2,S")],
)  # fmt: skip
@pytest.mark.parametrize("place", ["cur", "new", "root", "nested"])
def test_a_bad_info_is_one_anywhere(place: str, info: bytes, should_be: str) -> None:
    finding = found(message(named(b"", info), place=place))["bad-flags"]
    detail = {"info": info.decode(), "should_be": should_be}
    assert finding == Finding("bad-flags", WARNING, detail, "fix-flags")


def test_only_in_cur_a_name_needs_an_info() -> None:
    finding = found(message(named(b"", b"")))["bad-flags"]
    assert finding == Finding("bad-flags", WARNING, {"info": "", "should_be": ":2,"}, "fix-flags")
    for place in ("new", "root", "nested"):
        assert not found(message(named(b"", b""), place=place))


def test_a_store_that_uses_another_separator_is_left_alone() -> None:
    own = FolderFacts(separator=b";")
    for info in (b";2,S", b""):
        finding = found(message(named(b"", info)), own)["bad-flags"]
        assert (finding.severity, finding.remedy) == (INFO, None)
    for info in (b"!2,S", b":2,SF", b"2,S"):  # another than the store's own
        finding = found(message(named(b"", info)), own)["bad-flags"]
        assert (finding.severity, finding.remedy) == (WARNING, "fix-flags")
        assert finding.detail["should_be"].startswith(";2,")


def test_in_a_store_that_uses_another_separator_a_colon_is_the_odd_one() -> None:
    finding = found(message(), FolderFacts(separator=b"%3a"))["bad-flags"]
    detail = {"info": ":2,S", "should_be": "%3A2,S"}
    assert finding == Finding("bad-flags", INFO, detail, None)


def test_a_server_that_lists_the_store_reads_colons_alone() -> None:
    served = FolderFacts(separator=b";", served=True)
    assert not found(message(), served)
    finding = found(message(named(b"", b";2,S")), served)["bad-flags"]
    assert (finding.severity, finding.remedy) == (INFO, None)
    assert finding.detail["should_be"] == ":2,S"


@pytest.mark.parametrize(
    ("infos", "separator"),
    [
        ([b";2,S", b";2,", b":2,"], b";"),
        ([b";2,S", b";2,", b"", b"", b""], b";"),  # names without info do not count
        ([b"%3A2%2CS", b"%3a2,"], b"%3a"),
        ([b";2,S", b";2,", b":2,", b":2,"], None),  # half is not over half
        ([b";2,S"], None),  # two at least
        ([b";2,S", b"!2,S", b"_2,S"], None),  # one separator, not several
        ([b":2,", b""], None),
        ([], None),
    ],
)
def test_when_a_separator_is_the_stores_own(infos: list[bytes], separator: bytes | None) -> None:
    assert store_separator([parse_info(b"1.host" + info) for info in infos]) == separator


# bad-name


@pytest.mark.parametrize(
    "name",
    [
        b".1300000000.M1.host:2,S",
        b":2,S",
        b"1300000000.M\n1.host:2,S",
        b"1300000000.M\x1f1.host:2,S",
        b"1300000000.M\x7f1.host:2,S",
        b"1300000000." + b"x" * 186 + b":2,S",  # 201 bytes
        named(b",S=%d,S=%d" % (SIZE, SIZE)),
        named(b",W=%d,W=1" % W),
    ],
)
def test_bad_names(name: bytes) -> None:
    for place in ("cur", "new"):
        findings = found(message(name, place=place))
        assert set(findings) == {"bad-name"}
        finding = findings["bad-name"]
        assert (finding.severity, finding.remedy) == (WARNING, "rename")
        assert finding.detail["reason"]
    assert not found(message(name, place="root"))
    assert not found(message(name, place="nested"))


@pytest.mark.parametrize(
    "name",
    [
        b"1300000000." + b"x" * 185 + b":2,S",  # 200 bytes
        "1300000000.Grüße:2,S".encode(),
        b"1300000000.\xff:2,S",
        b"1300000000. spaced :2,S",
        named(b",S=%d,W=%d" % (SIZE, W)),
    ],
)
def test_names_that_will_do(name: bytes) -> None:
    assert not found(message(name))


# bad-date


@pytest.mark.parametrize(
    ("mtime", "date", "stem", "bad", "remedy"),
    [
        (NOW + DAY + 60, DATE, b"1300000000", True, "fix-date"),
        (NOW + DAY - 60, NOW, b"1300000000", False, None),
        (NOW + DAY + 60, None, b"1300000000", True, None),  # no header date to go by
        (DATE + 365 * DAY + 1, DATE, b"1300000000", True, "fix-date"),
        (DATE - 365 * DAY - 1, DATE, b"1300000000", True, "fix-date"),
        (DATE + 365 * DAY, DATE, b"upload", False, None),
        # The name confirms the header within a day, and the file's time is over a day from it.
        (DATE + 365 * DAY, DATE, b"1300000000", True, "fix-date"),
        (DATE + DAY + 1, DATE, b"%d" % (DATE - DAY), True, "fix-date"),
        (DATE - DAY - 1, DATE, b"%d" % (DATE + DAY), True, "fix-date"),
        (DATE + DAY, DATE, b"1300000000", False, None),
        (DATE + DAY + 1, DATE, b"%d" % (DATE + DAY + 1), False, None),
        (DATE, None, b"1300000000", False, None),
        (DATE, DATE, b"%d" % (NOW + DAY + 60), True, None),  # only the name is wrong
        (DATE, DATE, b"%d" % (NOW + DAY - 60), False, None),
        (DATE, DATE, b"upload%d" % (NOW * 2), False, None),
        (NOW + 2 * DAY, DATE, b"%d" % (NOW + 2 * DAY), True, "fix-date"),
        (DATE, -(2**31), b"1300000000", True, "fix-date"),
        (DATE, -(2**31) - 1, b"1300000000", True, None),  # no file system holds it
        (NOW + 2 * DAY, NOW + DAY - 60, b"1300000000", True, "fix-date"),
        (NOW + 2 * DAY, NOW + DAY + 60, b"1300000000", True, None),  # it would be odd again
        (DATE, NOW + 400 * DAY, b"1300000000", True, None),
    ],
)
def test_odd_dates(mtime: int, date: int | None, stem: bytes, bad: bool, remedy: str) -> None:
    findings = found(message(stem + b".M1.host:2,S", mtime=mtime, date=date))
    assert set(findings) == ({"bad-date"} if bad else set())
    if bad:
        finding = findings["bad-date"]
        assert (finding.severity, finding.remedy) == (INFO, remedy)
        assert finding.detail["mtime"] == mtime
        assert finding.detail["header_date"] == date
        assert set(finding.detail) == {"mtime", "header_date", "name_date"}


# unreadable, linked


@pytest.mark.parametrize(
    ("errno", "remedy"), [(EACCES, "fix-permissions"), (EPERM, "fix-permissions"), (EIO, None)]
)
def test_an_unreadable_file(errno: int, remedy: str | None) -> None:
    facts = message(named(b",S=1"), traits=0, plain_size=None, virtual_size=None, errno=errno)
    findings = found(facts)
    assert set(findings) == {"unreadable"}
    finding = findings["unreadable"]
    assert (finding.severity, finding.remedy) == (ERROR, remedy)
    assert finding.detail["errno"] == errno


@pytest.mark.parametrize("kind", ["symlink", "fifo", "socket", "device", "directory"])
@pytest.mark.parametrize("place", ["cur", "new"])
def test_what_is_no_file(place: str, kind: str) -> None:
    facts = message(b".odd:2,SF", data=b"", place=place, kind=kind)
    expected = Finding("linked", WARNING, {"kind": kind}, "quarantine")
    assert judge(facts, FolderFacts(), Moment(NOW)) == [expected]


def test_a_directory_that_holds_mail_stays() -> None:
    facts = message(data=b"", kind="directory", holds_mail=True)
    assert found(facts)["linked"].remedy is None


@pytest.mark.parametrize("place", ["root", "nested", "tmp"])
def test_links_elsewhere_are_nobodys_business(place: str) -> None:
    assert not found(message(data=b"", place=place, kind="symlink"))


# What goes together


def test_a_file_in_tmp_has_no_problem_by_itself() -> None:
    """Its age is what counts there, and that of no other file."""
    facts = message(b".\n" + named(b",S=1", b":2,SF"), FROM, "tmp", mtime=NOW + 9 * DAY, date=None)
    assert not found(facts)


def test_all_at_once() -> None:
    facts = message(
        named(b",S=1,S=2", b":2,SF"), FROM + b"From: a\n", mtime=NOW + 9 * DAY, date=DATE
    )
    assert codes(facts) == {
        "size-mismatch", "bad-flags", "bad-name", "bad-date", "from-line", "header-only",
        "no-message-id",
    }  # fmt: skip


@pytest.mark.parametrize("read_before", [True, False])
def test_a_quick_survey_judges_names_and_sizes_alone(read_before: bool) -> None:
    """What an earlier, full survey has read of the file makes no difference."""
    facts = message(named(b",S=1,W=2", b":2,SF"), FROM + b"From: a\n", mtime=NOW + 9 * DAY)
    if not read_before:
        nothing: dict[str, Any] = {"plain_size": None, "virtual_size": None, "date": None}
        facts = replace(facts, traits=0, has_message_id=False, **nothing)
    findings = found(facts, full=False)
    assert set(findings) == {"size-mismatch", "bad-flags"}
    finding = findings["size-mismatch"]
    assert finding.detail == {"S": [1, facts.size], "pending": True}
    assert (finding.severity, finding.remedy) == (ERROR, None)


def test_a_quick_survey_judges_no_w_of_an_empty_file() -> None:
    findings = found(message(named(b",S=3,W=5"), b""), full=False)
    assert findings["size-mismatch"].detail == {"S": [3, 0], "pending": True}
