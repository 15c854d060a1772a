import datetime

from google.protobuf import timestamp_pb2 as _timestamp_pb2
from polyarb.v1 import market_pb2 as _market_pb2
from polyarb.v1 import opportunity_pb2 as _opportunity_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class RelationKind(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    RELATION_KIND_UNSPECIFIED: _ClassVar[RelationKind]
    RELATION_KIND_LADDER: _ClassVar[RelationKind]
    RELATION_KIND_IMPLIES: _ClassVar[RelationKind]
    RELATION_KIND_EQUIVALENT: _ClassVar[RelationKind]
    RELATION_KIND_EXCLUDES: _ClassVar[RelationKind]
    RELATION_KIND_EXHAUSTS: _ClassVar[RelationKind]
    RELATION_KIND_CLAUSE: _ClassVar[RelationKind]
RELATION_KIND_UNSPECIFIED: RelationKind
RELATION_KIND_LADDER: RelationKind
RELATION_KIND_IMPLIES: RelationKind
RELATION_KIND_EQUIVALENT: RelationKind
RELATION_KIND_EXCLUDES: RelationKind
RELATION_KIND_EXHAUSTS: RelationKind
RELATION_KIND_CLAUSE: RelationKind

class ScanRequest(_message.Message):
    __slots__ = ("event_id",)
    EVENT_ID_FIELD_NUMBER: _ClassVar[int]
    event_id: str
    def __init__(self, event_id: _Optional[str] = ...) -> None: ...

class ScanResponse(_message.Message):
    __slots__ = ("opportunity", "alarm", "summary")
    OPPORTUNITY_FIELD_NUMBER: _ClassVar[int]
    ALARM_FIELD_NUMBER: _ClassVar[int]
    SUMMARY_FIELD_NUMBER: _ClassVar[int]
    opportunity: _opportunity_pb2.Opportunity
    alarm: _opportunity_pb2.DataAlarm
    summary: ScanSummary
    def __init__(self, opportunity: _Optional[_Union[_opportunity_pb2.Opportunity, _Mapping]] = ..., alarm: _Optional[_Union[_opportunity_pb2.DataAlarm, _Mapping]] = ..., summary: _Optional[_Union[ScanSummary, _Mapping]] = ...) -> None: ...

class ScanSummary(_message.Message):
    __slots__ = ("cycle", "event_count", "market_count", "unusable_market_count", "opportunity_count", "alarm_count", "duration_us")
    CYCLE_FIELD_NUMBER: _ClassVar[int]
    EVENT_COUNT_FIELD_NUMBER: _ClassVar[int]
    MARKET_COUNT_FIELD_NUMBER: _ClassVar[int]
    UNUSABLE_MARKET_COUNT_FIELD_NUMBER: _ClassVar[int]
    OPPORTUNITY_COUNT_FIELD_NUMBER: _ClassVar[int]
    ALARM_COUNT_FIELD_NUMBER: _ClassVar[int]
    DURATION_US_FIELD_NUMBER: _ClassVar[int]
    cycle: int
    event_count: int
    market_count: int
    unusable_market_count: int
    opportunity_count: int
    alarm_count: int
    duration_us: int
    def __init__(self, cycle: _Optional[int] = ..., event_count: _Optional[int] = ..., market_count: _Optional[int] = ..., unusable_market_count: _Optional[int] = ..., opportunity_count: _Optional[int] = ..., alarm_count: _Optional[int] = ..., duration_us: _Optional[int] = ...) -> None: ...

class WatchOpportunitiesRequest(_message.Message):
    __slots__ = ("after_sequence",)
    AFTER_SEQUENCE_FIELD_NUMBER: _ClassVar[int]
    after_sequence: int
    def __init__(self, after_sequence: _Optional[int] = ...) -> None: ...

class WatchOpportunitiesResponse(_message.Message):
    __slots__ = ("sequence", "opportunity", "ended", "alarm", "sweep_started", "sweep_finished", "heartbeat")
    SEQUENCE_FIELD_NUMBER: _ClassVar[int]
    OPPORTUNITY_FIELD_NUMBER: _ClassVar[int]
    ENDED_FIELD_NUMBER: _ClassVar[int]
    ALARM_FIELD_NUMBER: _ClassVar[int]
    SWEEP_STARTED_FIELD_NUMBER: _ClassVar[int]
    SWEEP_FINISHED_FIELD_NUMBER: _ClassVar[int]
    HEARTBEAT_FIELD_NUMBER: _ClassVar[int]
    sequence: int
    opportunity: _opportunity_pb2.Opportunity
    ended: OpportunityEnded
    alarm: _opportunity_pb2.DataAlarm
    sweep_started: SweepStarted
    sweep_finished: ScanSummary
    heartbeat: Heartbeat
    def __init__(self, sequence: _Optional[int] = ..., opportunity: _Optional[_Union[_opportunity_pb2.Opportunity, _Mapping]] = ..., ended: _Optional[_Union[OpportunityEnded, _Mapping]] = ..., alarm: _Optional[_Union[_opportunity_pb2.DataAlarm, _Mapping]] = ..., sweep_started: _Optional[_Union[SweepStarted, _Mapping]] = ..., sweep_finished: _Optional[_Union[ScanSummary, _Mapping]] = ..., heartbeat: _Optional[_Union[Heartbeat, _Mapping]] = ...) -> None: ...

class OpportunityEnded(_message.Message):
    __slots__ = ("opportunity_id", "event_id", "end_time")
    OPPORTUNITY_ID_FIELD_NUMBER: _ClassVar[int]
    EVENT_ID_FIELD_NUMBER: _ClassVar[int]
    END_TIME_FIELD_NUMBER: _ClassVar[int]
    opportunity_id: str
    event_id: str
    end_time: _timestamp_pb2.Timestamp
    def __init__(self, opportunity_id: _Optional[str] = ..., event_id: _Optional[str] = ..., end_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class SweepStarted(_message.Message):
    __slots__ = ("cycle",)
    CYCLE_FIELD_NUMBER: _ClassVar[int]
    cycle: int
    def __init__(self, cycle: _Optional[int] = ...) -> None: ...

class Heartbeat(_message.Message):
    __slots__ = ("time",)
    TIME_FIELD_NUMBER: _ClassVar[int]
    time: _timestamp_pb2.Timestamp
    def __init__(self, time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class GetOrderBookRequest(_message.Message):
    __slots__ = ("condition_id",)
    CONDITION_ID_FIELD_NUMBER: _ClassVar[int]
    condition_id: str
    def __init__(self, condition_id: _Optional[str] = ...) -> None: ...

class GetOrderBookResponse(_message.Message):
    __slots__ = ("book",)
    BOOK_FIELD_NUMBER: _ClassVar[int]
    book: _market_pb2.OrderBook
    def __init__(self, book: _Optional[_Union[_market_pb2.OrderBook, _Mapping]] = ...) -> None: ...

class ListEventsRequest(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class ListEventsResponse(_message.Message):
    __slots__ = ("events", "skipped")
    EVENTS_FIELD_NUMBER: _ClassVar[int]
    SKIPPED_FIELD_NUMBER: _ClassVar[int]
    events: _containers.RepeatedCompositeFieldContainer[_market_pb2.Event]
    skipped: _containers.RepeatedCompositeFieldContainer[SkippedEvent]
    def __init__(self, events: _Optional[_Iterable[_Union[_market_pb2.Event, _Mapping]]] = ..., skipped: _Optional[_Iterable[_Union[SkippedEvent, _Mapping]]] = ...) -> None: ...

class SkippedEvent(_message.Message):
    __slots__ = ("name", "reason")
    NAME_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    name: str
    reason: str
    def __init__(self, name: _Optional[str] = ..., reason: _Optional[str] = ...) -> None: ...

class ExplainEventRequest(_message.Message):
    __slots__ = ("event_id",)
    EVENT_ID_FIELD_NUMBER: _ClassVar[int]
    event_id: str
    def __init__(self, event_id: _Optional[str] = ...) -> None: ...

class ExplainEventResponse(_message.Message):
    __slots__ = ("event", "opportunity", "verdict")
    EVENT_FIELD_NUMBER: _ClassVar[int]
    OPPORTUNITY_FIELD_NUMBER: _ClassVar[int]
    VERDICT_FIELD_NUMBER: _ClassVar[int]
    event: _market_pb2.Event
    opportunity: _opportunity_pb2.Opportunity
    verdict: str
    def __init__(self, event: _Optional[_Union[_market_pb2.Event, _Mapping]] = ..., opportunity: _Optional[_Union[_opportunity_pb2.Opportunity, _Mapping]] = ..., verdict: _Optional[str] = ...) -> None: ...

class ProposeRelationsRequest(_message.Message):
    __slots__ = ("after",)
    AFTER_FIELD_NUMBER: _ClassVar[int]
    after: str
    def __init__(self, after: _Optional[str] = ...) -> None: ...

class ProposeRelationsResponse(_message.Message):
    __slots__ = ("relations", "more")
    RELATIONS_FIELD_NUMBER: _ClassVar[int]
    MORE_FIELD_NUMBER: _ClassVar[int]
    relations: _containers.RepeatedCompositeFieldContainer[ProposedRelation]
    more: bool
    def __init__(self, relations: _Optional[_Iterable[_Union[ProposedRelation, _Mapping]]] = ..., more: _Optional[bool] = ...) -> None: ...

class ProposedRelation(_message.Message):
    __slots__ = ("name", "kind", "markets", "note")
    NAME_FIELD_NUMBER: _ClassVar[int]
    KIND_FIELD_NUMBER: _ClassVar[int]
    MARKETS_FIELD_NUMBER: _ClassVar[int]
    NOTE_FIELD_NUMBER: _ClassVar[int]
    name: str
    kind: RelationKind
    markets: _containers.RepeatedCompositeFieldContainer[ProposedMarket]
    note: str
    def __init__(self, name: _Optional[str] = ..., kind: _Optional[_Union[RelationKind, str]] = ..., markets: _Optional[_Iterable[_Union[ProposedMarket, _Mapping]]] = ..., note: _Optional[str] = ...) -> None: ...

class ProposedMarket(_message.Message):
    __slots__ = ("slug", "title", "rules_sha256")
    SLUG_FIELD_NUMBER: _ClassVar[int]
    TITLE_FIELD_NUMBER: _ClassVar[int]
    RULES_SHA256_FIELD_NUMBER: _ClassVar[int]
    slug: str
    title: str
    rules_sha256: str
    def __init__(self, slug: _Optional[str] = ..., title: _Optional[str] = ..., rules_sha256: _Optional[str] = ...) -> None: ...
