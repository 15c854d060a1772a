"""What a service answers to `polyarb explain`, for people and for programs."""

from dataclasses import dataclass
from typing import Protocol

from grpc import aio
from rich.console import Console

from polyarb.cli.explain import event, page, story
from polyarb.clients import LedgerClient, ScannerClient
from polyarb.v1.ledger_service_pb2 import ExplainResponse
from polyarb.v1.scanner_service_pb2 import ExplainEventResponse


class Answer(Protocol):
    """An explanation. Both ways of showing it raise BadInput where it cannot be read."""

    def as_json(self) -> str:
        """Return it as one JSON object."""
        ...

    def draw(self, console: Console) -> None:
        """Show it as a page."""
        ...


@dataclass(frozen=True, slots=True)
class AboutId:
    """What the ledger knows of an id."""

    name: str
    response: ExplainResponse

    def as_json(self) -> str:
        """Return it as one JSON object."""
        return story.as_json(self.name, self.response)

    def draw(self, console: Console) -> None:
        """Show it as a page."""
        page.draw(console, story.story_of(self.name, self.response))


@dataclass(frozen=True, slots=True)
class AboutEvent:
    """What the scanner sees in an event."""

    response: ExplainEventResponse

    def as_json(self) -> str:
        """Return it as one JSON object."""
        return event.as_json(self.response)

    def draw(self, console: Console) -> None:
        """Show it as a page."""
        event.draw(console, self.response)


async def about_id(ledger: aio.Channel, name: str) -> Answer:
    """Return what is known of a decision, intent, opportunity or order. Raises grpc.RpcError."""
    return AboutId(name, await LedgerClient(ledger).explain(name))


async def about_event(scanner: aio.Channel, name: str) -> Answer:
    """Return what is seen in an event by id or slug. Raises grpc.RpcError, NotWatched."""
    return AboutEvent(await event.read(ScannerClient(scanner), name))
