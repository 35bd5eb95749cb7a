"""Documents: what the jobs that process them have made."""

from typing import Annotated
from uuid import UUID

from fastapi import Path, Query

from app.api import examples
from app.api.deps import Cursor, Documents, Limit
from app.api.operation import Operation
from app.api.route import OperationRouter
from app.api.schemas.document import DocumentChunkList, DocumentDetail, DocumentList
from app.auth.permissions import Permission
from app.documents.model import DocumentFormat
from app.problems import DocumentNotFound, InvalidCursor

router = OperationRouter("Documents")

DocumentId = Annotated[UUID, Path(description="The document's id.", examples=["1b4e28ba-2fa1-5d2e-883f-0016d3cca427"])]

_EXAMPLE = {
    "id": "1b4e28ba-2fa1-5d2e-883f-0016d3cca427",
    "title": "On lighthouses",
    "format": "markdown",
    "size": 2048,
    "sha256": examples.FILE["sha256"],
    "authors": ["Ada Byron"],
    "date": "2026-03-02",
    "language": "en",
    "tags": ["sea"],
    "keywords": ["lighthouse", "lamp", "harbour"],
    "pages": None,
    "words": 330,
    "characters": 1980,
    "headings": 4,
    "reading_minutes": 2,
    "chunks": 4,
    "job_id": examples.JOB_ID,
    "created_at": "2026-03-02T09:15:06Z",
    "updated_at": "2026-03-02T09:15:06Z",
}


@router.add(
    "GET",
    "/documents",
    Operation(
        "listDocuments",
        "List documents",
        permission=Permission.DOCUMENTS_READ,
        success="One page of documents.",
        problems=(InvalidCursor,),
        example={"items": [_EXAMPLE], "next_cursor": None},
    ),
)
async def list_documents(
    documents: Documents,
    limit: Limit,
    cursor: Cursor = None,
    format: Annotated[DocumentFormat | None, Query(description="Only documents of this format.")] = None,
) -> DocumentList:
    """Return documents, newest first, a page at a time, without their text."""
    return DocumentList.of(await documents.page(format=format, limit=limit, cursor=cursor))


@router.add(
    "GET",
    "/documents/{document_id}",
    Operation(
        "getDocument",
        "Show a document",
        permission=Permission.DOCUMENTS_READ,
        success="The document.",
        problems=(DocumentNotFound,),
        example={
            **_EXAMPLE,
            "connections": [
                {
                    "id": "9c5b94b1-35ad-59bb-b118-8e8fc24abf80",
                    "title": "Harbours of the north",
                    "similarity": 0.41,
                    "shared": ["harbour", "lamp"],
                }
            ],
        },
    ),
)
async def get_document(documents: Documents, document_id: DocumentId) -> DocumentDetail:
    """Return one document and the documents that use the same words, the most similar first."""
    return DocumentDetail.of(*await documents.get(document_id))


@router.add(
    "GET",
    "/documents/{document_id}/chunks",
    Operation(
        "listDocumentChunks",
        "Read a document in chunks",
        permission=Permission.DOCUMENTS_READ,
        success="Some of the chunks.",
        problems=(DocumentNotFound, InvalidCursor),
        example={
            "items": [
                {
                    "number": 0,
                    "section": "On lighthouses › The lamp",
                    "page": None,
                    "text": "The lamp is lit at dusk, and burns until the harbour can be seen without it.",
                }
            ],
            "next_cursor": None,
        },
    ),
)
async def list_document_chunks(
    documents: Documents, document_id: DocumentId, limit: Limit, cursor: Cursor = None
) -> DocumentChunkList:
    """Return the text of a document in the order of the file, some chunks at a time."""
    return DocumentChunkList.of(await documents.chunks(document_id, limit=limit, cursor=cursor))
