from polyarb.v1 import order_pb2 as _order_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class ExecuteRequest(_message.Message):
    __slots__ = ("intent",)
    INTENT_FIELD_NUMBER: _ClassVar[int]
    intent: _order_pb2.Intent
    def __init__(self, intent: _Optional[_Union[_order_pb2.Intent, _Mapping]] = ...) -> None: ...

class ExecuteResponse(_message.Message):
    __slots__ = ("intent_id", "refused_reason")
    INTENT_ID_FIELD_NUMBER: _ClassVar[int]
    REFUSED_REASON_FIELD_NUMBER: _ClassVar[int]
    intent_id: str
    refused_reason: str
    def __init__(self, intent_id: _Optional[str] = ..., refused_reason: _Optional[str] = ...) -> None: ...

class GetExecutionRequest(_message.Message):
    __slots__ = ("intent_id",)
    INTENT_ID_FIELD_NUMBER: _ClassVar[int]
    intent_id: str
    def __init__(self, intent_id: _Optional[str] = ...) -> None: ...

class GetExecutionResponse(_message.Message):
    __slots__ = ("execution",)
    EXECUTION_FIELD_NUMBER: _ClassVar[int]
    execution: _order_pb2.Execution
    def __init__(self, execution: _Optional[_Union[_order_pb2.Execution, _Mapping]] = ...) -> None: ...

class WatchExecutionsRequest(_message.Message):
    __slots__ = ("after_sequence",)
    AFTER_SEQUENCE_FIELD_NUMBER: _ClassVar[int]
    after_sequence: int
    def __init__(self, after_sequence: _Optional[int] = ...) -> None: ...

class WatchExecutionsResponse(_message.Message):
    __slots__ = ("sequence", "execution")
    SEQUENCE_FIELD_NUMBER: _ClassVar[int]
    EXECUTION_FIELD_NUMBER: _ClassVar[int]
    sequence: int
    execution: _order_pb2.Execution
    def __init__(self, sequence: _Optional[int] = ..., execution: _Optional[_Union[_order_pb2.Execution, _Mapping]] = ...) -> None: ...

class CancelAllRequest(_message.Message):
    __slots__ = ("request_id",)
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    request_id: str
    def __init__(self, request_id: _Optional[str] = ...) -> None: ...

class CancelAllResponse(_message.Message):
    __slots__ = ("order_ids",)
    ORDER_IDS_FIELD_NUMBER: _ClassVar[int]
    order_ids: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, order_ids: _Optional[_Iterable[str]] = ...) -> None: ...

class GetWalletRequest(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class GetWalletResponse(_message.Message):
    __slots__ = ("wallet", "blocked_reason", "open_basket_count", "collateral_micros")
    WALLET_FIELD_NUMBER: _ClassVar[int]
    BLOCKED_REASON_FIELD_NUMBER: _ClassVar[int]
    OPEN_BASKET_COUNT_FIELD_NUMBER: _ClassVar[int]
    COLLATERAL_MICROS_FIELD_NUMBER: _ClassVar[int]
    wallet: _order_pb2.Wallet
    blocked_reason: str
    open_basket_count: int
    collateral_micros: int
    def __init__(self, wallet: _Optional[_Union[_order_pb2.Wallet, _Mapping]] = ..., blocked_reason: _Optional[str] = ..., open_basket_count: _Optional[int] = ..., collateral_micros: _Optional[int] = ...) -> None: ...
