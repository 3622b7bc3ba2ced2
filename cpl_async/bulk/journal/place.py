"""Where the journal of an account lies, and that nobody else can read it."""

from __future__ import annotations

import hashlib
import os
import re
from pathlib import Path

import platformdirs
from attrs import field, frozen
from yarl import URL

from ...errors import JournalError

__all__ = ["JournalPlace"]

STATE_DIRECTORY = "CPL_STATE_DIR"
JOURNAL = "CPL_JOURNAL"
OLD_SCHEME = "postgres://"
"""What many who host databases write."""
NETWORK = frozenset({"nfs", "nfs4", "cifs", "smb3", "smbfs", "afs", "9p", "fuse.sshfs", "ceph", "glusterfs", "lustre"})


@frozen(kw_only=True)
class JournalPlace:
    """The folder of one account's journal. A journal belongs to a base URL and a client id."""

    folder: Path
    """On this host: the journal itself, or what else a run keeps where the journal is in PostgreSQL."""
    base_url: str
    client_id: str
    keeps_mark: bool = True
    """Whether it is noticed when the journal is gone: that of a run on a sandbox of its own may go with the sandbox."""
    url: str = field(default="", repr=False)
    """Address of a PostgreSQL where the journal is, so that several hosts share it; none for a file."""

    @classmethod
    def of_account(cls, base_url: str, client_id: str, *, world: str = "", url: str | None = None) -> JournalPlace:
        """Return the place in the user's state folder, or in ``CPL_STATE_DIR``, or in the database of ``CPL_JOURNAL``.

        :param world: for a sandbox, which of those that were ever at its address: it may have forgotten everything.
        :param url: another database than that of the environment.
        """
        state = os.environ.get(STATE_DIRECTORY, "").strip()
        root = Path(state) if state else platformdirs.user_state_path("cpl", appauthor=False)
        system = URL(base_url)
        mark = hashlib.sha256("\0".join([base_url, client_id, *([world] if world else [])]).encode()).hexdigest()[:8]
        name = re.sub(r"[^A-Za-z0-9.-]+", "_", f"{system.host}-{client_id}")[:80]
        server = url or os.environ.get(JOURNAL, "").strip()
        if server.startswith(OLD_SCHEME):
            server = "postgresql://" + server.removeprefix(OLD_SCHEME)
        return cls(folder=root / f"{name}-{mark}", base_url=base_url, client_id=client_id, url=server)

    @classmethod
    def beside(cls, out: Path) -> JournalPlace:
        """Return the place for a run on the sandbox: beside the output, and for no other system."""
        absolute = out.absolute()
        return cls(
            folder=absolute.with_name(absolute.name + "-sandbox"),
            base_url="sandbox",
            client_id="sandbox",
            keeps_mark=False,
        )

    @property
    def file(self) -> Path:
        """The journal itself."""
        return self.folder / "journal.sqlite3"

    @property
    def mark(self) -> Path | None:
        """File that tells which journal was here, or ``None`` if that is not kept."""
        return self.folder.with_name(self.folder.name + ".mark") if self.keeps_mark else None

    @property
    def account(self) -> str:
        """Digest of the account: base URL, client id, and which sandbox it is."""
        return hashlib.sha256(f"{self.base_url}\0{self.client_id}\0{self.folder.name}".encode()).hexdigest()[:16]

    @property
    def schema(self) -> str:
        """The schema of this account's tables in PostgreSQL; several accounts share a database."""
        return f"cpl_{self.account}"

    @property
    def shown(self) -> str:
        """Where the journal is, for people; without a password."""
        if not self.url:
            return str(self.file)
        url = URL(self.url)
        port = f":{url.explicit_port}" if url.explicit_port else ""
        return f"{url.scheme}://{url.host or ''}{port}{url.path} ({self.schema})"

    @property
    def may_exist(self) -> bool:
        """Whether there is a journal; of one in PostgreSQL only opening it can tell."""
        return bool(self.url) or self.file.exists() or (self.mark is not None and self.mark.exists())

    def prepare(self) -> None:
        """Make the folder, readable by its user only.

        :raises JournalError: when they cannot be made, or lie on a network file system, where locks are not safe.
        """
        try:
            self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            if self.url:
                return
            kind = _file_system(self.folder)
            if kind in NETWORK:
                raise JournalError(
                    f"the journal's folder {self.folder} is on a network file system ({kind}), where it could be lost",
                    advice=f"Name a folder on a local disk in {STATE_DIRECTORY}",
                )
        except OSError as error:
            raise JournalError(
                f"the journal's folder {self.folder} cannot be written: {error.strerror or error}",
                advice=f"Name another folder in {STATE_DIRECTORY}",
            ) from None


def _file_system(folder: Path) -> str:
    """Return the kind of file system that a folder lies on; empty where that cannot be told."""
    try:
        lines = Path("/proc/self/mountinfo").read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return ""
    real = folder.resolve()
    best, kind = -1, ""
    for line in lines:
        before, _, after = line.partition(" - ")
        fields = before.split(" ")
        if len(fields) < 5 or not after:
            continue
        point = Path(re.sub(r"\\([0-7]{3})", lambda octal: chr(int(octal[1], 8)), fields[4]))
        if (real == point or point in real.parents) and len(point.parts) >= best:
            best, kind = len(point.parts), after.split(" ")[0]
    return kind
