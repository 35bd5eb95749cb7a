"""`trueup init`: a foreign FastAPI project gets its first pages, held against its code."""
