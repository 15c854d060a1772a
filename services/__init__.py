"""The four services. None imports another; what two of them need lives in `polyarb`."""
