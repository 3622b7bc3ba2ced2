"""Files by their address: one label."""

from __future__ import annotations

from typing import TYPE_CHECKING

from yarl import URL

from ..errors import ConfigurationError, ValidationError
from ..settings import is_loopback
from ..transport.call import Call
from ..transport.response_body import LABEL_BYTES
from .base import Resource, path_segment

if TYPE_CHECKING:
    from typing import Unpack

    from ..models.data import Label
    from ..transport.call import CallOptions

__all__ = ["Data"]


class Data(Resource):
    """Files that the API points to."""

    async def get(self, source: str, **options: Unpack[CallOptions]) -> Label:
        """Fetch a file, as a rule the label of one parcel.

        The token goes to the configured host only: a file on another host is fetched without it, and over
        HTTPS only.

        :param source: a ``labelUrl`` as the API gave it, or the id at its end.
        :raises NotFound: when there is no such file, or it is gone (labels are kept for 30 days).
        """
        from ..models.data import Label

        transport = await self._client._transport()
        call = Call(operation="data.get", method="GET", path="data", limit=LABEL_BYTES)
        if not isinstance(source, str) or "/" not in source:
            call = Call(operation="data.get", method="GET", path=f"data/{path_segment(source)}", limit=LABEL_BYTES)
        else:
            url = _address(source)
            own = bool(url.host) and transport.is_own_host(url)
            if not own and not is_acceptable(url):
                raise ConfigurationError(f"a file's address on another host must be https, not {source[:100]!r}")
            call = Call(operation="data.get", method="GET", path="data", url=url, authorized=own, limit=LABEL_BYTES)
        answer = await self._send(call, options)
        return Label(content=answer.body, content_type=answer.headers.get("Content-Type", ""))


def _address(source: str) -> URL:
    """Return the address of a file.

    :raises ValidationError: It cannot be read.
    """
    try:
        url = URL(source)
        if url.host:  # that of `https://xn--/` cannot be decoded
            url.origin()  # `//host/x` has none
    except ValueError:
        raise ValidationError(f"the address of a file cannot be read: {source[:100]!r}") from None
    return url.with_user(None) if url.host else url  # the HTTP library would send them as credentials


def is_acceptable(url: URL) -> bool:
    """Return whether a file on another host may be fetched: over HTTPS, and not from this machine."""
    return url.scheme == "https" and bool(url.host) and not is_loopback(str(url.host))
