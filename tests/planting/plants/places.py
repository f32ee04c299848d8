"""Mail that lies where nothing is filed, and what else lies there and is none."""

from __future__ import annotations

from ..mail import join, plain
from ..packing import PACKINGS
from ..spool import Build, Draft, Folder
from ..truth import Expected, Planted, expected, text
from .contents import FROM
from .names import flags
from .registry import Sow, family, plant
from .sizes import mismatch


def _stray(build: Build, folder: Folder, place: bytes = b"") -> Draft:
    """Healthy mail about to be written outside cur and new."""
    draft = build.draft(folder, place=place)
    own = folder.style.separator != b":"
    draft.info = b"" if own else build.random.choice((b"", b":2,S"))
    return draft


def misfiled(draft: Draft, where: str, target: str | None, remedy: str | None) -> Expected:
    """The truth of mail filed nowhere."""
    return expected("misfiled", draft.path, "error", remedy, where=where, target=target)


def _below_inbox(folder: Folder) -> str | None:
    """The target for mail nested in `folder`: INBOX only when asked for by name."""
    return None if folder.is_inbox else folder.name


def _root(build: Build, folder: Folder) -> Planted:
    draft = _stray(build, folder)
    build.put(draft)
    return [misfiled(draft, "folder-root", folder.name, "file")]


@plant()
def in_folder_root(build: Build) -> Planted:
    return _root(build, build.folder(inbox=False))


@plant(layout="maildir++")
def in_spool_root(build: Build) -> Planted:
    """The root is INBOX's own directory."""
    return _root(build, build.folder(inbox=True))


@plant()
def in_folder_root_damaged(build: Build) -> Planted:
    """Examined like filed mail: sizes, flags, IDs, dates."""
    folder = build.folder(inbox=False, colon=True)
    letter = build.letter()
    content = FROM + join([*letter.fields(without="Message-ID"), b"", *letter.text])
    draft = build.draft(folder, build.of(letter, content), place=b"")
    draft.with_s, draft.s_off, draft.info = True, 5, b":2,SF"
    draft.mtime = build.now + 86_400 * 9
    build.put(draft)
    return [
        misfiled(draft, "folder-root", folder.name, "file"),
        mismatch(draft),
        flags(draft, b":2,FS"),
        expected("no-message-id", draft.path, "info", None),
        expected("from-line", draft.path, "info", None),
        expected("bad-date", draft.path, "info", "fix-date"),
    ]


@plant()
def odd_name_in_folder_root(build: Build) -> Planted:
    """Rows that say `cur` and `new` do not apply: any name will do, with or without an info."""
    folder = build.folder(inbox=False)
    draft = _stray(build, folder)
    draft.name = b"%d-" % build.number()
    draft.name += build.random.choice((b"mail.eml", b"a\tb", b"x" * 220, "Grüße".encode()))
    build.put(draft)
    return [misfiled(draft, "folder-root", folder.name, "file")]


@plant()
def header_only_in_folder_root(build: Build) -> Planted:
    folder = build.folder(inbox=False)
    letter = build.letter()
    draft = build.draft(folder, build.of(letter, join([*letter.fields(), b""])), place=b"")
    build.put(draft)
    return [
        misfiled(draft, "folder-root", folder.name, "file"),
        expected("header-only", draft.path, "info", None),
    ]


@plant()
def packed_in_folder_root(build: Build) -> Planted:
    folder = build.folder(inbox=False)
    draft = _stray(build, folder)
    draft.plain, draft.content = draft.content, PACKINGS["gzip"](draft.content)
    build.put(draft)
    return [misfiled(draft, "folder-root", folder.name, "file")]


def _nested(*parts: bytes) -> Sow:
    def sow(build: Build) -> Planted:
        folder = build.folder(inbox=False)
        place = parts[0] + b"%d" % build.number()
        draft = _stray(build, folder, b"/".join([place, *parts[1:]]))
        build.put(draft)
        return [misfiled(draft, "nested", folder.name, "file")]

    return sow


family(
    {
        "places.nested": _nested(b"old"),
        "places.nested_dotted": _nested(b".old"),
        "places.nested_deep": _nested(b"export", b"2012", b"spring"),
    }
)


@plant(layout="maildir++")
def nested_in_spool_root(build: Build) -> Planted:
    """INBOX is nobody's folder by mere nearness."""
    draft = _stray(build, build.folder(inbox=True), b"old%d" % build.number())
    build.put(draft)
    return [misfiled(draft, "nested", None, None)]


@plant(layout="maildir++")
def nested_in_what_looks_like_a_folder(build: Build) -> Planted:
    """`.NAME` with nothing of a Maildir in it is no folder."""
    draft = _stray(build, build.folder(inbox=True), b".Looks%d" % build.number())
    build.put(draft)
    return [misfiled(draft, "nested", None, None)]


@plant(style="mbsync")
def nested_in_no_folder(build: Build) -> Planted:
    """The root is a parent only: there is no nearest folder."""
    folder = Folder(b"loose%d" % build.number(), "", build.style)
    draft = _stray(build, folder)
    draft.tail = b""
    build.put(draft)
    return [misfiled(draft, "nested", None, None)]


def _inside(part: bytes, *below: bytes) -> Sow:
    """Mail in a directory inside cur, new or tmp: the directory is a problem of its own."""

    def sow(build: Build) -> Planted:
        folder = build.folder()
        directory = part + b"/sub%d" % build.number()
        draft = _stray(build, folder, b"/".join([directory, *below]))
        build.put(draft)
        target = _below_inbox(folder)
        found = [misfiled(draft, "nested", target, "file" if target else None)]
        if part != b"tmp":
            path = folder.at(directory)
            found.append(expected("linked", path, "warning", None, kind="directory"))
        return found

    return sow


family(
    {
        "places.inside_cur": _inside(b"cur"),
        "places.inside_new": _inside(b"new"),
        "places.inside_tmp": _inside(b"tmp"),
        "places.inside_cur_deep": _inside(b"cur", b"a", b"b"),
        "places.maildir_inside_cur": _inside(b"cur", b"cur"),
        "places.maildir_inside_tmp": _inside(b"tmp", b"new"),
    }
)


def _copies(build: Build, folder: Folder, number: int, filed: bool, *, same_id: bool) -> Planted:
    """Identical misfiled files, and maybe the same message filed in the target."""
    letter = build.letter()
    content = plain(letter) if same_id else join(
        [*letter.fields(without="Message-ID"), b"", *letter.text]
    )  # fmt: skip
    message = build.of(letter, content)
    drafts = []
    for _ in range(number):
        draft = build.draft(folder, message, place=b"")
        drafts.append(draft)
        build.put(draft)
    home = build.draft(folder, message) if filed else None
    if home:
        build.put(home)

    def truth() -> list[Expected]:
        found = []
        paths = sorted(draft.path for draft in drafts)
        trashed = {draft.path: draft.trashed for draft in drafts}
        first = min(paths, key=lambda path: (trashed[path], path))
        for path in paths:
            copy = home is not None and (trashed[path] or not home.trashed)
            remedy = "quarantine" if copy or path != first else "file"
            detail = {"copy_of": text(home.path)} if home and copy else {}
            where = {"where": "folder-root", "target": folder.name}
            found.append(expected("misfiled", path, "error", remedy, **where, **detail))
        if not same_id:
            everyone = [*paths, *([home.path] if home else [])]
            found += [expected("no-message-id", path, "info", None) for path in everyone]
        # One is kept that is not marked deleted: the filed one, else the earliest.
        group = [*drafts, *([home] if home else [])]
        kept = min(group, key=lambda one: (one.trashed, one is not home, *build.age([one.path])[0]))
        for draft in group if len(group) > 1 else []:
            path = draft.path
            remedy = None if draft is kept or draft is home else "quarantine"
            found.append(
                expected(
                    "duplicate-id", path, "warning", remedy,
                    content="identical", same_folder=True, copies=len(group),
                )
            )  # fmt: skip
        return found

    return truth


def _with_copies(number: int, filed: bool, same_id: bool = True) -> Sow:
    def sow(build: Build) -> Planted:
        return _copies(build, build.new_folder(private=True), number, filed, same_id=same_id)

    return sow


family(
    {
        "places.copy_of_filed": _with_copies(1, True),
        "places.copies_of_filed": _with_copies(3, True),
        "places.identical_ones": _with_copies(3, False),
        "places.copy_of_filed_without_id": _with_copies(1, True, False),
        "places.identical_ones_without_id": _with_copies(2, False, False),
    }
)


@plant()
def copy_filed_elsewhere(build: Build) -> Planted:
    """Filed, but in another folder than the target."""
    here, there = build.new_folder(private=True), build.new_folder(private=True)
    message = build.mail("lf")
    draft, filed = build.draft(here, message, place=b""), build.draft(there, message)
    build.put(draft)
    build.put(filed)
    detail = {"content": "identical", "same_folder": False, "copies": 2}
    return [
        misfiled(draft, "folder-root", here.name, "file"),
        expected("duplicate-id", draft.path, "info", None, others=[text(filed.path)], **detail),
        expected("duplicate-id", filed.path, "info", None, others=[text(draft.path)], **detail),
    ]


@plant()
def other_text_of_filed(build: Build) -> Planted:
    """The same Message-ID, another body: no copy."""
    folder = build.new_folder(private=True)
    letter = build.letter()
    draft = build.draft(folder, build.of(letter, plain(letter)), place=b"")
    filed = build.draft(folder, build.of(letter, plain(letter) + b"One more line.\n"))
    build.put(draft)
    build.put(filed)
    detail = {"content": "different", "same_folder": True, "copies": 2}
    return [
        misfiled(draft, "folder-root", folder.name, "file"),
        expected("duplicate-id", draft.path, "info", None, **detail),
        expected("duplicate-id", filed.path, "info", None, **detail),
    ]


@plant()
def foreign_flags_in_folder_root(build: Build) -> Planted:
    folder = build.new_folder(private=True)
    draft = build.draft(folder, place=b"")
    draft.info = b"!2,RS"
    build.put(draft)
    return [
        misfiled(draft, "folder-root", folder.name, "file"),
        flags(draft, b":2,RS", info="!2,RS"),
    ]


@plant()
def base_taken_in_cur(build: Build) -> Planted:
    """A clash is judged in cur and new only."""
    folder = build.new_folder(private=True)
    filed, stray = build.draft(folder), build.draft(folder, place=b"")
    stray.stem, stray.mtime = filed.stem, stray.mail.date
    build.put(filed)
    build.put(stray)
    return [misfiled(stray, "folder-root", folder.name, "file")]


@plant()
def truncated_in_folder_root(build: Build) -> Planted:
    folder = build.folder(inbox=False)
    draft = build.draft(folder, build.mail("unclosed"), place=b"")
    draft.with_s, draft.with_w, draft.s_off = True, False, 80
    build.put(draft)
    return [
        misfiled(draft, "folder-root", folder.name, "file"),
        expected("truncated", draft.path, "warning", None),
        mismatch(draft, None),
    ]


# Not mail, or never a message


def _other_file(name: bytes, content: bytes | None, told: bool) -> Sow:
    """A plain file in a folder's own directory; `told` as not examined."""

    def sow(build: Build) -> Planted:
        folder = build.new_folder()
        path = folder.at(name)
        build.write(path, plain(build.letter()) if content is None else content)
        if told:
            build.unexamined.add(path)
        if name == b"dovecot-keywords":  # neither content is a list of names
            return [expected("keywords-damaged", path, "warning", "fix-keywords")]
        return []

    return sow


_MBOX = FROM + b"From: a@planted.example\n\nOne.\n\n" + FROM + b"From: b@planted.example\n\nTwo.\n"
family(
    {
        "places.notes": _other_file(b"notes.txt", b"remember the milk\n", True),
        "places.mbox": _other_file(b"mbox", _MBOX, True),
        "places.nothing": _other_file(b"nothing", b"", True),
        "places.header_of_nothing": _other_file(b"config", b"X-Colour: red\n\n", True),
        "places.late_header": _other_file(b"late", b"words\nSubject: hello\n\nhello\n", True),
    }
)
_SERVERS_OWN = (
    b"dovecot.index.log", b"dovecot.index.log.2", b"dovecot-acl", b"dovecot-vsize.lock",
    b"dovecot.mailbox.log", b"dovecot-keywords", b"dovecot-attributes", b"dovecot.index",
    b"subscriptions", b"courierimapsubscribed", b"courierpop3dsizelist", b"courierimapacl",
    b"maildirsize", b"maildirfilter", b"maildirfilterconfig", b"shared-maildirs",
    b".sieve", b".isyncuidmap.db", b".mbsyncstate", b".mbsyncstate.lock", b".mbsyncstate.journal",
    b".mh_sequences", b".mutt_cache", b".dovecot.lda-dupes", b".nfs000000001234",
    b".hidden-mail", b"temp.host.1234.abcdef", b"dovecot-uidvalidity.5f5e1000",
)  # fmt: skip
family(
    {
        f"places.own_{name.decode()}{'_mail' * mail}": _other_file(
            name, None if mail else b"\x01\x02\n", False
        )
        for name in _SERVERS_OWN
        for mail in (False, True)
    }
)
