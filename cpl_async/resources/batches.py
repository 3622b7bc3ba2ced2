"""What batches of shipments and of orders have in common: creating, and waiting for their import."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Generic, Protocol, TypeVar

from attrs import evolve, field, frozen

from ..errors import BatchError, Failure, Outcome, Problem, ProtocolError, Timeout, ValidationError
from ..ratelimit.priority import Lane
from ..system.clock import monotonic
from ..system.event_loop import running_loop
from ..transport.call import Call
from ..transport.responses import batch_id_of
from .base import Resource

if TYPE_CHECKING:
    from typing import Unpack

    from ..transport.call import CallOptions, RequestOptions

__all__ = ["Batch", "BatchResult", "Batches", "as_list", "find_problems"]

CHECK_CHUNK_SIZE = 100
FIRST_POLL_SECONDS = 0.5
BACKOFF_FACTOR = 1.5
MAX_POLL_SECONDS = 10.0


class BatchItem(Protocol):
    """One item of a batch's state."""

    reference_id: str | None

    @property
    def settled(self) -> bool:
        """Whether it is final."""
        ...


class BatchResult(Protocol):
    """The state of a batch."""

    @property
    def items(self) -> Sequence[BatchItem]:
        """Its items, in any order."""
        ...

    @property
    def settled(self) -> bool:
        """Whether all are final."""
        ...

    @property
    def errors(self) -> dict[str, str]:
        """What failed at import, by reference."""
        ...


R = TypeVar("R", bound=BatchResult)
T = TypeVar("T")


class Batches(Resource):
    """Calls that create many things at once."""

    async def ready(self, **options: Unpack[CallOptions]) -> None:
        """See that there is a token, so that a batch whose body is made already does not wait for one.

        :raises CplError: when there is none to be had; nothing was sent.
        """
        await (await self._client._transport()).ready(options)

    async def _create(self, operation: str, path: str, body: bytes, references: Sequence[str], options: Any) -> str:
        call = Call(
            operation=operation,
            method="POST",
            path=path,
            body=body,
            writes=True,
            references=references,
            body_matters=False,
        )
        answer = await self._send(call, options)
        try:
            return batch_id_of(answer, call)
        except ProtocolError as error:
            (await self._client._transport()).tell_unknown(call, error)
            raise


@frozen
class Batch(Generic[R]):
    """A batch that was accepted."""

    id: str
    """Its id on the server."""
    references: tuple[str, ...] = field(default=(), repr=False, kw_only=True)
    """References of what it holds, where they are known."""
    _get_state: Callable[..., Awaitable[R]] = field(repr=False, eq=False, kw_only=True, alias="get_state")

    operation: ClassVar[str]
    """How the contract names asking for its state."""
    item_noun: ClassVar[str]
    """What it holds."""

    async def wait(self, *, timeout: float = 120.0, raise_errors: bool = False, **options: Unpack[RequestOptions]) -> R:
        """Wait until every item is ``Complete`` or ``Error``, asking less and less often.

        :param timeout: seconds for the whole wait.
        :param raise_errors: raise :class:`BatchError` when an item ended in error.
        :return: the last state.
        :raises Timeout: when items are still open; the batch goes on, ask again later.
        """
        deadline = monotonic() + timeout
        options.setdefault("lane", Lane.BACKGROUND)
        pause = FIRST_POLL_SECONDS
        while True:
            left = max(0.001, deadline - monotonic())
            try:
                result = await self._get_state(self.id, timeout=left, **options)
                if result.settled and len(result.items) >= len(self.references):
                    break
                if monotonic() + pause > deadline:
                    raise self._timeout_error(result, timeout)
                await asyncio.sleep(pause)
            except asyncio.CancelledError as cancelled:
                cancelled.add_note(f"batch {self.id} was accepted and goes on: ask again with its handle")
                raise
            pause = min(pause * BACKOFF_FACTOR, MAX_POLL_SECONDS)
        if raise_errors and result.errors:
            raise self._batch_error(result)
        return result

    def _timeout_error(self, result: R, timeout: float) -> Timeout:
        open_items = sum(not item.settled for item in result.items) + max(0, len(self.references) - len(result.items))
        what = f"{open_items} of {max(len(result.items), len(self.references))}" if result.items else "all"
        return Timeout(
            f"{what} items of batch {self.id} are still being imported after {timeout:g} s",
            failure=Failure(operation=self.operation, outcome=Outcome.UNKNOWN, references=self.references),
            advice="The import goes on: ask again later with the batch's id",
        )

    def _batch_error(self, result: R) -> BatchError:
        problems = tuple(
            Problem(path="import", message=message, reference_id=reference)
            for reference, message in result.errors.items()
        )
        failure = Failure(operation=self.operation, outcome=Outcome.UNKNOWN, problems=problems)
        return BatchError(f"{len(problems)} of {len(result.items)} {self.item_noun} failed at import", failure=failure)


def as_list(name: str, item_noun: Iterable[T]) -> Sequence[T]:
    """Return what a caller gives as a list: any iterable will do.

    :raises ValidationError: when it is none.
    """
    if isinstance(item_noun, (list, tuple)):
        return item_noun
    if isinstance(item_noun, (str, bytes)) or not isinstance(item_noun, Iterable):
        raise ValidationError(f"{name} takes a list, not {type(item_noun).__name__}; nothing was sent")
    return list(item_noun)


async def find_problems(name: str, item_noun: Sequence[Any], kind: type) -> list[Problem]:
    """Return all that is wrong in a list of shipments or orders, references used twice included.

    :param name: of the list, for the paths; the loop breathes in between.
    :param kind: what each must be.
    """
    from ..models.validation import problems_of

    running_loop()
    problems: list[Problem] = []
    seen: dict[str, int] = {}
    for index, thing in enumerate(item_noun):
        if index % CHECK_CHUNK_SIZE == CHECK_CHUNK_SIZE - 1:
            await asyncio.sleep(0)
        reference = getattr(thing, "reference_id", None)
        path = f"{name}[{index}]"
        if isinstance(thing, kind):
            problems += problems_of(thing, path=path, index=index, reference_id=reference)
        else:
            words = f"must be {kind.__name__}, not {type(thing).__name__}"
            problems.append(Problem(path=path, message=words, index=index))
        first = seen.setdefault(reference, index) if isinstance(reference, str) else index
        if first != index:
            again = Problem(path=f"{path}.reference_id", message=f"is used by {name}[{first}] too", index=index)
            problems.append(evolve(again, reference_id=reference))
    return problems
