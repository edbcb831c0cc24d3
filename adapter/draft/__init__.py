"""First drafts of a study's files, from what its database says of itself."""

from adapter.draft.files import Draft, DraftedFile, draft_files
from adapter.draft.odm import project_of_odm
from adapter.draft.project import Project
from adapter.draft.redcap import Lists, project_of_dictionary

__all__ = [
    "Draft",
    "DraftedFile",
    "Lists",
    "Project",
    "draft_files",
    "project_of_dictionary",
    "project_of_odm",
]
