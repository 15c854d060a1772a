"""Faults on the two channels: what becomes of a frame on its way to one link."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import msgspec

from polyarb.venues.simulated.fault_kinds import Point
from polyarb.venues.simulated.faults import FaultPlan, Firing, Seen
from polyarb.venues.simulated.wire import encode

_NUMBER: Final = re.compile(r'"\d+(\.\d+)?"')
_NOISE: Final = "\x00{not json"


@dataclass(frozen=True, slots=True)
class Delivery:
    """What is sent instead of a frame. keep: what is sent after the next one, "" for nothing.

    late: sent late_ms from now.
    """

    now: tuple[str, ...] = ()
    keep: str = ""
    late: str = ""
    late_ms: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class FrameFaults:
    """The plan as a channel sees it."""

    plan: FaultPlan
    channel: str
    now_ms: Callable[[], int]

    @property
    def armed(self) -> bool:
        """Return whether frames have to be looked at."""
        return self.plan.watches(Point.FRAME)

    def deliver(self, text: str, *, link: int) -> Delivery:
        """Return what is sent to link number `link` instead of this frame."""
        seen = Seen(channel=self.channel, link=link, event=_event(text), text=text)
        firing = self.plan.fire(Point.FRAME, seen, now_ms=self.now_ms())
        return Delivery((text,)) if firing is None else _disturbed(firing, text)

    def pongs(self, *, link: int) -> bool:
        """Return whether a PING of this link is answered."""
        seen = Seen(channel=self.channel, link=link, event="PONG", text="PONG")
        return self.plan.fire(Point.PONG, seen, now_ms=self.now_ms()) is None


def _disturbed(firing: Firing, text: str) -> Delivery:
    match firing.fault:
        case "drop_frames" | "dead_link":
            return Delivery()
        case "duplicate_frames":
            return Delivery((text, text))
        case "reorder_frames":
            return Delivery(keep=text)
        case "delay_frames":
            return Delivery(late=text, late_ms=firing.ms("delay_ms"))
        case "corrupt_frames":
            return Delivery((_corrupted(text, str(firing.how["form"])),))
        case _:
            raise AssertionError(firing.fault)


def _corrupted(text: str, form: str) -> str:
    match form:
        case "cut":
            return text[: len(text) // 2]
        case "noise":
            return _NOISE
        case "types":
            return _NUMBER.sub("[]", text)
        case _:
            return encode(_crossed(msgspec.json.decode(text))).decode()


def _crossed(frame: Any) -> Any:
    """Return a frame whose books have their two sides exchanged; others stay as they are."""
    if isinstance(frame, list):
        return [_crossed(part) for part in frame]
    if isinstance(frame, dict) and "bids" in frame and "asks" in frame:
        return {**frame, "bids": frame["asks"][::-1], "asks": frame["bids"][::-1]}
    return frame


def _event(text: str) -> str:
    """Return the event_type of a frame, of its first part if it is an array."""
    frame: Any = msgspec.json.decode(text)
    first = frame[0] if isinstance(frame, list) and frame else frame
    return str(first.get("event_type", "")) if isinstance(first, dict) else ""
