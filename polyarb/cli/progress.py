"""How a run is doing: what is known, and how it reads. Pure."""

from dataclasses import dataclass, field

from rich.text import Text

from polyarb.cli.durations import clock
from polyarb.core.money import format_micros


@dataclass(slots=True)
class Tally:
    """A count that only rises although its source may start again from 0."""

    total: int = 0
    last: int = 0

    def see(self, count: int) -> None:
        """Take in what the source says now."""
        self.total += count - self.last if count >= self.last else count
        self.last = count


@dataclass(slots=True, kw_only=True)
class Progress:
    """The newest known figures. Amounts in micro-collateral. health: by service, None unknown."""

    elapsed_s: float = 0.0
    cycles: Tally = field(default_factory=Tally)
    opportunities: int = 0
    trades: int = 0
    successful: int = 0
    profit_micros: int = 0
    open_positions: int = 0
    halt_reason: str = ""
    health: dict[str, bool] = field(default_factory=dict)

    def figures(self) -> list[tuple[str, str]]:
        """Return label and value of each figure."""
        figures = [
            ("elapsed", clock(self.elapsed_s)),
            ("cycles", str(self.cycles.total)),
            ("opportunities", str(self.opportunities)),
            ("trades", f"{self.trades} ({self.successful} ok)"),
            ("open", str(self.open_positions)),
            ("profit", format_micros(self.profit_micros)),
        ]
        return [*figures, ("HALTED", self.halt_reason)] if self.halt_reason else figures

    def line(self) -> str:
        """Return everything as one line of text."""
        figures = " ".join(f"{label}={value}" for label, value in self.figures())
        ill = [name for name, well in self.health.items() if not well]
        return f"{figures} not_ready={','.join(ill)}" if ill else f"{figures} all services ready"

    def bar(self) -> Text:
        """Return everything as a line for the bottom of a terminal."""
        bar = Text(no_wrap=True, overflow="ellipsis")
        for label, value in self.figures():
            bar.append(f" {label} ", style="bold red" if label == "HALTED" else "dim")
            bar.append(value, style=self._style(label))
            bar.append(" │", style="dim")
        for name, well in self.health.items():
            bar.append(" ● ", style="green" if well else "bold red")
            bar.append(name)
        return bar

    def _style(self, label: str) -> str:
        if label != "profit":
            return "bold"
        return "bold red" if self.profit_micros < 0 else "bold green"
