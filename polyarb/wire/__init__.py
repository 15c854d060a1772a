"""Core values <-> protobuf messages, both directions. Nobody else converts.

Reading raises BadInput naming the field: an unspecified or unknown enum, a missing message, a
number out of range. Writing never fails.
"""
