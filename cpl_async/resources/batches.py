"""Base classes of the batches of shipments and orders: creation and waiting for the import."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Generic, Protocol, TypeVar

from attrs import evolve, field, frozen

from ..errors import BatchError, Failure, Outcome, Problem, ProtocolError, Timeout, ValidationError
from ..ratelimit.priority import Priority
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
    """Import result of one batch item."""

    reference_id: str | None

    @property
    def settled(self) -> bool:
        """Whether the state is final."""
        ...


class BatchResult(Protocol):
    """Import results of a batch."""

    @property
    def items(self) -> Sequence[BatchItem]:
        """Results of the items, in any order."""
        ...

    @property
    def settled(self) -> bool:
        """Whether the import has ended."""
        ...

    @property
    def errors(self) -> dict[str, str]:
        """Error messages of failed imports, by reference."""
        ...


R = TypeVar("R", bound=BatchResult)
T = TypeVar("T")


class Batches(Resource):
    """Operations on batches."""

    async def ready(self, **options: Unpack[CallOptions]) -> None:
        """Fetch an access token in advance, so that a prepared batch is sent without delay.

        :raises CplError: If no token is available; nothing was sent.
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
            (await self._client._transport()).emit_unknown(call, error)
            raise


@frozen
class Batch(Generic[R]):
    """A handle of an accepted batch."""

    id: str
    """Id of the batch on the server."""
    references: tuple[str, ...] = field(default=(), repr=False, kw_only=True)
    """References of the items; empty if they are unknown."""
    _get_state: Callable[..., Awaitable[R]] = field(repr=False, eq=False, kw_only=True, alias="get_state")

    operation: ClassVar[str]
    """Operation of the contract that returns the state."""
    item_noun: ClassVar[str]
    """Plural noun for the items, used in messages."""

    async def wait(self, *, timeout: float = 120.0, raise_errors: bool = False, **options: Unpack[RequestOptions]) -> R:
        """Wait until every item is ``Complete`` or ``Error``, polling at increasing intervals.

        :param timeout: Seconds for the whole wait. Default: 120.
        :param raise_errors: Whether to raise :class:`BatchError` if an item ended in error. Default: ``False``.
        :return: The final state.
        :raises Timeout: If items are still open. The import continues; call again later.
        """
        deadline = monotonic() + timeout
        options.setdefault("priority", Priority.BACKGROUND)
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
                cancelled.add_note(
                    f"batch {self.id} was accepted and its import continues: poll it again with its handle"
                )
                raise
            pause = min(pause * BACKOFF_FACTOR, MAX_POLL_SECONDS)
        if raise_errors and result.errors:
            raise self._batch_error(result)
        return result

    def _timeout_error(self, result: R, timeout: float) -> Timeout:
        open_items = sum(not item.settled for item in result.items) + max(0, len(self.references) - len(result.items))
        open_text = f"{open_items} of {max(len(result.items), len(self.references))}" if result.items else "all"
        return Timeout(
            f"{open_text} items of batch {self.id} are still being imported after {timeout:g} s",
            failure=Failure(operation=self.operation, outcome=Outcome.UNKNOWN, references=self.references),
            advice="The import continues: poll it again later with the batch id",
        )

    def _batch_error(self, result: R) -> BatchError:
        problems = tuple(
            Problem(path="import", message=message, reference_id=reference)
            for reference, message in result.errors.items()
        )
        failure = Failure(operation=self.operation, outcome=Outcome.UNKNOWN, problems=problems)
        return BatchError(f"{len(problems)} of {len(result.items)} {self.item_noun} failed at import", failure=failure)


def as_list(name: str, items: Iterable[T]) -> Sequence[T]:
    """Return an iterable as a list.

    :param name: Name of the argument, for the error message.
    :param items: Any iterable of models.
    :raises ValidationError: If it is not an iterable, or a string.
    """
    if isinstance(items, (list, tuple)):
        return items
    if isinstance(items, (str, bytes)) or not isinstance(items, Iterable):
        raise ValidationError(f"{name} takes a list, not {type(items).__name__}; nothing was sent")
    return list(items)


async def find_problems(name: str, items: Sequence[Any], kind: type) -> list[Problem]:
    """Return all problems in a list of shipments or orders, duplicate references included.

    The event loop runs other tasks in between.

    :param name: Name of the list, for the paths of problems.
    :param items: Models to check.
    :param kind: Expected class of the models.
    """
    from ..models.validation import problems_of

    running_loop()
    problems: list[Problem] = []
    first_index: dict[str, int] = {}
    for index, item in enumerate(items):
        if index % CHECK_CHUNK_SIZE == CHECK_CHUNK_SIZE - 1:
            await asyncio.sleep(0)
        reference = getattr(item, "reference_id", None)
        path = f"{name}[{index}]"
        if isinstance(item, kind):
            problems += problems_of(item, path=path, index=index, reference_id=reference)
        else:
            message = f"must be {kind.__name__}, not {type(item).__name__}"
            problems.append(Problem(path=path, message=message, index=index))
        first = first_index.setdefault(reference, index) if isinstance(reference, str) else index
        if first != index:
            duplicate = Problem(path=f"{path}.reference_id", message=f"is used by {name}[{first}] too", index=index)
            problems.append(evolve(duplicate, reference_id=reference))
    return problems
