"""A Slack message as a page, near enough to what Slack shows to be looked at.

It knows the blocks that we send, and reads of mrkdwn what Slack documents: bold, italic, struck, code, quotes, emoji,
links, and three entities. What it does not know is an error, so that nothing is left out in silence.
"""

import re
from collections.abc import Iterator, Mapping
from html import escape
from typing import Any, Final

_STYLE: Final = """
body{margin:0;padding:16px;background:#fff;font:15px/1.46 Lato,'Segoe UI',Helvetica,Arial,sans-serif;color:#1d1c1d}
.sender{font-weight:900} .sender span{font-weight:400;font-size:12px;color:#616061;margin-left:6px}
.text{margin:2px 0 6px;overflow-wrap:anywhere}
.attachment{display:flex;max-width:640px} .band{flex:0 0 4px;border-radius:8px;margin-right:12px}
.blocks{min-width:0;flex:1} .block{margin:0 0 8px;overflow-wrap:anywhere;white-space:pre-wrap}
.header{font-size:18px;font-weight:900} .context{font-size:12px;color:#616061}
.fields{display:grid;grid-template-columns:1fr 1fr;gap:8px 16px;white-space:normal} .fields div{white-space:pre-wrap}
code{font:12px Menlo,Consolas,monospace;color:#c0123c;background:#f8f8f8;border:1px solid #ddd;border-radius:3px;
padding:1px 3px} a{color:#1264a3} blockquote{margin:0;border-left:4px solid #ddd;padding-left:8px}
"""

_TOKEN: Final = re.compile(
    r"<(?P<link>[^<>|]+)(?:\|(?P<title>[^<>]*))?>"
    r"|`(?P<code>[^`\n]+)`"
    r"|(?<![\w*])\*(?P<bold>[^*\s](?:[^*\n]*[^*\s])?)\*(?![\w*])"
    r"|(?<![\w_])_(?P<italic>[^_\s](?:[^_\n]*[^_\s])?)_(?![\w_])"
    r"|(?<![\w~])~(?P<struck>[^~\s](?:[^~\n]*[^~\s])?)~(?![\w~])"
    r"|:(?P<emoji>(?=[^:\s]*[a-z])[a-z0-9_+'-]+):"
)


def slack_page(message: Mapping[str, Any]) -> str:
    """Return the page of a message as incoming webhooks take it."""
    assert message["mrkdwn"] is False, "the text above the blocks is not to be read as markup"
    (attachment,) = message["attachments"]
    blocks = "".join(map(_block, attachment["blocks"]))
    return (
        f'<!DOCTYPE html><html lang="en"><head><meta charset="utf-8"><title>Slack</title>'
        f'<meta name="viewport" content="width=device-width, initial-scale=1"><style>{_STYLE}</style></head><body>'
        f'<div class="sender">alerting<span>03:04</span></div><div class="text">{_entities(message["text"])}</div>'
        f'<div class="attachment"><div class="band" style="background:{attachment["color"]}"></div>'
        f'<div class="blocks">{blocks}</div></div></body></html>'
    )


def _block(block: Mapping[str, Any]) -> str:
    match block:
        case {"type": "header", "text": text}:
            return f'<div class="block header">{_text(text)}</div>'
        case {"type": "section", "text": text}:
            return f'<div class="block">{_text(text)}</div>'
        case {"type": "section", "fields": fields}:
            cells = "".join(f"<div>{_text(field)}</div>" for field in fields)
            return f'<div class="block fields">{cells}</div>'
        case {"type": "context", "elements": elements}:
            return f'<div class="block context">{" ".join(map(_text, elements))}</div>'
        case _:
            raise AssertionError(f"unknown block {block}")


def _text(text: Mapping[str, Any]) -> str:
    if text["type"] == "plain_text":
        assert text["emoji"] is False
        return escape(text["text"])
    assert text["type"] == "mrkdwn" and text["verbatim"] is True
    return "".join(read_mrkdwn(text["text"]))


def read_mrkdwn(text: str) -> Iterator[str]:
    """Yield the HTML of a text, piece by piece."""
    for number, line in enumerate(text.split("\n")):
        if number:
            yield "\n"
        if line.startswith("&gt;"):
            yield f"<blockquote>{''.join(_pieces(line.removeprefix('&gt;')))}</blockquote>"
        else:
            yield from _pieces(line)


def _pieces(text: str) -> Iterator[str]:
    at = 0
    for token in _TOKEN.finditer(text):
        yield _entities(text[at : token.start()])
        at = token.end()
        yield _piece(token)
    yield _entities(text[at:])


def _piece(token: re.Match[str]) -> str:
    said = token.groupdict()
    if (link := said["link"]) is not None:
        assert link.startswith(("http://", "https://")), f"{link} is a mention or a command"
        return f'<a href="{_entities(link)}">{_entities(said["title"] or link)}</a>'
    if said["code"] is not None:
        return f"<code>{_entities(said['code'])}</code>"
    if said["emoji"] is not None:
        return f"<i>emoji {said['emoji']}</i>"
    tag, inner = next((tag, said[kind]) for kind, tag in _TAGS.items() if said[kind] is not None)
    return f"<{tag}>{''.join(_pieces(inner or ''))}</{tag}>"


_TAGS: Final = {"bold": "b", "italic": "em", "struck": "s"}


def _entities(text: str) -> str:
    """Return the HTML of escaped text; the three entities of Slack are three of HTML."""
    assert "<" not in text and ">" not in text, text
    return text.replace('"', "&quot;")
