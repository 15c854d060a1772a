import datetime

from google.protobuf import timestamp_pb2 as _timestamp_pb2
from polyarb.v1 import opportunity_pb2 as _opportunity_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class Side(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    SIDE_UNSPECIFIED: _ClassVar[Side]
    SIDE_BUY: _ClassVar[Side]
    SIDE_SELL: _ClassVar[Side]

class TimeInForce(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    TIME_IN_FORCE_UNSPECIFIED: _ClassVar[TimeInForce]
    TIME_IN_FORCE_GTC: _ClassVar[TimeInForce]
    TIME_IN_FORCE_GTD: _ClassVar[TimeInForce]
    TIME_IN_FORCE_FOK: _ClassVar[TimeInForce]
    TIME_IN_FORCE_FAK: _ClassVar[TimeInForce]

class OrderState(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    ORDER_STATE_UNSPECIFIED: _ClassVar[OrderState]
    ORDER_STATE_INTENT: _ClassVar[OrderState]
    ORDER_STATE_SENT: _ClassVar[OrderState]
    ORDER_STATE_LIVE: _ClassVar[OrderState]
    ORDER_STATE_DELAYED: _ClassVar[OrderState]
    ORDER_STATE_MATCHED: _ClassVar[OrderState]
    ORDER_STATE_REJECTED: _ClassVar[OrderState]
    ORDER_STATE_UNKNOWN: _ClassVar[OrderState]
    ORDER_STATE_CANCEL_SENT: _ClassVar[OrderState]
    ORDER_STATE_CANCELED: _ClassVar[OrderState]
    ORDER_STATE_ABSENT: _ClassVar[OrderState]

class TradeState(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    TRADE_STATE_UNSPECIFIED: _ClassVar[TradeState]
    TRADE_STATE_MATCHED: _ClassVar[TradeState]
    TRADE_STATE_MINED: _ClassVar[TradeState]
    TRADE_STATE_CONFIRMED: _ClassVar[TradeState]
    TRADE_STATE_RETRYING: _ClassVar[TradeState]
    TRADE_STATE_FAILED: _ClassVar[TradeState]

class BasketState(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    BASKET_STATE_UNSPECIFIED: _ClassVar[BasketState]
    BASKET_STATE_RESERVED: _ClassVar[BasketState]
    BASKET_STATE_WORKING: _ClassVar[BasketState]
    BASKET_STATE_REMEDY: _ClassVar[BasketState]
    BASKET_STATE_SETTLING: _ClassVar[BasketState]
    BASKET_STATE_CONVERTING: _ClassVar[BasketState]
    BASKET_STATE_HOLDING: _ClassVar[BasketState]
    BASKET_STATE_VOID: _ClassVar[BasketState]
    BASKET_STATE_COMPLETE: _ClassVar[BasketState]
    BASKET_STATE_HEDGED: _ClassVar[BasketState]
    BASKET_STATE_UNWOUND: _ClassVar[BasketState]
    BASKET_STATE_RESIDUAL: _ClassVar[BasketState]

class ChainActionKind(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    CHAIN_ACTION_KIND_UNSPECIFIED: _ClassVar[ChainActionKind]
    CHAIN_ACTION_KIND_SPLIT: _ClassVar[ChainActionKind]
    CHAIN_ACTION_KIND_MERGE: _ClassVar[ChainActionKind]
    CHAIN_ACTION_KIND_CONVERT: _ClassVar[ChainActionKind]
    CHAIN_ACTION_KIND_REDEEM: _ClassVar[ChainActionKind]

class ChainActionState(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    CHAIN_ACTION_STATE_UNSPECIFIED: _ClassVar[ChainActionState]
    CHAIN_ACTION_STATE_PENDING: _ClassVar[ChainActionState]
    CHAIN_ACTION_STATE_CONFIRMED: _ClassVar[ChainActionState]
    CHAIN_ACTION_STATE_FAILED: _ClassVar[ChainActionState]

class BindingConstraint(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    BINDING_CONSTRAINT_UNSPECIFIED: _ClassVar[BindingConstraint]
    BINDING_CONSTRAINT_DEPTH: _ClassVar[BindingConstraint]
    BINDING_CONSTRAINT_KELLY: _ClassVar[BindingConstraint]
    BINDING_CONSTRAINT_CAPITAL: _ClassVar[BindingConstraint]
    BINDING_CONSTRAINT_POSITION_SIZE: _ClassVar[BindingConstraint]
    BINDING_CONSTRAINT_EXPLORATION: _ClassVar[BindingConstraint]
    BINDING_CONSTRAINT_MAX_LOSS: _ClassVar[BindingConstraint]

class RefusalCode(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    REFUSAL_CODE_UNSPECIFIED: _ClassVar[RefusalCode]
    REFUSAL_CODE_HALTED: _ClassVar[RefusalCode]
    REFUSAL_CODE_DAILY_LOSS_LIMIT: _ClassVar[RefusalCode]
    REFUSAL_CODE_OPEN_POSITIONS_LIMIT: _ClassVar[RefusalCode]
    REFUSAL_CODE_POSITION_SIZE_LIMIT: _ClassVar[RefusalCode]
    REFUSAL_CODE_CAPITAL_LIMIT: _ClassVar[RefusalCode]
    REFUSAL_CODE_EXPLORATION_LIMIT: _ClassVar[RefusalCode]
    REFUSAL_CODE_TAIL_LOSS_LIMIT: _ClassVar[RefusalCode]
    REFUSAL_CODE_MIN_PROFIT: _ClassVar[RefusalCode]
    REFUSAL_CODE_MIN_DISCREPANCY: _ClassVar[RefusalCode]
    REFUSAL_CODE_MIN_CONFIDENCE: _ClassVar[RefusalCode]
    REFUSAL_CODE_KELLY_ZERO: _ClassVar[RefusalCode]
    REFUSAL_CODE_TOO_SMALL: _ClassVar[RefusalCode]
    REFUSAL_CODE_STALE: _ClassVar[RefusalCode]
    REFUSAL_CODE_BAD_CERTIFICATE: _ClassVar[RefusalCode]
    REFUSAL_CODE_DATA_ALARM: _ClassVar[RefusalCode]
    REFUSAL_CODE_VENUE_UNAVAILABLE: _ClassVar[RefusalCode]
    REFUSAL_CODE_AUTHORITY_LOST: _ClassVar[RefusalCode]
    REFUSAL_CODE_LEDGER_UNAVAILABLE: _ClassVar[RefusalCode]
    REFUSAL_CODE_ALREADY_OPEN: _ClassVar[RefusalCode]
    REFUSAL_CODE_DRY_RUN: _ClassVar[RefusalCode]
    REFUSAL_CODE_HURDLE_RATE: _ClassVar[RefusalCode]
    REFUSAL_CODE_WIDE_SPREAD: _ClassVar[RefusalCode]
SIDE_UNSPECIFIED: Side
SIDE_BUY: Side
SIDE_SELL: Side
TIME_IN_FORCE_UNSPECIFIED: TimeInForce
TIME_IN_FORCE_GTC: TimeInForce
TIME_IN_FORCE_GTD: TimeInForce
TIME_IN_FORCE_FOK: TimeInForce
TIME_IN_FORCE_FAK: TimeInForce
ORDER_STATE_UNSPECIFIED: OrderState
ORDER_STATE_INTENT: OrderState
ORDER_STATE_SENT: OrderState
ORDER_STATE_LIVE: OrderState
ORDER_STATE_DELAYED: OrderState
ORDER_STATE_MATCHED: OrderState
ORDER_STATE_REJECTED: OrderState
ORDER_STATE_UNKNOWN: OrderState
ORDER_STATE_CANCEL_SENT: OrderState
ORDER_STATE_CANCELED: OrderState
ORDER_STATE_ABSENT: OrderState
TRADE_STATE_UNSPECIFIED: TradeState
TRADE_STATE_MATCHED: TradeState
TRADE_STATE_MINED: TradeState
TRADE_STATE_CONFIRMED: TradeState
TRADE_STATE_RETRYING: TradeState
TRADE_STATE_FAILED: TradeState
BASKET_STATE_UNSPECIFIED: BasketState
BASKET_STATE_RESERVED: BasketState
BASKET_STATE_WORKING: BasketState
BASKET_STATE_REMEDY: BasketState
BASKET_STATE_SETTLING: BasketState
BASKET_STATE_CONVERTING: BasketState
BASKET_STATE_HOLDING: BasketState
BASKET_STATE_VOID: BasketState
BASKET_STATE_COMPLETE: BasketState
BASKET_STATE_HEDGED: BasketState
BASKET_STATE_UNWOUND: BasketState
BASKET_STATE_RESIDUAL: BasketState
CHAIN_ACTION_KIND_UNSPECIFIED: ChainActionKind
CHAIN_ACTION_KIND_SPLIT: ChainActionKind
CHAIN_ACTION_KIND_MERGE: ChainActionKind
CHAIN_ACTION_KIND_CONVERT: ChainActionKind
CHAIN_ACTION_KIND_REDEEM: ChainActionKind
CHAIN_ACTION_STATE_UNSPECIFIED: ChainActionState
CHAIN_ACTION_STATE_PENDING: ChainActionState
CHAIN_ACTION_STATE_CONFIRMED: ChainActionState
CHAIN_ACTION_STATE_FAILED: ChainActionState
BINDING_CONSTRAINT_UNSPECIFIED: BindingConstraint
BINDING_CONSTRAINT_DEPTH: BindingConstraint
BINDING_CONSTRAINT_KELLY: BindingConstraint
BINDING_CONSTRAINT_CAPITAL: BindingConstraint
BINDING_CONSTRAINT_POSITION_SIZE: BindingConstraint
BINDING_CONSTRAINT_EXPLORATION: BindingConstraint
BINDING_CONSTRAINT_MAX_LOSS: BindingConstraint
REFUSAL_CODE_UNSPECIFIED: RefusalCode
REFUSAL_CODE_HALTED: RefusalCode
REFUSAL_CODE_DAILY_LOSS_LIMIT: RefusalCode
REFUSAL_CODE_OPEN_POSITIONS_LIMIT: RefusalCode
REFUSAL_CODE_POSITION_SIZE_LIMIT: RefusalCode
REFUSAL_CODE_CAPITAL_LIMIT: RefusalCode
REFUSAL_CODE_EXPLORATION_LIMIT: RefusalCode
REFUSAL_CODE_TAIL_LOSS_LIMIT: RefusalCode
REFUSAL_CODE_MIN_PROFIT: RefusalCode
REFUSAL_CODE_MIN_DISCREPANCY: RefusalCode
REFUSAL_CODE_MIN_CONFIDENCE: RefusalCode
REFUSAL_CODE_KELLY_ZERO: RefusalCode
REFUSAL_CODE_TOO_SMALL: RefusalCode
REFUSAL_CODE_STALE: RefusalCode
REFUSAL_CODE_BAD_CERTIFICATE: RefusalCode
REFUSAL_CODE_DATA_ALARM: RefusalCode
REFUSAL_CODE_VENUE_UNAVAILABLE: RefusalCode
REFUSAL_CODE_AUTHORITY_LOST: RefusalCode
REFUSAL_CODE_LEDGER_UNAVAILABLE: RefusalCode
REFUSAL_CODE_ALREADY_OPEN: RefusalCode
REFUSAL_CODE_DRY_RUN: RefusalCode
REFUSAL_CODE_HURDLE_RATE: RefusalCode
REFUSAL_CODE_WIDE_SPREAD: RefusalCode

class Wallet(_message.Message):
    __slots__ = ("maker", "signer", "signature_type")
    MAKER_FIELD_NUMBER: _ClassVar[int]
    SIGNER_FIELD_NUMBER: _ClassVar[int]
    SIGNATURE_TYPE_FIELD_NUMBER: _ClassVar[int]
    maker: str
    signer: str
    signature_type: int
    def __init__(self, maker: _Optional[str] = ..., signer: _Optional[str] = ..., signature_type: _Optional[int] = ...) -> None: ...

class PlannedOrder(_message.Message):
    __slots__ = ("order_id", "leg", "attempt", "token_id", "condition_id", "side", "maker_amount_micros", "taker_amount_micros", "limit_price_micros", "time_in_force", "neg_risk", "salt", "timestamp_ms")
    ORDER_ID_FIELD_NUMBER: _ClassVar[int]
    LEG_FIELD_NUMBER: _ClassVar[int]
    ATTEMPT_FIELD_NUMBER: _ClassVar[int]
    TOKEN_ID_FIELD_NUMBER: _ClassVar[int]
    CONDITION_ID_FIELD_NUMBER: _ClassVar[int]
    SIDE_FIELD_NUMBER: _ClassVar[int]
    MAKER_AMOUNT_MICROS_FIELD_NUMBER: _ClassVar[int]
    TAKER_AMOUNT_MICROS_FIELD_NUMBER: _ClassVar[int]
    LIMIT_PRICE_MICROS_FIELD_NUMBER: _ClassVar[int]
    TIME_IN_FORCE_FIELD_NUMBER: _ClassVar[int]
    NEG_RISK_FIELD_NUMBER: _ClassVar[int]
    SALT_FIELD_NUMBER: _ClassVar[int]
    TIMESTAMP_MS_FIELD_NUMBER: _ClassVar[int]
    order_id: str
    leg: int
    attempt: int
    token_id: str
    condition_id: str
    side: Side
    maker_amount_micros: int
    taker_amount_micros: int
    limit_price_micros: int
    time_in_force: TimeInForce
    neg_risk: bool
    salt: int
    timestamp_ms: int
    def __init__(self, order_id: _Optional[str] = ..., leg: _Optional[int] = ..., attempt: _Optional[int] = ..., token_id: _Optional[str] = ..., condition_id: _Optional[str] = ..., side: _Optional[_Union[Side, str]] = ..., maker_amount_micros: _Optional[int] = ..., taker_amount_micros: _Optional[int] = ..., limit_price_micros: _Optional[int] = ..., time_in_force: _Optional[_Union[TimeInForce, str]] = ..., neg_risk: _Optional[bool] = ..., salt: _Optional[int] = ..., timestamp_ms: _Optional[int] = ...) -> None: ...

class RemedyEnvelope(_message.Message):
    __slots__ = ("leg", "complete_price_micros", "unwind_price_micros", "size_micros_max")
    LEG_FIELD_NUMBER: _ClassVar[int]
    COMPLETE_PRICE_MICROS_FIELD_NUMBER: _ClassVar[int]
    UNWIND_PRICE_MICROS_FIELD_NUMBER: _ClassVar[int]
    SIZE_MICROS_MAX_FIELD_NUMBER: _ClassVar[int]
    leg: int
    complete_price_micros: int
    unwind_price_micros: int
    size_micros_max: int
    def __init__(self, leg: _Optional[int] = ..., complete_price_micros: _Optional[int] = ..., unwind_price_micros: _Optional[int] = ..., size_micros_max: _Optional[int] = ...) -> None: ...

class Intent(_message.Message):
    __slots__ = ("intent_id", "opportunity", "wallet", "orders", "remedies", "reserved_micros", "worst_loss_micros", "binding_constraint", "confidence", "entry_deadline", "approval_time", "epoch", "live", "bucket")
    INTENT_ID_FIELD_NUMBER: _ClassVar[int]
    OPPORTUNITY_FIELD_NUMBER: _ClassVar[int]
    WALLET_FIELD_NUMBER: _ClassVar[int]
    ORDERS_FIELD_NUMBER: _ClassVar[int]
    REMEDIES_FIELD_NUMBER: _ClassVar[int]
    RESERVED_MICROS_FIELD_NUMBER: _ClassVar[int]
    WORST_LOSS_MICROS_FIELD_NUMBER: _ClassVar[int]
    BINDING_CONSTRAINT_FIELD_NUMBER: _ClassVar[int]
    CONFIDENCE_FIELD_NUMBER: _ClassVar[int]
    ENTRY_DEADLINE_FIELD_NUMBER: _ClassVar[int]
    APPROVAL_TIME_FIELD_NUMBER: _ClassVar[int]
    EPOCH_FIELD_NUMBER: _ClassVar[int]
    LIVE_FIELD_NUMBER: _ClassVar[int]
    BUCKET_FIELD_NUMBER: _ClassVar[int]
    intent_id: str
    opportunity: _opportunity_pb2.Opportunity
    wallet: Wallet
    orders: _containers.RepeatedCompositeFieldContainer[PlannedOrder]
    remedies: _containers.RepeatedCompositeFieldContainer[RemedyEnvelope]
    reserved_micros: int
    worst_loss_micros: int
    binding_constraint: BindingConstraint
    confidence: float
    entry_deadline: _timestamp_pb2.Timestamp
    approval_time: _timestamp_pb2.Timestamp
    epoch: int
    live: bool
    bucket: str
    def __init__(self, intent_id: _Optional[str] = ..., opportunity: _Optional[_Union[_opportunity_pb2.Opportunity, _Mapping]] = ..., wallet: _Optional[_Union[Wallet, _Mapping]] = ..., orders: _Optional[_Iterable[_Union[PlannedOrder, _Mapping]]] = ..., remedies: _Optional[_Iterable[_Union[RemedyEnvelope, _Mapping]]] = ..., reserved_micros: _Optional[int] = ..., worst_loss_micros: _Optional[int] = ..., binding_constraint: _Optional[_Union[BindingConstraint, str]] = ..., confidence: _Optional[float] = ..., entry_deadline: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., approval_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., epoch: _Optional[int] = ..., live: _Optional[bool] = ..., bucket: _Optional[str] = ...) -> None: ...

class OrderRecord(_message.Message):
    __slots__ = ("order_id", "leg", "attempt", "state", "reason")
    ORDER_ID_FIELD_NUMBER: _ClassVar[int]
    LEG_FIELD_NUMBER: _ClassVar[int]
    ATTEMPT_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    order_id: str
    leg: int
    attempt: int
    state: OrderState
    reason: str
    def __init__(self, order_id: _Optional[str] = ..., leg: _Optional[int] = ..., attempt: _Optional[int] = ..., state: _Optional[_Union[OrderState, str]] = ..., reason: _Optional[str] = ...) -> None: ...

class Fill(_message.Message):
    __slots__ = ("trade_id", "order_id", "bucket", "token_id", "condition_id", "side", "size_micros", "price_micros", "fee_micros", "taker", "state", "match_time")
    TRADE_ID_FIELD_NUMBER: _ClassVar[int]
    ORDER_ID_FIELD_NUMBER: _ClassVar[int]
    BUCKET_FIELD_NUMBER: _ClassVar[int]
    TOKEN_ID_FIELD_NUMBER: _ClassVar[int]
    CONDITION_ID_FIELD_NUMBER: _ClassVar[int]
    SIDE_FIELD_NUMBER: _ClassVar[int]
    SIZE_MICROS_FIELD_NUMBER: _ClassVar[int]
    PRICE_MICROS_FIELD_NUMBER: _ClassVar[int]
    FEE_MICROS_FIELD_NUMBER: _ClassVar[int]
    TAKER_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    MATCH_TIME_FIELD_NUMBER: _ClassVar[int]
    trade_id: str
    order_id: str
    bucket: int
    token_id: str
    condition_id: str
    side: Side
    size_micros: int
    price_micros: int
    fee_micros: int
    taker: bool
    state: TradeState
    match_time: _timestamp_pb2.Timestamp
    def __init__(self, trade_id: _Optional[str] = ..., order_id: _Optional[str] = ..., bucket: _Optional[int] = ..., token_id: _Optional[str] = ..., condition_id: _Optional[str] = ..., side: _Optional[_Union[Side, str]] = ..., size_micros: _Optional[int] = ..., price_micros: _Optional[int] = ..., fee_micros: _Optional[int] = ..., taker: _Optional[bool] = ..., state: _Optional[_Union[TradeState, str]] = ..., match_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class TokenDelta(_message.Message):
    __slots__ = ("token_id", "size_micros")
    TOKEN_ID_FIELD_NUMBER: _ClassVar[int]
    SIZE_MICROS_FIELD_NUMBER: _ClassVar[int]
    token_id: str
    size_micros: int
    def __init__(self, token_id: _Optional[str] = ..., size_micros: _Optional[int] = ...) -> None: ...

class ChainAction(_message.Message):
    __slots__ = ("action_id", "kind", "subject_id", "collateral_micros", "tokens", "state")
    ACTION_ID_FIELD_NUMBER: _ClassVar[int]
    KIND_FIELD_NUMBER: _ClassVar[int]
    SUBJECT_ID_FIELD_NUMBER: _ClassVar[int]
    COLLATERAL_MICROS_FIELD_NUMBER: _ClassVar[int]
    TOKENS_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    action_id: str
    kind: ChainActionKind
    subject_id: str
    collateral_micros: int
    tokens: _containers.RepeatedCompositeFieldContainer[TokenDelta]
    state: ChainActionState
    def __init__(self, action_id: _Optional[str] = ..., kind: _Optional[_Union[ChainActionKind, str]] = ..., subject_id: _Optional[str] = ..., collateral_micros: _Optional[int] = ..., tokens: _Optional[_Iterable[_Union[TokenDelta, _Mapping]]] = ..., state: _Optional[_Union[ChainActionState, str]] = ...) -> None: ...

class Execution(_message.Message):
    __slots__ = ("intent_id", "state", "orders", "fills", "actions", "reason")
    INTENT_ID_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    ORDERS_FIELD_NUMBER: _ClassVar[int]
    FILLS_FIELD_NUMBER: _ClassVar[int]
    ACTIONS_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    intent_id: str
    state: BasketState
    orders: _containers.RepeatedCompositeFieldContainer[OrderRecord]
    fills: _containers.RepeatedCompositeFieldContainer[Fill]
    actions: _containers.RepeatedCompositeFieldContainer[ChainAction]
    reason: str
    def __init__(self, intent_id: _Optional[str] = ..., state: _Optional[_Union[BasketState, str]] = ..., orders: _Optional[_Iterable[_Union[OrderRecord, _Mapping]]] = ..., fills: _Optional[_Iterable[_Union[Fill, _Mapping]]] = ..., actions: _Optional[_Iterable[_Union[ChainAction, _Mapping]]] = ..., reason: _Optional[str] = ...) -> None: ...

class Refused(_message.Message):
    __slots__ = ("code", "message")
    CODE_FIELD_NUMBER: _ClassVar[int]
    MESSAGE_FIELD_NUMBER: _ClassVar[int]
    code: RefusalCode
    message: str
    def __init__(self, code: _Optional[_Union[RefusalCode, str]] = ..., message: _Optional[str] = ...) -> None: ...

class Decision(_message.Message):
    __slots__ = ("decision_id", "opportunity", "approved", "refused", "decision_time")
    DECISION_ID_FIELD_NUMBER: _ClassVar[int]
    OPPORTUNITY_FIELD_NUMBER: _ClassVar[int]
    APPROVED_FIELD_NUMBER: _ClassVar[int]
    REFUSED_FIELD_NUMBER: _ClassVar[int]
    DECISION_TIME_FIELD_NUMBER: _ClassVar[int]
    decision_id: str
    opportunity: _opportunity_pb2.Opportunity
    approved: Intent
    refused: Refused
    decision_time: _timestamp_pb2.Timestamp
    def __init__(self, decision_id: _Optional[str] = ..., opportunity: _Optional[_Union[_opportunity_pb2.Opportunity, _Mapping]] = ..., approved: _Optional[_Union[Intent, _Mapping]] = ..., refused: _Optional[_Union[Refused, _Mapping]] = ..., decision_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...
