"""Random changes to text, to bytes, and to trees of plain values."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from typing import Any

from tests.fuzz.harness import CANARY

ATTACKS = (
    f"{CANARY}()",
    f"__import__('builtins').{CANARY}()",
    "__import__('os').system('true')",
    "().__class__.__bases__[0].__subclasses__()",
    f"(lambda: {CANARY}())()",
    f"f'{{{CANARY}()}}'",
    f"exec('{CANARY}()')",
    f"q.{CANARY}",
    f"[{CANARY}() for q in (1,)]",
    "9**9**9**9",
    "((10**39*q)**1000)**1000",
    "abs(q/10**q**1000)",
)
STRANGE = (
    "",
    " ",
    "\0",
    "nan",
    "inf",
    "-1",
    "1e999",
    "\ud800",
    "ϕ",
    "９",
    "𝑥",
    "a" * 300,
    "(" * 300,
)
NUMBERS = (0, -1, 1, 2, 7, 10**6, 10**19, 10**400, 0.5, -0.0, 1e-320, 1e308, -1e308)
LIMITS = (float("inf"), float("-inf"), float("nan"))


def changed_text(rng: random.Random, text: str, tokens: Sequence[str]) -> str:
    """The text with some of it left out, doubled, moved, or written over."""
    for _ in range(rng.choice((1, 1, 2, 4))):
        i, j = sorted(rng.randrange(len(text) + 1) for _ in range(2))
        j = min(j, i + rng.choice((0, 1, 3, 30)))
        piece = rng.choice(
            ("", text[i:j] * rng.choice((2, 3, 50)), rng.choice(tokens), chr(rng.randrange(0x2FFF)))
        )
        text = text[:i] + piece + text[j:]
    return text


def changed_bytes(rng: random.Random, content: bytes) -> bytes:
    """The bytes with bits flipped, pieces left out, doubled or set, or the end cut off."""
    data = bytearray(content)
    for _ in range(rng.choice((1, 1, 1, 3, 20))):
        if not data:
            break
        i = rng.randrange(len(data))
        size = rng.choice((1, 1, 2, 8, 100))
        how = rng.randrange(6)
        if how == 0:
            data[i] ^= 1 << rng.randrange(8)
        elif how == 1:
            data[i : i + size] = rng.randbytes(min(size, len(data) - i))
        elif how == 2:
            del data[i : i + size]
        elif how == 3:
            data[i:i] = data[i : i + size]
        elif how == 4:
            data[i : i + size] = rng.choice((b"\0", b"\xff")) * min(size, len(data) - i)
        else:
            del data[i:]
    return bytes(data)


def plain(rng: random.Random, depth: int = 2) -> Any:
    """Any value of JSON."""
    how = rng.randrange(9)
    if how < 2:
        return rng.choice((None, True, False))
    if how < 5:
        return rng.choice(NUMBERS + LIMITS)
    if how < 7 or not depth:
        return rng.choice(ATTACKS + STRANGE + ("q", "q**2", "potential", "poles", "IDENTICAL"))
    if how == 7:
        return [plain(rng, depth - 1) for _ in range(rng.choice((0, 1, 3)))]
    return {str(plain(rng, 0)): plain(rng, depth - 1) for _ in range(rng.choice((0, 1, 3)))}


def changed_tree(
    rng: random.Random, tree: Any, value: Callable[[random.Random], Any] = plain
) -> Any:
    """The dictionaries and lists with one or more entries replaced, left out, renamed or nested."""
    tree = _copied(tree)
    for _ in range(rng.choice((1, 1, 1, 2, 5))):
        holder, key = _entry(rng, tree)
        if holder is None:
            return value(rng)
        how = rng.randrange(8)
        if how == 0:
            del holder[key]
        elif how == 1 and isinstance(holder, dict):
            holder[rng.choice(("x", "", "terms", CANARY))] = holder.pop(key)
        elif how == 2:
            for _ in range(rng.choice((1, 3, 80))):
                holder[key] = [holder[key]]
        elif how == 3 and isinstance(holder, list):
            holder.append(_copied(holder[key]))
        else:
            holder[key] = value(rng)
    return tree


def _entry(rng: random.Random, tree: Any) -> tuple[Any, Any]:
    """Somewhere in the tree a dictionary or a list, and one of its keys."""
    places: list[tuple[Any, Any]] = []
    stack = [tree]
    while stack:
        item = stack.pop()
        keys = list(item) if isinstance(item, dict) else range(len(item))
        for key in keys:
            places.append((item, key))
            if isinstance(item[key], dict | list):
                stack.append(item[key])
    return rng.choice(places) if places else (None, None)


def _copied(tree: Any) -> Any:
    """Dictionaries and lists anew, what they hold as it is: nothing else of a tree is changed."""
    if isinstance(tree, dict):
        return {key: _copied(item) for key, item in tree.items()}
    return [_copied(item) for item in tree] if isinstance(tree, list) else tree
