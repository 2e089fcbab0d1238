"""What the check warns of, beside what Mailpit's warns of: they differ only as it is written here, with reasons."""

from __future__ import annotations

import json
from typing import Final

import pytest

from edgemail.checks.html_check import check_html
from edgemail.checks.html_support import load_html_support
from tests.checks.html_samples import SAMPLES
from tests.checks.mailpit_html_checks import RECORDED

NEVER_IN_MAILPIT: Final = {
    "html-": "these tags and attributes are on caniemail's list, and Mailpit does not look for them",
    "css-selector-": "Mailpit merges style sheets into elements, and does not look at what selects them",
    "css-at-media-": "Mailpit looks for @media, and not for what it asks",
    "css-comments": "Mailpit does not look for them",
    "css-color-scheme": "Mailpit does not look for it",
    "css-font-size": "Mailpit does not look for it",
    "css-left-right-top-bottom": "Mailpit does not look for it",
    "css-linear-gradient": "Mailpit looks for a property of this name, and it is a function",
    "css-sytem-ui": "Mailpit does not look for it",
    "css-variables": "Mailpit looks for a property that is called `variables`",
}
"""The beginnings of features that it never finds, and why."""

_ATTRIBUTES = "Mailpit takes these attributes for CSS; here they are the features html-width and so on"
_SUPPORTED = "the newest version of every program supports it in full; Mailpit counts old versions too"
_MEDIA = "Mailpit finds @media only where a bracket follows at once"
_UNMERGED = "Mailpit does not see declarations that it cannot merge into an element"
_LONGHAND = "Mailpit looks for the shorthand alone, such as border and not border-top"
_IMAGES = "Mailpit looks at `src` of <img> alone"
_SPACES = "Mailpit finds display:none only without a space"

FEWER: Final = {
    "newsletter": {"css-border": _ATTRIBUTES, "css-height": _ATTRIBUTES, "html-hr": _SUPPORTED},
    "modern": {"css-font": _SUPPORTED},
    "hr": {"html-hr": _SUPPORTED},
    "attributes": dict.fromkeys(("css-background", "css-border", "css-height", "css-width"), _ATTRIBUTES),
}
"""What Mailpit alone warns of, and why."""

MORE: Final = {
    "newsletter": {"css-at-media": _MEDIA, "css-display-none": _SPACES},
    "modern": {"css-margin": _UNMERGED, "css-unit-rem": _UNMERGED, "image-avif": _IMAGES},
    "transaction": dict.fromkeys(("css-border", "css-padding"), _LONGHAND),
    "attributes": {"image-gif": _IMAGES},
    "background-image: url(a.gif)": {"image-gif": _IMAGES},
    "@keyframes k { from { opacity: 0 } }": {"css-opacity": _UNMERGED},
    "@media screen { .a { opacity: .5 } }": {"css-at-media": _MEDIA, "css-opacity": _UNMERGED},
    ".none { opacity: .5 }": {"css-opacity": _UNMERGED},
}
"""What Mailpit looks for, and does not find here, and why."""

MAILPIT: Final[dict[str, list[str]]] = json.loads(RECORDED.read_text("utf-8"))


def test_every_sample_was_recorded() -> None:
    """`python -m scripts.record_mailpit_checks` does that."""
    assert MAILPIT.keys() == SAMPLES.keys()
    assert len(SAMPLES) >= 60


@pytest.mark.parametrize("name", SAMPLES)
def test_the_warnings_are_mailpits(name: str) -> None:
    """But for the differences above."""
    ours = {warning.feature.slug for warning in check_html(SAMPLES[name]).warnings}
    theirs = set(MAILPIT[name])
    found_by_mailpit = set().union(*MAILPIT.values())
    assert theirs - ours == FEWER.get(name, {}).keys()
    assert (ours - theirs) & found_by_mailpit == MORE.get(name, {}).keys()
    for slug in ours - found_by_mailpit:
        assert slug.startswith(tuple(NEVER_IN_MAILPIT)), slug


def test_the_features_that_are_left_out_are_supported() -> None:
    """That is why they are no warning."""
    features = load_html_support().features
    left_out = {slug for found in FEWER.values() for slug, reason in found.items() if reason == _SUPPORTED}
    assert left_out
    assert all(features[slug].shares.supported == 100 for slug in left_out)
