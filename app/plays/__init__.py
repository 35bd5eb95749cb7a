"""Plays: from the text of a play to its acts, scenes, speeches and stage directions."""
