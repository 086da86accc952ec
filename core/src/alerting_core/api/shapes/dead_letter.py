"""Dead letters as JSON."""

from collections.abc import Mapping

from alerting_core.api.shapes.base import JsonObject
from alerting_core.api.shapes.problem import problem_shape
from alerting_core.app.letter_view import BytesView, LetterView, SettableView
from alerting_core.domain.timestamp import rfc3339
from alerting_core.ports.dead_letters import DeadLetter
from alerting_core.ports.stream import DLQ_SUFFIX


def dead_letter_shape(letter: DeadLetter) -> JsonObject:
    """Write *letter* without its bytes."""
    topic, partition, offset = letter.source
    return {
        "letter_id": letter.id,
        "topic": letter.topic,
        "partition": letter.place[0],
        "offset": letter.place[1],
        "source": {"topic": topic, "partition": partition, "offset": offset},
        "reason": letter.reason,
        "refused_at": rfc3339(letter.refused_at_ms),
        "size": len(letter.value),
        "is_whole": letter.is_whole,
        "replays": letter.replays,
    }


def dead_letter_detail_shape(view: LetterView) -> JsonObject:
    """Write a letter with what can be seen of it."""
    return dead_letter_shape(view.letter) | {
        "key": _bytes_shape(view.key),
        "value": _bytes_shape(view.value),
        "headers": [{"name": name, "value": _bytes_shape(value)} for name, value in view.headers],
        "fields": [{"name": name, "value": value} for name, value in view.fields],
        "settable": [_settable_shape(settable) for settable in view.settable],
        "problem": view.problem,
        "problems": [problem_shape(problem) for problem in view.problems],
    }


def letter_topics_shape(counts: Mapping[str, int]) -> JsonObject:
    """Write how many letters each topic has."""
    topics = [
        {"topic": topic, "source": topic.removesuffix(DLQ_SUFFIX), "letters": number}
        for topic, number in sorted(counts.items())
    ]
    return {"topics": topics, "letters": sum(counts.values())}


def replay_shape(letter: DeadLetter) -> JsonObject:
    """Write where a letter went."""
    return {"letter_id": letter.id, "topic": letter.again().topic, "replays": letter.replays + 1}


def _settable_shape(view: SettableView) -> JsonObject:
    field = view.field
    return {"name": field.name, "kind": field.kind, "value": field.value, "is_cut": view.is_cut}


def _bytes_shape(view: BytesView) -> JsonObject:
    return {"size": view.size, "text": view.text, "base64": view.base64, "is_cut": view.is_cut}
