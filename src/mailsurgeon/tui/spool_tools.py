"""The screens' use of surgery, survey and report: plans for one spool, its log, its folders.

It imports many modules, so `SpoolSession.tools` imports it on first use only.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from mailsurgeon.host.host import Host
from mailsurgeon.maildir.spool import Spool
from mailsurgeon.procedures.fix import plan_fix
from mailsurgeon.report.log.saving import save_log
from mailsurgeon.report.session_log import log_pieces
from mailsurgeon.surgery.model import Plan
from mailsurgeon.surgery.plan.brake import brake
from mailsurgeon.surgery.plan.propose import described, propose, propose_folder, without
from mailsurgeon.surgery.surgeon import Surgeon
from mailsurgeon.survey.index.index import Index
from mailsurgeon.survey.read.folder_context import read_letters
from mailsurgeon.survey.uidlists.folder_details import FolderDetails, folder_details
from mailsurgeon.text import visible


class SpoolTools:
    """Makes plans for one spool on one host. Each index must belong to the calling thread."""

    def __init__(self, spool: Spool, surgeon: Surgeon, host: Host) -> None:
        self._spool, self._surgeon, self._host = spool, surgeon, host

    def preview(self, index: Index, entry: int) -> Plan:
        """The plan that would be proposed for one entry, made without the journal."""
        return propose(self._spool, index, [entry], host=self._host)

    def propose(
        self,
        index: Index,
        entries: Sequence[int],
        remedy: str | None = None,
        *,
        codes: Collection[str] | None = None,
        target: bytes | None = None,
        flags: str | None = None,
    ) -> Plan:
        """The plan that applies a remedy (None: each problem's own) to these entries."""
        return propose(
            self._spool, index, entries, remedy, codes=codes, target=target, flags=flags,
            quarantine=self._surgeon.quarantine_dir, host=self._host,
        )  # fmt: skip

    def propose_all(self, index: Index) -> Plan:
        """The plan of a plain `fix`: what is safe for clients, in the whole spool."""
        return plan_fix(
            self._spool, index, quarantine=self._surgeon.quarantine_dir, host=self._host
        )

    def propose_folder(self, index: Index, folder: int) -> Plan:
        """The plan that puts a whole folder, by its id, into the quarantine."""
        quarantine = self._surgeon.quarantine_dir
        return propose_folder(self._spool, index, folder, quarantine=quarantine, host=self._host)

    def plan_undo(self, index: Index, operation: int | None = None) -> Plan:
        """The plan that undoes an operation (None: the last), with what clients will notice."""
        return self._described(index, self._surgeon.plan_undo(operation))

    def plan_redo(self, index: Index, operation: int | None = None) -> Plan:
        """The plan that redoes what was undone, with what clients will notice."""
        return self._described(index, self._surgeon.plan_redo(operation))

    def without(self, index: Index, plan: Plan, verdicts: frozenset[str]) -> Plan:
        """The plan without the acts of these verdicts."""
        quarantine = self._surgeon.quarantine_dir
        return without(self._spool, index, plan, verdicts, quarantine=quarantine, host=self._host)

    def brake(self, plan: Plan, sizes: Mapping[bytes, int]) -> int | None:
        """The number to type before the plan may run, or None; `sizes`: the number of messages by
        folder."""
        return brake(plan, sizes)

    def write_log(self, index: Index | None, form: str, path: str, now: float) -> None:
        """Writes the session log, as md, json, html or sh, to a new file that only its owner may
        read. `now` in unix seconds. Raises OSError and JournalError."""
        pieces = log_pieces(self._surgeon, form, index=index, written=now)
        save_log(path, pieces, executable=form == "sh")

    def folder_details(self, folder: bytes) -> FolderDetails:
        """A folder's subscription and UIDs, read from its files; `folder`: its path."""
        return folder_details(self._spool, folder)

    def keyword_names(self, folder: bytes) -> dict[str, str]:
        """The names of a folder's keyword letters, safe to show; `folder`: its path."""
        names = read_letters(self._spool, folder) or {}
        return {
            chr(ord("a") + number): visible(name, 60)
            for number, name in names.items() if 0 <= number < 26
        }  # fmt: skip

    def _described(self, index: Index, plan: Plan) -> Plan:
        quarantine = self._surgeon.quarantine_dir
        return described(self._spool, index, plan, quarantine=quarantine, host=self._host)
