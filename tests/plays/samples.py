"""Plays for tests: a short one in the layout of public libraries, and a generator of long ones."""

import re

SHORT = """\
The Project Library eBook of The Lamp

Title: The Lamp
Author: A. Nobody

*** START OF THE PROJECT LIBRARY EBOOK THE LAMP ***

THE LAMP

by A. Nobody

Contents

ACT I
Scene I. A rock.
Scene II. The lamp room.

ACT II
Scene I. The harbour.


Dramatis Personæ

KEEPER, an old man.
MARY, his daughter.
First Sailor.

SCENE: An island in the north.


ACT I

SCENE I. A rock in the sea.

Enter Keeper and
Mary.

KEEPER.
The lamp is out.
The night is long,

and cold.

MARY. [_Aside._] He does not see.
 [_She points at the sea, and
   waits a while._]
Father, a ship!

KEEPER (loudly).
Light it!

[_Exeunt._]

SCENE II. The lamp room.

MARY: It burns.

ACT II

SCENE III. The harbour.

FIRST SAILOR.
We saw the lamp.

STRANGER.
So did we.

THE END

*** END OF THE PROJECT LIBRARY EBOOK THE LAMP ***
Words of the library.
"""

WORDS = re.findall(
    r"\w+", "the lamp is lit upon a rock and every ship that sails tonight will see it from afar my lord"
)


def long_play(acts: int = 5, scenes: int = 4, speeches: int = 60) -> str:
    """Return a play that was made by rule: each speech has four lines, every seventh a stage direction."""
    parts = ["A LONG PLAY\n\nDramatis Personæ\n\nKEEPER.\nMARY.\nSAILOR.\n"]
    number = 0
    for act in range(1, acts + 1):
        parts.append(f"\n\nACT {'I' * act if act < 4 else ['IV', 'V'][act - 4]}\n")
        for scene in range(1, scenes + 1):
            parts.append(f"\nSCENE {scene}. A place.\n")
            for _ in range(speeches):
                number += 1
                speaker = ("KEEPER", "MARY", "SAILOR")[number % 3]
                lines = [" ".join(WORDS[(number + at) % 9 :]).capitalize() + "." for at in range(4)]
                direction = f"\n [_The light of ship {number}\n   goes by._]" if number % 7 == 0 else ""
                parts.append(f"\n{speaker}.\n" + "\n".join(lines[:2]) + direction + "\n" + "\n".join(lines[2:]) + "\n")
    return "".join(parts)
