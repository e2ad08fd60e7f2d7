"""What a scan says, in the forms that other programs read."""

from beholden.engine.store import Store
from beholden.export import csaf, cyclonedx, openvex
from beholden.export.vex import Author, Document, answers
from beholden.model.errors import BeholdenError
from beholden.pipeline.documents import device_documents

_FORMS = {"csaf": csaf.document, "cyclonedx": cyclonedx.document, "openvex": openvex.document}
VEX_FORMS = tuple(_FORMS)
"""Forms in which statements on flaws are written."""


def vex(store: Store, scan_id: str, form: str, author: Author) -> Document:
    """Give what a scan answers of flaws, in one of VEX_FORMS; raises BeholdenError where there is none."""
    flaws = store.read(scan_id, "device_flaws")
    devices = device_documents(store, scan_id, sorted(set(flaws["device_id"].to_pylist())))
    finished = store.read(scan_id, "runs", ["finished_at"])["finished_at"][0].as_py()
    try:
        return _FORMS[form](answers(scan_id, finished, author, devices, flaws.to_pylist()))
    except ValueError as error:
        raise BeholdenError(f"scan {scan_id}: {error}") from error
