"""What documents may be, and the limits that hold for them."""

from collections.abc import Iterator

from app.documents import chunking, embedding, model, store
from app.documents.model import DocumentFormat
from app.facts.fact import Fact, constant, enum, fact, words
from app.handlers import process_document
from app.jobs import offload


def collect_documents() -> Iterator[Fact]:
    """Yield the formats that a document may have, and the limits."""
    yield from enum("document_format", DocumentFormat)
    for key, module, name, summary in (
        ("document_bytes", model, "MAX_BYTES", "Most bytes of a document's file."),
        ("document_characters", model, "MAX_CHARACTERS", "Most characters of a document's text."),
        ("chunk_characters", chunking, "CHUNK_CHARACTERS", "Most characters of a chunk of a document."),
        ("vector_numbers", embedding, "DIMENSIONS", "Numbers of the vector of a chunk or a document."),
        ("least_similarity", store, "LEAST_SIMILARITY", "The similarity from which documents are connected."),
        ("embedding_batch", process_document, "BATCH_CHUNKS", "Chunks of one step of embedding."),
        ("connection_batch", process_document, "BATCH_DOCUMENTS", "Documents of one step of detecting connections."),
        ("offload_seconds", offload, "MOST_SECONDS", "Seconds that one piece of work in another process may take."),
    ):
        where = constant(module, name)
        yield fact("limit", key, words(key), summary, where, value=getattr(module, name), constant=name)
