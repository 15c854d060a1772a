"""The operator's command `polyarb`: run the whole system, look at it, halt it.

`run` starts the same processes that a cluster runs (`python -m services.<name>`) and never imports
them. The other commands are gRPC clients of services that run already.
"""

from typing import Final

VERSION: Final = "0.1.0"
