import datetime

from google.protobuf import timestamp_pb2 as _timestamp_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class GroupKind(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    GROUP_KIND_UNSPECIFIED: _ClassVar[GroupKind]
    GROUP_KIND_BINARY: _ClassVar[GroupKind]
    GROUP_KIND_EXACTLY_ONE: _ClassVar[GroupKind]
    GROUP_KIND_AT_MOST_ONE: _ClassVar[GroupKind]
    GROUP_KIND_LADDER: _ClassVar[GroupKind]
    GROUP_KIND_GENERAL: _ClassVar[GroupKind]

class Outcome(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    OUTCOME_UNSPECIFIED: _ClassVar[Outcome]
    OUTCOME_YES: _ClassVar[Outcome]
    OUTCOME_NO: _ClassVar[Outcome]
GROUP_KIND_UNSPECIFIED: GroupKind
GROUP_KIND_BINARY: GroupKind
GROUP_KIND_EXACTLY_ONE: GroupKind
GROUP_KIND_AT_MOST_ONE: GroupKind
GROUP_KIND_LADDER: GroupKind
GROUP_KIND_GENERAL: GroupKind
OUTCOME_UNSPECIFIED: Outcome
OUTCOME_YES: Outcome
OUTCOME_NO: Outcome

class Level(_message.Message):
    __slots__ = ("price_micros", "size_micros")
    PRICE_MICROS_FIELD_NUMBER: _ClassVar[int]
    SIZE_MICROS_FIELD_NUMBER: _ClassVar[int]
    price_micros: int
    size_micros: int
    def __init__(self, price_micros: _Optional[int] = ..., size_micros: _Optional[int] = ...) -> None: ...

class OrderBook(_message.Message):
    __slots__ = ("condition_id", "bids", "asks", "version", "receive_time", "quarantine_reason")
    CONDITION_ID_FIELD_NUMBER: _ClassVar[int]
    BIDS_FIELD_NUMBER: _ClassVar[int]
    ASKS_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    RECEIVE_TIME_FIELD_NUMBER: _ClassVar[int]
    QUARANTINE_REASON_FIELD_NUMBER: _ClassVar[int]
    condition_id: str
    bids: _containers.RepeatedCompositeFieldContainer[Level]
    asks: _containers.RepeatedCompositeFieldContainer[Level]
    version: int
    receive_time: _timestamp_pb2.Timestamp
    quarantine_reason: str
    def __init__(self, condition_id: _Optional[str] = ..., bids: _Optional[_Iterable[_Union[Level, _Mapping]]] = ..., asks: _Optional[_Iterable[_Union[Level, _Mapping]]] = ..., version: _Optional[int] = ..., receive_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., quarantine_reason: _Optional[str] = ...) -> None: ...

class FeeSchedule(_message.Message):
    __slots__ = ("rate_micros", "assumed")
    RATE_MICROS_FIELD_NUMBER: _ClassVar[int]
    ASSUMED_FIELD_NUMBER: _ClassVar[int]
    rate_micros: int
    assumed: bool
    def __init__(self, rate_micros: _Optional[int] = ..., assumed: _Optional[bool] = ...) -> None: ...

class Market(_message.Message):
    __slots__ = ("condition_id", "title", "yes_token_id", "no_token_id", "tick_size_micros", "min_order_size_micros", "fee", "best_bid_micros", "best_ask_micros", "quarantine_reason")
    CONDITION_ID_FIELD_NUMBER: _ClassVar[int]
    TITLE_FIELD_NUMBER: _ClassVar[int]
    YES_TOKEN_ID_FIELD_NUMBER: _ClassVar[int]
    NO_TOKEN_ID_FIELD_NUMBER: _ClassVar[int]
    TICK_SIZE_MICROS_FIELD_NUMBER: _ClassVar[int]
    MIN_ORDER_SIZE_MICROS_FIELD_NUMBER: _ClassVar[int]
    FEE_FIELD_NUMBER: _ClassVar[int]
    BEST_BID_MICROS_FIELD_NUMBER: _ClassVar[int]
    BEST_ASK_MICROS_FIELD_NUMBER: _ClassVar[int]
    QUARANTINE_REASON_FIELD_NUMBER: _ClassVar[int]
    condition_id: str
    title: str
    yes_token_id: str
    no_token_id: str
    tick_size_micros: int
    min_order_size_micros: int
    fee: FeeSchedule
    best_bid_micros: int
    best_ask_micros: int
    quarantine_reason: str
    def __init__(self, condition_id: _Optional[str] = ..., title: _Optional[str] = ..., yes_token_id: _Optional[str] = ..., no_token_id: _Optional[str] = ..., tick_size_micros: _Optional[int] = ..., min_order_size_micros: _Optional[int] = ..., fee: _Optional[_Union[FeeSchedule, _Mapping]] = ..., best_bid_micros: _Optional[int] = ..., best_ask_micros: _Optional[int] = ..., quarantine_reason: _Optional[str] = ...) -> None: ...

class Event(_message.Message):
    __slots__ = ("event_id", "slug", "title", "kind", "reason", "markets", "question_count")
    EVENT_ID_FIELD_NUMBER: _ClassVar[int]
    SLUG_FIELD_NUMBER: _ClassVar[int]
    TITLE_FIELD_NUMBER: _ClassVar[int]
    KIND_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    MARKETS_FIELD_NUMBER: _ClassVar[int]
    QUESTION_COUNT_FIELD_NUMBER: _ClassVar[int]
    event_id: str
    slug: str
    title: str
    kind: GroupKind
    reason: str
    markets: _containers.RepeatedCompositeFieldContainer[Market]
    question_count: int
    def __init__(self, event_id: _Optional[str] = ..., slug: _Optional[str] = ..., title: _Optional[str] = ..., kind: _Optional[_Union[GroupKind, str]] = ..., reason: _Optional[str] = ..., markets: _Optional[_Iterable[_Union[Market, _Mapping]]] = ..., question_count: _Optional[int] = ...) -> None: ...
