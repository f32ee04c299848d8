"""What a step changes, in lines: the part that differs is marked, and all of it can be read."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from rich.text import Text

from mailsurgeon.surgery.fsops.paths import QuarantinePath
from mailsurgeon.surgery.steps.attributes import ChangeMode, ChangeOwner
from mailsurgeon.surgery.steps.lists.uidlist_lines import DropLines
from mailsurgeon.surgery.steps.rename import Rename
from mailsurgeon.tui.text.changes import old_and_new, step_lines, wrapped, wrapped_height


def marked(line: Text) -> str:
    return "".join(line.plain[span.start : span.end] for span in line.spans if span.style)


def test_only_what_differs_is_marked() -> None:
    old, new = old_and_new("cur/1.M1.host,S=9123:2,S", "cur/1.M1.host,S=123:2,S")
    assert (old.plain, new.plain) == ("cur/1.M1.host,S=9123:2,S", "cur/1.M1.host,S=123:2,S")
    assert (marked(old), marked(new)) == ("9", "")
    old, new = old_and_new("new/1.M1.host", "cur/1.M1.host:2,")
    assert (marked(old), marked(new)) == ("new", "cur:2,")
    old, new = old_and_new("cur/a:2,SF", "cur/a:2,FS")
    assert marked(old) and marked(new)


@given(st.text("ab:", max_size=12), st.text("ab:", max_size=12))
def test_what_is_not_marked_is_the_same_in_both(old: str, new: str) -> None:
    def kept(line: Text) -> str:
        gone = {place for span in line.spans for place in range(span.start, span.end)}
        return "".join(char for place, char in enumerate(line.plain) if place not in gone)

    before, after = old_and_new(old, new)
    assert (before.plain, after.plain) == (old, new)
    assert kept(before) == kept(after)
    assert (old == new) == (not before.spans and not after.spans)


def test_a_rename_takes_two_lines_the_new_name_below_the_old() -> None:
    step = Rename(b"cur/a:2,SF", b"cur/a:2,FS", None)
    assert [line.plain for line in step_lines(step)] == ["cur/a:2,SF", "-> cur/a:2,FS"]
    away = Rename(b"cur/a", QuarantinePath.of(None, b"cur/a"), None)
    assert [line.plain for line in step_lines(away)] == ["cur/a", "-> quarantine:cur/a"]


def test_other_changes_show_their_old_and_new_value() -> None:
    mode = ChangeMode(b"cur", None, None, before=0o777, after=0o700)
    owner = ChangeOwner(b"cur", None, None, before=(0, 0), after=(1000, 100))
    assert [line.plain for line in step_lines(mode)] == ["chmod cur  0777 -> 0700"]
    assert [line.plain for line in step_lines(owner)] == ["chown cur  0:0 -> 1000:100"]


def test_each_line_that_goes_from_a_list_is_shown() -> None:
    drop = ((2, b"garb\x1bage\n"), (4, b"more"))
    step = DropLines(None, None, folder=b".A", name=b"dovecot-uidlist", drop=drop)
    assert [line.plain for line in step_lines(step)] == [
        "uidlist-lines .A", "garb\\x1bage\\x0a", "-> nothing", "more", "-> nothing",
    ]  # fmt: skip


_CHARS = st.text(st.sampled_from("abc/,=: é佐"), max_size=120)


@given(_CHARS, st.integers(5, 60))
def test_a_folded_line_fits_and_its_height_is_known(text: str, width: int) -> None:
    parts = wrapped(Text(text), width, 3)
    assert all(part.cell_len <= width for part in parts)
    assert wrapped_height(text, width, 3) == len(parts)
    assert "".join(part.plain for part in parts).replace(" ", "") == text.replace(" ", "")


def test_words_are_kept_whole_and_names_are_not_cut_away() -> None:
    assert [part.plain for part in wrapped(Text("one two three four"), 10, 2)] == [
        "one two", "  three", "  four",
    ]  # fmt: skip
    assert [part.plain for part in wrapped(Text("x" * 12), 10, 2)] == ["x" * 10, "  xx"]
