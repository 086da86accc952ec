"""Dead letters: looked at, and tried again."""

from collections.abc import Mapping
from dataclasses import dataclass

from alerting_core.app.mend import AS_IT_IS, STILL_REFUSED, Mending
from alerting_core.errors import Conflict, InvalidInput, NotFound
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

    async def replay(self, letter_id: str, mending: Mending = AS_IT_IS) -> DeadLetter:
        """Publish the letter, mended if that is asked for, to the topic where it was refused, and take it out.

        Returns it as it was published. Left as it is, what is still wrong with it makes it a dead letter again, with
        another id; mended, it is published only when nothing is.

        Raises:
            NotFound: It is not there, or was replayed.
            InvalidInput: It was mended, and its consumer would refuse it still. Paths are the fields of its message.
            Conflict: Only its beginning was kept, and the whole of it was not given.
        """
        letter = await self.get(letter_id)
        if mending.is_needed:
            mended = mending.of_letter(letter)
            if not isinstance(mended, DeadLetter):
                raise InvalidInput(mended, STILL_REFUSED)
            letter = mended
        if not letter.is_whole:
            raise Conflict("only the beginning of this record was kept: it is replayed only when the whole is given")
        if not await self.store.replay([letter]):
            raise NotFound("the dead letter was replayed meanwhile")
        return letter
