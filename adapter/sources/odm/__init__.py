"""CDISC ODM 1.3 and 2.0: what a file defines, and the clinical data in it."""

from adapter.sources.odm.definitions import Definitions, read_definitions
from adapter.sources.odm.document import read_root
from adapter.sources.odm.file import OdmFile
from adapter.sources.odm.layout import Column, Layout, Layouts, lay_out

__all__ = [
    "Column",
    "Definitions",
    "Layout",
    "Layouts",
    "OdmFile",
    "lay_out",
    "read_definitions",
    "read_root",
]
