"""What the facade promises of a process: that forks, is interrupted, or ends without closing anything."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from cpl_async.sandbox import Fault, FaultKind, Sandbox

from .conftest import PROJECT, Program, access_to

pytestmark = pytest.mark.skipif(os.name != "posix", reason="forks and signals are those of POSIX")
LOOPS = pytest.mark.parametrize("uvloop", ["0", "1"], ids=["asyncio", "uvloop"])

FORKED = """
    import gc, os, sys, threading, time, warnings
    import psutil
    from cpl_sync import Address, Client, Shipment

    warnings.simplefilter("ignore", DeprecationWarning)  # of forking with threads, from 3.12 on

    def sockets():
        return sorted(c.laddr.port for c in psutil.Process().net_connections("tcp") if c.status == "ESTABLISHED")

    def parcel(reference):
        to = Address(name="Úřad", street="Náměstí 1", city="Kolín", zip_code="28002", country="CZ")
        return Shipment(reference_id=reference, product_type="PRIV", recipient=to)

    cpl = Client.from_env()
    batch = cpl.shipment_batches.create([parcel("parent")])
    batch.wait()
    kept = cpl.codelists.cached()
    kept.products()
    iterator = cpl.codelists.iterate(cpl.codelists.products)
    next(iterator)
    cpl.info.get()
    before = sockets()
    assert before

    def child(number):
        sent = cpl.requests_sent
        assert kept.products()
        assert cpl.requests_sent == sent == 0      # the kept list was inherited
        assert batch.result().items
        assert batch.wait().settled
        assert cpl.shipment_batches.create([parcel(f"child-{number}")]).wait().numbers
        try:
            next(iterator)
        except Exception as error:
            assert "begun in the parent process" in str(error), error
        else:
            raise AssertionError("an iterator of the parent goes on in the child")
        assert set(sockets()) - set(before), "the child has no connection of its own"

    children = []
    for number in range(3):
        pid = os.fork()
        if pid == 0:
            child(number)
            if number == 0:
                cpl.close()
            del cpl, batch, kept, iterator
            gc.collect()
            sys.exit(0)  # the interpreter ends in order, and collects what is left
        children.append(pid)
    assert [os.waitpid(pid, 0)[1] for pid in children] == [0, 0, 0]

    assert next(iterator).code
    assert cpl.info.get().version
    assert batch.result().items
    assert sockets() == before, "the parent lost a connection"
    print("well")
"""


@LOOPS
def test_a_forked_child_has_its_own_loop_and_connections(program: Program, sandbox: Sandbox, uvloop: str) -> None:
    done = program(FORKED, CPL_UVLOOP=uvloop)
    assert (done.stdout, done.stderr, done.returncode) == ("well\n", "", 0)
    assert sorted(s.reference for s in sandbox.shipments()) == ["child-0", "child-1", "child-2", "parent"]
    assert sandbox.ledger.summary()["refused_for_pace"] == 0
    assert len(sandbox.ledger.of("login.get_access_token")) == 1


FORKED_WHILE_AT_WORK = """
    import os, sys, threading, warnings
    from cpl_sync import Client

    warnings.simplefilter("ignore", DeprecationWarning)
    cpl = Client.from_env()
    cpl.info.get()
    stop = threading.Event()

    def work():
        while not stop.is_set():
            cpl.codelists.products(limit=1)
            for product in cpl.codelists.iterate(cpl.codelists.products):
                break

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for _ in range(20):
        pid = os.fork()
        if pid == 0:
            assert cpl.info.get().version
            sys.exit(0)
        assert os.waitpid(pid, 0)[1] == 0
    stop.set()
    for thread in threads:
        thread.join()
    assert cpl.info.get().version
    print("well")
"""


@LOOPS
def test_forking_while_other_threads_are_in_calls_is_safe(program: Program, uvloop: str) -> None:
    done = program(FORKED_WHILE_AT_WORK, CPL_UVLOOP=uvloop)
    assert (done.stdout, done.stderr, done.returncode) == ("well\n", "", 0)


FORKED_INSIDE = """
    import os, sys, warnings
    from cpl_sync import Address, Client, ConfigurationError, Shipment

    warnings.simplefilter("ignore", DeprecationWarning)
    cpl = Client.from_env()
    to = Address(name="Úřad", street="Náměstí 1", city="Kolín", zip_code="28002", country="CZ")
    parcel = Shipment(reference_id="r1", product_type="PRIV", recipient=to)
    numbers = cpl.shipment_batches.create([parcel]).wait().numbers
    children = []

    def fork(what):
        children.append(os.fork())
        if children[-1] == 0:
            assert cpl.info.get().version      # a call inside the callback works
            if what == "raise":
                raise LookupError("in the child")
            if what == "exit":
                sys.exit(0)

    def callback(shipment):
        fork(HOW)
        return True

    def source():
        fork(HOW)
        yield from numbers

    for read in (lambda: cpl.shipments.watch(numbers, until=callback), lambda: cpl.shipments.track(source())):
        try:
            found = [entry.number for entry in read()]
        except (ConfigurationError, LookupError) as error:
            assert children[-1] == 0, error
            assert cpl.info.get().version      # and afterwards too
            print(error, flush=True)
            sys.exit(0)
        assert found == numbers
        assert os.waitpid(children[-1], 0)[1] == 0
    print("well")
"""


@pytest.mark.slow
@LOOPS
@pytest.mark.parametrize("how", ["return", "raise", "exit"])
def test_a_child_forked_in_a_call_leaves_it_to_the_parent(program: Program, uvloop: str, how: str) -> None:
    done = program(f"HOW = {how!r}\n" + textwrap.dedent(FORKED_INSIDE), timeout=30, CPL_UVLOOP=uvloop)
    words = {"return": "forked inside a call", "raise": "in the child", "exit": ""}[how]
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    *told, last = done.stdout.splitlines()
    assert last == "well"
    assert len(told) == (2 if words else 0)
    assert all(words in line for line in told)


@LOOPS
def test_a_signal_handler_may_call_while_the_first_call_begins(program: Program, uvloop: str) -> None:
    text = """
        import signal, sys
        import cpl_sync.loop_thread as background
        from cpl_sync import Client

        made = background.LoopThread.__init__
        def slowly(self):
            signal.raise_signal(signal.SIGUSR1)  # its handler runs on this very thread, while the loop is made
            made(self)

        cpl, seen = Client.from_env(), []
        signal.signal(signal.SIGUSR1, lambda *_: seen or seen.append(0) or seen.append(bool(cpl.info.get().version)))
        background.LoopThread.__init__ = slowly
        print(bool(cpl.info.get().version), seen)
    """
    done = program(text, timeout=30, CPL_UVLOOP=uvloop)
    assert (done.stdout, done.stderr) == ("True [0, True]\n", "")


@pytest.mark.parametrize("method", ["fork", "spawn", "forkserver"])
def test_multiprocessing_workers_use_a_client_of_their_module(program: Program, sandbox: Sandbox, method: str) -> None:
    text = f"""
        import multiprocessing, warnings
        from cpl_sync import Client

        warnings.simplefilter("ignore", DeprecationWarning)
        cpl = Client.from_env()

        def version(number):
            return cpl.info.get(correlation_id=f"worker-{{number}}").version

        if __name__ == "__main__":
            cpl.info.get()
            with multiprocessing.get_context({method!r}).Pool(3) as pool:
                print(len(set(pool.map(version, range(6)))))
            cpl.info.get()
    """
    done = program(text)
    assert (done.stdout, done.stderr, done.returncode) == ("1\n", "", 0)
    identifiers = {entry.correlation_id for entry in sandbox.ledger.of("info.get")}
    assert {f"worker-{number}" for number in range(6)} <= identifiers
    assert sandbox.ledger.summary()["refused_for_pace"] == 0


@pytest.mark.parametrize("method", ["fork", "spawn"])
def test_a_client_cannot_be_handed_to_a_process(program: Program, method: str) -> None:
    text = """
        import pickle
        from cpl_sync import Client
        try:
            pickle.dumps((Client.from_env().shipments.list,))
        except TypeError as error:
            print(error)
    """
    assert "make a client in each process" in program(text).stdout


@contextmanager
def running(text: str, folder: Path, environment: dict[str, str]) -> Iterator[subprocess.Popen[str]]:
    """Run a program that does not outlive the test."""
    file = folder / "running.py"
    file.write_text(text, encoding="utf-8")
    process = subprocess.Popen(
        [sys.executable, "-u", str(file)],
        env=os.environ | environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        encoding="utf-8",
    )
    with process:
        try:
            yield process
        finally:
            if process.poll() is None:
                process.kill()


WAITING = """
from cpl_sync import Address, Client, Shipment

def on_event(event):
    if event.kind == "request" and event.operation == "shipment_batches.create":
        print("left")

cpl = Client.from_env(on_event=on_event)
to = Address(name="Úřad", street="Náměstí 1", city="Kolín", zip_code="28002", country="CZ")
try:
    cpl.shipment_batches.create([Shipment(reference_id="r1", product_type="PRIV", recipient=to)], correlation_id="mine")
except KeyboardInterrupt as interrupt:
    print(interrupt.__notes__)
    print(bool(cpl.info.get().version))
    raise
"""


@LOOPS
def test_ctrl_c_in_a_call_cancels_it_and_the_client_still_works(sandbox: Sandbox, tmp_path: Path, uvloop: str) -> None:
    sandbox.faults.add(Fault(kind=FaultKind.SLOW, operation="shipment_batches.create", seconds=60))
    with running(WAITING, tmp_path, access_to(sandbox) | {"CPL_UVLOOP": uvloop}) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "left\n"
        process.send_signal(signal.SIGINT)
        output, errors = process.communicate(timeout=20)
    note = (
        "shipment_batches.create was cancelled: outcome unknown [correlation id mine]. It may have been done: "
        "ask for the references before anything is sent again (r1)"
    )
    assert output == f"[{note!r}]\nTrue\n"
    assert errors.rstrip().endswith(note)  # Python prints the notes of an exception
    assert "cpl_sync" not in errors  # nothing of the bridge in the traceback
    assert process.returncode == -signal.SIGINT


FORGETFUL = """
import asyncio, atexit, sys, threading, time
from cpl_sync import Client, portal

async def work():
    try:
        await asyncio.sleep(60)
    finally:
        await asyncio.sleep(0)
        print("open work ended")

cpl = Client.from_env()
print(bool(cpl.info.get().version))
iterator = cpl.codelists.iterate(cpl.codelists.products)
next(iterator)
threading.Thread(target=lambda: cpl.shipments.list(), daemon=True).start()
threading.Thread(target=lambda: portal.call(work), daemon=True).start()
atexit.register(lambda: print(bool(cpl.info.get().version)))  # what a program does at its end still works
time.sleep(0.3)
print("leaving", flush=True)
"""


@LOOPS
def test_a_script_without_close_ends_at_once(sandbox: Sandbox, tmp_path: Path, uvloop: str) -> None:
    sandbox.faults.add(Fault(kind=FaultKind.SLOW, operation="shipments.list", seconds=60))
    with running(FORGETFUL, tmp_path, access_to(sandbox) | {"CPL_UVLOOP": uvloop}) as process:
        output, errors = process.communicate(timeout=20)
    assert (output, errors, process.returncode) == ("True\nleaving\nTrue\nopen work ended\n", "", 0)


STUCK = """
import socket, sys, threading, time
from cpl_sync import Client, CplError

looked_up = threading.Event()

def stuck(host, *args, **kwargs):
    looked_up.set()
    time.sleep(600)

socket.getaddrinfo = stuck
cpl = Client(client_id="a", client_secret="b", base_url="https://stuck.example/myapi2")

def ask():
    try:
        cpl.info.get(timeout=300)
    except CplError:
        pass

if sys.argv[1] == "thread":
    threading.Thread(target=ask, daemon=True).start()
    looked_up.wait(20)
else:
    try:
        cpl.info.get(timeout=1, tries=1)
    except CplError as error:
        print(type(error).__name__)
print("leaving", flush=True)
"""


@LOOPS
@pytest.mark.parametrize("how", ["thread", "caller"])
def test_a_name_look_up_that_hangs_does_not_keep_the_process(tmp_path: Path, uvloop: str, how: str) -> None:
    file = tmp_path / "stuck.py"
    file.write_text(STUCK, encoding="utf-8")
    environment = os.environ | {"CPL_UVLOOP": uvloop, "PYTHONPATH": PROJECT}
    done = subprocess.run(
        [sys.executable, str(file), how], env=environment, capture_output=True, encoding="utf-8", timeout=30
    )
    words = "" if how == "thread" else "Timeout\n"
    assert (done.stdout, done.stderr, done.returncode) == (f"{words}leaving\n", "", 0)


def test_a_call_after_the_end_is_an_error_and_no_hang(program: Program) -> None:
    text = """
        import atexit
        def late():
            try:
                cpl.info.get()
            except Exception as error:
                print(error)
        atexit.register(late)  # before the facade is imported: so it runs after the facade's own end
        from cpl_sync import Client
        cpl = Client.from_env()
        cpl.info.get()
    """
    done = program(text)
    assert "the process is ending" in done.stdout
    assert done.stderr == ""


def test_clients_that_are_forgotten_are_closed(program: Program, sandbox: Sandbox) -> None:
    """As in a view that makes a client for each request and never closes it."""
    text = """
        import gc, threading, time
        import psutil
        from cpl_sync import Client

        def view():
            return Client.from_env().info.get().version

        view()
        process = psutil.Process()
        most = process.num_fds() + 8
        for _ in range(30):
            view()
        deadline = time.monotonic() + 10
        while process.num_fds() > most and time.monotonic() < deadline:
            time.sleep(0.05)
        print(process.num_fds() <= most)
        gc.collect()  # the last one has closed the connections that all of them shared: none is found unclosed
        time.sleep(0.2)
        print(len(process.net_connections("tcp")))
    """
    done = program(text)
    assert (done.stdout, done.stderr) == ("True\n0\n", "")


SHAPES = {
    "a local variable": "def main():\n    c = Client.from_env()\n    c.info.get()\nmain()",
    "one expression": "Client.from_env().info.get()",
    "del": "c = Client.from_env()\nc.info.get()\ndel c",
    "a list": "def main():\n    cs = [Client.from_env() for _ in range(3)]\n    [c.info.get() for c in cs]\nmain()",
    "an exception": (
        "def main():\n    c = Client.from_env()\n    c.info.get()\n    raise ValueError\n"
        "try:\n    main()\nexcept ValueError:\n    pass"
    ),
    "an iterator": (
        "def main():\n    c = Client.from_env().codelists\n    i = c.iterate(c.products)\n    next(i)\nmain()"
    ),
    "a family": "f = Client.from_env().info\nf.get()\ndel f",
    "a client of another account": (
        "def main():\n    c = Client.from_env()\n    d = Client.from_env({**os.environ, 'CPL_CLIENT_ID': 'b'})\n"
        "    c.info.get()\n    d.info.get()\nmain()"
    ),
    "a cycle": "def main():\n    c = [Client.from_env()]\n    c.append(c)\n    c[0].info.get()\nmain()",
    "a thread": (
        "def main():\n    Client.from_env().info.get()\nt = threading.Thread(target=main)\nt.start()\nt.join()"
    ),
    "a call at exit": "c = Client.from_env()\nc.info.get()\natexit.register(c.info.get)",
    "a global": "c = Client.from_env()\nc.info.get()",
}


@pytest.mark.slow
@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)
def test_a_client_that_is_dropped_as_the_process_ends_is_closed(program: Program, shape: str) -> None:
    text = f"import atexit, os, threading\nfrom cpl_sync import Client\n{shape}\n"
    for _ in range(3):
        done = program(text, PYTHONWARNINGS="always")
        assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("uvloop", ["0", "1"])
@pytest.mark.parametrize("begin", ["import atexit, cpl_sync, threading", "import atexit, threading", "import atexit"])
def test_the_facade_can_first_be_used_in_handlers_of_atexit(program: Program, begin: str, uvloop: str) -> None:
    text = f"""
        {begin}

        def use(number):
            import os
            import cpl_sync
            address = os.environ["CPL_BASE_URL"].replace("127.0.0.1", "localhost")  # a name to look up
            try:
                cpl_sync.Client.from_env({{**os.environ, "CPL_BASE_URL": address}}).info.get()
                print(number)
            except cpl_sync.ConfigurationError as error:
                print(number, error)

        atexit.register(use, 1)
        atexit.register(use, 2)
    """
    done = program(text, CPL_UVLOOP=uvloop)
    ending = "the process is ending: calls can no longer be made"  # Python starts no threads then, from 3.12 on
    assert done.stdout in ("2\n1\n", f"2 {ending}\n1 {ending}\n")
    assert done.stderr == ""


def test_the_bulk_door_without_its_extra_says_what_to_install(program: Program) -> None:
    text = """
        import sys
        for name in ("sqlalchemy", "alembic", "aiosqlite", "pikepdf", "filelock"):
            sys.modules[name] = None
        from cpl_sync import Client, ConfigurationError
        try:
            Client.from_env().bulk
        except ConfigurationError as error:
            print(error)
    """
    assert "pip install 'cpl-sdk[bulk]'" in program(text).stdout


def test_a_handle_keeps_its_client_alive(program: Program) -> None:
    text = """
        import gc
        from cpl_sync import Address, Client, Shipment

        def create():
            to = Address(name="Úřad", street="Náměstí 1", city="Kolín", zip_code="28002", country="CZ")
            parcel = Shipment(reference_id="r1", product_type="PRIV", recipient=to)
            return Client.from_env().shipment_batches.create([parcel])

        with Client.from_env() as other:
            other.info.get()  # the loop is there
        batch = create()
        gc.collect()
        print(len(batch.wait().numbers))
    """
    assert program(text).stdout == "1\n"


def test_a_process_patched_by_gevent_gets_a_clear_error(program: Program) -> None:
    pytest.importorskip("gevent", reason="gevent is not installed")
    text = """
        from gevent import monkey
        monkey.patch_all()
        from cpl_sync import Client, ConfigurationError
        try:
            Client.from_env().info.get()
        except ConfigurationError as error:
            print(error)
    """
    done = program(text, timeout=30)
    assert "patched by gevent" in done.stdout
    assert "gthread or prefork workers" in done.stdout


def test_gevent_that_patches_later_gets_a_clear_error_too(program: Program) -> None:
    pytest.importorskip("gevent", reason="gevent is not installed")
    text = """
        from cpl_sync import Client, ConfigurationError
        cpl = Client.from_env()
        from gevent import monkey
        monkey.patch_all()
        try:
            cpl.info.get()
        except ConfigurationError as error:
            print(error)
    """
    assert "patched by gevent" in program(text, timeout=30).stdout
