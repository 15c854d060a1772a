import datetime

from google.protobuf import timestamp_pb2 as _timestamp_pb2
from polyarb.v1 import order_pb2 as _order_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class Limits(_message.Message):
    __slots__ = ("daily_loss_micros_max", "open_positions_max", "bankroll_micros_max", "exploration_micros_max")
    DAILY_LOSS_MICROS_MAX_FIELD_NUMBER: _ClassVar[int]
    OPEN_POSITIONS_MAX_FIELD_NUMBER: _ClassVar[int]
    BANKROLL_MICROS_MAX_FIELD_NUMBER: _ClassVar[int]
    EXPLORATION_MICROS_MAX_FIELD_NUMBER: _ClassVar[int]
    daily_loss_micros_max: int
    open_positions_max: int
    bankroll_micros_max: int
    exploration_micros_max: int
    def __init__(self, daily_loss_micros_max: _Optional[int] = ..., open_positions_max: _Optional[int] = ..., bankroll_micros_max: _Optional[int] = ..., exploration_micros_max: _Optional[int] = ...) -> None: ...

class ReserveRequest(_message.Message):
    __slots__ = ("intent",)
    INTENT_FIELD_NUMBER: _ClassVar[int]
    intent: _order_pb2.Intent
    def __init__(self, intent: _Optional[_Union[_order_pb2.Intent, _Mapping]] = ...) -> None: ...

class ReserveResponse(_message.Message):
    __slots__ = ("intent_id", "reserved", "refused")
    INTENT_ID_FIELD_NUMBER: _ClassVar[int]
    RESERVED_FIELD_NUMBER: _ClassVar[int]
    REFUSED_FIELD_NUMBER: _ClassVar[int]
    intent_id: str
    reserved: Reserved
    refused: _order_pb2.Refused
    def __init__(self, intent_id: _Optional[str] = ..., reserved: _Optional[_Union[Reserved, _Mapping]] = ..., refused: _Optional[_Union[_order_pb2.Refused, _Mapping]] = ...) -> None: ...

class Reserved(_message.Message):
    __slots__ = ("epoch", "reserve_time")
    EPOCH_FIELD_NUMBER: _ClassVar[int]
    RESERVE_TIME_FIELD_NUMBER: _ClassVar[int]
    epoch: int
    reserve_time: _timestamp_pb2.Timestamp
    def __init__(self, epoch: _Optional[int] = ..., reserve_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class AcquireAuthorityRequest(_message.Message):
    __slots__ = ("request_id", "holder", "limits")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    HOLDER_FIELD_NUMBER: _ClassVar[int]
    LIMITS_FIELD_NUMBER: _ClassVar[int]
    request_id: str
    holder: str
    limits: Limits
    def __init__(self, request_id: _Optional[str] = ..., holder: _Optional[str] = ..., limits: _Optional[_Union[Limits, _Mapping]] = ...) -> None: ...

class AcquireAuthorityResponse(_message.Message):
    __slots__ = ("epoch",)
    EPOCH_FIELD_NUMBER: _ClassVar[int]
    epoch: int
    def __init__(self, epoch: _Optional[int] = ...) -> None: ...

class RecordIntentRequest(_message.Message):
    __slots__ = ("request_id", "intent_id", "orders")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    INTENT_ID_FIELD_NUMBER: _ClassVar[int]
    ORDERS_FIELD_NUMBER: _ClassVar[int]
    request_id: str
    intent_id: str
    orders: _containers.RepeatedCompositeFieldContainer[_order_pb2.PlannedOrder]
    def __init__(self, request_id: _Optional[str] = ..., intent_id: _Optional[str] = ..., orders: _Optional[_Iterable[_Union[_order_pb2.PlannedOrder, _Mapping]]] = ...) -> None: ...

class RecordIntentResponse(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class ListUnresolvedRequest(_message.Message):
    __slots__ = ("include_held", "page_token")
    INCLUDE_HELD_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    include_held: bool
    page_token: str
    def __init__(self, include_held: _Optional[bool] = ..., page_token: _Optional[str] = ...) -> None: ...

class ListUnresolvedResponse(_message.Message):
    __slots__ = ("baskets", "next_page_token")
    BASKETS_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    baskets: _containers.RepeatedCompositeFieldContainer[UnresolvedBasket]
    next_page_token: str
    def __init__(self, baskets: _Optional[_Iterable[_Union[UnresolvedBasket, _Mapping]]] = ..., next_page_token: _Optional[str] = ...) -> None: ...

class UnresolvedBasket(_message.Message):
    __slots__ = ("intent", "execution", "remedy_orders")
    INTENT_FIELD_NUMBER: _ClassVar[int]
    EXECUTION_FIELD_NUMBER: _ClassVar[int]
    REMEDY_ORDERS_FIELD_NUMBER: _ClassVar[int]
    intent: _order_pb2.Intent
    execution: _order_pb2.Execution
    remedy_orders: _containers.RepeatedCompositeFieldContainer[_order_pb2.PlannedOrder]
    def __init__(self, intent: _Optional[_Union[_order_pb2.Intent, _Mapping]] = ..., execution: _Optional[_Union[_order_pb2.Execution, _Mapping]] = ..., remedy_orders: _Optional[_Iterable[_Union[_order_pb2.PlannedOrder, _Mapping]]] = ...) -> None: ...

class VoidIntentRequest(_message.Message):
    __slots__ = ("request_id", "intent_id", "reason")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    INTENT_ID_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    request_id: str
    intent_id: str
    reason: str
    def __init__(self, request_id: _Optional[str] = ..., intent_id: _Optional[str] = ..., reason: _Optional[str] = ...) -> None: ...

class VoidIntentResponse(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class RecordExecutionRequest(_message.Message):
    __slots__ = ("execution",)
    EXECUTION_FIELD_NUMBER: _ClassVar[int]
    execution: _order_pb2.Execution
    def __init__(self, execution: _Optional[_Union[_order_pb2.Execution, _Mapping]] = ...) -> None: ...

class RecordExecutionResponse(_message.Message):
    __slots__ = ("net_micros",)
    NET_MICROS_FIELD_NUMBER: _ClassVar[int]
    net_micros: int
    def __init__(self, net_micros: _Optional[int] = ...) -> None: ...

class RecordDecisionsRequest(_message.Message):
    __slots__ = ("decisions",)
    DECISIONS_FIELD_NUMBER: _ClassVar[int]
    decisions: _containers.RepeatedCompositeFieldContainer[_order_pb2.Decision]
    def __init__(self, decisions: _Optional[_Iterable[_Union[_order_pb2.Decision, _Mapping]]] = ...) -> None: ...

class RecordDecisionsResponse(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class TokenBalance(_message.Message):
    __slots__ = ("token_id", "size_micros")
    TOKEN_ID_FIELD_NUMBER: _ClassVar[int]
    SIZE_MICROS_FIELD_NUMBER: _ClassVar[int]
    token_id: str
    size_micros: int
    def __init__(self, token_id: _Optional[str] = ..., size_micros: _Optional[int] = ...) -> None: ...

class ReportVenueStateRequest(_message.Message):
    __slots__ = ("request_id", "maker", "collateral_micros", "tokens", "read_time")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    MAKER_FIELD_NUMBER: _ClassVar[int]
    COLLATERAL_MICROS_FIELD_NUMBER: _ClassVar[int]
    TOKENS_FIELD_NUMBER: _ClassVar[int]
    READ_TIME_FIELD_NUMBER: _ClassVar[int]
    request_id: str
    maker: str
    collateral_micros: int
    tokens: _containers.RepeatedCompositeFieldContainer[TokenBalance]
    read_time: _timestamp_pb2.Timestamp
    def __init__(self, request_id: _Optional[str] = ..., maker: _Optional[str] = ..., collateral_micros: _Optional[int] = ..., tokens: _Optional[_Iterable[_Union[TokenBalance, _Mapping]]] = ..., read_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class ReportVenueStateResponse(_message.Message):
    __slots__ = ("breaks",)
    BREAKS_FIELD_NUMBER: _ClassVar[int]
    breaks: _containers.RepeatedCompositeFieldContainer[Break]
    def __init__(self, breaks: _Optional[_Iterable[_Union[Break, _Mapping]]] = ...) -> None: ...

class Break(_message.Message):
    __slots__ = ("asset", "ledger_micros", "venue_micros")
    ASSET_FIELD_NUMBER: _ClassVar[int]
    LEDGER_MICROS_FIELD_NUMBER: _ClassVar[int]
    VENUE_MICROS_FIELD_NUMBER: _ClassVar[int]
    asset: str
    ledger_micros: int
    venue_micros: int
    def __init__(self, asset: _Optional[str] = ..., ledger_micros: _Optional[int] = ..., venue_micros: _Optional[int] = ...) -> None: ...

class WatchPortfolioRequest(_message.Message):
    __slots__ = ("after_sequence",)
    AFTER_SEQUENCE_FIELD_NUMBER: _ClassVar[int]
    after_sequence: int
    def __init__(self, after_sequence: _Optional[int] = ...) -> None: ...

class WatchPortfolioResponse(_message.Message):
    __slots__ = ("sequence", "portfolio")
    SEQUENCE_FIELD_NUMBER: _ClassVar[int]
    PORTFOLIO_FIELD_NUMBER: _ClassVar[int]
    sequence: int
    portfolio: Portfolio
    def __init__(self, sequence: _Optional[int] = ..., portfolio: _Optional[_Union[Portfolio, _Mapping]] = ...) -> None: ...

class Portfolio(_message.Message):
    __slots__ = ("epoch", "halted", "halt_reason", "collateral_micros", "reserved_micros", "open_positions", "open_cost_micros", "open_worst_value_micros", "realised_today_micros", "worst_loss_held_micros", "exploration_today_micros", "opened", "outcomes", "open_event_ids", "break_count")
    EPOCH_FIELD_NUMBER: _ClassVar[int]
    HALTED_FIELD_NUMBER: _ClassVar[int]
    HALT_REASON_FIELD_NUMBER: _ClassVar[int]
    COLLATERAL_MICROS_FIELD_NUMBER: _ClassVar[int]
    RESERVED_MICROS_FIELD_NUMBER: _ClassVar[int]
    OPEN_POSITIONS_FIELD_NUMBER: _ClassVar[int]
    OPEN_COST_MICROS_FIELD_NUMBER: _ClassVar[int]
    OPEN_WORST_VALUE_MICROS_FIELD_NUMBER: _ClassVar[int]
    REALISED_TODAY_MICROS_FIELD_NUMBER: _ClassVar[int]
    WORST_LOSS_HELD_MICROS_FIELD_NUMBER: _ClassVar[int]
    EXPLORATION_TODAY_MICROS_FIELD_NUMBER: _ClassVar[int]
    OPENED_FIELD_NUMBER: _ClassVar[int]
    OUTCOMES_FIELD_NUMBER: _ClassVar[int]
    OPEN_EVENT_IDS_FIELD_NUMBER: _ClassVar[int]
    BREAK_COUNT_FIELD_NUMBER: _ClassVar[int]
    epoch: int
    halted: bool
    halt_reason: str
    collateral_micros: int
    reserved_micros: int
    open_positions: int
    open_cost_micros: int
    open_worst_value_micros: int
    realised_today_micros: int
    worst_loss_held_micros: int
    exploration_today_micros: int
    opened: bool
    outcomes: _containers.RepeatedCompositeFieldContainer[OutcomeCount]
    open_event_ids: _containers.RepeatedScalarFieldContainer[str]
    break_count: int
    def __init__(self, epoch: _Optional[int] = ..., halted: _Optional[bool] = ..., halt_reason: _Optional[str] = ..., collateral_micros: _Optional[int] = ..., reserved_micros: _Optional[int] = ..., open_positions: _Optional[int] = ..., open_cost_micros: _Optional[int] = ..., open_worst_value_micros: _Optional[int] = ..., realised_today_micros: _Optional[int] = ..., worst_loss_held_micros: _Optional[int] = ..., exploration_today_micros: _Optional[int] = ..., opened: _Optional[bool] = ..., outcomes: _Optional[_Iterable[_Union[OutcomeCount, _Mapping]]] = ..., open_event_ids: _Optional[_Iterable[str]] = ..., break_count: _Optional[int] = ...) -> None: ...

class OutcomeCount(_message.Message):
    __slots__ = ("bucket", "ended", "complete")
    BUCKET_FIELD_NUMBER: _ClassVar[int]
    ENDED_FIELD_NUMBER: _ClassVar[int]
    COMPLETE_FIELD_NUMBER: _ClassVar[int]
    bucket: str
    ended: int
    complete: int
    def __init__(self, bucket: _Optional[str] = ..., ended: _Optional[int] = ..., complete: _Optional[int] = ...) -> None: ...

class SetHaltRequest(_message.Message):
    __slots__ = ("request_id", "halted", "reason")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    HALTED_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    request_id: str
    halted: bool
    reason: str
    def __init__(self, request_id: _Optional[str] = ..., halted: _Optional[bool] = ..., reason: _Optional[str] = ...) -> None: ...

class SetHaltResponse(_message.Message):
    __slots__ = ("halted",)
    HALTED_FIELD_NUMBER: _ClassVar[int]
    halted: bool
    def __init__(self, halted: _Optional[bool] = ...) -> None: ...

class GetPerformanceRequest(_message.Message):
    __slots__ = ("start_time", "end_time")
    START_TIME_FIELD_NUMBER: _ClassVar[int]
    END_TIME_FIELD_NUMBER: _ClassVar[int]
    start_time: _timestamp_pb2.Timestamp
    end_time: _timestamp_pb2.Timestamp
    def __init__(self, start_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., end_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class GetPerformanceResponse(_message.Message):
    __slots__ = ("performance",)
    PERFORMANCE_FIELD_NUMBER: _ClassVar[int]
    performance: Performance
    def __init__(self, performance: _Optional[_Union[Performance, _Mapping]] = ...) -> None: ...

class Performance(_message.Message):
    __slots__ = ("total_trades", "successful_trades", "failed_trades", "winning_trades", "win_rate", "net_profit_micros", "sharpe_ratio", "max_drawdown_micros", "avg_profit_per_trade_micros", "fees_micros", "opportunity_count", "open_positions", "open_cost_micros", "open_worst_value_micros", "collateral_micros", "deposits_micros")
    TOTAL_TRADES_FIELD_NUMBER: _ClassVar[int]
    SUCCESSFUL_TRADES_FIELD_NUMBER: _ClassVar[int]
    FAILED_TRADES_FIELD_NUMBER: _ClassVar[int]
    WINNING_TRADES_FIELD_NUMBER: _ClassVar[int]
    WIN_RATE_FIELD_NUMBER: _ClassVar[int]
    NET_PROFIT_MICROS_FIELD_NUMBER: _ClassVar[int]
    SHARPE_RATIO_FIELD_NUMBER: _ClassVar[int]
    MAX_DRAWDOWN_MICROS_FIELD_NUMBER: _ClassVar[int]
    AVG_PROFIT_PER_TRADE_MICROS_FIELD_NUMBER: _ClassVar[int]
    FEES_MICROS_FIELD_NUMBER: _ClassVar[int]
    OPPORTUNITY_COUNT_FIELD_NUMBER: _ClassVar[int]
    OPEN_POSITIONS_FIELD_NUMBER: _ClassVar[int]
    OPEN_COST_MICROS_FIELD_NUMBER: _ClassVar[int]
    OPEN_WORST_VALUE_MICROS_FIELD_NUMBER: _ClassVar[int]
    COLLATERAL_MICROS_FIELD_NUMBER: _ClassVar[int]
    DEPOSITS_MICROS_FIELD_NUMBER: _ClassVar[int]
    total_trades: int
    successful_trades: int
    failed_trades: int
    winning_trades: int
    win_rate: float
    net_profit_micros: int
    sharpe_ratio: float
    max_drawdown_micros: int
    avg_profit_per_trade_micros: int
    fees_micros: int
    opportunity_count: int
    open_positions: int
    open_cost_micros: int
    open_worst_value_micros: int
    collateral_micros: int
    deposits_micros: int
    def __init__(self, total_trades: _Optional[int] = ..., successful_trades: _Optional[int] = ..., failed_trades: _Optional[int] = ..., winning_trades: _Optional[int] = ..., win_rate: _Optional[float] = ..., net_profit_micros: _Optional[int] = ..., sharpe_ratio: _Optional[float] = ..., max_drawdown_micros: _Optional[int] = ..., avg_profit_per_trade_micros: _Optional[int] = ..., fees_micros: _Optional[int] = ..., opportunity_count: _Optional[int] = ..., open_positions: _Optional[int] = ..., open_cost_micros: _Optional[int] = ..., open_worst_value_micros: _Optional[int] = ..., collateral_micros: _Optional[int] = ..., deposits_micros: _Optional[int] = ...) -> None: ...

class ListTradesRequest(_message.Message):
    __slots__ = ("page_size", "page_token")
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    page_size: int
    page_token: str
    def __init__(self, page_size: _Optional[int] = ..., page_token: _Optional[str] = ...) -> None: ...

class ListTradesResponse(_message.Message):
    __slots__ = ("trades", "next_page_token")
    TRADES_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    trades: _containers.RepeatedCompositeFieldContainer[Trade]
    next_page_token: str
    def __init__(self, trades: _Optional[_Iterable[_Union[Trade, _Mapping]]] = ..., next_page_token: _Optional[str] = ...) -> None: ...

class Trade(_message.Message):
    __slots__ = ("intent_id", "event_id", "title", "state", "net_micros", "fees_micros", "expected_micros", "open_time", "end_time")
    INTENT_ID_FIELD_NUMBER: _ClassVar[int]
    EVENT_ID_FIELD_NUMBER: _ClassVar[int]
    TITLE_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    NET_MICROS_FIELD_NUMBER: _ClassVar[int]
    FEES_MICROS_FIELD_NUMBER: _ClassVar[int]
    EXPECTED_MICROS_FIELD_NUMBER: _ClassVar[int]
    OPEN_TIME_FIELD_NUMBER: _ClassVar[int]
    END_TIME_FIELD_NUMBER: _ClassVar[int]
    intent_id: str
    event_id: str
    title: str
    state: _order_pb2.BasketState
    net_micros: int
    fees_micros: int
    expected_micros: int
    open_time: _timestamp_pb2.Timestamp
    end_time: _timestamp_pb2.Timestamp
    def __init__(self, intent_id: _Optional[str] = ..., event_id: _Optional[str] = ..., title: _Optional[str] = ..., state: _Optional[_Union[_order_pb2.BasketState, str]] = ..., net_micros: _Optional[int] = ..., fees_micros: _Optional[int] = ..., expected_micros: _Optional[int] = ..., open_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., end_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class ListPositionsRequest(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class ListPositionsResponse(_message.Message):
    __slots__ = ("collateral_micros", "tokens")
    COLLATERAL_MICROS_FIELD_NUMBER: _ClassVar[int]
    TOKENS_FIELD_NUMBER: _ClassVar[int]
    collateral_micros: int
    tokens: _containers.RepeatedCompositeFieldContainer[TokenBalance]
    def __init__(self, collateral_micros: _Optional[int] = ..., tokens: _Optional[_Iterable[_Union[TokenBalance, _Mapping]]] = ...) -> None: ...

class ExplainRequest(_message.Message):
    __slots__ = ("id",)
    ID_FIELD_NUMBER: _ClassVar[int]
    id: str
    def __init__(self, id: _Optional[str] = ...) -> None: ...

class ExplainResponse(_message.Message):
    __slots__ = ("decisions", "executions", "intents", "left_out_count")
    DECISIONS_FIELD_NUMBER: _ClassVar[int]
    EXECUTIONS_FIELD_NUMBER: _ClassVar[int]
    INTENTS_FIELD_NUMBER: _ClassVar[int]
    LEFT_OUT_COUNT_FIELD_NUMBER: _ClassVar[int]
    decisions: _containers.RepeatedCompositeFieldContainer[_order_pb2.Decision]
    executions: _containers.RepeatedCompositeFieldContainer[_order_pb2.Execution]
    intents: _containers.RepeatedCompositeFieldContainer[_order_pb2.Intent]
    left_out_count: int
    def __init__(self, decisions: _Optional[_Iterable[_Union[_order_pb2.Decision, _Mapping]]] = ..., executions: _Optional[_Iterable[_Union[_order_pb2.Execution, _Mapping]]] = ..., intents: _Optional[_Iterable[_Union[_order_pb2.Intent, _Mapping]]] = ..., left_out_count: _Optional[int] = ...) -> None: ...
