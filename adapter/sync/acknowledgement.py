"""What an HL7 v2 acknowledgement says, whichever way it comes.

Source: HL7 v2.4 and v2.5.1, chapter 2: MSA-1 is AA or CA for taken, AE and CE for an error, AR and
CR for a rejection; MSA-2 names the message.
"""

from __future__ import annotations

from dataclasses import dataclass

from adapter.sync.words import told_words

_TAKEN = frozenset({"AA", "CA"})
_REFUSED = frozenset({"AE", "CE", "AR", "CR"})


@dataclass(frozen=True, slots=True)
class Acknowledgement:
    """Which message it is about, whether that was taken, and why not."""

    control_id: str
    is_taken: bool
    reason: str


def read_acknowledgement(content: bytes) -> Acknowledgement | None:
    """The acknowledgement that bytes say, None for none that can be understood."""
    # Only what is in every version and character set is read: separators, codes, a short reason.
    segments = [line.split("|") for line in content.decode("latin-1").splitlines()]
    named = {fields[0]: fields for fields in reversed(segments)}
    msa = named.get("MSA", [])
    if "MSH" not in named or len(msa) <= 2 or msa[1] not in _TAKEN | _REFUSED:  # noqa: PLR2004
        return None
    words = [msa[3]] if len(msa) > 3 else []  # noqa: PLR2004 - MSA-3
    words += [fields[8] for fields in segments if fields[0] == "ERR" and len(fields) > 8]  # noqa: PLR2004
    said = "; ".join(dict.fromkeys(filter(None, words)))
    reason = f"{msa[1]}: {told_words(said)}" if said else msa[1]
    return Acknowledgement(msa[2], msa[1] in _TAKEN, reason)
