"""Generated from proto/polyarb/v1 by `make proto`. Never edited."""
