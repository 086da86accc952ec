"""Dead letters: looked at, and tried again."""

from collections.abc import Mapping
from dataclasses import dataclass

from alerting_core.errors import Conflict, NotFound
from alerting_core.ports.dead_letters import DeadLetter, DeadLetters, place_in
from alerting_core.ports.paging import Page, PageRequest


@dataclass(frozen=True, slots=True)
class Letters:
    """What may be done with dead letters. All of it is for operators: the caller sees to that."""

    store: DeadLetters

    async def topics(self) -> Mapping[str, int]:
        """Return dead-letter topic → how many letters are there, none that is empty."""
        return await self.store.counts()

    async def list(self, page: PageRequest, *, topic: str | None = None) -> Page[DeadLetter]:
        """Return a page of letters, newest first. Raises InvalidInput for a foreign cursor."""
        return await self.store.list(page, topic=topic)

    async def get(self, letter_id: str) -> DeadLetter:
        """Return one letter. Raises NotFound."""
        named = place_in(letter_id)
        letter = None if named is None else await self.store.get(*named)
        if letter is None:
            raise NotFound("there is no such dead letter, or it was replayed")
        return letter

    async def replay(self, letter_id: str) -> DeadLetter:
        """Publish the letter to the topic where it was refused, and take it out; return it as it was.

        What is still wrong with it makes it a dead letter again, with another id.

        Raises:
            NotFound: It is not there, or was replayed.
            Conflict: Only its beginning was kept.
        """
        letter = await self.get(letter_id)
        if not letter.is_whole:
            raise Conflict("only the beginning of this record was kept: it cannot be replayed")
        if not await self.store.replay([letter]):
            raise NotFound("the dead letter was replayed meanwhile")
        return letter
