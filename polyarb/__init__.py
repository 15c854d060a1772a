"""What more than one polyarb service needs.

Four floors, no arrow upwards: `core` (pure); `wire`, `chassis` and `venues`; `clients`; `cli`.
Nothing in here imports `services`.
"""
