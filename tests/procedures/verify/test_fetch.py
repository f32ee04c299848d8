"""What doveadm says, made rows and complaints: whatever names and texts lie in between."""

from __future__ import annotations

from mailsurgeon.procedures.verify.fetch import Reply, _Complaints, _Rows

USER = b"verify00"
PLACE = b"/tmp/place"


def rows(text: str) -> dict[int, int | None]:
    reply = Reply()
    reader = _Rows(USER, reply)
    for line in text.encode().split(b"\n"):
        reader.feed(line)
    return reply.sizes


def complaints(*lines: bytes, mailbox: bytes = b"INBOX") -> Reply:
    reply = Reply()
    reader = _Complaints(USER, mailbox, PLACE, reply)
    for line in lines:
        reader.feed(line)
    reader.end()
    return reply


def test_a_size_that_could_not_be_had_moves_no_other() -> None:
    said = "user\tuid\tsize.virtual\nverify00\t1\t59\nverify00\t2\tverify00\n3\tverify00\t4\n61\n"
    assert rows(said) == {1: 59, 2: None, 3: None, 4: 61}


def test_several_lines_about_one_message_are_one_complaint() -> None:
    reply = complaints(
        b"doveadm(verify00): Error: Mailbox INBOX: UID=2: read(/tmp/place/m/cur/x,S=9:2,) failed:"
        b" Cached message size smaller than expected (9 < 10) (read reason=mail stream)",
        b"doveadm(verify00): Error: Mailbox INBOX: Deleting corrupted cache record uid=2: UID 2",
        b"doveadm(verify00): Error: fetch(size.virtual) failed for box=INBOX uid=2: Mailbox INBOX:"
        b" UID=2: read(/tmp/place/m/cur/x,S=9:2,) failed: Cached message size smaller than"
        b" expected (9 < 10)",
    )
    assert reply.general == []
    assert reply.complaints == {
        2: "read(cur/x,S=9:2,) failed: Cached message size smaller than expected (9 < 10)"
    }


def test_what_names_no_message_is_about_the_folder_and_told_once() -> None:
    warning = b"doveadm(verify00): Warning: Maildir /tmp/place/m: Ignoring a file with #0xa: 16"
    reply = complaints(
        warning,
        b"2.M2P1.h",
        b"doveadm(verify00): Error: fetch(size.virtual) failed for box=INBOX uid=7: Gone wrong",
        warning,
        b"2.M2P1.h",
    )
    assert reply.complaints == {7: "Gone wrong"}
    assert [text.replace("\n", "|") for text in reply.general] == [
        "Maildir .: Ignoring a file with #0xa: 16|2.M2P1.h"
    ]


def test_a_message_that_is_gone_is_told_with_the_reason_before_it() -> None:
    reply = complaints(
        b"doveadm(verify00): Error: Mailbox INBOX: Maildir: Symlink destination doesn't exist for"
        b" UID=10: /tmp/place/m/cur/y",
        b"doveadm(verify00): Error: fetch(size.virtual) failed for box=INBOX uid=10: Message was"
        b" expunged",
    )
    assert reply.complaints == {10: "Maildir: Symlink destination doesn't exist for UID=10: cur/y"}


def test_a_name_cannot_pretend_to_be_a_complaint() -> None:
    reply = complaints(
        b"doveadm(verify00): Warning: Ignoring a file with #0xa: a",
        b"doveadm(x): Error: fetch(size.virtual) failed for box=INBOX uid=1: all is lost",
    )
    assert reply.complaints == {}
    assert len(reply.general) == 1


def test_a_folder_may_be_named_like_a_complaint() -> None:
    mailbox = b"x uid=9: y"
    line = b"doveadm(verify00): Error: fetch(size.virtual) failed for box=%s uid=3: no" % mailbox
    assert complaints(line, mailbox=mailbox).complaints == {3: "no"}
