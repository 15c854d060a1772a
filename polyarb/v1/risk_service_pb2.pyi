from polyarb.v1 import opportunity_pb2 as _opportunity_pb2
from polyarb.v1 import order_pb2 as _order_pb2
from polyarb.v1 import scanner_service_pb2 as _scanner_service_pb2
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class WatchDecisionsRequest(_message.Message):
    __slots__ = ("after_sequence",)
    AFTER_SEQUENCE_FIELD_NUMBER: _ClassVar[int]
    after_sequence: int
    def __init__(self, after_sequence: _Optional[int] = ...) -> None: ...

class WatchDecisionsResponse(_message.Message):
    __slots__ = ("sequence", "decision", "sweep_finished")
    SEQUENCE_FIELD_NUMBER: _ClassVar[int]
    DECISION_FIELD_NUMBER: _ClassVar[int]
    SWEEP_FINISHED_FIELD_NUMBER: _ClassVar[int]
    sequence: int
    decision: _order_pb2.Decision
    sweep_finished: _scanner_service_pb2.ScanSummary
    def __init__(self, sequence: _Optional[int] = ..., decision: _Optional[_Union[_order_pb2.Decision, _Mapping]] = ..., sweep_finished: _Optional[_Union[_scanner_service_pb2.ScanSummary, _Mapping]] = ...) -> None: ...

class EvaluateRequest(_message.Message):
    __slots__ = ("opportunity",)
    OPPORTUNITY_FIELD_NUMBER: _ClassVar[int]
    opportunity: _opportunity_pb2.Opportunity
    def __init__(self, opportunity: _Optional[_Union[_opportunity_pb2.Opportunity, _Mapping]] = ...) -> None: ...

class EvaluateResponse(_message.Message):
    __slots__ = ("decision",)
    DECISION_FIELD_NUMBER: _ClassVar[int]
    decision: _order_pb2.Decision
    def __init__(self, decision: _Optional[_Union[_order_pb2.Decision, _Mapping]] = ...) -> None: ...

class GetStateRequest(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class GetStateResponse(_message.Message):
    __slots__ = ("halted", "halt_reason", "blocked_reason", "epoch", "capital_micros", "daily_loss_limit_micros", "daily_loss_used_micros", "open_positions_limit", "open_positions", "position_size_limit_micros", "dry_run", "mode", "scan_cycle_count", "opportunity_count", "approved_count", "refused_count")
    HALTED_FIELD_NUMBER: _ClassVar[int]
    HALT_REASON_FIELD_NUMBER: _ClassVar[int]
    BLOCKED_REASON_FIELD_NUMBER: _ClassVar[int]
    EPOCH_FIELD_NUMBER: _ClassVar[int]
    CAPITAL_MICROS_FIELD_NUMBER: _ClassVar[int]
    DAILY_LOSS_LIMIT_MICROS_FIELD_NUMBER: _ClassVar[int]
    DAILY_LOSS_USED_MICROS_FIELD_NUMBER: _ClassVar[int]
    OPEN_POSITIONS_LIMIT_FIELD_NUMBER: _ClassVar[int]
    OPEN_POSITIONS_FIELD_NUMBER: _ClassVar[int]
    POSITION_SIZE_LIMIT_MICROS_FIELD_NUMBER: _ClassVar[int]
    DRY_RUN_FIELD_NUMBER: _ClassVar[int]
    MODE_FIELD_NUMBER: _ClassVar[int]
    SCAN_CYCLE_COUNT_FIELD_NUMBER: _ClassVar[int]
    OPPORTUNITY_COUNT_FIELD_NUMBER: _ClassVar[int]
    APPROVED_COUNT_FIELD_NUMBER: _ClassVar[int]
    REFUSED_COUNT_FIELD_NUMBER: _ClassVar[int]
    halted: bool
    halt_reason: str
    blocked_reason: str
    epoch: int
    capital_micros: int
    daily_loss_limit_micros: int
    daily_loss_used_micros: int
    open_positions_limit: int
    open_positions: int
    position_size_limit_micros: int
    dry_run: bool
    mode: str
    scan_cycle_count: int
    opportunity_count: int
    approved_count: int
    refused_count: int
    def __init__(self, halted: _Optional[bool] = ..., halt_reason: _Optional[str] = ..., blocked_reason: _Optional[str] = ..., epoch: _Optional[int] = ..., capital_micros: _Optional[int] = ..., daily_loss_limit_micros: _Optional[int] = ..., daily_loss_used_micros: _Optional[int] = ..., open_positions_limit: _Optional[int] = ..., open_positions: _Optional[int] = ..., position_size_limit_micros: _Optional[int] = ..., dry_run: _Optional[bool] = ..., mode: _Optional[str] = ..., scan_cycle_count: _Optional[int] = ..., opportunity_count: _Optional[int] = ..., approved_count: _Optional[int] = ..., refused_count: _Optional[int] = ...) -> None: ...

class HaltRequest(_message.Message):
    __slots__ = ("request_id", "reason")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    request_id: str
    reason: str
    def __init__(self, request_id: _Optional[str] = ..., reason: _Optional[str] = ...) -> None: ...

class HaltResponse(_message.Message):
    __slots__ = ("halted",)
    HALTED_FIELD_NUMBER: _ClassVar[int]
    halted: bool
    def __init__(self, halted: _Optional[bool] = ...) -> None: ...

class ResumeRequest(_message.Message):
    __slots__ = ("request_id", "acknowledged_reason")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    ACKNOWLEDGED_REASON_FIELD_NUMBER: _ClassVar[int]
    request_id: str
    acknowledged_reason: str
    def __init__(self, request_id: _Optional[str] = ..., acknowledged_reason: _Optional[str] = ...) -> None: ...

class ResumeResponse(_message.Message):
    __slots__ = ("halted",)
    HALTED_FIELD_NUMBER: _ClassVar[int]
    halted: bool
    def __init__(self, halted: _Optional[bool] = ...) -> None: ...
