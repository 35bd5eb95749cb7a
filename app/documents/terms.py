"""The words that tell what a text is about."""

import re
from collections import Counter

_WORD = re.compile(r"[^\W\d_]{3,}")

#: Frequent English words that say nothing of a text's subject.
STOP_WORDS = frozenset(
    re.findall(
        r"\w+",
        """
        about above after again against all also and any are because been before being below between both but can could
        did does doing down during each even few for from further had has have having her here hers him his how into its
        itself just like made make many may more most much must not now off once one only other our ours out over own
        same she should since some such than that the their theirs them then there these they this those through too
        two under until upon use used very was were what when where which while who whom why will with without would
        you your yours
        """,
    )
)


def terms(text: str) -> Counter[str]:
    """Count the words of a text in small letters, without stop words and words of less than three letters."""
    return Counter(word for word in _WORD.findall(text.casefold()) if word not in STOP_WORDS)
