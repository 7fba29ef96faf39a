"""Fits a text of sections into a limit by leaving out whole pieces, and says what was left out."""

from __future__ import annotations

from dataclasses import dataclass

_NOTE_ROOM = 200


@dataclass(frozen=True, slots=True)
class Section:
    """A part of a text: `opening`, then whole pieces, then `closing`, each ending in its own line breaks.

    `noun` names one piece in the plural. A section with no pieces is its opening and closing and is never cut open.
    `share` is what it may take of the limit once not everything fits.
    """

    noun: str
    opening: str
    pieces: tuple[str, ...] = ()
    closing: str = ""
    share: float = 0.1

    def whole(self) -> str:
        return self.opening + "".join(self.pieces) + self.closing


def size(text: str) -> int:
    """Length in UTF-16 units, which counts no character as less than any service does."""
    return len(text.encode("utf-16-le", errors="surrogatepass")) // 2


def assemble(sections: tuple[Section, ...], limit: int, place: str) -> str:
    """All sections, cut by whole pieces where they do not fit; `place` names the file that has everything."""
    whole = "".join(section.whole() for section in sections)
    if size(whole) <= limit:
        return whole
    left = limit - _NOTE_ROOM
    parts: list[str] = []
    omitted: list[str] = []
    for section in sections:
        part = _cut(section, min(left, int(limit * section.share)), place)
        parts.append(part)
        left -= size(part)
        omitted.extend([] if part else [section.noun])
    if omitted:
        parts.append(f"\n_Left out for length: {', '.join(omitted)}. {place} has all._\n")
    return "".join(parts)


def _cut(section: Section, room: int, place: str) -> str:
    """As many pieces as fit, with a sentence on the rest; empty when not one fits."""
    if size(section.whole()) <= room:
        return section.whole()
    room -= size(section.opening + section.closing) + _NOTE_ROOM
    taken = 0
    while taken < len(section.pieces) and (room := room - size(section.pieces[taken])) >= 0:
        taken += 1
    if not taken:
        return ""
    rest = len(section.pieces) - taken
    note = f"\n_{rest:,} more {section.noun} left out for length. {place} has all._\n"
    return section.opening + "".join(section.pieces[:taken]) + note + section.closing
