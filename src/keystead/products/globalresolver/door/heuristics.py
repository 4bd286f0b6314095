"""Advanced protection: guesses whether a name was generated, or carries data out. A heuristic of ours.

AWS publishes no algorithm, and no parity with it is claimed (docs/explanation/dns-door.md says what it
measures). Each detector gives a score from 0 to 1; a rule matches from the threshold of its confidence on.
"""

import itertools
import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import ClassVar

from keystead.kernel.clock import Clock
from keystead.products.globalresolver.door.message import NULL, TXT, Query

THRESHOLDS: Mapping[str, float] = {"LOW": 0.5, "MEDIUM": 0.65, "HIGH": 0.8}
"""A high confidence asks for a high score, so that it matches less."""

# The pairs of letters that make up most of English words and of host names made of them.
_COMMON_PAIRS = frozenset(
    " ".join(
        (
            "th he in er an re nd at on nt ha es st en ed to it ou ea hi is or ti as te et ng of al de se le sa",
            "si ar ve ra ld ur ne me li ch ro ic co us io ta ma om ce ho el la di be pe wa il ec no so tr ri ge",
            "na mo lo ca pa ac da un ai su am po ol ut bo ie ap im op fi fo oo ee ss ll tt pp ff ck sh ph wh qu",
            "ow aw ay ey oy ad id od ud ag ig og ug ab ib ob ub ip up ep ex ax ix ox ke ki ko ka ga gi go gr br",
            "cr dr fr pr pl cl bl fl gl sl sm sn sp sc sk sw tw we wi wo ya ye yo vi va vo fa fe ba bi bu cu du",
            "fu gu hu ju lu mu nu pu ru tu ws ns ts rs ls",
        )
    ).split(" ")
)
_WORDS = frozenset(
    " ".join(
        (
            "about after again air all along also always animal another answer any area ask away back ball bank",
            "base bear beauty bed been before began begin behind best better between big bird black blue boat",
            "body book both box boy bring brought build busy call came can car care carry cause center change",
            "check children city class clear close cold color come common complete contain correct country course",
            "cover cross cry cut dark day deep develop differ direct dog door down draw drive dry during each",
            "early earth ease east eat end enough even ever every example eye face fact fall family far farm fast",
            "father feel feet few field figure fill final find fine fire first fish five fly follow food foot",
            "force form found four free friend from front full game gave get girl give gold good govern great",
            "green ground group grow had half hand happen hard has have head hear heat help here high hold home",
            "horse hot hour house hundred idea inch interest island just keep kind king knew know land language",
            "large last late laugh law lay lead learn leave left less letter life light like line list listen",
            "little live long look love low machine made main make man many map mark may mean measure men might",
            "mile mind minute miss money moon more morning most mother mountain move much music must name near",
            "need never new next night north note nothing notice noun now number object off often old once one",
            "only open order other out over own page paper part pass pattern people perhaps person picture piece",
            "place plain plan plane plant play point port pose power press problem produce product pull put",
            "question quick rain ran reach read ready real record red remember rest right river road rock room",
            "round rule run said same saw say school science sea second see seem self sentence serve set several",
            "shape she ship short should show side simple since sing sit six size sleep slow small snow some song",
            "soon sound south special spell stand star start state stay step stood stop story street strong study",
            "such sun sure surface table tail take talk teach tell ten test than that their them then there these",
            "they thing think this those though thought thousand three through time together told too took top",
            "toward town travel tree true try turn two under unit until upon use usual vowel voice walk want war",
            "warm was watch water way week weight well went were west what wheel when where which while white who",
            "whole why wind with wonder wood word work world would write year yes yet you young",
        )
    ).split(" ")
)
_SUBDOMAINS_A_MINUTE = 120
_REMEMBERED_PARENTS = 10_000


def entropy(text: bytes) -> float:
    """Return the Shannon entropy of a text in bits per octet."""
    if not text:
        return 0.0
    return -sum(count / len(text) * math.log2(count / len(text)) for count in Counter(text).values())


def generated_score(label: bytes) -> float:
    """Return how much a label looks drawn at random: rare pairs of letters, high entropy, digits among letters."""
    if len(label) < 7 or label.startswith(b"xn--"):
        return 0.0
    letters = bytes(octet for octet in label if 97 <= octet <= 122)
    pairs = [letters[at : at + 2].decode() for at in range(len(letters) - 1)]
    rare = 1 - sum(pair in _COMMON_PAIRS for pair in pairs) / len(pairs) if pairs else 1.0
    digits = sum(48 <= octet <= 57 for octet in label)
    switches = sum((48 <= a <= 57) != (48 <= b <= 57) for a, b in itertools.pairwise(label))
    spread = min(1.0, entropy(label) / 3.6)
    length = min(1.0, (len(label) - 6) / 10)
    mixture = min(1.0, switches / 4) if digits else 0.0
    return min(1.0, 0.55 * rare + 0.2 * spread + 0.2 * length + 0.25 * mixture * spread)


def dictionary_score(label: bytes) -> float:
    """Return how much a label looks put together of unrelated words: two to four of them, and nothing left over."""
    text = label.decode("latin-1")
    if len(text) < 12 or not text.isalpha():
        return 0.0
    count = _fewest_words(text)
    if count is None or not 2 <= count <= 4:
        return 0.0
    return min(1.0, 0.45 + 0.1 * count + 0.02 * (len(text) - 12))


def _fewest_words(text: str) -> int | None:
    """Return of how few words of at least three letters a text is made, or None if it is not."""
    fewest: list[int | None] = [0] + [None] * len(text)
    for end in range(3, len(text) + 1):
        for start in range(max(0, end - 10), end - 2):
            before = fewest[start]
            if before is not None and text[start:end] in _WORDS:
                here = fewest[end]
                fewest[end] = before + 1 if here is None else min(here, before + 1)
    return fewest[-1]


@dataclass(slots=True)
class GeneratedNames:
    """A rule's DGA protection: the longest label of the registered name and what is below it."""

    threshold: float
    goes_by_the_query_alone: ClassVar[bool] = True

    def matches(self, query: Query, suffixes: Sequence[bytes]) -> bool:
        """Return whether a query's name looks generated."""
        return any(generated_score(label) >= self.threshold for label in query.labels[-3:-1])


@dataclass(slots=True)
class DictionaryNames:
    """A rule's protection against names that are generated of words."""

    threshold: float
    goes_by_the_query_alone: ClassVar[bool] = True

    def matches(self, query: Query, suffixes: Sequence[bytes]) -> bool:
        """Return whether the registered name looks put together of words."""
        return len(query.labels) >= 2 and dictionary_score(query.labels[-2]) >= self.threshold


@dataclass(slots=True)
class Tunnelling:
    """A rule's tunnelling protection: long names of high entropy, odd types, and many names under one parent.

    What it remembers is a minute's count per registered name, at most 10,000 of them.
    """

    threshold: float
    clock: Clock
    _minute: int = 0
    _counts: Counter[bytes] = field(default_factory=Counter[bytes])
    goes_by_the_query_alone: ClassVar[bool] = False  # How often names were asked for counts, too.

    def matches(self, query: Query, suffixes: Sequence[bytes]) -> bool:
        """Return whether a query looks as if it carried data."""
        if len(query.labels) < 3:
            return False
        return self._score(query, suffixes[-2]) >= self.threshold

    def _score(self, query: Query, parent: bytes) -> float:
        below = query.labels[:-2]
        carried = b"".join(below)
        longest = max(len(label) for label in below)
        length = min(1.0, max(0, len(carried) - 20) / 60)
        density = min(1.0, entropy(carried) / 4) if len(carried) >= 16 else 0.0
        label = min(1.0, max(0, longest - 16) / 32)
        odd = 0.15 if query.type in (TXT, NULL) else 0.0
        return min(1.0, 0.35 * length + 0.3 * density + 0.25 * label + odd + 0.4 * self._rate(parent))

    def _rate(self, parent: bytes) -> float:
        minute = int(self.clock.monotonic() // 60)
        if minute != self._minute or len(self._counts) >= _REMEMBERED_PARENTS:
            self._minute = minute
            self._counts.clear()
        self._counts[parent] += 1
        return min(1.0, self._counts[parent] / _SUBDOMAINS_A_MINUTE)
