"""Names of classes in ``data.yaml`` and ``classes.txt``, beside annotations in the format of YOLO."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from ._targets import file_error, read_text

Line = tuple[int, str]  # its number and its text

_QUOTED = re.compile(r"""'((?:[^']|'')*)'|"((?:[^"\\]|\\["\\/])*)\"""")
_COMMENT = re.compile(r"(?:^|\s)#.*")
# within brackets: blanks and comments, a text without quotes, the number of a class
_GAP = re.compile(r"(?:\s|(?<!\S)#.*)*")
_PLAIN = re.compile(r"(?:[^,\[\]{}#\n]|(?<=\S)#)*")
_KEY = re.compile(r"(\d{1,9})\s*:\s+")
_ITEM = re.compile(r"-\s+(.*)")
_PAIR = re.compile(r"(\d{1,9})\s*:\s+(.*)")


def read_names(path: Path) -> dict[int, str]:
    """Return the names of classes by their number.

    Parameters
    ----------
    path : Path
        ``classes.txt``, with a name on each line, or a YAML file with ``names``, a list or a mapping of ints to text,
        in brackets or with an entry on each line. Other entries of the YAML file are not looked at.

    Raises
    ------
    ValueError
        If there are no names, or in another form.
    """
    lines = list(enumerate(read_text(path).split("\n"), 1))
    if path.suffix == ".txt":
        names = [text.strip() for _, text in lines]
        while names and not names[-1]:
            names.pop()
        return dict(enumerate(names))
    start = next((i for i, (_, text) in enumerate(lines) if re.match(r"names\s*:(\s|$)", text)), None)
    if start is None:
        raise file_error(path, "there is no 'names'.")
    number, text = lines[start]
    rest = text.partition(":")[2].strip()
    try:
        if rest[:1] in ("[", "{"):
            return _read_flow("\n".join([rest, *(text for _, text in lines[start + 1 :])]))
        if _COMMENT.sub("", rest):
            raise ValueError("'names' must be a list or a mapping.")
    except ValueError as error:
        raise file_error(path, str(error), number) from error
    return _read_block(path, list(_block(lines[start + 1 :])), number)


def _block(lines: list[Line]) -> Iterator[Line]:
    """Yield the lines that belong to the entry before them, blank ones left out."""
    for number, text in lines:
        if _COMMENT.sub("", text).strip():
            if not text.startswith((" ", "- ")):
                return
            yield number, text.strip()


def _read_block(path: Path, lines: list[Line], start: int) -> dict[int, str]:
    """Return the names in a list or a mapping with an entry on each line."""
    if not lines:
        raise file_error(path, "'names' is empty.", start)
    names: dict[int, str] = {}
    pattern = _ITEM if lines[0][1].startswith("-") else _PAIR
    for number, text in lines:
        match = pattern.fullmatch(text)
        try:
            if match is None:
                raise ValueError("'names' must be a list of names, or a mapping of ints to names.")
            _add(names, len(names) if pattern is _ITEM else int(match[1]), _scalar(match[match.re.groups]))
        except ValueError as error:
            raise file_error(path, str(error), number) from error
    return names


def _read_flow(text: str) -> dict[int, str]:
    """Return the names in a list or a mapping in brackets."""
    end = {"[": "]", "{": "}"}[text[0]]
    names: dict[int, str] = {}
    position = 1
    while True:
        position = _end(_GAP, text, position)
        if text[position : position + 1] == end:
            return names
        number = len(names)
        if end == "}":
            key = _KEY.match(text, position)
            if key is None:
                raise ValueError("'names' must be a mapping of ints to names.")
            number, position = int(key[1]), key.end()
        start = position
        position = _end(_QUOTED if text[start : start + 1] in ("'", '"') else _PLAIN, text, start)
        _add(names, number, _scalar(text[start:position]))
        position = _end(_GAP, text, position)
        if text[position : position + 1] == ",":
            position += 1
        elif text[position : position + 1] != end:
            raise ValueError(f"'names' needs a comma or {end!r} after {text[start:position].strip()!r:.80}.")


def _end(pattern: re.Pattern[str], text: str, start: int) -> int:
    """Return where a pattern that begins at a position of a text ends, or the position."""
    match = pattern.match(text, start)
    return start if match is None else match.end()


def _add(names: dict[int, str], key: int, name: str) -> None:
    """Add a name, or raise ValueError if there is one with its number."""
    if key in names:
        raise ValueError(f"'names' has the number {key} twice.")
    names[key] = name


def _scalar(text: str) -> str:
    """Return a text of YAML without its quotes, and without a comment after it."""
    quoted = _QUOTED.match(text)
    if quoted and not _COMMENT.sub("", text[quoted.end() :]).strip():
        return quoted[1].replace("''", "'") if quoted[1] is not None else re.sub(r"\\(.)", r"\1", quoted[2])
    plain = _COMMENT.sub("", text).strip()
    if not plain or plain[0] in "'\"[]{}&*!|>%@`," or ": " in plain:
        raise ValueError(f"a name must be plain text, or text in quotes. Got {text.strip()!r:.80}.")
    return plain
