"""Recordings of a live feed."""

import json
from io import BytesIO
from pathlib import Path

import pytest

from polyarb.venues.base import LinkChange, LinkState
from polyarb.venues.recording import Recorder

LOST = LinkChange(token_ids=("1", "2"), state=LinkState.LOST, receive_time_ns=9)


def lines(path: Path) -> list[object]:
    return [json.loads(line) for line in path.read_bytes().splitlines()]


def test_everything_is_written_in_order(tmp_path: Path) -> None:
    """Events, messages with their time, and what happened to the links."""
    path = tmp_path / "feed.jsonl"
    recorder = Recorder(path)

    recorder.event(b'{"slug":"x"}')
    recorder.frame(b'{"event_type":"book","size":1.10}', receive_time_ns=7)
    recorder.link(LOST)
    recorder.close()

    assert lines(path) == [
        {"event": {"slug": "x"}},
        {"receive_time_ns": 7, "frame": {"event_type": "book", "size": 1.1}},
        {"receive_time_ns": 9, "link": "LOST", "token_ids": ["1", "2"]},
    ]


def test_a_message_keeps_its_bytes(tmp_path: Path) -> None:
    """Numbers are not rewritten: 1.10 stays 1.10."""
    path = tmp_path / "feed.jsonl"
    recorder = Recorder(path)

    recorder.frame(b'{"size":1.10,  "a":[]}', receive_time_ns=7)
    recorder.close()

    assert b'{"size":1.10,  "a":[]}' in path.read_bytes()


@pytest.mark.parametrize("frame", [b"PONG", b'{"torn', b'{\n"a":1}', b"\xff"])
def test_what_is_no_json_on_one_line_is_kept_as_text(tmp_path: Path, frame: bytes) -> None:
    """Also what was torn is evidence, and never breaks the lines of the file."""
    path = tmp_path / "feed.jsonl"
    recorder = Recorder(path)

    recorder.frame(frame, receive_time_ns=7)
    recorder.close()

    assert lines(path) == [{"receive_time_ns": 7, "frame": frame.decode(errors="replace")}]


def test_a_full_recording_stops_on_a_whole_line(tmp_path: Path) -> None:
    """The feed goes on; the file ends before the line that did not fit."""
    path = tmp_path / "feed.jsonl"
    recorder = Recorder(path, bytes_max=100)

    for n in range(10):
        recorder.frame(b"[]", receive_time_ns=n)

    assert recorder.stopped
    assert [line["receive_time_ns"] for line in lines(path) if isinstance(line, dict)] == [0, 1, 2]


def test_an_old_recording_is_never_overwritten(tmp_path: Path) -> None:
    """A recording cannot be made again."""
    path = tmp_path / "feed.jsonl"
    path.write_text("precious")

    with pytest.raises(FileExistsError):
        Recorder(path)


class FullDisk(BytesIO):
    """A file on a disk without room."""

    def write(self, _: object) -> int:
        raise OSError(28, "No space left on device")


def test_a_full_disk_does_not_disturb_the_feed(tmp_path: Path) -> None:
    """Recording ends; whoever feeds it sees no error, then or later."""
    recorder = Recorder(tmp_path / "feed.jsonl")
    recorder.close()
    recorder._file = FullDisk()

    recorder.frame(b"[]", receive_time_ns=1)
    recorder.frame(b"[]", receive_time_ns=2)

    assert recorder.stopped
