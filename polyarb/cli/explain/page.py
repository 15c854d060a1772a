"""`polyarb explain ID` as a page: the verdict first, then all that led to it and came of it."""

from collections.abc import Iterator

from rich.console import Console, RenderableType
from rich.text import Text

from polyarb.cli.explain import wording
from polyarb.cli.explain.layout import BAD, GOOD, facts, heading, lines, row, show, table
from polyarb.cli.explain.outcome import outcome_parts
from polyarb.cli.explain.portfolio import portfolio_parts
from polyarb.cli.explain.proof import proof_of
from polyarb.cli.explain.story import Chapter, Story
from polyarb.core.basket import Intent
from polyarb.core.opportunity import Opportunity
from polyarb.core.order import Refused


def draw(console: Console, story: Story) -> None:
    """Show what is known of an id."""
    show(console, list(_parts(story)))


def _parts(story: Story) -> Iterator[RenderableType]:
    chief = story.chief()
    if chief is None:
        yield Text("Known to the ledger, but too large for one answer.", style=BAD)
        return
    yield from _headline(chief, story.name)
    if isinstance(chief.verdict, Intent):
        yield heading("Size and risk")
        yield facts(list(_sizing(chief.verdict, chief.offered)))
    yield from portfolio_parts(chief.portfolio, proof_of(chief.portfolio))
    if isinstance(chief.verdict, Intent) and chief.execution is not None:
        yield from outcome_parts(chief.verdict, chief.execution, story.name)
    if len(story.chapters) > 1 or story.left_out:
        yield from _timeline(story, chief)


def _headline(chapter: Chapter, asked: str) -> Iterator[RenderableType]:
    found = chapter.portfolio
    verdict = Text(_verdict(chapter), style=BAD if isinstance(chapter.verdict, Refused) else GOOD)
    title = wording.plain(found.title or found.slug)
    yield verdict.append(f"  {title}", style="bold")
    yield facts([*_what_and_when(chapter), *_order_asked(chapter, asked.lower())])
    yield heading("Why")
    yield lines(_why(chapter))


def _verdict(chapter: Chapter) -> str:
    if isinstance(chapter.verdict, Refused):
        return f"REFUSED, {chapter.verdict.code.value}"
    return f"APPROVED, {chapter.execution.state.value}" if chapter.execution else "APPROVED"


def _what_and_when(chapter: Chapter) -> Iterator[tuple[str, str]]:
    found = chapter.portfolio
    yield "when", wording.instant(chapter.time_ns)
    yield "event", wording.event_name(found.slug, found.event_id)
    yield "opportunity", found.opportunity_id
    yield "decision", chapter.decision_id or "never stored; told from the intent"
    if isinstance(chapter.verdict, Intent):
        yield "intent", chapter.verdict.intent_id


def _order_asked(chapter: Chapter, asked: str) -> Iterator[tuple[str, str]]:
    """Yield which order was asked for, where it was one."""
    for record in chapter.execution.orders if chapter.execution else ():
        if record.order_id == asked:
            purpose = f"remedy {record.attempt}" if record.attempt else "entry"
            yield "order", f"{asked}: {purpose} of leg {record.leg + 1}"


def _why(chapter: Chapter) -> list[str]:
    if isinstance(chapter.verdict, Refused):
        return [chapter.verdict.message, wording.REFUSED[chapter.verdict.code]]
    found, proof = chapter.portfolio, chapter.portfolio.certificate
    gross, net = wording.amount(proof.gross_edge_micros), wording.amount(proof.net_edge_micros)
    pays = f"{len(found.legs)} legs for {wording.amount(found.cost)}, fees included, pay at least"
    return [
        f"{pays} {wording.amount(proof.payoff)}: {wording.gain(proof.guaranteed)} guaranteed.",
        f"Edge of one set: {gross} before fees, {net} after the most that can be charged.",
    ]


def _sizing(intent: Intent, offered: Opportunity) -> Iterator[tuple[str, str]]:
    sets, most = intent.opportunity.certificate.face, offered.certificate.face
    share = wording.percent(sets, most)
    yield "size", f"{wording.size(sets)} of {wording.size(most)} sets on offer ({share})"
    bound = intent.binding_constraint
    yield "bound by", f"{bound.value}: {wording.BOUND_BY[bound]}"
    yield (
        "reserved",
        f"{wording.amount(intent.reserved)} for entry and the dearest remedy of each leg",
    )
    yield (
        "worst loss",
        f"{wording.amount(intent.worst_loss)} if legs fail, counted against the day's limit",
    )
    record = f", by the record of {intent.bucket}" if intent.bucket else ""
    yield "confidence", f"{intent.confidence:.3f} that every leg fills as modelled{record}"
    allowed = (intent.entry_deadline_ns - intent.approval_time_ns) / 1e9
    yield "deadline", f"entry orders had {allowed:g} s to leave"
    money = "live, real money" if intent.live else "paper"
    yield "authority", f"epoch {intent.epoch}, {money}, wallet {intent.wallet.maker}"


def _timeline(story: Story, chief: Chapter) -> Iterator[RenderableType]:
    yield heading(f"All {len(story.chapters)} decisions, oldest first")
    made = table("when", "<verdict and what to ask for>", "sets", "guaranteed")
    for chapter in story.chapters:
        proof = chapter.portfolio.certificate
        row(
            made,
            wording.instant(chapter.time_ns).removesuffix(" UTC"),
            f"{_timeline_words(chapter)}\n{_timeline_id(chapter, chief)}",
            wording.size(proof.face),
            wording.gain(proof.guaranteed),
        )
    yield made
    if story.left_out:
        yield lines([f"{story.left_out} more found no room in the answer."])


def _timeline_words(chapter: Chapter) -> str:
    if isinstance(chapter.verdict, Refused):
        return wording.plain(f"{_verdict(chapter)}: {chapter.verdict.message}")
    return _verdict(chapter)


def _timeline_id(chapter: Chapter, chief: Chapter) -> str:
    if chapter is chief:
        return "(the one above)"
    intent = chapter.verdict.intent_id if isinstance(chapter.verdict, Intent) else ""
    return chapter.decision_id or intent
