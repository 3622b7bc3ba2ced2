"""The location of an account's journal, in a folder that only its user can read."""

from __future__ import annotations

import hashlib
import logging
import os
import re
from contextlib import suppress
from pathlib import Path

from attrs import field, frozen
from yarl import URL

from ...errors import JournalError
from ...plain_text import plain
from ...system.locked_file import runtime_folder
from ...system.user_folders import user_folder

__all__ = ["JournalLocation", "file_system_of"]

STATE_DIRECTORY = "CPL_STATE_DIR"
JOURNAL = "CPL_JOURNAL"
OLD_SCHEME = "postgres://"
"""Scheme that many database hosts use in their addresses."""
UNSAFE = frozenset({
    "9p", "acfs", "afs", "afpfs", "autofs", "beegfs", "ceph", "cifs", "coda", "curlftpfs", "davfs", "davfs2",
    "drvfs", "fakeowner", "fhgfs", "gcsfuse", "gfs", "gfs2", "glusterfs", "gpfs", "grpcfuse", "juicefs", "lustre",
    "mergerfs", "moosefs", "mfs", "ncpfs", "nfs", "nfs3", "nfs4", "nfsd", "ocfs2", "orangefs", "osxfs", "panfs",
    "prl_fs", "pvfs2", "quobyte", "s3fs", "s3ql", "seaweedfs", "smb", "smb2", "smb3", "smbfs", "sshfs", "vboxsf",
    "virtiofs", "vmhgfs", "vmhgfs-fuse", "webdav", "wekafs", "rclone", "goofys", "blobfuse", "blobfuse2",
    "mountpoint-s3", "onedrive", "gdfs", "google-drive-ocamlfuse",
})  # fmt: skip
"""File systems of a network, a cloud or the host of a virtual machine: SQLite's locks or shared memory fail there."""
LOCAL = frozenset({
    "apfs", "aufs", "bcachefs", "btrfs", "ecryptfs", "ext2", "ext3", "ext4", "exfat", "f2fs", "fuseblk",
    "fuse-overlayfs", "hfs", "hfsplus", "jfs", "msdos", "nilfs2", "ntfs", "ntfs3", "overlay", "overlayfs", "ramfs",
    "reiserfs", "rootfs", "shiftfs", "tmpfs", "udf", "ufs", "vfat", "xfs", "zfs",
})  # fmt: skip
"""File systems on which SQLite is safe."""
logger: logging.Logger = logging.getLogger("cpl_async")


@frozen(kw_only=True)
class JournalLocation:
    """The folder of one account's journal. A journal belongs to a base URL and a client id."""

    folder: Path
    """Folder on this host: the journal itself, or the other files of a run if the journal is in PostgreSQL."""
    base_url: str
    client_id: str
    keeps_mark: bool = True
    """Whether a missing journal is detected. A run on its own sandbox does not need it. Default: ``True``."""
    url: str = field(default="", repr=False)
    """Address of a PostgreSQL database that several hosts share; empty if the journal is a file."""

    @classmethod
    def of_account(cls, base_url: str, client_id: str, *, world: str = "", url: str | None = None) -> JournalLocation:
        """Return the location in the user's state folder, in ``CPL_STATE_DIR``, or in the database of ``CPL_JOURNAL``.

        :param world: Id of the sandbox among those that ever ran at its address, since its state may be lost. Default:
            empty, for a server that is not a sandbox.
        :param url: Address of a database. Default: that of the environment.
        :raises JournalError: The user has no home directory, and the environment names no folder.
        """
        state = os.environ.get(STATE_DIRECTORY, "").strip()
        server = url or os.environ.get(JOURNAL, "").strip()
        root = Path(state) if state else _root(is_shared=bool(server))
        system = URL(base_url)
        mark = hashlib.sha256("\0".join([base_url, client_id, *([world] if world else [])]).encode()).hexdigest()[:8]
        name = re.sub(r"[^A-Za-z0-9.-]+", "_", f"{system.host}-{client_id}")[:80]
        if server.startswith(OLD_SCHEME):
            server = "postgresql://" + server.removeprefix(OLD_SCHEME)
        return cls(folder=root / f"{name}-{mark}", base_url=base_url, client_id=client_id, url=server)

    @classmethod
    def beside(cls, out: Path) -> JournalLocation:
        """Return the location for a run on the sandbox: beside the output, and for no other system."""
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
        """File that records which journal was here, or ``None`` if ``keeps_mark`` is false."""
        return self.folder.with_name(self.folder.name + ".mark") if self.keeps_mark else None

    @property
    def account(self) -> str:
        """Digest of the account: base URL, client id, and id of the sandbox."""
        return hashlib.sha256(f"{self.base_url}\0{self.client_id}\0{self.folder.name}".encode()).hexdigest()[:16]

    @property
    def schema(self) -> str:
        """The schema of this account's tables in PostgreSQL; several accounts share a database."""
        return f"cpl_{self.account}"

    @property
    def display_text(self) -> str:
        """Location of the journal for display, without a password."""
        if not self.url:
            return plain(str(self.file))
        url = URL(self.url)
        port = f":{url.explicit_port}" if url.explicit_port else ""
        return f"{url.scheme}://{url.host or ''}{port}{url.path} ({self.schema})"

    @property
    def may_exist(self) -> bool:
        """Whether a journal may exist. For PostgreSQL this is always true: only opening it shows."""
        return bool(self.url) or self.file.exists() or (self.mark is not None and self.mark.exists())

    @property
    def warning(self) -> str:
        """Warning about a file system that is not known; empty if there is no warning."""
        kind = "" if self.url else file_system_of(self.folder)
        if not kind or kind.removeprefix("fuse.") in LOCAL | UNSAFE:
            return ""
        return (
            f"it is not known whether a journal is safe on the file system ({kind}) of {self.folder}: "
            f"if other machines use it too, name a folder on a local disk in {STATE_DIRECTORY}"
        )

    def prepare(self) -> None:
        """Create the folder, readable by its user only.

        :raises JournalError: It cannot be created, or is on a file system on which SQLite is not safe.
        """
        try:
            self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            with suppress(PermissionError, NotImplementedError):  # another user owns the folder and its mode
                self.folder.chmod(0o700)
            if self.url:
                return
            kind = file_system_of(self.folder)
            if kind.removeprefix("fuse.") in UNSAFE:
                raise JournalError(
                    f"the folder of the journal {self.folder} is on a file system ({kind}) on which a journal can be "
                    "damaged or used by two runs at once",
                    advice=f"Name a folder on a local disk in {STATE_DIRECTORY}",
                )
            if self.warning:
                logger.warning("%s", self.warning)
        except OSError as error:
            raise JournalError(
                f"the journal's folder {self.folder} cannot be written: {error.strerror or error}",
                advice=f"Name another folder in {STATE_DIRECTORY}",
            ) from None


def _root(*, is_shared: bool) -> Path:
    """Return the folder of all journals of this user.

    :param is_shared: Whether the journal is in PostgreSQL; the folder then holds only locks.
    """
    if (folder := user_folder("state")) is not None:
        return folder
    if is_shared:
        with suppress(OSError):
            return runtime_folder()
    raise JournalError(
        "this user has no home directory, where a journal would be",
        advice=f"Name a folder that is kept in {STATE_DIRECTORY}; nothing was sent",
    )


def file_system_of(folder: Path) -> str:
    """Return the kind of file system that a folder is on, e.g. ``ext4`` or ``fuse.sshfs``; empty if it is not known."""
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
