"""Download of label files by URL or id."""

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
    """Files that the API links to."""

    async def get(self, source: str, **options: Unpack[CallOptions]) -> Label:
        """Return a file, usually the label of one parcel.

        The token is sent to the configured host only. A file on another host is fetched without it, and over
        HTTPS only.

        :param source: ``labelUrl`` from the API, or the id at its end.
        :raises NotFound: If the file does not exist or has expired (labels are available for 30 days).
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
                raise ConfigurationError(f"the URL of a file on another host must use https, not {source[:100]!r}")
            call = Call(operation="data.get", method="GET", path="data", url=url, authorized=own, limit=LABEL_BYTES)
        answer = await self._send(call, options)
        return Label(content=answer.body, content_type=answer.headers.get("Content-Type", ""))


def _address(source: str) -> URL:
    """Return the URL of a file, without user and password.

    :raises ValidationError: If the URL is invalid.
    """
    try:
        url = URL(source)
        if url.host:  # raises an error for `https://xn--/`, which cannot be decoded
            url.origin()  # raises an error for `//host/x`, which has no scheme
    except ValueError:
        raise ValidationError(f"the URL of a file is invalid: {source[:100]!r}") from None
    return url.with_user(None) if url.host else url  # the HTTP library would send user and password as credentials


def is_acceptable(url: URL) -> bool:
    """Return whether a file on another host may be fetched: over HTTPS, and not from a loopback address."""
    return url.scheme == "https" and bool(url.host) and not is_loopback(str(url.host))
