"""Messages as data: codes with parameters, and a catalogue with their texts in English and Czech."""

from __future__ import annotations

from .message import Message, Param, dump_messages, load_messages, message, text_of
from .translation import texts

__all__ = ["Message", "Param", "dump_messages", "load_messages", "message", "text_of", "texts"]
