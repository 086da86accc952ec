"""What is written for people: links lead somewhere, and words have one meaning."""

import re
from collections.abc import Iterator
from typing import Final

from tests.tidy.sources import CHECKOUT, Source, repository_files, written_sources

_LINK: Final = re.compile(r"\]\(([^)\s]+)\)")
_FENCE: Final = re.compile(r"^```.*?^```$", re.DOTALL | re.MULTILINE)
_HEADING: Final = re.compile(r"^#+ (.+)$", re.MULTILINE)
_TERMS: Final = re.compile(r"^\| (\*\*.+?\*\*) \|", re.MULTILINE)


def test_every_link_between_documents_leads_to_something() -> None:
    broken = [f"{document.path}: {link}" for document in _documents() for link in _broken_links(document)]
    assert broken == []


def test_a_link_that_leads_nowhere_is_seen() -> None:
    text = "[a](no-such-file.md) [b](README.md#no-such-heading) [c](README.md) [d](https://example.com) [e](#h)\n# H"
    assert list(_broken_links(Source("tests/README.md", text))) == ["no-such-file.md", "README.md#no-such-heading"]


def test_every_word_of_the_glossary_has_one_place() -> None:
    glossary = (CHECKOUT / "core" / "GLOSSARY.md").read_text(encoding="utf-8")
    words = [word for row in _TERMS.findall(glossary) for word in re.findall(r"\*\*(.+?)\*\*", row)]
    assert len(words) > 50
    assert sorted(words) == sorted(set(words))


def test_every_decision_is_in_the_list_of_decisions() -> None:
    listed = (CHECKOUT / "decisions" / "README.md").read_text(encoding="utf-8")
    records = [path for path in repository_files() if re.match(r"decisions/\d{4}-", path)]
    assert records
    for path in records:
        title = (CHECKOUT / path).read_text(encoding="utf-8").splitlines()[0].partition(": ")[2]
        number, name = path.removeprefix("decisions/")[:4], path.removeprefix("decisions/")
        assert f"| [{number}]({name}) | {title} |" in listed


def _documents() -> Iterator[Source]:
    return (source for source in written_sources() if source.path.endswith(".md"))


def _broken_links(document: Source) -> Iterator[str]:
    for link in _LINK.findall(_FENCE.sub("", document.text)):
        path, _, anchor = link.partition("#")
        if ":" in path:
            continue  # Another host's.
        target = (CHECKOUT / document.path).parent / path if path else None
        if target is not None and not target.exists():
            yield link
        elif anchor and (target is None or target.suffix == ".md"):
            text = document.text if target is None else target.read_text(encoding="utf-8")
            if anchor not in {_anchor(heading) for heading in _HEADING.findall(_FENCE.sub("", text))}:
                yield link


def _anchor(heading: str) -> str:
    """Return the name that a heading has in links, as GitHub makes it."""
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")
