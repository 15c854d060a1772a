import datetime

from google.protobuf import timestamp_pb2 as _timestamp_pb2
from polyarb.v1 import market_pb2 as _market_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class AlarmKind(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    ALARM_KIND_UNSPECIFIED: _ClassVar[AlarmKind]
    ALARM_KIND_CROSSED_BOOK: _ClassVar[AlarmKind]
    ALARM_KIND_MIRROR_MISMATCH: _ClassVar[AlarmKind]
    ALARM_KIND_TOP_MISMATCH: _ClassVar[AlarmKind]
    ALARM_KIND_REST_MISMATCH: _ClassVar[AlarmKind]
    ALARM_KIND_PARSE_FAILURE: _ClassVar[AlarmKind]
    ALARM_KIND_TICK_CHANGED: _ClassVar[AlarmKind]
    ALARM_KIND_LINK_LOST: _ClassVar[AlarmKind]
    ALARM_KIND_STALE: _ClassVar[AlarmKind]
ALARM_KIND_UNSPECIFIED: AlarmKind
ALARM_KIND_CROSSED_BOOK: AlarmKind
ALARM_KIND_MIRROR_MISMATCH: AlarmKind
ALARM_KIND_TOP_MISMATCH: AlarmKind
ALARM_KIND_REST_MISMATCH: AlarmKind
ALARM_KIND_PARSE_FAILURE: AlarmKind
ALARM_KIND_TICK_CHANGED: AlarmKind
ALARM_KIND_LINK_LOST: AlarmKind
ALARM_KIND_STALE: AlarmKind

class Leg(_message.Message):
    __slots__ = ("market_index", "condition_id", "question_id", "title", "token_id", "complement_token_id", "outcome", "neg_risk", "tick_size_micros", "min_order_size_micros", "fee", "fee_read_time", "levels", "exit_levels", "book_version", "book_time", "depth_micros")
    MARKET_INDEX_FIELD_NUMBER: _ClassVar[int]
    CONDITION_ID_FIELD_NUMBER: _ClassVar[int]
    QUESTION_ID_FIELD_NUMBER: _ClassVar[int]
    TITLE_FIELD_NUMBER: _ClassVar[int]
    TOKEN_ID_FIELD_NUMBER: _ClassVar[int]
    COMPLEMENT_TOKEN_ID_FIELD_NUMBER: _ClassVar[int]
    OUTCOME_FIELD_NUMBER: _ClassVar[int]
    NEG_RISK_FIELD_NUMBER: _ClassVar[int]
    TICK_SIZE_MICROS_FIELD_NUMBER: _ClassVar[int]
    MIN_ORDER_SIZE_MICROS_FIELD_NUMBER: _ClassVar[int]
    FEE_FIELD_NUMBER: _ClassVar[int]
    FEE_READ_TIME_FIELD_NUMBER: _ClassVar[int]
    LEVELS_FIELD_NUMBER: _ClassVar[int]
    EXIT_LEVELS_FIELD_NUMBER: _ClassVar[int]
    BOOK_VERSION_FIELD_NUMBER: _ClassVar[int]
    BOOK_TIME_FIELD_NUMBER: _ClassVar[int]
    DEPTH_MICROS_FIELD_NUMBER: _ClassVar[int]
    market_index: int
    condition_id: str
    question_id: str
    title: str
    token_id: str
    complement_token_id: str
    outcome: _market_pb2.Outcome
    neg_risk: bool
    tick_size_micros: int
    min_order_size_micros: int
    fee: _market_pb2.FeeSchedule
    fee_read_time: _timestamp_pb2.Timestamp
    levels: _containers.RepeatedCompositeFieldContainer[_market_pb2.Level]
    exit_levels: _containers.RepeatedCompositeFieldContainer[_market_pb2.Level]
    book_version: int
    book_time: _timestamp_pb2.Timestamp
    depth_micros: int
    def __init__(self, market_index: _Optional[int] = ..., condition_id: _Optional[str] = ..., question_id: _Optional[str] = ..., title: _Optional[str] = ..., token_id: _Optional[str] = ..., complement_token_id: _Optional[str] = ..., outcome: _Optional[_Union[_market_pb2.Outcome, str]] = ..., neg_risk: _Optional[bool] = ..., tick_size_micros: _Optional[int] = ..., min_order_size_micros: _Optional[int] = ..., fee: _Optional[_Union[_market_pb2.FeeSchedule, _Mapping]] = ..., fee_read_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., levels: _Optional[_Iterable[_Union[_market_pb2.Level, _Mapping]]] = ..., exit_levels: _Optional[_Iterable[_Union[_market_pb2.Level, _Mapping]]] = ..., book_version: _Optional[int] = ..., book_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., depth_micros: _Optional[int] = ...) -> None: ...

class Tranche(_message.Message):
    __slots__ = ("size_micros", "legs")
    SIZE_MICROS_FIELD_NUMBER: _ClassVar[int]
    LEGS_FIELD_NUMBER: _ClassVar[int]
    size_micros: int
    legs: _containers.RepeatedScalarFieldContainer[int]
    def __init__(self, size_micros: _Optional[int] = ..., legs: _Optional[_Iterable[int]] = ...) -> None: ...

class TailWorld(_message.Message):
    __slots__ = ("name", "profit_micros")
    NAME_FIELD_NUMBER: _ClassVar[int]
    PROFIT_MICROS_FIELD_NUMBER: _ClassVar[int]
    name: str
    profit_micros: int
    def __init__(self, name: _Optional[str] = ..., profit_micros: _Optional[int] = ...) -> None: ...

class Certificate(_message.Message):
    __slots__ = ("worst_world", "payoff_micros", "cost_micros", "fees_micros", "guaranteed_micros", "settle_now_micros", "face_micros", "tail_worlds", "digest")
    WORST_WORLD_FIELD_NUMBER: _ClassVar[int]
    PAYOFF_MICROS_FIELD_NUMBER: _ClassVar[int]
    COST_MICROS_FIELD_NUMBER: _ClassVar[int]
    FEES_MICROS_FIELD_NUMBER: _ClassVar[int]
    GUARANTEED_MICROS_FIELD_NUMBER: _ClassVar[int]
    SETTLE_NOW_MICROS_FIELD_NUMBER: _ClassVar[int]
    FACE_MICROS_FIELD_NUMBER: _ClassVar[int]
    TAIL_WORLDS_FIELD_NUMBER: _ClassVar[int]
    DIGEST_FIELD_NUMBER: _ClassVar[int]
    worst_world: _containers.RepeatedScalarFieldContainer[int]
    payoff_micros: int
    cost_micros: int
    fees_micros: int
    guaranteed_micros: int
    settle_now_micros: int
    face_micros: int
    tail_worlds: _containers.RepeatedCompositeFieldContainer[TailWorld]
    digest: str
    def __init__(self, worst_world: _Optional[_Iterable[int]] = ..., payoff_micros: _Optional[int] = ..., cost_micros: _Optional[int] = ..., fees_micros: _Optional[int] = ..., guaranteed_micros: _Optional[int] = ..., settle_now_micros: _Optional[int] = ..., face_micros: _Optional[int] = ..., tail_worlds: _Optional[_Iterable[_Union[TailWorld, _Mapping]]] = ..., digest: _Optional[str] = ...) -> None: ...

class Opportunity(_message.Message):
    __slots__ = ("opportunity_id", "event_id", "slug", "title", "kind", "reason", "neg_risk_market_id", "fee_bips", "market_count", "question_count", "end_time", "legs", "tranches", "certificate", "best_profit_micros", "first_seen_time", "detected_time", "logic")
    OPPORTUNITY_ID_FIELD_NUMBER: _ClassVar[int]
    EVENT_ID_FIELD_NUMBER: _ClassVar[int]
    SLUG_FIELD_NUMBER: _ClassVar[int]
    TITLE_FIELD_NUMBER: _ClassVar[int]
    KIND_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    NEG_RISK_MARKET_ID_FIELD_NUMBER: _ClassVar[int]
    FEE_BIPS_FIELD_NUMBER: _ClassVar[int]
    MARKET_COUNT_FIELD_NUMBER: _ClassVar[int]
    QUESTION_COUNT_FIELD_NUMBER: _ClassVar[int]
    END_TIME_FIELD_NUMBER: _ClassVar[int]
    LEGS_FIELD_NUMBER: _ClassVar[int]
    TRANCHES_FIELD_NUMBER: _ClassVar[int]
    CERTIFICATE_FIELD_NUMBER: _ClassVar[int]
    BEST_PROFIT_MICROS_FIELD_NUMBER: _ClassVar[int]
    FIRST_SEEN_TIME_FIELD_NUMBER: _ClassVar[int]
    DETECTED_TIME_FIELD_NUMBER: _ClassVar[int]
    LOGIC_FIELD_NUMBER: _ClassVar[int]
    opportunity_id: str
    event_id: str
    slug: str
    title: str
    kind: _market_pb2.GroupKind
    reason: str
    neg_risk_market_id: str
    fee_bips: int
    market_count: int
    question_count: int
    end_time: _timestamp_pb2.Timestamp
    legs: _containers.RepeatedCompositeFieldContainer[Leg]
    tranches: _containers.RepeatedCompositeFieldContainer[Tranche]
    certificate: Certificate
    best_profit_micros: int
    first_seen_time: _timestamp_pb2.Timestamp
    detected_time: _timestamp_pb2.Timestamp
    logic: Logic
    def __init__(self, opportunity_id: _Optional[str] = ..., event_id: _Optional[str] = ..., slug: _Optional[str] = ..., title: _Optional[str] = ..., kind: _Optional[_Union[_market_pb2.GroupKind, str]] = ..., reason: _Optional[str] = ..., neg_risk_market_id: _Optional[str] = ..., fee_bips: _Optional[int] = ..., market_count: _Optional[int] = ..., question_count: _Optional[int] = ..., end_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., legs: _Optional[_Iterable[_Union[Leg, _Mapping]]] = ..., tranches: _Optional[_Iterable[_Union[Tranche, _Mapping]]] = ..., certificate: _Optional[_Union[Certificate, _Mapping]] = ..., best_profit_micros: _Optional[int] = ..., first_seen_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., detected_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., logic: _Optional[_Union[Logic, _Mapping]] = ...) -> None: ...

class Logic(_message.Message):
    __slots__ = ("cliques", "clauses")
    CLIQUES_FIELD_NUMBER: _ClassVar[int]
    CLAUSES_FIELD_NUMBER: _ClassVar[int]
    cliques: _containers.RepeatedCompositeFieldContainer[Literals]
    clauses: _containers.RepeatedCompositeFieldContainer[Literals]
    def __init__(self, cliques: _Optional[_Iterable[_Union[Literals, _Mapping]]] = ..., clauses: _Optional[_Iterable[_Union[Literals, _Mapping]]] = ...) -> None: ...

class Literals(_message.Message):
    __slots__ = ("literals",)
    LITERALS_FIELD_NUMBER: _ClassVar[int]
    literals: _containers.RepeatedScalarFieldContainer[int]
    def __init__(self, literals: _Optional[_Iterable[int]] = ...) -> None: ...

class DataAlarm(_message.Message):
    __slots__ = ("kind", "event_id", "condition_id", "message", "edge_micros", "time")
    KIND_FIELD_NUMBER: _ClassVar[int]
    EVENT_ID_FIELD_NUMBER: _ClassVar[int]
    CONDITION_ID_FIELD_NUMBER: _ClassVar[int]
    MESSAGE_FIELD_NUMBER: _ClassVar[int]
    EDGE_MICROS_FIELD_NUMBER: _ClassVar[int]
    TIME_FIELD_NUMBER: _ClassVar[int]
    kind: AlarmKind
    event_id: str
    condition_id: str
    message: str
    edge_micros: int
    time: _timestamp_pb2.Timestamp
    def __init__(self, kind: _Optional[_Union[AlarmKind, str]] = ..., event_id: _Optional[str] = ..., condition_id: _Optional[str] = ..., message: _Optional[str] = ..., edge_micros: _Optional[int] = ..., time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...
