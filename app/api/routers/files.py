"""Uploading files."""

from fastapi import Request

from app.api import examples
from app.api.deps import CurrentSettings, Files
from app.api.operation import Operation
from app.api.route import OperationRouter, require_length
from app.api.schemas.file import FileRead
from app.auth.permissions import Permission
from app.problems import StorageUnavailable

router = OperationRouter("Files")


@router.add(
    "POST",
    "/files",
    Operation(
        "uploadFile",
        "Upload a file",
        permission=Permission.FILES_UPLOAD,
        status=201,
        success="The stored file.",
        problems=(StorageUnavailable,),
        example=examples.FILE,
        requests={
            "csv": {
                "summary": "Two voters of one household",
                "value": "voter_id,first_name,last_name,birth_year,street,city,state,zip\n"
                "V1,Ada,Byron,1975,12 Main St,Columbus,OH,43210\n"
                "V2,Grace,Murray,1981,12 Main St,Columbus,OH,43210\n",
            }
        },
        raw=("text/csv", "application/octet-stream"),
    ),
)
async def upload_file(request: Request, settings: CurrentSettings, files: Files) -> FileRead:
    """Store the body of the request as a file, byte for byte, and return its id for the payload of a job.

    Send the file itself, not a form: `curl --data-binary @households.csv -H 'Content-Type: text/csv' …`. It is
    written while it arrives, and is there completely or not at all.
    """
    require_length(request, settings.max_upload_bytes)
    return FileRead.of(await files.save(request.stream()))
