"""The proof: small changes to code and pages, each of which the checks must report, or must pass over in silence."""
