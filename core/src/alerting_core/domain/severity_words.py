"""The words that senders use for how bad it is, and which severity each of them stands for.

Every field of the trade has its own: syslog's levels, Nagios' and Zabbix' states, priorities and incident levels from
1. They are compared without regard to case, blanks, hyphens and underscores: `SEV-1`, `sev 1` and `Sev1` are one word.
"""

from collections.abc import Iterator, Mapping
from typing import Final

from alerting_core import limits
from alerting_core.domain.alert import SEVERITY_NAMES, Severity
from alerting_core.domain.text import check_text
from alerting_core.errors import Problem, ProblemCode

_SAID: Final[Mapping[Severity, str]] = {
    Severity.CRITICAL: "critical crit fatal emergency emerg alert panic disaster blocker urgent "
    "p0 p1 sev0 sev1 s0 s1 severity0 severity1 priority0 priority1 0 1",
    Severity.HIGH: "high major error err page serious severe p2 sev2 s2 severity2 priority2 2",
    Severity.MEDIUM: "medium moderate average warning warn minor ticket normal p3 sev3 s3 severity3 priority3 3",
    Severity.LOW: "low info information informational informative notice debug trace none ok trivial "
    "p4 p5 sev4 sev5 s4 s5 severity4 severity5 priority4 priority5 4 5",
}

SEVERITY_WORDS: Final[Mapping[str, Severity]] = {
    word: severity for severity, words in _SAID.items() for word in words.split()
}
"""Word, as `plain_word` writes it, → severity. Whatever is not here is unknown, which `*` rules meet."""

OWN_WORDS_MAX: Final = 200
"""Words that an operator adds: more than any organisation has for how bad it is."""

_LEFT_OUT: Final = str.maketrans("", "", " \t-_")


def plain_word(word: str) -> str:
    """Return *word* as words are compared: `SEV-1` as `sev1`."""
    return word.strip().casefold().translate(_LEFT_OUT)


def severity_of_word(word: str, own: Mapping[str, Severity]) -> Severity:
    """Return the severity that *word* stands for; UNSPECIFIED for none that is known.

    Args:
        word: As it was sent.
        own: Words of the operator, as `read_own_words` reads them; they go before the usual ones.
    """
    plain = plain_word(word)
    return own.get(plain) or SEVERITY_WORDS.get(plain, Severity.UNSPECIFIED)


def read_own_words(pairs: Mapping[str, str]) -> Mapping[str, Severity] | tuple[Problem, ...]:
    """Read the words that an operator adds, each with the name of its severity; or say all that is wrong with them."""
    problems = tuple(_problems_of(pairs))
    if problems:
        return problems
    return {plain_word(word): Severity[name.upper()] for word, name in pairs.items()}


def _problems_of(pairs: Mapping[str, str]) -> Iterator[Problem]:
    if len(pairs) > OWN_WORDS_MAX:
        yield Problem("", ProblemCode.TOO_MANY, f"at most {OWN_WORDS_MAX} words are allowed")
    for word, name in pairs.items():
        yield from check_text(word[:40], word, chars_max=limits.ID_CHARS_MAX)
        if word.strip() and not plain_word(word):
            yield Problem(word[:40], ProblemCode.EMPTY, "needs a letter or a digit")
        if name.upper() not in SEVERITY_NAMES:
            yield Problem(word[:40], ProblemCode.UNKNOWN_VALUE, f"must be one of {', '.join(SEVERITY_NAMES)}")
