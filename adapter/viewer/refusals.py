"""What a page says where there is none: a title and a sentence, the same for all who get it."""

from __future__ import annotations

ENDED = (
    "This link has ended",
    "A link works once, and for ten minutes. Ask the trial's staff for a new one.",
)
SAID = {
    401: (
        "Not signed in",
        (
            "A link from the trial's staff lets you in, once. After half an hour without a page, "
            "or after eight hours, you need a new one."
        ),
    ),
    403: ("Not taken", "This did not come from a page of yours. Open the page again."),
    404: ("Nothing here", "There is nothing here, or nothing that you may look at."),
}
